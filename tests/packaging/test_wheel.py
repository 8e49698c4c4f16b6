"""The sdist and the wheel: what is inside, and that the wheel works away from the checkout."""

import json
import os
import shutil
import socket
import subprocess
import sys
import tarfile
import time
import tomllib
from email import message_from_bytes
from email.message import Message
from importlib.util import find_spec
from pathlib import Path
from urllib.request import urlopen
from zipfile import ZipFile

import pytest

import emotiscan
from emotiscan import facs
from tests.support.places import ROOT, SAMPLES
from tests.support.visitor import Visitor

pytestmark = pytest.mark.skipif(
    not (find_spec("build") and find_spec("hatchling") and find_spec("pip")),
    reason="building a wheel needs build, hatchling and pip: pip install -r requirements-dev.txt",
)

MAX_MEGABYTES = 60
RESOURCES = "emotiscan/_resources/"
EXTRAS = ("lightning", "numba", "ray", "tensorboard", "torchmetrics")
"""Modules that only the extras install; what grad-cam brings along (scipy, matplotlib …) is there in any case."""


def run(*arguments: str | Path, cwd: Path, **variables: str) -> str:
    """Standard output of a command that must succeed."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"} | variables
    done = subprocess.run(arguments, cwd=cwd, env=environment, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def built(tmp_path_factory) -> Path:
    """A folder with the sdist, and the wheel that was built from it, as `pip install` of an sdist does."""
    folder = tmp_path_factory.mktemp("dist")
    run(sys.executable, "-m", "build", "--no-isolation", "--outdir", folder, ROOT, cwd=folder)
    return folder


@pytest.fixture(scope="module")
def wheel(built) -> Path:
    (file,) = built.glob("*.whl")
    return file


@pytest.fixture(scope="module")
def names(wheel) -> set[str]:
    """The files in the wheel, without its metadata."""
    with ZipFile(wheel) as archive:
        return {name for name in archive.namelist() if ".dist-info/" not in name}


@pytest.fixture(scope="module")
def metadata(wheel) -> Message:
    with ZipFile(wheel) as archive:
        (name,) = (name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
        return message_from_bytes(archive.read(name))


@pytest.fixture(scope="module")
def installed(wheel, tmp_path_factory) -> Path:
    """A folder that holds the unpacked wheel and nothing else."""
    target = tmp_path_factory.mktemp("installed")
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "install", "--quiet"]
    run(*pip, "--no-deps", "--no-index", "--no-compile", "--target", target, wheel, cwd=target)
    return target


@pytest.fixture
def elsewhere(tmp_path) -> Path:
    """A user's own folder with a photo, outside the checkout."""
    shutil.copy(SAMPLES / "smile.jpg", tmp_path / "photo.jpg")
    return tmp_path


def test_wheel_holds_the_package(names):
    modules = {str(file.relative_to(ROOT).as_posix()) for file in (ROOT / "emotiscan").rglob("*.py")}
    assert {name for name in names if name.endswith(".py")} == modules


def test_wheel_holds_the_resources_and_nothing_else(names):
    described = json.loads((SAMPLES / "samples.json").read_text(encoding="utf-8"))
    scripts = {
        str(file.relative_to(ROOT).as_posix())
        for suffix in ("css", "html", "js", "cjs")
        for file in (ROOT / "emotiscan").rglob(f"*.{suffix}")
    }
    assert len(scripts) > 3
    weights = {f"{RESOURCES}weights/{name}" for name in ("emotiscan.safetensors", "README.md")}
    samples = {f"{RESOURCES}samples/{name}" for name in ("samples.json", *(one["file"] for one in described))}
    guide = {f"{RESOURCES}samples/action_units/{unit}.webp" for unit in facs.AU_NAMES}
    guide |= {f"{RESOURCES}samples/action_units/{unit}_left.webp" for unit in facs.SIDED_AUS}
    guide.add(f"{RESOURCES}samples/action_units/poster.pdf")
    expected = {"emotiscan/py.typed", f"{RESOURCES}streamlit/config.toml", *scripts, *weights, *samples, *guide}
    assert {name for name in names if not name.endswith(".py")} == expected


def test_wheel_and_sdist_are_small_enough_to_hand_round(built):
    sizes = {file.name: file.stat().st_size / 1e6 for file in built.iterdir()}
    assert len(sizes) == 2
    assert max(sizes.values()) < MAX_MEGABYTES, sizes


def test_sdist_leaves_out_what_the_wheel_does_not_need(built):
    (file,) = built.glob("*.tar.gz")
    with tarfile.open(file) as archive:
        folders = {"/".join(name.split("/")[1:3]) for name in archive.getnames()}
    assert {"pyproject.toml", "README.md", "LICENSE", "CHANGELOG.md", "weights/emotiscan.safetensors"} <= folders
    assert not [name for name in folders if name.split("/")[0] in ("tests", "docs", "benchmarks", "scripts")]
    assert not folders & {"weights/report", "weights/action_units", "weights/codes"}


def test_metadata_names_the_version_the_license_and_where_to_find_more(metadata):
    assert metadata["Version"] == emotiscan.__version__
    assert metadata["License-Expression"] == "MIT"
    assert metadata["License-File"] == "LICENSE"
    assert metadata["Requires-Python"] == ">=3.11"
    assert metadata["Description-Content-Type"] == "text/markdown"
    labels = {text.partition(",")[0] for text in metadata.get_all("Project-URL")}
    assert labels == {"Homepage", "Documentation", "Source", "Issues", "Changelog"}
    assert {"train", "ray", "dev"} <= set(metadata.get_all("Provides-Extra"))


def test_installed_command_states_the_version(installed, elsewhere):
    (command,) = (installed / "bin").glob("emotiscan*")
    out = run(command, "--version", cwd=elsewhere, PYTHONPATH=str(installed))
    assert out.split() == ["emotiscan", emotiscan.__version__]


def test_installed_package_finds_its_resources_inside_itself(installed, elsewhere):
    code = "from emotiscan.resources import SAMPLES, WEIGHTS; print(WEIGHTS, SAMPLES / 'samples.json', sep='\\n')"
    out = run(sys.executable, "-c", code, cwd=elsewhere, PYTHONPATH=str(installed))
    for file in map(Path, out.splitlines()):
        assert file.is_file()
        assert file.is_relative_to(installed / RESOURCES)


def test_installed_package_reads_a_photo_without_the_checkout(installed, elsewhere):
    out = run(sys.executable, "-m", "emotiscan", "photo.jpg", cwd=elsewhere, PYTHONPATH=str(installed))
    reading = json.loads(out)
    assert reading["emotion"] == "positive"
    assert "AU12" in reading["present"]


def test_installed_package_reads_a_photo_without_the_extras(installed, elsewhere):
    start = "sys.argv = ['emotiscan', 'photo.jpg']; runpy.run_module('emotiscan', run_name='__main__')"
    code = f"import runpy, sys; sys.modules.update(dict.fromkeys({EXTRAS})); {start}"
    out = run(sys.executable, "-c", code, cwd=elsewhere, PYTHONPATH=str(installed))
    assert json.loads(out)["emotion"] == "positive"


def test_installed_app_starts_from_any_folder_with_its_own_settings(installed, elsewhere):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "emotiscan", "app", "--port", str(port), "--", "--server.headless=true"]
    environment = os.environ | {"PYTHONPATH": str(installed)}
    with (elsewhere / "log.txt").open("w+", encoding="utf-8", errors="replace") as log:
        app = subprocess.Popen(command, cwd=elsewhere, env=environment, stdout=log, stderr=subprocess.STDOUT)
        try:
            address = f"http://127.0.0.1:{port}"
            assert wait_for(f"{address}/_stcore/health", app) == "ok"
            with Visitor(address) as visitor:
                traffic = b"".join(visitor.open().raw)
        finally:
            app.terminate()
            app.wait(timeout=30)
        log.seek(0)
        assert "usage statistics" not in log.read(), "Streamlit would send them to its makers"
    theme = tomllib.loads((ROOT / ".streamlit/config.toml").read_text(encoding="utf-8"))["theme"]
    for setting in (theme["light"]["primaryColor"], *theme["headingFontSizes"]):
        assert setting.encode() in traffic


def wait_for(address: str, process: subprocess.Popen, seconds: float = 60) -> str | None:
    """What a server answers as soon as it does; None if its process ended or did not answer in time."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and process.poll() is None:
        try:
            with urlopen(address, timeout=5) as answer:
                return answer.read().decode()
        except OSError:
            time.sleep(0.2)
    return None

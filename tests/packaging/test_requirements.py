"""Exact pins, ranges and imports agree: requirements*.txt, pyproject.toml and the code."""

import ast
import sys
import tomllib
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.support.places import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
EXTRAS = PROJECT["optional-dependencies"]

TRAINING_ROOMS = {"datasets", "evaluation", "rendering", "training"}
"""Subpackages that need the extra "train"; everything else works without it."""

NEEDED_EXTRA = {
    Path("emotiscan/batch/ray_backend.py"): "ray",
    Path("emotiscan/model/engines/openvino_engine.py"): "fast",
    Path("emotiscan/model/export.py"): "export",
    Path("emotiscan/video/decode.py"): "video",
    Path("emotiscan/video/annotate.py"): "video",
    Path("emotiscan/video/container.py"): "video",
    Path("emotiscan/video/ray_backend.py"): "ray",
    Path("emotiscan/rendering/clips.py"): "video",
}
"""Extras that single modules need."""

NEVER_IMPORTED = {"tensorboard": "Lightning's logger writes its event files"}
"""Dependencies that the package needs without importing them."""

UNDECLARED = {
    "mediapipe": "one script uses it to annotate photos, and says how to install it",
    "emotiscan-nothing": "a test imports a package that does not exist",
}
"""Imports of scripts and tests that no requirements file needs to list."""


PEER_WORKERS = Path("emotiscan/evaluation/peers/workers")
"""Programs that run in another Python, which holds the peer; without it, the command says how to install it."""


def pins(name: str, included: bool = True) -> dict[str, str]:
    """Versions that a requirements file pins, by package; with those of the files that it includes, if wanted."""
    found: dict[str, str] = {}
    for line in (ROOT / name).read_text(encoding="utf-8").splitlines():
        text = line.partition("#")[0].strip()
        if text.startswith("-r "):
            found |= pins(text.removeprefix("-r ").strip()) if included else {}
        elif text:
            requirement = Requirement(text)
            (specifier,) = requirement.specifier
            assert specifier.operator == "==", f"{name}: {text} is no exact version"
            found[canonicalize_name(requirement.name)] = specifier.version
    return found


def ranges(texts: list[str]) -> dict[str, Requirement]:
    """Requirements by package, without the project's own extras."""
    requirements = [Requirement(text) for text in texts]
    return {canonicalize_name(one.name): one for one in requirements if one.name != PROJECT["name"]}


RUNTIME = ranges(PROJECT["dependencies"])
TRAIN, VIDEO, RAY, FAST, EXPORT, DEV = (
    ranges(EXTRAS[name]) for name in ("train", "video", "ray", "fast", "export", "dev")
)
ALL = RUNTIME | TRAIN | VIDEO | RAY | FAST | EXPORT | DEV


def imports(files: list[Path]) -> Iterator[tuple[str, Path]]:
    """Third-party distributions that files import, in functions too, each with the file."""
    distributions = packages_distributions()
    for file in files:
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"), file)):
            modules = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            modules += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            for module in modules:
                top = module.partition(".")[0]
                if top not in sys.stdlib_module_names and not (ROOT / top).exists() and top != "streamlit_app":
                    # Not installed here, e.g. an optional extra: most distributions are named as their module.
                    yield canonicalize_name(distributions.get(top, [top])[0]), file.relative_to(ROOT)


def package_files() -> list[Path]:
    return sorted([*(ROOT / "emotiscan").rglob("*.py"), ROOT / "streamlit_app.py", ROOT / "train.py"])


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("requirements.txt", RUNTIME | VIDEO),
        ("requirements-ray.txt", RUNTIME | VIDEO | RAY),
        ("requirements-dev.txt", ALL),
    ],
)
def test_each_requirements_file_pins_what_pyproject_declares(name, expected):
    assert pins(name).keys() == expected.keys()


@pytest.mark.parametrize("name", ["requirements.txt", "requirements-ray.txt", "requirements-dev.txt"])
def test_pins_lie_inside_the_ranges_of_pyproject(name):
    outside = [f"{one}=={pin}" for one, pin in pins(name).items() if pin not in ALL[one].specifier]
    assert not outside


def test_the_app_installs_nothing_that_only_training_or_the_tests_need():
    others = (TRAIN | RAY | FAST | EXPORT | DEV).keys()
    assert not pins("requirements.txt").keys() & others
    assert not RUNTIME.keys() & others


def test_dev_includes_the_other_extras():
    assert {"train", "video", "ray", "fast", "export"} <= {
        extra for text in EXTRAS["dev"] for extra in Requirement(text).extras
    }


def test_every_import_of_the_package_is_declared():
    missing = []
    for name, file in imports(package_files()):
        if PEER_WORKERS in file.parents:
            continue
        room = file.with_suffix("").parts[1] if file.parts[0] == "emotiscan" else ""
        declared = RUNTIME.keys() | (TRAIN.keys() if room in TRAINING_ROOMS else set())
        declared |= ranges(EXTRAS[NEEDED_EXTRA[file]]).keys() if file in NEEDED_EXTRA else set()
        if name not in declared:
            missing.append(f"{file}: {name}")
    assert not missing, "\n" + "\n".join(missing)


def test_every_import_of_the_tests_and_scripts_is_declared():
    files = [file for folder in ("benchmarks", "docs", "scripts", "tests") for file in (ROOT / folder).rglob("*.py")]
    declared = ALL.keys() | UNDECLARED.keys()
    missing = sorted({f"{file}: {name}" for name, file in imports(files) if name not in declared})
    assert not missing, "\n" + "\n".join(missing)


def test_every_dependency_is_used():
    used = {name for name, _ in imports(package_files())}
    assert (RUNTIME | TRAIN | VIDEO | RAY | FAST | EXPORT).keys() - used == NEVER_IMPORTED.keys()


def test_facenet_pytorch_stays_below_the_release_that_requires_an_old_torch():
    assert "2.5.3" in RUNTIME["facenet-pytorch"].specifier
    assert "2.6.0" not in RUNTIME["facenet-pytorch"].specifier

"""The files around the package agree with it: CI, pre-commit, container, changelog, citation and instructions."""

import os
import re
import shutil
import subprocess
import tomllib
from fnmatch import fnmatch

import pytest
import yaml

import emotiscan
from tests.support.places import ROOT

PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
WORKFLOW = yaml.safe_load((ROOT / ".github/workflows/ci.yml").read_text(encoding="utf-8"))


def text(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def test_workflow_tests_every_python_that_the_package_supports():
    classifiers = PYPROJECT["project"]["classifiers"]
    supported = re.findall(r"Python :: (3\.\d+)$", "\n".join(classifiers), re.MULTILINE)
    assert WORKFLOW["jobs"]["tests"]["strategy"]["matrix"]["python"] == supported
    assert PYPROJECT["project"]["requires-python"] == f">={supported[0]}"


def test_workflow_checks_what_ci_checks():
    steps = [step.get("run", "") for job in WORKFLOW["jobs"].values() for step in job["steps"]]
    for command in ("ruff check", "ruff format --check", "mypy", "python -m pytest", "mkdocs build --strict"):
        assert any(command in step for step in steps), command
    assert WORKFLOW["jobs"].keys() == {"lint", "types", "tests", "docs", "wheel"}
    systems = WORKFLOW["jobs"]["tests"]["strategy"]["matrix"]["os"]
    assert set(systems) == {"ubuntu-latest", "macos-latest", "windows-latest"}


def test_workflow_may_only_read_the_repository():
    assert WORKFLOW["permissions"] == {"contents": "read"}


def test_pre_commit_formats_with_the_pinned_ruff():
    hooks = {repo["repo"]: repo for repo in yaml.safe_load(text(".pre-commit-config.yaml"))["repos"]}
    pinned = re.search(r"^ruff==(\S+)", text("requirements-dev.txt"), re.MULTILINE)[1]
    assert hooks["https://github.com/astral-sh/ruff-pre-commit"]["rev"] == f"v{pinned}"


def test_ci_runs_the_test_command_of_the_readme():
    command = re.search(r"python3 -m venv .*requirements-dev\.txt.*-m pytest\b", text("README.md"))[0]
    assert command in text(".ci/run").replace("pip install -q ", "pip install ")


@pytest.mark.skipif(os.name == "nt", reason="the scripts are for POSIX systems")
@pytest.mark.parametrize("script", ["run", "wheel", "audit"])
def test_ci_scripts_are_valid_and_executable(script):
    file = ROOT / ".ci" / script
    assert file.stat().st_mode & 0o111
    if bash := shutil.which("bash"):
        subprocess.run([bash, "-n", file], check=True)


def test_changelog_and_citation_name_the_version():
    newest = re.search(r"^## \[(.+?)\]", text("CHANGELOG.md"), re.MULTILINE)[1]
    citation = yaml.safe_load(text("CITATION.cff"))
    assert newest == emotiscan.__version__
    assert citation["version"] == emotiscan.__version__


def test_citation_names_the_holders_of_the_license():
    holder = re.search(r"Copyright \(c\) \d+ (.+)", text("LICENSE"))[1]
    (author,) = yaml.safe_load(text("CITATION.cff"))["authors"]
    assert author["name"] == holder
    assert PYPROJECT["project"]["authors"] == [{"name": holder}]


def test_container_is_sent_all_that_it_copies_and_neither_reports_nor_label_tables():
    lines = [line for line in text(".dockerignore").splitlines() if line and not line.startswith("#")]
    sent = [line[1:] for line in lines if line.startswith("!")]
    copied = [words.split()[1].rstrip("/") for words in re.findall(r"^COPY .+", text("Dockerfile"), re.MULTILINE)]
    for source in copied:
        assert (ROOT / source).exists(), source
        assert any(one == source or one.startswith(f"{source}/") for one in sent), source
    for file in sent:
        assert (ROOT / file).exists(), file
    assert lines[0] == "*"
    assert not any(fnmatch("weights/report", pattern) for pattern in sent)

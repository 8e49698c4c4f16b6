"""Every command in the documentation runs, or is marked as one that does not, and then at least its options exist."""

import os
import re
import shutil
import subprocess
import sys

import pytest

from emotiscan.cli.main import COMMANDS
from emotiscan.datasets.sources import DataSource
from tests.docs.documentation import NEEDS_DATA, NOT_RUN, Block, blocks, own_arguments, parser_of
from tests.support.places import ROOT, SAMPLES

BLOCKS = list(blocks())
SHELL = [block for block in BLOCKS if block.language != "python"]
PYTHON_PAGES = sorted({block.page for block in BLOCKS if block.language == "python"})
RUN = sorted({command for block in SHELL if not block.mark for command in block.commands})
UNRUN = sorted({command for block in SHELL if block.mark for command in block.commands})
OWN = [command for command in (*RUN, *UNRUN) if own_arguments(command)]
MODULES = [command for command in UNRUN if re.match(r"python -m (?!emotiscan )", command)]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder like a clone, as far as the commands need it: the samples, and `emotiscan` on the path."""
    folder = tmp_path_factory.mktemp("clone")
    (folder / "samples").mkdir()
    for name in ("smile.jpg", "surprise.jpg", "group.jpg"):  # of all, reading would take a minute
        shutil.copy(SAMPLES / name, folder / "samples")
    (folder / "bin").mkdir()
    program = folder / "bin" / "emotiscan"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m emotiscan "$@"\n')
    program.chmod(0o755)
    return folder


def environment(folder) -> dict[str, str]:
    path = f"{folder / 'bin'}{os.pathsep}{os.environ['PATH']}"
    return {**os.environ, "PATH": path, "PYTHONPATH": str(ROOT), "PYTHONUTF8": "1"}


@pytest.mark.parametrize("block", SHELL, ids=lambda block: f"{block.page}: {block.commands[0][:40]}")
def test_block_is_run_or_says_why_not(block: Block):
    assert block.commands
    assert block.mark in ("", NEEDS_DATA) or (block.mark.startswith(NOT_RUN) and len(block.mark) > len(NOT_RUN))
    if not block.mark:
        assert all(own_arguments(command) or "emotiscan" in command for command in block.commands)


@pytest.mark.skipif(shutil.which("bash") is None or os.name == "nt", reason="the commands are for a POSIX shell")
@pytest.mark.parametrize("command", RUN)
def test_command_runs(command, folder):
    done = subprocess.run(
        ["bash", "-c", f"set -o pipefail; {command}"],
        cwd=folder,
        env=environment(folder),
        capture_output=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr.decode()


@pytest.mark.parametrize("command", OWN)
def test_options_exist(command, capsys):
    name, arguments = own_arguments(command)
    if not arguments or arguments[0] in ("--help", "--version"):
        return
    try:
        parsed = parser_of(name).parse_args(arguments)
    except SystemExit:
        pytest.fail(capsys.readouterr().err)
    data = getattr(parsed, "data", None) or []
    check_sources([data] if isinstance(data, str) else data)


def check_sources(sources) -> None:
    """Check that data sources in their short form can be parsed, with their options."""
    for source in sources:
        if isinstance(source, str) and not source.endswith(".toml"):
            DataSource.parse(source)


@pytest.mark.parametrize("command", MODULES)
def test_module_and_its_options_exist(command):
    words = command.split()
    file = ROOT / f"{words[2].replace('.', '/')}.py"
    assert file.exists(), f"there is no module {words[2]}"
    sources = [file, *file.parent.glob("*.py"), ROOT / "emotiscan" / "cli" / "options.py"]
    text = "\n".join(source.read_text(encoding="utf-8") for source in sources)
    for option in (word for word in words if word.startswith("--")):
        by_name = f'"{option.removeprefix("--")}"' in text and 'f"--{' in text  # declared in a loop over names
        assert by_name or f'"{option}"' in text, f"{words[2]} has no option {option}"


@pytest.mark.parametrize("name", COMMANDS)
def test_help_of_every_command_is_on_the_reference_page(name):
    page = (ROOT / "docs" / "reference" / "command-line.md").read_text(encoding="utf-8")
    assert f"## emotiscan {name}\n" in page
    assert f"<!-- options: {name} -->" in page
    assert parser_of(name).format_help()


@pytest.mark.parametrize("page", PYTHON_PAGES)
def test_python_examples_run(page, folder):
    code = "\n".join(block.text for block in BLOCKS if block.page == page and block.language == "python")
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=folder,
        env={**environment(folder), "MPLBACKEND": "agg"},
        capture_output=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr.decode()


def test_quick_start_is_two_commands_and_begins_with_a_shallow_clone():
    quick_start = [block for block in SHELL if block.page == "README.md" and block.mark.startswith(NOT_RUN)]
    (start,), (test,) = (block.commands for block in quick_start)
    assert start.startswith("git clone --depth 1 ")
    assert test.endswith("python -m pytest")
    assert all("python3 -m venv ~/.venvs/emotiscan && " in command for command in (start, test))

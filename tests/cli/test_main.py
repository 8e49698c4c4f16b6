"""The `emotiscan` command itself: its subcommands, exit statuses, and how fast it answers."""

import os
import subprocess
import sys

import pytest

import emotiscan
from emotiscan.cli import main as main_module
from emotiscan.cli.main import COMMANDS, main
from tests.support.places import ROOT


@pytest.mark.parametrize(
    "arguments", [["--help"], ["read", "--help"], ["app", "--help"], ["photo.jpg", "--colour"], ["train", "--help"]]
)
def test_help_and_mistakes_are_answered_without_loading_numeric_libraries(arguments):
    """So that they take well below half a second."""
    program = (
        "import sys\nfrom emotiscan.cli.main import main\n"
        f"try:\n    main({arguments!r})\nexcept SystemExit:\n    pass\n"
        f"light = {{'numpy'}} if {arguments[0] == 'train'} else set()\n"  # the augmentations of training need it
        "heavy = {'torch', 'numpy', 'pandas', 'lightning', 'streamlit', 'tqdm'} - light & sys.modules.keys()\n"
        "sys.exit(f'loaded: {heavy}' if heavy else 0)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, cwd=ROOT, check=False)
    assert done.returncode == 0, done.stderr


def test_help_lists_every_command(capsys):
    with pytest.raises(SystemExit) as stopped:
        main(["--help"])
    assert stopped.value.code == 0
    text = capsys.readouterr().out
    assert all(f"  {name} " in text for name in COMMANDS)


def test_version(capsys):
    with pytest.raises(SystemExit) as stopped:
        main(["--version"])
    assert stopped.value.code == 0
    assert capsys.readouterr().out == f"emotiscan {emotiscan.__version__}\n"


def test_without_arguments_the_help_goes_to_stderr_and_the_status_is_two(capsys):
    with pytest.raises(SystemExit) as stopped:
        main([])
    assert stopped.value.code == 2
    assert "usage: emotiscan" in capsys.readouterr().err


def test_a_mistyped_command_is_recognized(capsys):
    with pytest.raises(SystemExit) as stopped:
        main(["evalute", "--data", "csv:a"])
    assert stopped.value.code == 2
    assert "did you mean “evaluate”?" in capsys.readouterr().err


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_a_help_text(name, capsys):
    with pytest.raises(SystemExit) as stopped:
        main([name, "--help"])
    assert stopped.value.code == 0
    assert f"usage: emotiscan {name}" in capsys.readouterr().out


class OwnError(ValueError):
    """Stands for one of the package's error classes."""


OwnError.__module__ = "emotiscan.somewhere"


@pytest.mark.parametrize(
    ("error", "status", "message"),
    [
        (OwnError("the table is broken"), 2, "emotiscan compare: the table is broken\n"),
        (FileNotFoundError(2, "No such file", "a.csv"), 2, "emotiscan compare: [Errno 2] No such file: 'a.csv'\n"),
        (KeyboardInterrupt(), 130, "\nemotiscan compare: stopped\n"),
        (KeyboardInterrupt("resume with X"), 130, "\nemotiscan compare: resume with X\n"),
    ],
)
def test_errors_become_one_line_and_an_exit_status(monkeypatch, capsys, error, status, message):
    from emotiscan.cli import compare

    def fail(_):
        raise error

    monkeypatch.setattr(compare, "run", fail)
    assert main(["compare", "runs/a"]) == status
    assert capsys.readouterr().err == message


def test_a_missing_package_is_named_with_how_to_install_it(monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "lightning", None)
    monkeypatch.delitem(sys.modules, "emotiscan.training.fit", raising=False)
    assert main(["train", "--data", "csv:labels.csv"]) == 2
    error = capsys.readouterr().err
    assert "lightning" in error
    assert 'pip install "emotiscan[train]"' in error


def test_other_errors_are_not_hidden(monkeypatch):
    from emotiscan.cli import compare

    monkeypatch.setattr(compare, "run", lambda _: [][0])
    with pytest.raises(IndexError):
        main(["compare", "runs/a"])
    assert not main_module.is_for_users(ValueError("a bug elsewhere"))


@pytest.mark.parametrize(
    ("arguments", "policy"),
    [(["train.py"], "ACTIVE"), (["-m", "emotiscan", "train"], "ACTIVE"), (["-m", "emotiscan", "read"], "PASSIVE")],
)
def test_only_training_lets_waiting_threads_spin(tmp_path, arguments, policy):
    """OpenMP reads the policy once, when torch is loaded."""
    (tmp_path / "sitecustomize.py").write_text(
        "import atexit, os\natexit.register(lambda: print('policy', os.environ.get('OMP_WAIT_POLICY')))\n"
    )
    environment = {name: value for name, value in os.environ.items() if name != "OMP_WAIT_POLICY"}
    done = subprocess.run(
        [sys.executable, *arguments, "--help"],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env=environment | {"PYTHONPATH": str(tmp_path)},
        check=False,
    )
    assert f"policy {policy}" in done.stdout

"""The `emotiscan` command: finds the subcommand, parses its options, runs it, and words its errors.

A subcommand is a module of this package with

- `DESCRIPTION`: what it does, a sentence or two for the top of its help,
- `add_arguments(parser)`: its options, declared with the helpers in `options`,
- `run(arguments) -> int`: the work; returns an exit status.

Only the subcommand that is asked for is imported, and `emotiscan read` imports torch and pandas inside `run`, so that
`--help` and a mistyped option are answered at once.
"""

import argparse
import importlib
import os
import sys
from collections.abc import Sequence

import emotiscan
from emotiscan import runtime

COMMANDS = {
    "read": "read the faces in photos",
    "video": "read the faces in clips, one number a person",
    "app": "start the web app",
    "train": "fine-tune the network on labeled faces",
    "data": "report on a data set before training on it",
    "evaluate": "measure a checkpoint on labeled faces",
    "calibrate": "recalibrate a checkpoint's probabilities",
    "average": "average the weights of several checkpoints",
    "localize": "measure whether heat maps land where the face moves",
    "fairness": "measure how a checkpoint treats different faces",
    "render": "render synthetic faces with exact action units",
    "compare": "compare training runs",
    "export": "write the network for other runtimes (ONNX, OpenVINO)",
}
"""Subcommands, in the order in which the help lists them; each is a module of this package."""

EXTRAS = {"read": "emotiscan", "video": "emotiscan[video]", "app": "emotiscan", "export": "emotiscan[export,fast]"}
"""What to install for a subcommand that lacks a package; "emotiscan[train]" for all others."""

DEFAULT = "read"
"""The subcommand if none is named: `emotiscan photo.jpg`."""

OK, SOME_FAILED, FAILED, INTERRUPTED = 0, 1, 2, 130
"""Exit statuses: all done; some images could not be read; failed, as the message says; stopped by Ctrl-C."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line.

    Args:
        arguments: without the program's name; those of the process by default.

    Returns:
        An exit status: `OK`, `SOME_FAILED`, `FAILED` or `INTERRUPTED`.

    Raises:
        SystemExit: after `--help` and `--version` (0), or because of a wrong option or command (2).
    """
    words = list(sys.argv[1:] if arguments is None else arguments)
    overview = _overview()
    if not words:
        overview.print_help(sys.stderr)
        raise SystemExit(FAILED)
    if words[0] in ("-h", "--help", "--version"):
        overview.parse_args(words)
    if guess := _mistyped(words[0]):
        overview.error(f"there is no command or file “{words[0]}”; did you mean “{guess}”?")
    name = words.pop(0) if words[0] in COMMANDS else DEFAULT
    runtime.configure(training=name == "train")  # before the subcommand imports torch
    try:
        command = importlib.import_module(f"emotiscan.cli.{name}")
        parser = argparse.ArgumentParser(
            prog=f"emotiscan {name}",
            description=command.DESCRIPTION,
            epilog=getattr(command, "EPILOG", None),
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        command.add_arguments(parser)
        return int(command.run(parser.parse_args(words)))
    except KeyboardInterrupt as interrupt:  # its message, if any, says how to resume
        print(f"\nemotiscan {name}: {str(interrupt) or 'stopped'}", file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:  # the program that reads our output, e.g. `head`, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return OK
    except ModuleNotFoundError as error:
        if not error.name or error.name.partition(".")[0] == "emotiscan":  # a mistake of ours
            raise
        wanted = EXTRAS.get(name, "emotiscan[train]")
        print(
            f"emotiscan {name}: the package {error.name} is not installed; install all that this command needs with: "
            f'pip install "{wanted}"',
            file=sys.stderr,
        )
        return FAILED
    except (ValueError, RuntimeError, OSError) as error:
        if not is_for_users(error):
            raise
        print(f"emotiscan {name}: {error}", file=sys.stderr)
        return FAILED


def _mistyped(word: str) -> str | None:
    """The command that was probably meant by a word that is neither a command nor an option nor a file."""
    if word in COMMANDS or not word.isalpha() or os.path.exists(word):
        return None
    import difflib

    return next(iter(difflib.get_close_matches(word.lower(), COMMANDS, 1)), None)


def is_for_users(error: Exception) -> bool:
    """Whether an error's message is for users: an error class of this package, or an error of the operating system."""
    return isinstance(error, OSError) or type(error).__module__.partition(".")[0] == "emotiscan"


def _overview() -> argparse.ArgumentParser:
    width = max(map(len, COMMANDS))
    listed = "\n".join(f"  {name:{width}}  {words}" for name, words in COMMANDS.items())
    parser = argparse.ArgumentParser(
        prog="emotiscan",
        usage="emotiscan COMMAND [OPTION …]\n       emotiscan PHOTO …",
        description="Read emotions and FACS action units in photos of faces.",
        epilog=f"commands:\n{listed}\n\n`emotiscan COMMAND --help` lists a command's options; "
        f"`emotiscan PHOTO …` is short for `emotiscan {DEFAULT} PHOTO …`.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"emotiscan {emotiscan.__version__}")
    return parser

"""Command-line options that several subcommands share, each declared once: one name, one help text, one check."""

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

from emotiscan.model.choices import DEVICES, ENGINES

Group: TypeAlias = argparse.ArgumentParser | argparse._ArgumentGroup
"""What options can be added to."""


class UsageError(ValueError):
    """An option's value cannot be used; the message says why and what to do."""


def add_data(parser: Group, *, several: bool = False, required: bool = True) -> None:
    """Add `--data`, for one labeled data set or several, and explain it at the end of the help."""
    if isinstance(parser, argparse.ArgumentParser) and not parser.epilog:
        parser.epilog = data_source_text()
    parser.add_argument(
        "--data",
        required=required,
        action="append" if several else "store",
        metavar="KIND:PATH[,OPTION=VALUE…]",
        help="a labeled data set, e.g. ckplus:/path/to/CK+, folder:/path or csv:labels.csv"
        + ("; repeat it for several, or name a TOML file that lists them" if several else ""),
    )


def data_source_text() -> str:
    """Describe the kinds and options of data sources, for the end of a help text."""
    from emotiscan.datasets.sources import KINDS, OPTIONS

    kinds = "\n".join(f"  {kind:14} {description}" for kind, description in KINDS.items())
    separators = {option: " " if len(option) <= 14 else "\n" + 17 * " " for option in OPTIONS}
    options = "\n".join(f"  {option:14}{separators[option]}{OPTIONS[option]}" for option in OPTIONS)
    return f"kinds of data sets (KIND:PATH):\n{kinds}\n\noptions of data sets (after a comma):\n{options}\n"


def add_weights(parser: Group) -> None:
    """Add `--weights`: the checkpoint to use. Read it with `weights_of`."""
    parser.add_argument("--weights", type=Path, metavar="FILE", help="checkpoint to use (default: the shipped one)")


def weights_of(arguments: argparse.Namespace) -> Path:
    """Path of the checkpoint that `--weights` names, or of the shipped one."""
    from emotiscan.resources import WEIGHTS

    return arguments.weights or WEIGHTS


def add_device(parser: Group) -> None:
    """Add `--device`: where the network runs."""
    parser.add_argument(
        "--device",
        choices=DEVICES,
        default="auto",
        help="where the network runs; auto uses a GPU if there is one (default: auto)",
    )


def add_engine(parser: Group) -> None:
    """Add `--engine`: what runs the network on the CPU."""
    parser.add_argument(
        "--engine",
        choices=ENGINES,
        default="auto",
        help="what runs the network on the CPU; auto begins with torch and changes to OpenVINO if that is installed "
        "(default: auto)",
    )


def add_workers(parser: Group, task: str, default: int = 2, minimum: int = 0) -> None:
    """Add `--workers`.

    Args:
        task: the work of the worker processes, for the help: "load images".
        default: number of processes without the option.
        minimum: smallest number accepted; with 0, this process does the work itself.
    """
    parser.add_argument(
        "--workers",
        type=whole_number(minimum),
        default=default,
        metavar="N",
        help=f"processes that {task} (default: {default})",
    )


def add_reading_processes(parser: Group) -> None:
    """Add --workers and --ray, which share photos or clips out among processes."""
    parser.add_argument(
        "--workers", metavar="N", type=whole_number(1), default=1, help="number of processes (default: 1)"
    )
    parser.add_argument("--ray", action="store_true", help="read on a Ray cluster, with --workers actors")


def add_cache(parser: Group) -> None:
    """Add `--cache`: the folder that remembers where faces were found."""
    parser.add_argument(
        "--cache", default="cache", metavar="DIR", help="folder that remembers where faces were found (default: cache)"
    )


def add_report(parser: Group) -> None:
    """Add `--split`, `--attach` and `--note`: what the commands that measure a checkpoint have in common."""
    parser.add_argument("--split", help="only this split of the data set (default: all of it)")
    parser.add_argument("--attach", metavar="NAME", help="also store the report in the checkpoint, under this name")
    parser.add_argument("--note", default="", help="a sentence about the data, shown beside an attached report")


def whole_number(minimum: int, maximum: int | None = None) -> Callable[[str], int]:
    """Make a type for argparse: whole numbers from `minimum` to `maximum`."""
    wanted = f"of at least {minimum}" if maximum is None else f"from {minimum} to {maximum}"

    def parse(text: str) -> int:
        try:
            value = int(text)
        except ValueError:
            value = minimum - 1
        if value < minimum or (maximum is not None and value > maximum):
            raise argparse.ArgumentTypeError(f"“{text}” is not a whole number {wanted}")
        return value

    return parse

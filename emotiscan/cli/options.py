"""Command-line options that several programs of training have in common."""

import argparse
from collections.abc import Callable
from pathlib import Path

from emotiscan.model.checkpoint import DEFAULT_WEIGHTS


def add_machine_options(parser: argparse.ArgumentParser | argparse._ArgumentGroup, workers_do: str) -> None:
    """Add --cache and --workers.

    Args:
        workers_do: what the worker processes do, for the help.
    """
    parser.add_argument("--cache", default="cache", metavar="DIR", help="where found faces are kept (default: cache)")
    parser.add_argument(
        "--workers", type=whole_number(0), default=2, help=f"processes that {workers_do} (default: 2)", metavar="N"
    )


def add_measuring_options(parser: argparse.ArgumentParser) -> None:
    """Add what programs that measure a checkpoint on one data set take, from --data to --note."""
    parser.add_argument("--data", required=True, metavar="KIND:PATH[,…]", help="a data set, as train.py takes it")
    parser.add_argument("--split", help="only this split of the data set (default: all of it)")
    parser.add_argument("--weights", type=Path, default=DEFAULT_WEIGHTS, help="default: the shipped checkpoint")
    parser.add_argument("--attach", metavar="NAME", help="write the report into the checkpoint, under this name")
    parser.add_argument("--note", default="", help="a sentence about the data, shown beside an attached report")
    add_machine_options(parser, "find faces")


def whole_number(least: int) -> Callable[[str], int]:
    """A type for argparse: whole numbers, none below `least`."""

    def number(text: str) -> int:
        try:
            value = int(text)
        except ValueError:
            value = least - 1
        if value < least:
            raise argparse.ArgumentTypeError(f"“{text}” is no whole number from {least} on")
        return value

    return number

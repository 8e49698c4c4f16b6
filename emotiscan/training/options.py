"""Command-line options that several programs of training have in common."""

import argparse
from collections.abc import Callable


def add_machine_options(parser: argparse.ArgumentParser | argparse._ArgumentGroup, workers_do: str) -> None:
    """Add --cache and --workers.

    Args:
        workers_do: what the worker processes do, for the help.
    """
    parser.add_argument("--cache", default="cache", metavar="DIR", help="where found faces are kept (default: cache)")
    parser.add_argument(
        "--workers", type=whole_number(0), default=2, help=f"processes that {workers_do} (default: 2)", metavar="N"
    )


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

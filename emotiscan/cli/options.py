"""Command-line options that several subcommands share, each declared once: one name, one help text, one check."""

import argparse
from collections.abc import Callable
from pathlib import Path

DEVICES = ("auto", "cpu", "cuda", "mps")
"""Values of `--device`."""

Group = argparse.ArgumentParser | argparse._ArgumentGroup
"""What options can be added to."""


def add_data(parser: Group, *, several: bool = False, required: bool = True) -> None:
    """Add `--data`: one labeled data set, or several."""
    parser.add_argument(
        "--data",
        required=required,
        action="append" if several else "store",
        metavar="KIND:PATH[,OPTION=VALUE…]",
        help="a labeled data set, e.g. ckplus:/path/to/CK+, folder:/path or csv:labels.csv"
        + ("; repeat it for several" if several else ""),
    )


def add_weights(parser: Group) -> None:
    """Add `--weights`: the checkpoint to use; `weights_of` says which that is."""
    parser.add_argument("--weights", type=Path, metavar="FILE", help="checkpoint to use (default: the shipped one)")


def weights_of(arguments: argparse.Namespace) -> Path:
    """The checkpoint that `--weights` names, or the shipped one."""
    from emotiscan.resources import WEIGHTS

    return arguments.weights or WEIGHTS


def add_device(parser: Group) -> None:
    """Add `--device`: where the network runs."""
    parser.add_argument(
        "--device",
        choices=DEVICES,
        default="auto",
        help="where the network runs; auto takes a GPU where there is one (default: auto)",
    )


def add_workers(parser: Group, task: str, default: int = 2, least: int = 0) -> None:
    """Add `--workers`.

    Args:
        task: what the worker processes do, for the help: "load images".
        default: how many there are without the option.
        least: the smallest number that is accepted; 0 stands for this process alone.
    """
    parser.add_argument(
        "--workers",
        type=whole_number(least),
        default=default,
        metavar="N",
        help=f"processes that {task} (default: {default})",
    )


def add_cache(parser: Group) -> None:
    """Add `--cache`: where found faces are kept."""
    parser.add_argument(
        "--cache", default="cache", metavar="DIR", help="folder that keeps where faces were found (default: cache)"
    )


def add_report(parser: Group) -> None:
    """Add `--split`, `--attach` and `--note`: what the commands that measure a checkpoint have in common."""
    parser.add_argument("--split", help="only this split of the data set (default: all of it)")
    parser.add_argument("--attach", metavar="NAME", help="also store the report in the checkpoint, under this name")
    parser.add_argument("--note", default="", help="a sentence about the data, shown beside an attached report")


def whole_number(least: int) -> Callable[[str], int]:
    """A type for argparse: whole numbers, none below `least`."""

    def number(text: str) -> int:
        try:
            value = int(text)
        except ValueError:
            value = least - 1
        if value < least:
            raise argparse.ArgumentTypeError(f"“{text}” is not a whole number of at least {least}")
        return value

    return number


def add_machine_options(parser: Group, workers_do: str) -> None:
    """Add `--cache` and `--workers` (until all commands declare their options here)."""
    add_cache(parser)
    add_workers(parser, workers_do)


def add_measuring_options(parser: Group) -> None:
    """Add what programs that measure a checkpoint take (until all commands declare their options here)."""
    from emotiscan.resources import WEIGHTS

    add_data(parser)
    parser.add_argument("--weights", type=Path, default=WEIGHTS, help="default: the shipped checkpoint")
    add_report(parser)
    add_machine_options(parser, "find faces")

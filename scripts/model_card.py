"""Write the shipped checkpoint's metrics into its model card: `python -m scripts.model_card`.

In weights/README.md a line `<!-- figures: NAME -->` stands before the table of the report that the checkpoint carries
under that name (`--attach NAME` of `emotiscan evaluate`, `localize` and `fairness`); the table below it is replaced.
"""

import argparse
import re
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from emotiscan.evaluation.text import text_of
from emotiscan.model.checkpoint import DEFAULT_WEIGHTS, load_checkpoint
from emotiscan.reports import read_report

ROOT = Path(__file__).resolve().parents[1]

TABLE = re.compile(r"(<!-- figures: (?P<name>[\w-]+) -->\n)(?:(?: {4}.*)?\n)*")
"""A mark, and the indented and blank lines after it."""

UNLABELED = re.compile(r"AU\w+ +present +0 of 0 ")


def filled(card: str, metrics: Mapping[str, object]) -> str:
    """The model card with the table after each mark replaced by the report of that name.

    Raises:
        KeyError: the checkpoint carries no report of that name.
    """
    reports = {name: metrics[name] for _, name in TABLE.findall(card)}
    return TABLE.sub(lambda mark: f"{mark[1]}\n{_table(reports[mark['name']])}\n", card)


def _table(report: object) -> str:
    lines = text_of(read_report(report)).splitlines()
    # Action units without a single label would fill the card with rows that say nothing.
    return "".join(f"    {line}".rstrip() + "\n" for line in lines if not UNLABELED.match(line))


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns 1 where the checkpoint lacks a report."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--weights", type=Path, default=DEFAULT_WEIGHTS, help="default: the shipped checkpoint")
    parser.add_argument("--card", type=Path, default=ROOT / "weights" / "README.md", help="default: weights/README.md")
    options = parser.parse_args(arguments)
    _, card = load_checkpoint(options.weights)
    text = options.card.read_text(encoding="utf-8")
    missing = sorted({name for _, name in TABLE.findall(text)} - set(card.metrics))
    if missing:
        names = ", ".join(missing)
        print(f"model_card: {options.weights} carries no report {names}; add it with --attach", file=sys.stderr)
        return 1
    options.card.write_text(filled(text, card.metrics), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())

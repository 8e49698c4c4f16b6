"""Write the shipped checkpoint's figures into its model card: `python -m scripts.model_card`.

In weights/README.md a line `<!-- figures: NAME -->` stands before the table of the report that the checkpoint carries
by that name (`--attach NAME` of `emotiscan.evaluation.checkpoint_report` and `.fairness`); the table below it is written anew.
"""

import argparse
import contextlib
import io
import re
import sys
from collections.abc import Mapping
from pathlib import Path

from emotiscan.evaluation import checkpoint_report as evaluate
from emotiscan.evaluation import heat_map_report as localize
from emotiscan.evaluation.fairness import report as fairness
from emotiscan.model.checkpoint import DEFAULT_WEIGHTS, load_checkpoint

ROOT = Path(__file__).resolve().parents[1]

PRINTERS = {module.KIND: module.print_report for module in (fairness, localize)}
"""What prints a report, by its kind; one without a kind is an evaluation's."""

TABLE = re.compile(r"(<!-- figures: (?P<name>[\w-]+) -->\n)(?:(?: {4}.*)?\n)*")
"""A mark, and the indented and blank lines after it."""


def filled(card: str, metrics: Mapping[str, dict]) -> str:
    """The model card with each marked table made of the report of its name.

    Raises:
        KeyError: the checkpoint carries no report of that name.
    """
    reports = {name: metrics[name] for _, name in TABLE.findall(card)}
    return TABLE.sub(lambda found: f"{found[1]}\n{_table(reports[found['name']])}\n", card)


def _table(report: dict) -> str:
    text = io.StringIO()
    with contextlib.redirect_stdout(text):
        PRINTERS.get(report.get("kind"), evaluate.print_report)(report)
    return "".join(f"    {line}".rstrip() + "\n" for line in text.getvalue().splitlines())


def main() -> int:
    """The command line; the exit status is 1 where the checkpoint lacks a report."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--weights", type=Path, default=DEFAULT_WEIGHTS, help="default: the shipped checkpoint")
    parser.add_argument("--card", type=Path, default=ROOT / "weights" / "README.md", help="default: weights/README.md")
    options = parser.parse_args()
    _, card = load_checkpoint(options.weights)
    text = options.card.read_text()
    missing = sorted({name for _, name in TABLE.findall(text)} - set(card.metrics))
    if missing:
        wanted = ", ".join(missing)
        print(f"model_card: {options.weights} carries no report {wanted}; make it with --attach", file=sys.stderr)
        return 1
    options.card.write_text(filled(text, card.metrics))
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""Report on a checkpoint and any labelled pictures: `python -m emotiscan.training.evaluate --help`.

With `--attach NAME` the report is written into the checkpoint, whose pages then show it.
"""

import argparse
import dataclasses
import json
import logging
import sys
from pathlib import Path

from emotiscan.checkpoint import DEFAULT_WEIGHTS, CheckpointError, load_checkpoint, save_checkpoint
from emotiscan.evaluation import headline
from emotiscan.training.figures import write_figures
from emotiscan.training.options import add_machine_options
from emotiscan.training.prediction import load_split, predict_tables
from emotiscan.training.reporting import report_on
from emotiscan.training.table import LabelTable, TableError

SHOWN = (("AUC", "auc"), ("F1", "f1"), ("ECE", "ece"))
"""Figures of a code that are printed, by name and key in the report."""


def argument_parser() -> argparse.ArgumentParser:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m emotiscan.training.evaluate", description=__doc__.split("\n")[0])
    parser.add_argument("--data", required=True, metavar="KIND:PATH[,…]", help="a data set, as train.py takes it")
    parser.add_argument("--split", help="only this split of the data set (default: all of it)")
    parser.add_argument("--weights", type=Path, default=DEFAULT_WEIGHTS, help="default: the shipped checkpoint")
    parser.add_argument("--out", type=Path, metavar="DIR", help="also write report.json and pictures there")
    parser.add_argument("--attach", metavar="NAME", help="write the report into the checkpoint, under this name")
    parser.add_argument("--note", default="", help="a sentence about the data, shown beside an attached report")
    add_machine_options(parser, "find faces")
    return parser


def main(arguments: list[str] | None = None) -> int:
    """Evaluate, print the headline figures, and write what was asked for.

    Returns:
        Exit status: 0, or 1 after a mistake.
    """
    parsed = argument_parser().parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stderr)
    try:
        table = load_split(parsed.data, parsed.split)
        report = report_on_table(table, parsed.weights, parsed.cache, parsed.workers)
    except (TableError, CheckpointError) as error:
        print(f"evaluate: {error}", file=sys.stderr)
        return 1
    if parsed.note:
        report["note"] = parsed.note
    print_report(report)
    if parsed.out:
        parsed.out.mkdir(parents=True, exist_ok=True)
        (parsed.out / "report.json").write_text(json.dumps(report, indent=1) + "\n")
        write_figures(report, parsed.out, table)
    if parsed.attach:
        model, card = load_checkpoint(parsed.weights)
        save_checkpoint(
            parsed.weights, model, dataclasses.replace(card, metrics={**card.metrics, parsed.attach: report})
        )
    return 0


def report_on_table(table: LabelTable, weights: Path, cache: str | Path = "cache", workers: int = 2) -> dict:
    """The evaluation report of a checkpoint on a table, whose codes may be joined, as `AU26_or_AU27`."""
    model, card = load_checkpoint(weights)
    codes = tuple(code for code in table.codes if set(code.split("_or_")) <= set(card.config.codes))
    return report_on(predict_tables(model, [table], cache, workers), card.config, card.calibration, codes)


def print_report(report: dict) -> None:
    """The headline figures, then a line for each code, with 95 % intervals in brackets."""
    print(f"{report['samples']} pictures, {report['subjects']} persons")
    for name, figure in headline(report).items():
        print(f"{name:26s} {_text(figure)}")
    for code, scores in (report.get("codes") or {}).items():
        present = f"{scores['support']} of {scores['known']}"
        figures = "  ".join(f"{name} {_text(scores[key])}" for name, key in SHOWN)
        print(f"{code:14s} present {present:>12s}  {figures}".rstrip())


def _text(figure: dict) -> str:
    value, low, high = (figure[name] for name in ("value", "low", "high"))
    if value is None:
        return "–".ljust(20)
    return f"{value:.3f}" + (f" [{low:.3f}, {high:.3f}]" if low is not None else "").ljust(15)


if __name__ == "__main__":
    sys.exit(main())

"""Report on a checkpoint and any labeled pictures: `python -m emotiscan.evaluation.checkpoint_report --help`.

With `--attach NAME` the report is written into the checkpoint, whose pages then show it.
"""

import argparse
import json
import logging
import sys
from collections.abc import Mapping
from pathlib import Path

from emotiscan.cli.options import add_measuring_options
from emotiscan.datasets.table import LabelTable, TableError
from emotiscan.evaluation.headline import figure_text, headline
from emotiscan.evaluation.plots import write_plots
from emotiscan.evaluation.prediction import load_split, predict_tables, report_on
from emotiscan.model.checkpoint import CheckpointError, attach_report, load_checkpoint

SHOWN = (("AUC", "auc"), ("F1", "f1"), ("ECE", "ece"))
"""Figures of an action unit that are printed, by name and key in the report."""


def argument_parser() -> argparse.ArgumentParser:
    """The command line."""
    parser = argparse.ArgumentParser(
        prog="python -m emotiscan.evaluation.checkpoint_report", description=__doc__.split("\n")[0]
    )
    add_measuring_options(parser)
    parser.add_argument(
        "--masking", "--hiding", action="store_true", help="also find action units that are read worse beside another"
    )
    parser.add_argument("--out", type=Path, metavar="DIR", help="also write report.json and pictures there")
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
        report = report_on_table(table, parsed.weights, parsed.cache, parsed.workers, parsed.masking)
        report |= {"note": parsed.note} if parsed.note else {}
        print_report(report)
        if parsed.out:
            parsed.out.mkdir(parents=True, exist_ok=True)
            (parsed.out / "report.json").write_text(json.dumps(report, indent=1) + "\n")
            write_plots(report, parsed.out, table)
        if parsed.attach:
            attach_report(parsed.weights, parsed.attach, report)
    except (TableError, CheckpointError, OSError) as error:
        print(f"evaluate: {error}", file=sys.stderr)
        return 1
    return 0


def report_on_table(
    table: LabelTable, weights: Path, cache: str | Path = "cache", workers: int = 2, find_masking: bool = False
) -> dict:
    """The evaluation report of a checkpoint on a table, whose action units may be joined, as `AU26_or_AU27`."""
    model, card = load_checkpoint(weights)
    action_units = tuple(au for au in table.action_units if set(au.split("_or_")) <= set(card.config.action_units))
    predictions = predict_tables(model, [table], cache, workers)
    return report_on(predictions, card.config, card.calibration, action_units, find_masking=find_masking)


def print_report(report: dict) -> None:
    """The headline figures, a line for each action unit, and one for each that another hides; 95 % intervals in brackets."""
    print(f"{report['samples']} pictures, {report['subjects']} persons")
    for name, figure in headline(report).items():
        print(f"{name:26s} {figure_text(figure)}")
    for au, scores in (report.get("codes") or {}).items():
        present = f"{scores['support']} of {scores['known']}"
        figures = "  ".join(f"{name} {figure_text(scores[key]):20s}" for name, key in SHOWN)
        print(f"{au:14s} present {present:>12s}  {figures}".rstrip())
    if report.get("hiding"):
        _print_masking(report["hiding"])


def _print_masking(masking: Mapping) -> None:
    print(f"read worse beside another action unit: {len(masking['found'])} of {masking['pairs']} pairs")
    for pair in masking["found"]:
        present, without = f"{pair['support']} of {pair['known']}", f"without {pair['beside']} higher by"
        beside = f"{pair['code']} beside {pair['beside']}"
        print(f"{beside:22s} {present:>12s}  AUC {figure_text(pair['auc'])}  {without} {figure_text(pair['lost'])}")


if __name__ == "__main__":
    sys.exit(main())

"""Run folders side by side: what each reached, and in which settings they differ (`python train.py compare RUN …`)."""

import argparse
import json
import sys
from pathlib import Path

import pandas as pd

from emotiscan.reports import EvaluationReport
from emotiscan.training.settings import SettingsError

LEFT_OUT = ("out", "cache", "workers", "threads", "devices", "nodes", "fold", "sweep")
"""Settings that say nothing about what was learnt."""


def argument_parser() -> argparse.ArgumentParser:
    """The command line."""
    parser = argparse.ArgumentParser(prog="train.py compare", description="Compare run folders.")
    parser.add_argument("runs", nargs="+", type=Path, metavar="RUN", help="folder of a run or of a cross-validation")
    parser.add_argument("--on", default="validation", help="part whose report is compared (default: validation)")
    return parser


def main(arguments: list[str] | None = None) -> int:
    """Compare and print.

    Returns:
        Exit status: 0, or 1 after a mistake.
    """
    parsed = argument_parser().parse_args(arguments)
    try:
        reached, differing = figures(parsed.runs, parsed.on), differences(parsed.runs)
    except SettingsError as error:
        print(f"train.py compare: {error}", file=sys.stderr)
        return 1
    with pd.option_context("display.width", None, "display.max_columns", None, "display.max_colwidth", None):
        print(f"on {parsed.on}:" if not reached.empty else "no report is there yet")
        if not reached.empty:
            print(reached.T.fillna("–").to_string())
        print("\nsettings that differ:" if not differing.empty else "\nall settings are the same")
        if not differing.empty:
            print(differing.T.to_string())
    return 0


def figures(runs: list[Path], part: str) -> pd.DataFrame:
    """Headline figures with their intervals, one row a run; of a cross-validation those of all answers together.

    Raises:
        SettingsError: a folder holds no run.
    """
    rows = {}
    for run in runs:
        _settings(run)
        file, row = run / "report.json", {}
        metrics = run / "metrics.csv"
        if metrics.is_file():
            row["epochs"] = str(len(pd.read_csv(metrics)))
        if file.is_file():
            reports = _json(file)
            report = reports.get("pooled") or reports.get(part)
            headline = EvaluationReport.from_dict(report).headline() if report else {}
            row |= {name: str(metric) for name, metric in headline.items()}
        rows[run.name] = row
    return pd.DataFrame.from_dict(rows, orient="index")


def differences(runs: list[Path]) -> pd.DataFrame:
    """Settings in which not all runs agree, one row a run.

    Raises:
        SettingsError: a folder holds no run.
    """
    rows = {run.name: {k: json.dumps(v) for k, v in _settings(run).items() if k not in LEFT_OUT} for run in runs}
    table = pd.DataFrame.from_dict(rows, orient="index").fillna("null")
    return table.loc[:, table.nunique() > 1]


def _settings(run: Path) -> dict:
    """Settings, with each augmentation as one of them."""
    settings = _json(run / "settings.json")
    return settings | {f"augment {name}": value for name, value in settings.pop("augmentation", {}).items()}


def _json(file: Path) -> dict:
    try:
        return json.loads(file.read_text())
    except (OSError, ValueError) as error:
        raise SettingsError(f"{file} cannot be read ({error}); name run folders of train.py") from None

"""Comparison of run folders: what each run reached, and the settings in which they differ."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from emotiscan.reports import EvaluationReport
from emotiscan.training.settings import EXECUTION_SETTINGS, SettingsError, read_settings_file


def compare_metrics(runs: Sequence[Path], split: str) -> pd.DataFrame:
    """Headline metrics with their intervals as text, one row a run; of a cross-validation, the pooled ones.

    Args:
        runs: folders of runs or cross-validations.
        split: the split whose report is compared, "validation" or "test".

    Raises:
        SettingsError: a folder holds no run.
    """
    rows = {}
    for run in runs:
        _settings(run)
        row = {}
        if (metrics := run / "metrics.csv").is_file():
            row["epochs"] = str(len(pd.read_csv(metrics)))
        if (file := run / "report.json").is_file():
            reports = _json(file)
            report = reports.get("pooled") or reports.get(split)
            headline = EvaluationReport.from_dict(report).headline() if report else {}
            row |= {name: str(metric) for name, metric in headline.items()}
        rows[run.name] = row
    return pd.DataFrame.from_dict(rows, orient="index")


def compare_settings(runs: Sequence[Path]) -> pd.DataFrame:
    """Settings in which not all runs agree, one row a run; those of the machine are left out.

    Raises:
        SettingsError: a folder holds no run.
    """
    ignored = {*EXECUTION_SETTINGS, "fold"}
    rows = {
        run.name: {name: json.dumps(value) for name, value in _settings(run).items() if name not in ignored}
        for run in runs
    }
    table = pd.DataFrame.from_dict(rows, orient="index").fillna("null")
    return table.loc[:, table.nunique() > 1]


def _settings(run: Path) -> dict[str, Any]:
    """A run's settings, each augmentation as a setting of its own."""
    settings = read_settings_file(run / "settings.json")
    return settings | {f"augment {name}": value for name, value in settings.pop("augmentation", {}).items()}


def _json(file: Path) -> dict[str, Any]:
    try:
        return json.loads(file.read_text())
    except (OSError, ValueError) as error:
        raise SettingsError(f"{file} cannot be read ({error}); name the folders of runs") from None

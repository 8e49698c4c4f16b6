"""Cross-validation: one run for each fold, each tested on what only it holds out, and their predictions pooled."""

import dataclasses
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from emotiscan.evaluation import evaluate_predictions
from emotiscan.files import atomic_write_bytes
from emotiscan.reports import EvaluationReport
from emotiscan.training.multi_run import Train, run_all
from emotiscan.training.report import TEST_PREDICTIONS
from emotiscan.training.settings import HELD_OUT_SETS, TrainingSettings


def cross_validate(settings: TrainingSettings, train: Train) -> tuple[pd.DataFrame, EvaluationReport]:
    """Do the runs that are not done yet, then report on all of them.

    The folder `settings.out` gets a run folder for each fold, `report.json` (each fold's report on its test images, and
    `pooled`, the report on all predictions together, each with its own run's calibration and thresholds), and
    `folds.csv` (the headline metrics).

    Returns:
        What `folds.csv` holds, and the pooled report.

    Raises:
        TableError, SettingsError: a run cannot start.
        StoppedError: a run cannot continue.
        TrainingInterrupted: Ctrl-C.
    """
    out = Path(settings.out)
    settings.save(out / "settings.json")
    count = len(settings.data) if settings.folds == HELD_OUT_SETS else int(settings.folds or 0)
    runs = [out / f"fold-{number + 1:02d}" for number in range(count)]
    run_all({run: dataclasses.replace(settings, fold=number) for number, run in enumerate(runs)}, train, out)
    reports = {run.name: json.loads((run / "report.json").read_text())["test"] for run in runs}
    pooled = pooled_report(runs)
    atomic_write_bytes(out / "report.json", json.dumps({"pooled": pooled.to_dict(), **reports}, indent=1) + "\n")
    table = metrics_table(reports)
    table.to_csv(out / "folds.csv", index_label="fold")
    return table, pooled


def pooled_report(runs: Sequence[Path]) -> EvaluationReport:
    """Evaluate the test predictions of all runs as if they were of one table (see `evaluate_predictions`)."""
    parts = [np.load(run / TEST_PREDICTIONS, allow_pickle=False) for run in runs]
    arrays: dict[str, Any] = {name: np.concatenate([part[name] for part in parts]) for name in parts[0].files}
    del arrays["image"]
    names = {name: tuple(map(str, parts[0][name])) for name in ("emotions", "action_units")}
    return evaluate_predictions(**arrays | names, thresholds={})


def metrics_table(reports: Mapping[str, dict]) -> pd.DataFrame:
    """Headline metrics, one row a fold, then their mean and standard deviation."""
    headlines = {fold: EvaluationReport.from_dict(report).headline() for fold, report in reports.items()}
    rows = {fold: {name: metric.value for name, metric in headline.items()} for fold, headline in headlines.items()}
    folds = pd.DataFrame.from_dict(rows, orient="index").astype(float)
    folds.insert(0, "images", [float(report["samples"]) for report in reports.values()])
    return pd.concat([folds, folds.mean().rename("mean").to_frame().T, folds.std().rename("deviation").to_frame().T])

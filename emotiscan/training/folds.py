"""Cross-validation: one run for each fold, each tested on what only it holds out, and their predictions pooled."""

import dataclasses
import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from emotiscan.evaluation import evaluate_predictions
from emotiscan.files import atomic_write_bytes
from emotiscan.reports import EvaluationReport
from emotiscan.training.multi_run import Train, run_all
from emotiscan.training.option_values import HELD_OUT_SETS
from emotiscan.training.report import TEST_PREDICTIONS
from emotiscan.training.settings import TrainingSettings

OLD_ARRAYS = {"codes": "action_units", "code_probabilities": "au_probabilities", "code_labels": "au_labels"}
"""What arrays of predictions were called in runs from before December 2026."""


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
    parts = [_predictions(run / TEST_PREDICTIONS) for run in runs]

    def joined(name: str) -> NDArray:
        return np.concatenate([part[name] for part in parts])

    return evaluate_predictions(
        emotions=parts[0]["emotions"].tolist(),
        action_units=parts[0]["action_units"].tolist(),
        emotion_probabilities=joined("emotion_probabilities"),
        au_probabilities=joined("au_probabilities"),
        emotion_classes=joined("emotion_classes"),
        au_labels=joined("au_labels"),
        subjects=joined("subjects"),
        clear=joined("clear"),
        called=joined("called"),
        thresholds={},
    )


def _predictions(file: Path) -> dict[str, NDArray]:
    with np.load(file, allow_pickle=False) as arrays:
        return {OLD_ARRAYS.get(name, name): arrays[name] for name in arrays.files}


def metrics_table(reports: Mapping[str, dict]) -> pd.DataFrame:
    """Headline metrics, one row a fold, then their mean and standard deviation."""
    headlines = {fold: EvaluationReport.from_dict(report).headline() for fold, report in reports.items()}
    rows = {fold: {name: metric.value for name, metric in headline.items()} for fold, headline in headlines.items()}
    folds = pd.DataFrame.from_dict(rows, orient="index").astype(float)
    folds.insert(0, "images", [float(report["samples"]) for report in reports.values()])
    return pd.concat([folds, folds.mean().rename("mean").to_frame().T, folds.std().rename("deviation").to_frame().T])

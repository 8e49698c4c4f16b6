"""Cross-validation: as many runs as folds, each tested on what only it holds out, and their answers pooled."""

import dataclasses
import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from emotiscan.evaluation import evaluate_predictions
from emotiscan.evaluation.text import evaluation_text
from emotiscan.files import atomic_write_bytes
from emotiscan.reports import EvaluationReport
from emotiscan.training.multi_run import Train, run_all
from emotiscan.training.report import ANSWERS
from emotiscan.training.settings import SETS, TrainingSettings


def cross_validate(settings: TrainingSettings, train: Train) -> int:
    """Do the runs that are not done yet, then report on all of them.

    The folder of `settings.out` gets one run folder a fold, `report.json` (each fold's report of its test, and that of
    all answers `pooled`, each by its own run's calibration and thresholds) and `folds.csv` (the headline figures).

    Returns:
        Exit status: 0, or that of the first run that did not end well.

    Raises:
        TableError, SettingsError: a run cannot start.
    """
    out = Path(settings.out)
    settings.save(out / "settings.json")
    count = len(settings.data) if settings.folds == SETS else int(settings.folds or 0)
    runs = [out / f"fold-{number + 1:02d}" for number in range(count)]
    status = run_all({run: dataclasses.replace(settings, fold=n) for n, run in enumerate(runs)}, train, out)
    if status:
        return status
    reports = {run.name: json.loads((run / "report.json").read_text())["test"] for run in runs}
    pooled = pooled_report(runs)
    atomic_write_bytes(out / "report.json", json.dumps({"pooled": pooled.to_dict(), **reports}, indent=1) + "\n")
    figures = table_of(reports)
    figures.to_csv(out / "folds.csv", index_label="fold")
    print(figures.to_string(float_format=lambda value: f"{value:.3f}", na_rep="–"))
    print("\nall folds together")
    print(evaluation_text(pooled))
    return 0


def pooled_report(runs: list[Path]) -> EvaluationReport:
    """The evaluation of all runs' answers to their test pictures, as of one table (see `evaluate_predictions`)."""
    parts = [np.load(run / ANSWERS, allow_pickle=False) for run in runs]
    arrays = {name: np.concatenate([part[name] for part in parts]) for name in parts[0].files}
    del arrays["image"]
    names = {name: tuple(map(str, parts[0][name])) for name in ("emotions", "action_units")}
    return evaluate_predictions(**arrays | names, thresholds={})


def table_of(reports: Mapping[str, dict]) -> pd.DataFrame:
    """Headline figures, one row a fold, then their mean and standard deviation."""
    headlines = {name: EvaluationReport.from_dict(report).headline() for name, report in reports.items()}
    rows = {name: {key: metric.value for key, metric in of.items()} for name, of in headlines.items()}
    folds = pd.DataFrame.from_dict(rows, orient="index").astype(float)
    folds.insert(0, "pictures", [float(report["samples"]) for report in reports.values()])
    return pd.concat([folds, folds.mean().rename("mean").to_frame().T, folds.std().rename("deviation").to_frame().T])

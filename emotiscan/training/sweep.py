"""A small search: a run for each combination of options, and a table of what each reached."""

import json
from pathlib import Path

import pandas as pd

from emotiscan.files import atomic_write_bytes
from emotiscan.reports import EvaluationReport
from emotiscan.training.command_line import trial_settings
from emotiscan.training.multi_run import Train, run_all
from emotiscan.training.settings import TrainingSettings
from emotiscan.training.sweep_file import Options


def sweep(settings: TrainingSettings, train: Train) -> int:
    """Do the trials that are not done yet, then hold them against each other.

    The folder of `settings.out` gets a run folder a trial and `sweep.csv`: each trial's options and headline figures on
    validation data, the best first, by the mean of the emotions' accuracy and the action units' AUC.

    Returns:
        Exit status: 0, or that of the first run that did not end well.

    Raises:
        TableError, SettingsError: a run cannot start.
    """
    out = Path(settings.out)
    trials = {out / f"trial-{number:02d}": options for number, options in enumerate(settings.sweep or (), start=1)}
    runs = {run: trial_settings(settings, options) for run, options in trials.items()}
    settings.save(out / "settings.json")
    if status := run_all(runs, train, out):
        return status
    table = _table(trials)
    atomic_write_bytes(out / "sweep.csv", table.to_csv(index_label="trial"))
    print("on validation, the best first:")
    print(table.to_string(float_format=lambda value: f"{value:.3f}", na_rep="–"))
    return 0


def _table(trials: dict[Path, Options]) -> pd.DataFrame:
    rows = {}
    for run, options in trials.items():
        report = EvaluationReport.from_dict(json.loads((run / "report.json").read_text())["validation"])
        figures = {name: metric.value for name, metric in report.headline().items()}
        rows[run.name] = {"options": " ".join(options), **figures}
    table = pd.DataFrame.from_dict(rows, orient="index")
    judged = [name for name in ("emotion accuracy", "action units' mean AUC") if name in table]
    return table.loc[table[judged].mean(axis=1).sort_values(ascending=False, kind="stable").index]

"""A small hyperparameter search: a run for each combination of options, and a table of what each reached.

The options to try are listed in a TOML file: names of `emotiscan train`'s options, each with the values to try. A value
that is a list repeats the option; for a flag, the values are true and false. `trials`, if given, is the number of
combinations to try; `--seed` samples them.

    lr = [0.0003, 0.001]
    unfreeze = [1, 2, 5]
    map-loss = [0, 0.2]
    augment = [["rotation=5"], ["rotation=15", "blur=0.1"]]
    trials = 8
"""

import dataclasses
import itertools
import json
import random
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import TypeAlias

import pandas as pd

from emotiscan.files import atomic_write_bytes
from emotiscan.reports import EvaluationReport
from emotiscan.training.command_line import changed_settings, parse_training_options
from emotiscan.training.multi_run import Train, run_all
from emotiscan.training.settings import SettingsError, TrainingSettings

TrialOptions: TypeAlias = tuple[str, ...]
"""A trial's own part of the command line, e.g. `("--lr", "0.001")`."""

SHARED = ("data", "out", "resume", "rerun", "again", "folds", "sweep", "cache")
"""Options that are the same for all trials."""


def read_sweep(path: str | Path, seed: int) -> tuple[TrialOptions, ...]:
    """Read the trials that a file describes.

    Raises:
        SettingsError: it cannot be read, or holds something other than options and their values.
    """
    try:
        listed = tomllib.loads(Path(path).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise SettingsError(f"--sweep {path}: {error}; write lines like lr = [0.0003, 0.001]") from None
    trials = listed.pop("trials", None)
    for name, values in listed.items():
        if name in SHARED:
            raise SettingsError(f"--sweep {path}: all trials share --{name}; give it on the command line")
        if not isinstance(values, list) or not values:
            raise SettingsError(f"--sweep {path}: {name} needs a list of values to try, e.g. {name} = [1, 2]")
    if not listed:
        raise SettingsError(f"--sweep {path} names no option to try; write lines like lr = [0.0003, 0.001]")
    combined = itertools.product(*([_tokens(name, value) for value in values] for name, values in listed.items()))
    options = [tuple(itertools.chain.from_iterable(parts)) for parts in combined]
    if trials is not None:
        if not isinstance(trials, int) or isinstance(trials, bool) or trials < 1:
            raise SettingsError(f"--sweep {path}: trials is {trials}; it must be a whole number of at least 1")
        options = random.Random(seed).sample(options, min(trials, len(options)))
    return tuple(options)


def _tokens(name: str, value: object) -> TrialOptions:
    if isinstance(value, bool):
        return (f"--{name}" if value else f"--no-{name}",)
    parts = value if isinstance(value, list) else [value]
    return tuple(itertools.chain.from_iterable((f"--{name}", str(part)) for part in parts))


def trial_settings(settings: TrainingSettings, options: TrialOptions) -> TrainingSettings:
    """Make the settings of one trial from those of the sweep.

    Raises:
        SettingsError: an option does not exist, or its value cannot be used.
    """
    try:
        parsed = parse_training_options(options)
    except SettingsError as error:
        raise SettingsError(f"--sweep: {' '.join(options)}: {error}") from None
    return changed_settings(dataclasses.replace(settings, sweep=None), parsed)


def sweep(settings: TrainingSettings, train: Train) -> pd.DataFrame:
    """Do the trials that are not done yet, then compare all of them.

    The folder `settings.out` gets a run folder for each trial, and `sweep.csv`: each trial's options and headline
    metrics on validation data, ordered by the mean of emotion accuracy and the action units' AUC, the best first.

    Returns:
        What `sweep.csv` holds.

    Raises:
        TableError, SettingsError: a run cannot start.
        StoppedError: a run cannot continue.
        TrainingInterrupted: Ctrl-C.
    """
    out = Path(settings.out)
    trials = {out / f"trial-{number:02d}": options for number, options in enumerate(settings.sweep or (), start=1)}
    runs = {run: trial_settings(settings, options) for run, options in trials.items()}
    settings.save(out / "settings.json")
    run_all(runs, train, out)
    table = _table(trials)
    atomic_write_bytes(out / "sweep.csv", table.to_csv(index_label="trial"))
    return table


def _table(trials: Mapping[Path, TrialOptions]) -> pd.DataFrame:
    rows = {}
    for run, options in trials.items():
        report = EvaluationReport.from_dict(json.loads((run / "report.json").read_text())["validation"])
        metrics = {name: metric.value for name, metric in report.headline().items()}
        rows[run.name] = {"options": " ".join(options), **metrics}
    table = pd.DataFrame.from_dict(rows, orient="index")
    judged = [name for name in ("emotion accuracy", "action units' mean AUC") if name in table]
    return table.loc[table[judged].mean(axis=1).sort_values(ascending=False, kind="stable").index]

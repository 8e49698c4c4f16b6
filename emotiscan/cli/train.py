"""`emotiscan train`: fine-tune the network on labeled faces."""

import argparse
import dataclasses
import functools
import logging
import sys
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from emotiscan.cli.main import OK
from emotiscan.cli.options import data_source_text
from emotiscan.cli.progress import show_face_search

if TYPE_CHECKING:
    import pandas as pd

    from emotiscan.training.settings import TrainingSettings

DESCRIPTION = "Fine-tune EmotiScan's network on labeled faces, and report how well it predicts."

EPILOG = (
    data_source_text()
    + """
examples:
  train on CK+ from the shipped checkpoint (at most 30 epochs, with early stopping)
    emotiscan train --data ckplus:/path/to/CK+
  the course subset: at first the backbone is frozen, then its last stage trains
    emotiscan train --data ckplus-course:/path/to/data_labels.csv --freeze-epochs 5 --unfreeze 1
  one folder of images for each emotion, 10 epochs
    emotiscan train --data folder:/path/to/images --epochs 10
  FER+ from random weights, small crops first
    emotiscan train --data ferplus:ferplus.zip --init none --sizes 64:5,96:4,128:3
  look at a data set before training on it
    emotiscan data --data ckplus:/path/to/CK+ --out dataset-report
  compare runs
    emotiscan compare runs/one runs/other
  try several options (see the documentation for the file)
    emotiscan train --data ckplus:/path/to/CK+ --sweep sweep.toml
  resume an interrupted run
    emotiscan train --resume runs/2026-01-31_12-00-00
"""
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of `emotiscan train`, nearly all of them derived from `TrainingSettings`."""
    from emotiscan.training.command_line import add_training_options
    from emotiscan.training.settings import COMMON, RUNS

    parser.usage = "%(prog)s --data KIND:PATH [OPTION …]\n       %(prog)s --resume RUN"  # all 45 would fill a screen
    groups = add_training_options(parser)
    groups[COMMON].add_argument(
        "--resume", metavar="RUN", help="continue the run in this folder, with its own settings"
    )
    groups[RUNS].add_argument(
        "--rerun",
        metavar="RUN",
        help="start again with the settings of the run in this folder; all other options but --out are ignored",
    )
    groups[RUNS].add_argument("--again", dest="rerun", default=argparse.SUPPRESS, help=argparse.SUPPRESS)
    groups[RUNS].add_argument(
        "--sweep",
        dest="sweep_file",
        metavar="FILE",
        help="a run for each combination of the options in a TOML file with lines like lr = [0.0003, 0.001], in "
        "folders of --out, and a table of what each reached",
    )


def run(arguments: argparse.Namespace) -> int:
    """Train, and print what cross-validation or a sweep found.

    Raises:
        TableError, SettingsError, OSError: the run cannot start.
        StoppedError: it cannot continue; what it has saved is complete.
        TrainingInterrupted: Ctrl-C; the run can be resumed.
    """
    from emotiscan.training.distributed import is_first
    from emotiscan.training.fit import fit, silence_libraries

    logging.basicConfig(level=logging.INFO if is_first() else logging.ERROR, format="%(message)s", stream=sys.stderr)
    silence_libraries()
    settings = _settings(vars(arguments), is_first())
    train = functools.partial(fit, on_progress=show_face_search)
    if settings.folds and settings.fold is None:
        from emotiscan.evaluation.text import evaluation_text
        from emotiscan.training.folds import cross_validate  # loads matplotlib, which one run needs only at its end

        table, pooled = cross_validate(settings, train)
        _print_table(table)
        print("\nall folds together")
        print(evaluation_text(pooled))
    elif settings.sweep:
        from emotiscan.training.sweep import sweep

        table = sweep(settings, train)
        print("on validation data, the best first:")
        _print_table(table)
    else:
        train(settings, bool(arguments.resume))
    return OK


def _settings(options: Mapping[str, Any], first: bool) -> "TrainingSettings":
    """The settings of the run to resume, of the run to start again, or of the command line.

    Raises:
        TableError: a data set is not named as it should be.
        SettingsError: the settings cannot be used, or the run folder already holds a run.
    """
    from emotiscan.datasets.source_files import expand_sources
    from emotiscan.training.command_line import changed_settings
    from emotiscan.training.settings import SettingsError, TrainingSettings
    from emotiscan.training.sweep import read_sweep, trial_settings

    if options["resume"]:
        # The folder may have been moved since the run began, or be named relative to another one.
        return dataclasses.replace(
            TrainingSettings.load(Path(options["resume"], "settings.json")), out=options["resume"]
        )
    out = options.get("out") or f"runs/{datetime.now():%Y-%m-%d_%H-%M-%S}"
    # The other processes of a run find what the first has just written.
    if first and Path(out, "settings.json").exists():
        raise SettingsError(f"{out} already holds a run; resume it with --resume {out}, or name another --out")
    if options["rerun"]:
        return dataclasses.replace(TrainingSettings.load(Path(options["rerun"], "settings.json")), out=out)
    if not options.get("data"):
        raise SettingsError("name at least one data set, e.g. --data ckplus:/path/to/CK+ (see --help)")
    sources = tuple(map(str, expand_sources(options["data"])))
    settings = changed_settings(TrainingSettings(sources, out), {**options, "data": sources, "out": out})
    if options["sweep_file"]:
        settings = dataclasses.replace(settings, sweep=read_sweep(options["sweep_file"], settings.seed))
    for trial in settings.sweep or ():
        trial_settings(settings, trial)  # now, so that a mistake in the last trial does not come to light after days
    return settings


def _print_table(table: "pd.DataFrame") -> None:
    print(table.to_string(float_format=lambda value: f"{value:.3f}", na_rep="–"))

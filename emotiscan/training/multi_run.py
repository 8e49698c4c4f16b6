"""Several runs in one folder: those that are not done are done, or gone on with."""

import dataclasses
import logging
from collections.abc import Callable, Mapping
from pathlib import Path

from emotiscan.training.settings import TrainingSettings

log = logging.getLogger("emotiscan.training")

Train = Callable[[TrainingSettings, bool], int]
"""`fit.fit`: does one run, or goes on with it; returns its exit status."""


def run_all(runs: Mapping[Path, TrainingSettings], train: Train, out: Path) -> int:
    """Do every run whose folder has no report yet, one after the other.

    Args:
        runs: folder of each run to its settings.
        out: folder of all of them, for the word on how to go on.

    Returns:
        Exit status: 0, or that of the first run that did not end well.
    """
    for number, (run, settings) in enumerate(runs.items(), start=1):
        if (run / "report.json").is_file():
            continue
        log.info("%s, %d of %d", run.name, number, len(runs))
        begun = (run / "settings.json").is_file()
        told = TrainingSettings.load(run / "settings.json") if begun else settings
        status = train(dataclasses.replace(told, out=str(run)), begun)
        if status:
            log.info("All of them go on with: python train.py --resume %s", out)
            return status
    return 0

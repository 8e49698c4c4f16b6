"""Several runs in one folder, for cross-validation and sweeps: finished runs are skipped, interrupted ones resumed."""

import dataclasses
import logging
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeAlias

from emotiscan.training.errors import TrainingInterrupted
from emotiscan.training.settings import TrainingSettings

log = logging.getLogger("emotiscan.training")

Train: TypeAlias = Callable[[TrainingSettings, bool], None]
"""Does one run, or resumes it if the second argument is true: `fit.fit`."""


def run_all(runs: Mapping[Path, TrainingSettings], train: Train, out: Path) -> None:
    """Do every run whose folder has no report yet, one after the other.

    Args:
        runs: settings of each run, by its folder.
        train: does or resumes one run.
        out: folder of all runs.

    Raises:
        TrainingInterrupted: Ctrl-C, with how to resume all runs.
    """
    for number, (run, settings) in enumerate(runs.items(), start=1):
        if (run / "report.json").is_file():
            continue
        log.info("%s, %d of %d", run.name, number, len(runs))
        begun = (run / "settings.json").is_file()
        own = TrainingSettings.load(run / "settings.json") if begun else settings
        try:
            train(dataclasses.replace(own, out=str(run)), begun)
        except TrainingInterrupted:
            raise TrainingInterrupted(f"stopped in {run.name}; resume all runs with --resume {out}") from None

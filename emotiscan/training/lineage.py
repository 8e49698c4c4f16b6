"""Whether the weights that a run starts from have already learnt from persons whom it will be tested on."""

import logging
from collections.abc import Collection
from pathlib import Path

from emotiscan.checkpoint import DEFAULT_WEIGHTS, CheckpointError, load_checkpoint
from emotiscan.training.settings import Settings

log = logging.getLogger(__name__)

DIVISION = ("seed", "folds", "fold")
"""Settings that decide who goes where when a run itself divides a data set by persons."""


def warn_of_known_persons(settings: Settings, divided: Collection[str]) -> None:
    """Say so where the run before divided the persons of the same data sets in another way.

    Such a run trained on persons who validate or test now, and the figures on them flatter. Weights of which that
    cannot be told (ImageNet's, none, a file that cannot be read) are passed over.

    Args:
        divided: names of the data sets that this run divides itself; what a table's own column divides stays the same.
    """
    if settings.init in ("none", "imagenet") or settings.init.endswith(".pth"):
        return
    path = DEFAULT_WEIGHTS if settings.init == "shipped" else Path(settings.init)
    try:
        training = load_checkpoint(path)[1].training
    except CheckpointError:  # `initial_model` says what is wrong with it
        return
    before = training.get("settings") or {}
    other = [name for name in DIVISION if name in before and before[name] != getattr(settings, name)]
    shared = sorted(set(training.get("data") or {}) & set(divided))
    if shared and other:
        was = ", ".join(f"{name} {before[name]}" for name in other)
        log.warning(
            "%s was trained on %s with the persons divided otherwise (by %s): it has learnt from some who validate or "
            "test now, and figures on them will flatter. Divide them alike, or give the table a column “split”.",
            path,
            " and ".join(shared),
            was,
        )

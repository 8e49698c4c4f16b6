"""Whether the weights that a run starts from have already learnt from persons whom it will be tested on."""

import dataclasses
import logging
from collections.abc import Mapping
from pathlib import Path

from emotiscan.datasets.loaders import seed_of_split, without_paths
from emotiscan.model.checkpoint import DEFAULT_WEIGHTS, CheckpointError, load_checkpoint
from emotiscan.training.settings import TrainingSettings

log = logging.getLogger(__name__)


def warn_of_leakage(settings: TrainingSettings, divided: Mapping[str, str]) -> None:
    """Say so where the run before divided the persons of the same data sets in another way.

    Such a run trained on persons who validate or test now, and the figures on them flatter. Weights of which that
    cannot be told (ImageNet's, none, a file that cannot be read) are passed over.

    Args:
        divided: the data sets that are divided by a seed, the run's or their own `split=SEED`: the source of each, by
            name. What a table's own column divides stays the same.
    """
    if settings.init in ("none", "imagenet") or settings.init.endswith(".pth"):
        return
    path = DEFAULT_WEIGHTS if settings.init == "shipped" else Path(settings.init)
    try:
        training = load_checkpoint(path)[1].training
    except CheckpointError:  # `initial_model` says what is wrong with it
        return
    before = training.get("settings") or {}
    if "seed" not in before:
        return
    now = dataclasses.asdict(settings)
    for name in sorted(set(training.get("data") or {}) & set(divided)):
        kind = _kind(divided[name])
        # The names of its files are not told; another of that kind may be meant.
        were = {_division(source, before) for source in before.get("data", ()) if _kind(source) == kind}
        were = were or {_division(kind, before)}
        if were != {_division(divided[name], now)}:
            log.warning(
                "%s was trained on %s with the persons divided otherwise (by %s): it has learnt from some who validate "
                "or test now, and figures on them will flatter. Divide them alike, or give the table a column “split”.",
                path,
                name,
                " and ".join(sorted(were)),
            )


def _kind(source: str) -> str:
    return without_paths(source).partition(",")[0]


def _division(source: str, settings: Mapping) -> str:
    """How a run with such settings divides a data set, in words."""
    seed, folds, fold = (settings.get(name) for name in ("seed", "folds", "fold"))
    if folds is not None and fold is not None:
        return f"seed {seed}, fold {fold} of {folds}"
    own = None if settings.get("split") == "published" else seed_of_split(source)
    return f"seed {seed if own is None else own}"

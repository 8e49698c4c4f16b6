"""Leakage: whether the weights that a run starts or learns from were trained on subjects that it will be tested on."""

import dataclasses
import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from emotiscan.datasets.loaders import seed_of_split, without_paths
from emotiscan.model.checkpoint import CheckpointError, load_checkpoint
from emotiscan.training.initialization import starting_checkpoint
from emotiscan.training.settings import TrainingSettings

log = logging.getLogger(__name__)


def warn_of_leakage(settings: TrainingSettings, divided: Mapping[str, str]) -> None:
    """Warn if the starting weights or a teacher were trained on the same data sets, split by subject in another way.

    Some of the subjects that validate or test now were then trained on, which makes metrics on them too good. Weights
    that do not say how they were trained (ImageNet's, random ones, an unreadable file) are ignored.

    Args:
        settings: of the run.
        divided: the source of each data set that is split by a seed (the run's, or its own `split=SEED`), by name. Data
            sets with a split column are always split the same way.
    """
    for path in dict.fromkeys([starting_checkpoint(settings.init), *settings.teacher]):
        if path is not None:
            _warn_of_checkpoint(Path(path), settings, divided)


def _warn_of_checkpoint(path: Path, settings: TrainingSettings, divided: Mapping[str, str]) -> None:
    try:
        training = load_checkpoint(path)[1].training
    except CheckpointError:  # `initial_model` and `load_teachers` report what is wrong with it
        return
    before: Any = training.get("settings") or {}
    if "seed" not in before:
        return
    now = dataclasses.asdict(settings)
    trained_on: Any = training.get("data") or {}
    for name in sorted(set(trained_on) & set(divided)):
        kind = _kind(divided[name])
        # A checkpoint does not name its files: any source of the same kind may be this one.
        earlier = {_division(source, before) for source in before.get("data", ()) if _kind(source) == kind}
        earlier = earlier or {_division(kind, before)}
        if earlier != {_division(divided[name], now)}:
            log.warning(
                "%s was trained on %s with another split by subject (%s): it has seen some subjects that validate or "
                "test now, so metrics on them will be too good. Split them alike, or give the table a column “split”.",
                path,
                name,
                " and ".join(sorted(earlier)),
            )


def _kind(source: str) -> str:
    return without_paths(source).partition(",")[0]


def _division(source: str, settings: Mapping[str, Any]) -> str:
    """How a run with such settings splits a data set, in words."""
    seed, folds, fold = (settings.get(name) for name in ("seed", "folds", "fold"))
    if folds is not None and fold is not None:
        return f"seed {seed}, fold {fold} of {folds}"
    own = None if settings.get("split") == "published" else seed_of_split(source)
    return f"seed {seed if own is None else own}"

"""What a run's network predicts: what its label tables teach, or what the settings name."""

import logging
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from emotiscan.datasets.table import LabelTable
from emotiscan.model.config import ModelConfig
from emotiscan.training.option_values import OUTPUTS
from emotiscan.training.options import SettingsError
from emotiscan.training.settings import TrainingSettings

log = logging.getLogger(__name__)


def choose_outputs(table: LabelTable, settings: TrainingSettings, start: ModelConfig | None) -> dict[str, Any]:
    """Choose the outputs of a run's network.

    - emotions: those of the table;
    - action units: those that the table labels, and those of its other ones that the starting checkpoint has; all of
      the table's if it labels none;
    - expressions, intensities, sides, pose and quality: those that `settings.outputs` names, or those that the table
      labels.

    Args:
        table: of the run.
        settings: of the run.
        start: of the checkpoint that the run starts from; None for other weights.

    Returns:
        Fields of `ModelConfig`.

    Raises:
        SettingsError: a named output is neither labeled nor in the starting checkpoint, or sides are named without
            `local_action_units`.
    """
    local = settings.local_action_units
    if local is None:
        local = start is not None and start.local_action_units
    taught = _taught(table, local)
    named = settings.outputs
    if named is None:
        chosen = {name: value for name, value in taught.items() if value}
        lost = [name for name in OUTPUTS if start is not None and getattr(start, name) and name not in chosen]
        if lost:
            log.info(
                "no data set labels %s, which --init predicts: the new network will not; name them with --outputs to "
                "keep them",
                " and ".join(lost),
            )
    else:
        chosen = {name: _named(name, taught, start, local) for name in named}
    return {"emotions": table.emotions, "action_units": _action_units(table, start), **chosen}


def _taught(table: LabelTable, local: bool) -> dict[str, Any]:
    """The outputs that a table labels, as values of `ModelConfig`'s fields; empty or False for the others."""
    return {
        "expressions": table.expressions,
        "intensities": _any_known(table.intensities),
        "sides": local and _any_known(table.sides),
        "pose": _any_known(table.pose),
        "quality": table.problems,
    }


def _named(name: str, taught: Mapping[str, Any], start: ModelConfig | None, local: bool) -> Any:
    """The value of the field of an output that the settings name."""
    if name == "sides" and not local:
        raise SettingsError("--outputs sides needs --local-action-units: only a map of cells has two halves")
    value = taught[name] or (start is not None and getattr(start, name))
    if not value and name != "sides":  # sides have no weights of their own, and so need no labels
        raise SettingsError(
            f"--outputs {name}: no data set labels it, and the weights of --init do not predict it; omit it, or add a "
            "data set that does, e.g. rendered faces"
        )
    return value or True


def _action_units(table: LabelTable, start: ModelConfig | None) -> tuple[str, ...]:
    labels = table.au_labels
    labeled = [not np.isnan(labels[:, place]).all() for place in range(labels.shape[1])]
    known: Sequence[str] = () if start is None else start.action_units
    chosen = tuple(au for au, is_labeled in zip(table.action_units, labeled, strict=True) if is_labeled or au in known)
    return chosen if any(labeled) or known else table.action_units


def _any_known(values: np.ndarray) -> bool:
    return bool(values.size) and not bool(np.isnan(values).all())

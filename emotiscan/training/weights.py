"""Weights of classes against imbalance, and which a run's losses use."""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from emotiscan.datasets.columns import expression_column, quality_column
from emotiscan.datasets.table import LabelTable
from emotiscan.model.config import ModelConfig
from emotiscan.training.settings import TrainingSettings

MAX_WEIGHT = 10.0
"""No emotion or action unit weighs more than this many times another: a handful of images must not dominate."""


@dataclass(frozen=True, eq=False)
class ClassWeights:
    """Weights of a run's losses; None for equal weights.

    Attributes:
        emotions: (e,) as in `losses.emotion_loss`.
        expressions: (x,) likewise.
        action_units: (k,) as in `losses.au_loss`.
        intensities: (k,) as in `losses.intensity_loss`.
        halves: (k,) as in `losses.half_face_loss`.
        quality: (q,) as in `losses.au_loss`.
    """

    emotions: Tensor | None = None
    expressions: Tensor | None = None
    action_units: Tensor | None = None
    intensities: Tensor | None = None
    halves: Tensor | None = None
    quality: Tensor | None = None


def class_weights(table: LabelTable, config: ModelConfig, settings: TrainingSettings) -> ClassWeights:
    """Choose the weights for training on a table, by how rare each class is in it.

    Args:
        table: the images to train on.
        config: of the network; its vocabulary orders the weights.
        settings: of the run; `balance` and `expression_balance` count.
    """
    named = LabelTable(table.frame, config.emotions, config.action_units)
    expressions = named.values(map(expression_column, config.expressions))
    quality = named.values(map(quality_column, config.quality))
    power, own = settings.balance, settings.expression_balance
    own = power if own is None else own
    intensities = named.intensities
    above = np.where(np.isnan(intensities), np.nan, intensities > 0)
    # Both halves of a face count alike.
    halves = np.moveaxis(named.sides, 2, 1).reshape(-1, len(config.action_units))
    return ClassWeights(
        emotions=_tensor(emotion_weights(named.values(config.emotions), power)) if power else None,
        expressions=_tensor(emotion_weights(expressions, own)) if own and config.expressions else None,
        action_units=_tensor(au_weights(named.values(config.action_units), power)) if power else None,
        intensities=_tensor(au_weights(above, power)) if power and config.intensities else None,
        halves=_tensor(au_weights(halves, power)) if power and config.sides else None,
        quality=_tensor(au_weights(quality, power)) if power and config.quality else None,
    )


def _tensor(values: NDArray[np.float32]) -> Tensor:
    return torch.from_numpy(values)


def emotion_weights(votes: NDArray[np.floating], power: float) -> NDArray[np.float32]:
    """Weights of emotions (e,) from votes (n, e): the inverse of each one's share to a power (0: equal, 1: balanced).

    Their mean over the known rows is 1. If no row is known, all are 1.
    """
    if np.isnan(votes).any(1).all():
        return np.ones(votes.shape[1], np.float32)
    shares = np.nanmean(votes, axis=0)
    weights = (1 / np.maximum(shares, 1e-6)) ** power
    weights = np.minimum(weights / weights.min(), MAX_WEIGHT)
    return (weights / (weights @ shares)).astype(np.float32)


def au_weights(labels: NDArray[np.floating], power: float) -> NDArray[np.float32]:
    """Weights of presence (k,) from labels (n, k): (absent / present) to a power (0: equal, 1: balanced)."""
    known = ~np.isnan(labels)
    present = np.nansum(labels, axis=0)
    absent = known.sum(0) - present
    ratio = np.where(present > 0, absent / np.maximum(present, 1e-6), 1.0)
    return np.clip(ratio**power, 1 / MAX_WEIGHT, MAX_WEIGHT).astype(np.float32)

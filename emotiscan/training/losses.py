"""Losses that ignore unknown labels, and class weights against imbalance."""

from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

MAX_WEIGHT = 10.0
"""No emotion or action unit weighs more than this many times another: a handful of images must not dominate."""


def emotion_loss(logits: Tensor, votes: Tensor, weights: Tensor | None = None, smoothing: float = 0.0) -> Tensor:
    """Cross entropy against the distribution of votes, over the rows where it is known.

    Args:
        logits: (b, e).
        votes: (b, e) shares that sum to 1, or a row of NaN where unknown.
        weights: (e,) of each emotion; None for equal weights.
        smoothing: label smoothing, 0 to 1.

    Returns:
        A scalar; 0 where no row is known.
    """
    known = ~votes.isnan().any(1)
    if not known.any():
        return logits.sum() * 0.0
    return functional.cross_entropy(logits[known], votes[known], weight=weights, label_smoothing=smoothing)


def au_loss(logits: Tensor, labels: Tensor, weights: Tensor | None = None) -> Tensor:
    """Binary cross entropy, averaged over the labels that are known.

    Args:
        logits: (b, k).
        labels: (b, k) in [0, 1], NaN where unknown.
        weights: (k,) of each action unit's presence relative to its absence; None for equal weights.

    Returns:
        A scalar; 0 where no label is known.
    """
    known = ~labels.isnan()
    if not known.any():
        return logits.sum() * 0.0
    target = torch.where(known, labels, torch.zeros_like(labels))
    loss = functional.binary_cross_entropy_with_logits(logits, target, pos_weight=weights, reduction="none")
    return (loss * known).sum() / known.sum()


def map_loss(logits: Tensor, maps: Tensor) -> Tensor:
    """Binary cross entropy of where each action unit moves the skin, over the known motion maps.

    Args:
        logits: (b, k, h, w), one for each cell.
        maps: (b, k, m, m) in [0, 1], NaN where unknown; averaged down to the cells, and scaled so that the cell that
            moves most is 1: an action unit that moves less than a whole cell is no less certain there.

    Returns:
        A scalar, the mean over maps of the sum over cells; 0 where no map is known.
    """
    target = _in_cells(maps, logits)
    known = ~target.isnan().flatten(2).any(2)
    if not known.any():
        return logits.sum() * 0.0
    loss = functional.binary_cross_entropy_with_logits(logits[known], target[known], reduction="none")
    return loss.flatten(1).sum(1).mean()


def region_loss(logits: Tensor, regions: Tensor) -> Tensor:
    """Penalty on evidence for an action unit outside its anatomical region, over the given regions.

    A motion map says for each cell whether the action unit moves it, a region only where it cannot. So a cell inside
    the region is free, and one outside should be sure that nothing moves, whether the action unit is present or not.

    Args:
        logits: (b, k, h, w), one for each cell.
        regions: (b, k, m, m) share of each place that belongs to the action unit's region, 0 to 1, NaN where not given;
            averaged down to the cells and scaled so that the cell with the largest share is free.

    Returns:
        A scalar, the mean over regions of the sum over cells; 0 where none is given.
    """
    outside = 1 - _in_cells(regions, logits)
    given = ~outside.isnan().flatten(2).any(2)
    if not given.any():
        return logits.sum() * 0.0
    return (functional.softplus(logits[given]) * outside[given]).flatten(1).sum(1).mean()


def side_loss(
    au_logit_map: Tensor, pool: Callable[[Tensor], Tensor], labels: Tensor, weights: Tensor | None = None
) -> Tensor:
    """Mean of the action units' loss of the left and of the right half of the face, the middle being part of both.

    If the strongest cell alone decided, a network that is not taught places would show a smile on one cheek only.

    Args:
        au_logit_map: (b, k, h, w), one logit for each cell.
        pool: from a logit map of any width to action unit logits (b, k).
        labels, weights: as in `au_loss`.

    Returns:
        A scalar; 0 where no label is known.
    """
    width = au_logit_map.shape[3]
    left, right = au_logit_map[..., : (width + 1) // 2], au_logit_map[..., width // 2 :]
    return (au_loss(pool(left), labels, weights) + au_loss(pool(right), labels, weights)) / 2


def labels_of_photos(labels: Tensor, regions: Tensor) -> Tensor:
    """Labels (b, k), made unknown where no region (b, k, m, m) is given: for images whose motion maps are known."""
    return labels.masked_fill(regions.isnan().flatten(2).any(2), torch.nan)


def _in_cells(maps: Tensor, logits: Tensor) -> Tensor:
    """Average maps down to the cells of the logits, and scale the largest cell of each to 1."""
    height, width = logits.shape[2:]
    cells = functional.adaptive_avg_pool2d(maps, (height, width))
    return cells / cells.amax((2, 3), keepdim=True).clamp(min=1e-6)


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

"""Losses that ignore unknown labels."""

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional

INTENSITY_BETA = 0.5
"""Difference of intensities from which their loss grows linearly."""

POSE_UNIT = 10.0
"""Difference of angles, in degrees, from which their loss grows linearly."""


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


def expression_loss(
    logits: Tensor,
    expressions: Tensor,
    emotions: Tensor,
    sum_logits: Callable[[Tensor], Tensor],
    expression_weights: Tensor | None = None,
    emotion_weights: Tensor | None = None,
    smoothing: float = 0.0,
    sharpening: float = 1.0,
) -> Tensor:
    """Cross entropy of expressions; where only the emotion is known, of the emotions that they add up to.

    Args:
        logits: (b, x) of the expressions.
        expressions: (b, x) shares of the votes that sum to 1, or a row of NaN where unknown.
        emotions: (b, e) likewise, of the high-level emotions.
        sum_logits: from logits of expressions (b, x) to those of emotions (b, e) (see `ModelConfig.sum_logits`).
        expression_weights: (x,) of each expression; None for equal weights.
        emotion_weights: (e,) of each emotion.
        smoothing: label smoothing, 0 to 1.
        sharpening: as in `sharpened`.

    Returns:
        A scalar, the mean over rows with a known expression or emotion; 0 where there is none.
    """
    fine = ~expressions.isnan().any(1)
    coarse = ~fine & ~emotions.isnan().any(1)
    known = fine.sum() + coarse.sum()
    if not known:
        return logits.sum() * 0.0
    votes = sharpened(expressions, sharpening)
    loss = fine.sum() * emotion_loss(
        logits, votes.masked_fill(~fine[:, None], torch.nan), expression_weights, smoothing
    )
    if coarse.any():
        votes = sharpened(emotions, sharpening).masked_fill(~coarse[:, None], torch.nan)
        loss = loss + coarse.sum() * emotion_loss(sum_logits(logits), votes, emotion_weights, smoothing)
    return loss / known


def sharpened(votes: Tensor, power: float) -> Tensor:
    """Raise shares of votes (b, x) to a power and scale them to sum to 1: above 1, the majority counts for more."""
    if power == 1:
        return votes
    raised = votes**power
    return raised / raised.sum(1, keepdim=True)


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


def intensity_loss(intensities: Tensor, labels: Tensor, weights: Tensor | None = None) -> Tensor:
    """Smooth L1 distance of intensities, averaged over the labels that are known.

    Args:
        intensities: (b, k) or (b, k, 2), 0 to 5.
        labels: like `intensities`, NaN where unknown.
        weights: (k,) of each action unit where its intensity is above 0, relative to where it is 0: most are at rest,
            and their zeros must not drown what is to be learned. None for equal weights.

    Returns:
        A scalar; 0 where no label is known.
    """
    known = ~labels.isnan()
    if not known.any():
        return intensities.sum() * 0.0
    target = torch.where(known, labels, torch.zeros_like(labels))
    loss = functional.smooth_l1_loss(intensities.float(), target, reduction="none", beta=INTENSITY_BETA)
    weight = known.to(loss.dtype)
    if weights is not None:
        present = weights.view(1, -1, *[1] * (labels.dim() - 2))
        weight = weight * torch.where(target > 0, present, torch.ones_like(target))
    return (loss * weight).sum() / weight.sum()


def half_face_loss(logits: Tensor, labels: Tensor, weights: Tensor | None = None) -> Tensor:
    """Binary cross entropy of the action units in each half of the face, over the labels that are known.

    Args:
        logits: (b, k, 2).
        labels: (b, k, 2) in [0, 1], NaN where unknown.
        weights: (k,) as in `au_loss`.

    Returns:
        A scalar; 0 where no label is known.
    """
    return au_loss(logits, labels, None if weights is None else weights[:, None])


def pose_loss(pose: Tensor, angles: Tensor) -> Tensor:
    """Smooth L1 distance of angles in units of `POSE_UNIT`, averaged over those that are known.

    Args:
        pose: (b, 3) degrees.
        angles: (b, 3) degrees, NaN where unknown.

    Returns:
        A scalar; 0 where no angle is known.
    """
    known = ~angles.isnan()
    if not known.any():
        return pose.sum() * 0.0
    return functional.smooth_l1_loss(pose.float()[known] / POSE_UNIT, angles[known] / POSE_UNIT)


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

"""Mixup and CutMix: training on mixtures of two photos and of their labels.

Zhang et al., "mixup: Beyond empirical risk minimization", ICLR 2018; Yun et al., "CutMix", ICCV 2019. Only photos
whose one label is an emotion are mixed: half an action unit is no label, and motion maps and poses cannot be mixed.
"""

import math

import torch
from torch import Tensor

MIXED = ("emotion", "expression")
"""Labels that are mixed like the crops."""


def mix(batch: dict[str, Tensor], mixup: float, cutmix: float, share: float) -> dict[str, Tensor]:
    """Mix some photos of a batch with others of it.

    Args:
        batch: of `FaceDataset` items; stays unchanged.
        mixup: both parameters of the beta distribution of the shares of two photos; 0 for no mixup.
        cutmix: the same for the area of the rectangle that is replaced; 0 for no CutMix. Where both are above 0, each
            batch takes one of the two.
        share: of the photos that may be mixed, 0 to 1.

    Returns:
        The batch with mixed crops, emotions and expressions; the quality of a mixed crop is unknown.
    """
    rows = batch["mixable"].nonzero().flatten()
    # Drawn on the CPU, so that every device gives the same mixtures.
    rows = rows[torch.randperm(len(rows)).to(rows.device)]
    rows = rows[: round(share * len(rows))]
    if len(rows) < 2 or not (mixup or cutmix):
        return batch
    partners = rows.roll(1)
    crops = batch["crop"].clone()
    if mixup and (not cutmix or torch.rand(()) < 0.5):
        kept = _beta(mixup)
        crops[rows] = kept * crops[rows] + (1 - kept) * crops[partners]
    else:
        top, bottom, left, right = _rectangle(crops.shape[2], 1 - _beta(cutmix))
        kept = 1 - (bottom - top) * (right - left) / crops.shape[2] ** 2
        crops[rows, :, top:bottom, left:right] = batch["crop"][partners, :, top:bottom, left:right]
    mixed = {"crop": crops}
    for name in MIXED:
        mixed[name] = batch[name].clone()
        # One unknown label makes the mixture's unknown: its NaN passes on.
        mixed[name][rows] = kept * batch[name][rows] + (1 - kept) * batch[name][partners]
    mixed["quality"] = batch["quality"].clone()
    mixed["quality"][rows] = torch.nan
    return batch | mixed


def _beta(alpha: float) -> float:
    return float(torch.distributions.Beta(alpha, alpha).sample())


def _rectangle(side: int, area: float) -> tuple[int, int, int, int]:
    """A random square of this share of the crop, cut off at its edges: top, bottom, left, right in pixels."""
    half = side * math.sqrt(area) / 2
    y, x = (side * torch.rand(2)).tolist()
    top, left = max(0, round(y - half)), max(0, round(x - half))
    return top, min(side, round(y + half)), left, min(side, round(x + half))

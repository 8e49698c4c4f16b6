"""Consistency across resolutions: a face reads the same when it is small in its photo."""

import math

import torch
from torch import Tensor
from torch.nn import functional

from emotiscan.model.config import ModelConfig
from emotiscan.model.heads import Outputs

SHARE = 0.25
"""Share of a batch's crops of which a shrunken copy is predicted as well."""

MIN_SIDE = 12
"""Smallest side, in pixels, to which a crop is shrunk."""

MAX_SIDE_SHARE = 0.5
"""Largest side, as a share of the crop's own."""


def shrunken(crops: Tensor) -> Tensor:
    """Shrink crops (b, 3, s, s) to one random side, log-uniform from `MIN_SIDE` to half their own, and enlarge them."""
    side = crops.shape[2]
    least, most = math.log(min(MIN_SIDE, side)), math.log(max(MIN_SIDE, MAX_SIDE_SHARE * side))
    small = round(math.exp(least + (most - least) * torch.rand(()).item()))
    values = crops.float()
    values = functional.interpolate(values, size=(small, small), mode="area")
    return functional.interpolate(values, size=(side, side), mode="bicubic", align_corners=False).to(crops.dtype)


def scale_loss(small: Outputs, sharp: Outputs, config: ModelConfig) -> Tensor:
    """Distance of what is predicted of shrunken crops from what is predicted of the same crops, taken as the truth.

    The sum of the cross entropies of the expressions or emotions and of the action units, less their own entropy, and
    the smooth L1 distance of the intensities.

    Args:
        small, sharp: outputs of the same crops.
        config: of the network.

    Returns:
        A scalar.
    """
    target = sharp.emotion_logits.detach().float().log_softmax(1)
    log_probabilities = small.emotion_logits.float().log_softmax(1)
    loss = functional.kl_div(log_probabilities, target, reduction="batchmean", log_target=True)
    if config.action_units:
        wanted = sharp.au_logits.detach().float()
        probabilities = wanted.sigmoid()
        entropy = functional.binary_cross_entropy_with_logits(wanted, probabilities)
        loss = loss + functional.binary_cross_entropy_with_logits(small.au_logits.float(), probabilities) - entropy
    if small.intensities is not None and sharp.intensities is not None:
        loss = loss + functional.smooth_l1_loss(small.intensities.float(), sharp.intensities.detach().float())
    return loss

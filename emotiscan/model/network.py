"""The network: one backbone, two heads.

    crop (b, 3, s, s) ─ backbone ─▶ feature map (b, c, h, w) ─┬─ pool ─▶ emotion logits (b, e)
                                                             └─ evidence (b, k, h, w) ─ pool ─▶ action unit logits (b, k)

The feature map is a value of its own: explanations run the heads alone on it.
"""

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from emotiscan import facs
from emotiscan.model.backbones import CONVOLUTION_AND_NORM, build_backbone, check_backbone
from emotiscan.model.parallel import ThreadedBatch

IMAGENET_MEAN, IMAGENET_STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


@dataclass(frozen=True)
class ModelConfig:
    """What a network is; saved with its weights.

    Attributes:
        backbone: one of `backbones.BACKBONES`.
        emotions: the emotion head's outputs, in order; exactly one is true (softmax).
        action_units: the action unit head's outputs, in order; each is true or not (sigmoid).
        input_size: side of the crop that the network reads, in pixels.
        stride: pixels of the crop for each cell of the feature map: 32, or 16 for a DenseNet whose
            last block keeps the resolution of the one before (its filters are dilated to see as
            much of the face; Chen et al., DeepLab, 2017).
        grayscale: whether crops are made gray first, as where all training pictures were.
        mirrored: whether a reading is the mean of the logits of the crop and of its mirror image.
        local_action_units: whether the action unit head reads each cell of the feature map alone, so that it tells
            where an action unit shows; an action unit's logit is then that of its strongest cells.
        hidden: width of each head's dense layer.
        dropout: share of that layer's outputs dropped in training, 0 to 1.
        mean, std: of the three channels, for values in [0, 1].
    """

    backbone: str = "densenet201"
    emotions: tuple[str, ...] = facs.EMOTIONS_WITH_NEUTRAL
    action_units: tuple[str, ...] = facs.AU_NAMES
    input_size: int = 224
    stride: int = 32
    grayscale: bool = True
    flip_tta: bool = False
    local_action_units: bool = False
    hidden: int = 256
    dropout: float = 0.3
    mean: tuple[float, float, float] = field(default=IMAGENET_MEAN)
    std: tuple[float, float, float] = field(default=IMAGENET_STD)

    def __post_init__(self) -> None:
        check_backbone(self.backbone, self.stride)
        for name in ("emotions", "action_units", "mean", "std"):  # JSON gives lists
            object.__setattr__(self, name, tuple(getattr(self, name)))
        if self.input_size < 32:
            raise ValueError(f"input_size is {self.input_size}; the backbones need at least 32 px")

    def as_dict(self) -> dict:
        """Plain values, for JSON."""
        return asdict(self)


class FaceModel(nn.Module):
    """Backbone and the two heads. `forward` gives emotion logits (b, e) and action unit logits (b, k)."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.config = config
        self.backbone, channels = build_backbone(config.backbone, config.stride)
        self.emotion_head = _head(channels, config.hidden, config.dropout, len(config.emotions))
        self.au_head = _head(channels, config.hidden, config.dropout, len(config.action_units))
        if (
            config.local_action_units
        ):  # an action unit of few cells and one of many have other logits at the same certainty
            self.au_scale = nn.Parameter(torch.ones(len(config.action_units)))
            self.au_offset = nn.Parameter(torch.zeros(len(config.action_units)))

    def features(self, crops: Tensor) -> Tensor:
        """Normalized crops (b, 3, s, s) to the last feature map (b, c, s/stride, s/stride), all values >= 0."""
        # Only a DenseNet's map is not rectified yet; a second ReLU leaves the others as they are.
        return torch.relu(self.backbone(crops))

    def heads(self, feature_map: Tensor) -> tuple[Tensor, Tensor]:
        """Feature map (b, c, h, w) to emotion logits (b, e) and action unit logits (b, k)."""
        return self.emotion_logits(feature_map), self.au_logits(self.au_logit_map(feature_map))

    def emotion_logits(self, feature_map: Tensor) -> Tensor:
        """Feature map (b, c, h, w) to emotion logits (b, e)."""
        return self.emotion_head(feature_map.mean((2, 3)))

    def au_logit_map(self, feature_map: Tensor) -> Tensor:
        """Feature map (b, c, h, w) to logits of each action unit in each cell (b, k, h, w); one cell without `local_action_units`."""
        if not self.config.local_action_units:
            return self.au_head(feature_map.mean((2, 3)))[:, :, None, None]
        rows = feature_map.permute(0, 2, 3, 1).flatten(0, 2)  # (b * h * w, c)
        cells = self.au_head(rows).unflatten(0, (feature_map.shape[0], *feature_map.shape[2:]))
        return cells.permute(0, 3, 1, 2)

    def au_logits(self, au_logit_map: Tensor) -> Tensor:
        """Evidence (b, k, h, w) to action unit logits (b, k): the strongest cells decide, softly."""
        cells = au_logit_map.float().flatten(2)
        pooled = cells.logsumexp(2) - math.log(cells.shape[2])
        return pooled * self.au_scale + self.au_offset if self.config.local_action_units else pooled

    def forward(self, crops: Tensor) -> tuple[Tensor, Tensor]:
        """Normalized crops (b, 3, s, s) to emotion logits (b, e) and action unit logits (b, k)."""
        return self.heads(self.features(crops))

    def predict(self, crops: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Predict from crops as the checkpoint wants it: both ways round where `config.mirrored` says so.

        Args:
            crops: (b, 3, s, s), normalized.

        Returns:
            Feature map of the crops as they are (b, c, h, w), emotion logits (b, e), action unit logits (b, k).
        """
        if not self.config.flip_tta:
            feature_map = self.features(crops)
            return feature_map, *self.heads(feature_map)
        feature_maps = self.features(torch.cat([crops, crops.flip(3)]))
        emotions, action_units = (logits.unflatten(0, (2, -1)).mean(0) for logits in self.heads(feature_maps))
        return feature_maps[: len(crops)], emotions, action_units

    def optimize_for_inference(self) -> "FaceModel":
        """Make reading faster, in place; the outputs stay the same but for rounding. Not to be trained or saved after.

        Each batch norm that follows a convolution is folded into it, filters lie as the processor's
        fastest convolutions want them, and the crops of a batch go through the backbone side by side.
        """
        self.eval()
        for parent in self.backbone.modules():
            for conv, norm in CONVOLUTION_AND_NORM:
                if hasattr(parent, conv) and isinstance(getattr(parent, norm, None), nn.BatchNorm2d):
                    setattr(parent, conv, fuse_conv_bn_eval(getattr(parent, conv), getattr(parent, norm)))
                    setattr(parent, norm, nn.Identity())
        self.backbone = ThreadedBatch(self.backbone)
        return self.to(memory_format=torch.channels_last).requires_grad_(False)


def _head(channels: int, hidden: int, dropout: float, outputs: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Linear(channels, hidden, bias=False),
        nn.BatchNorm1d(hidden),
        nn.ReLU(),
        nn.Dropout(dropout),
        nn.Linear(hidden, outputs),
    )


def prepare(crops: Sequence[Image.Image], config: ModelConfig) -> Tensor:
    """Crops to the network's input: gray where the network wants it, scaled and normalized.

    Args:
        crops: pictures of `config.input_size` pixels square, mode "L" or "RGB".

    Returns:
        (b, 3, s, s) float32.
    """
    mode = "L" if config.grayscale else "RGB"
    arrays = [np.atleast_3d(np.asarray(crop.convert(mode))) for crop in crops]  # (s, s, 1 or 3) uint8
    return normalize(torch.from_numpy(np.stack(arrays)).permute(0, 3, 1, 2), config)


def normalize(pixels: Tensor, config: ModelConfig) -> Tensor:
    """(b, 1 or 3, s, s) uint8 in [0, 255], or float in [0, 1], to (b, 3, s, s) float32."""
    values = pixels.float() / 255 if pixels.dtype == torch.uint8 else pixels
    mean = values.new_tensor(config.mean).view(1, 3, 1, 1)
    std = values.new_tensor(config.std).view(1, 3, 1, 1)
    return (values.expand(-1, 3, -1, -1) - mean) / std

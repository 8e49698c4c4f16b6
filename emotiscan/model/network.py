"""The network: one backbone with two heads.

    crops (b, 3, s, s) ─ backbone ─▶ feature map (b, c, h, w) ─┬─ pool ─▶ emotion logits (b, e)
                                                              └─ AU logit map (b, k, h, w) ─ pool ─▶ AU logits (b, k)

Callers can keep the feature map: explanations run only the heads on it.
"""

import copy
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Self

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
    """Architecture and input format of a network; saved with its weights.

    Attributes:
        backbone: one of `backbones.BACKBONES`.
        emotions: outputs of the emotion head, in order; exactly one is true (softmax).
        action_units: outputs of the action unit head, in order; each is true or false on its own (sigmoid).
        input_size: side of the input crop in pixels, at least 32.
        stride: crop pixels per cell of the feature map: 32, or 16. With 16, the last block of a DenseNet keeps the
            resolution of the block before it; its filters are dilated, so that their receptive field covers as much
            of the face (Chen et al., DeepLab, 2017).
        grayscale: whether crops are converted to gray first, as suits a network that was trained on gray images.
        flip_tta: horizontal-flip test-time augmentation: `FaceModel.predict` averages the logits of the crop and of
            its mirror image.
        local_action_units: whether the action unit head is applied to each cell of the feature map separately, so
            that it also tells where an action unit shows. The logit of the face is that of its strongest cells.
        hidden: width of the dense layer in each head.
        dropout: share of that layer's outputs dropped during training, 0 to 1.
        mean: of each of the three channels, for values in [0, 1].
        std: standard deviation of each channel, likewise.
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

    def as_dict(self) -> dict[str, Any]:
        """The fields as values that JSON can hold."""
        return asdict(self)


class FaceModel(nn.Module):
    """Backbone, emotion head and action unit head.

    `forward` maps normalized crops (b, 3, s, s) to emotion logits (b, e) and action unit logits (b, k).
    """

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.config = config
        self.backbone, channels = build_backbone(config.backbone, config.stride)
        self.emotion_head = _head(channels, config.hidden, config.dropout, len(config.emotions))
        self.au_head = _head(channels, config.hidden, config.dropout, len(config.action_units))
        if config.local_action_units:
            # At the same certainty, the pooled logit of an action unit that shows in few cells differs from that of
            # one that shows in many.
            self.au_scale = nn.Parameter(torch.ones(len(config.action_units)))
            self.au_offset = nn.Parameter(torch.zeros(len(config.action_units)))

    @property
    def device(self) -> torch.device:
        """Where the parameters are."""
        return next(self.parameters()).device

    def features(self, crops: Tensor) -> Tensor:
        """Map normalized crops (b, 3, s, s) to the last feature map (b, c, s/stride, s/stride), all values >= 0."""
        # Only a DenseNet's map is not rectified yet; a second ReLU changes nothing in the others.
        return torch.relu(self.backbone(crops))

    def heads(self, feature_map: Tensor) -> tuple[Tensor, Tensor]:
        """Map a feature map (b, c, h, w) to emotion logits (b, e) and action unit logits (b, k)."""
        return self.emotion_logits(feature_map), self.au_logits(self.au_logit_map(feature_map))

    def emotion_logits(self, feature_map: Tensor) -> Tensor:
        """Map a feature map (b, c, h, w) to emotion logits (b, e)."""
        return self.emotion_head(feature_map.mean((2, 3)))

    def au_logit_map(self, feature_map: Tensor) -> Tensor:
        """Map a feature map (b, c, h, w) to the logit of each action unit in each cell (b, k, h, w).

        Without `ModelConfig.local_action_units` the map is a single cell (b, k, 1, 1).
        """
        if not self.config.local_action_units:
            return self.au_head(feature_map.mean((2, 3)))[:, :, None, None]
        rows = feature_map.permute(0, 2, 3, 1).flatten(0, 2)  # (b * h * w, c)
        cells = self.au_head(rows).unflatten(0, (feature_map.shape[0], *feature_map.shape[2:]))
        return cells.permute(0, 3, 1, 2)

    def au_logits(self, au_logit_map: Tensor) -> Tensor:
        """Pool an AU logit map (b, k, h, w) to action unit logits (b, k).

        The pooling is the log of the mean of exponentials, a soft maximum: the strongest cells decide.
        """
        cells = au_logit_map.float().flatten(2)
        pooled = cells.logsumexp(2) - math.log(cells.shape[2])
        return pooled * self.au_scale + self.au_offset if self.config.local_action_units else pooled

    def forward(self, crops: Tensor) -> tuple[Tensor, Tensor]:
        """Map normalized crops (b, 3, s, s) to emotion logits (b, e) and action unit logits (b, k)."""
        return self.heads(self.features(crops))

    def predict(self, crops: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Predict with test-time augmentation where `ModelConfig.flip_tta` asks for it.

        Args:
            crops: (b, 3, s, s), normalized.

        Returns:
            Feature map of the crops themselves (b, c, h, w), emotion logits (b, e) and action unit logits (b, k).
        """
        if not self.config.flip_tta:
            feature_map = self.features(crops)
            return feature_map, *self.heads(feature_map)
        feature_maps = self.features(torch.cat([crops, crops.flip(3)]))
        emotions, action_units = (logits.unflatten(0, (2, -1)).mean(0) for logits in self.heads(feature_maps))
        return feature_maps[: crops.shape[0]], emotions, action_units

    def optimize_for_inference(self) -> "InferenceModel":
        """Make a faster copy for inference. Its outputs are the same up to rounding; this network stays unchanged."""
        return InferenceModel(self)


class InferenceModel(FaceModel):
    """A copy of a `FaceModel` that is faster and can neither be trained nor saved.

    Each batch norm that follows a convolution is folded into it, filters have the memory layout of the processor's
    fastest convolutions (channels last), and the crops of a batch are spread over threads (`parallel.ThreadedBatch`).
    """

    def __init__(self, model: FaceModel) -> None:
        """Copy a network.

        Args:
            model: stays unchanged.
        """
        nn.Module.__init__(self)  # FaceModel's own would build new layers, only to replace them
        self.config = model.config
        self.backbone = ThreadedBatch(_fold_batch_norms(copy.deepcopy(model.backbone).eval()))
        self.emotion_head, self.au_head = copy.deepcopy((model.emotion_head, model.au_head))
        if model.config.local_action_units:
            self.au_scale, self.au_offset = copy.deepcopy((model.au_scale, model.au_offset))
        self.eval().to(memory_format=torch.channels_last).requires_grad_(False)

    @property
    def engine(self) -> str:
        """Name of the engine that computes feature maps now, e.g. "torch" (see `emotiscan.model.engines`)."""
        return str(getattr(self.backbone, "engine", "torch"))

    def optimize_for_inference(self) -> "InferenceModel":
        """Return this network: it is optimized already."""
        return self

    def train(self, mode: bool = True) -> Self:
        """Switch to evaluation mode, the only one there is.

        Raises:
            TypeError: training mode is asked for.
        """
        if mode:
            raise TypeError("an InferenceModel cannot be trained: its batch norms are gone; train the FaceModel")
        return super().train(False)


def _fold_batch_norms(backbone: nn.Module) -> nn.Module:
    """Fold each batch norm that follows a convolution into it, in place; returns the backbone."""
    for parent in backbone.modules():
        for conv, norm in CONVOLUTION_AND_NORM:
            if hasattr(parent, conv) and isinstance(getattr(parent, norm, None), nn.BatchNorm2d):
                setattr(parent, conv, fuse_conv_bn_eval(getattr(parent, conv), getattr(parent, norm)))
                setattr(parent, norm, nn.Identity())
    return backbone


def _head(channels: int, hidden: int, dropout: float, outputs: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Linear(channels, hidden, bias=False),
        nn.BatchNorm1d(hidden),
        nn.ReLU(),
        nn.Dropout(dropout),
        nn.Linear(hidden, outputs),
    )


def prepare(crops: Sequence[Image.Image], config: ModelConfig) -> Tensor:
    """Convert crops to the network's input: gray if the network expects gray, then scaled and normalized.

    Args:
        crops: images of `config.input_size` pixels square, mode "L" or "RGB".

    Returns:
        (b, 3, s, s) float32.
    """
    mode = "L" if config.grayscale else "RGB"
    arrays = [np.atleast_3d(np.asarray(crop.convert(mode))) for crop in crops]  # (s, s, 1 or 3) uint8
    return normalize(torch.from_numpy(np.stack(arrays)).permute(0, 3, 1, 2), config)


def normalize(pixels: Tensor, config: ModelConfig) -> Tensor:
    """Normalize (b, 1 or 3, s, s) uint8 in [0, 255], or float in [0, 1], to (b, 3, s, s) float32."""
    values = pixels.float() / 255 if pixels.dtype == torch.uint8 else pixels
    mean = values.new_tensor(config.mean).view(1, 3, 1, 1)
    std = values.new_tensor(config.std).view(1, 3, 1, 1)
    return (values.expand(-1, 3, -1, -1) - mean) / std

"""The network: one backbone with several heads.

    crops (b, 3, s, s) ─ backbone ─▶ feature map (b, c, h, w) ─┬─ mean ─▶ emotion logits (b, x)
                                                              ├─ AU logit map (b, k, h, w) ─ pool ─▶ AU logits (b, k)
                                                              ├─ intensity map (b, k, h, w) ─ pool ─▶ intensities (b, k)
                                                              └─ mean ─▶ pose (b, 3), quality logits (b, q)

The lower two are there where `ModelConfig` asks for them. The two halves of the maps, pooled separately, give the
sides. Callers can keep the feature map: explanations run only the heads on it.
"""

import copy
from collections.abc import Sequence
from typing import Self

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from emotiscan.model.backbones import CONVOLUTION_AND_NORM, build_backbone
from emotiscan.model.calibration import MAX_INTENSITY
from emotiscan.model.config import ModelConfig
from emotiscan.model.heads import POSE_SCALE, Outputs, dense_head, halves, in_each_cell, soft_maximum
from emotiscan.model.parallel import ThreadedBatch


class FaceModel(nn.Module):
    """Backbone and heads.

    `forward` maps normalized crops (b, 3, s, s) to `Outputs`.
    """

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.config = config
        self.backbone, channels = build_backbone(config.backbone, config.stride)
        shape, units = (channels, config.hidden, config.dropout), len(config.action_units)
        self.emotion_head = dense_head(*shape, len(config.emotion_outputs))
        self.au_head = dense_head(*shape, units)
        if config.local_action_units:
            # At the same certainty, the pooled logit of an action unit that shows in few cells differs from that of
            # one that shows in many.
            self.au_scale = nn.Parameter(torch.ones(units))
            self.au_offset = nn.Parameter(torch.zeros(units))
        if config.intensities:
            self.intensity_head = dense_head(*shape, units)
            if config.local_action_units:
                self.intensity_scale = nn.Parameter(torch.ones(units))
                self.intensity_offset = nn.Parameter(torch.zeros(units))
        if config.pose or config.quality:
            self.face_head = dense_head(*shape, 3 * config.pose + len(config.quality))

    @property
    def device(self) -> torch.device:
        """Where the parameters are."""
        return next(self.parameters()).device

    def features(self, crops: Tensor) -> Tensor:
        """Map normalized crops (b, 3, s, s) to the last feature map (b, c, s/stride, s/stride), all values >= 0."""
        # Only a DenseNet's map is not rectified yet; a second ReLU changes nothing in the others.
        return torch.relu(self.backbone(crops))

    def heads(self, feature_map: Tensor) -> Outputs:
        """Apply all heads to a feature map (b, c, h, w)."""
        au_logit_map = self.au_logit_map(feature_map)
        intensity_map = self.intensity_map(feature_map) if self.config.intensities else None
        pose, quality_logits = self.face_outputs(feature_map)
        return Outputs(
            feature_map,
            self.emotion_logits(feature_map),
            self.au_logits(au_logit_map),
            side_logits=self.side_logits(au_logit_map) if self.config.sides else None,
            intensities=None if intensity_map is None else self.intensities(intensity_map),
            side_intensities=(
                self.side_intensities(intensity_map) if intensity_map is not None and self.config.sides else None
            ),
            pose=pose,
            quality_logits=quality_logits,
        )

    def emotion_logits(self, feature_map: Tensor) -> Tensor:
        """Map a feature map (b, c, h, w) to logits (b, x) of `ModelConfig.emotion_outputs`.

        `ModelConfig.sum_logits` turns them into logits of the emotions.
        """
        return self.emotion_head(feature_map.mean((2, 3)))

    def au_logit_map(self, feature_map: Tensor) -> Tensor:
        """Map a feature map (b, c, h, w) to the logit of each action unit in each cell (b, k, h, w).

        Without `ModelConfig.local_action_units` the map is a single cell (b, k, 1, 1).
        """
        return self._map(self.au_head, feature_map)

    def au_logits(self, au_logit_map: Tensor) -> Tensor:
        """Pool an AU logit map (b, k, h, w), of the whole face or of a part, to action unit logits (b, k).

        The pooling is a soft maximum: the strongest cells decide.
        """
        pooled = soft_maximum(au_logit_map)
        return pooled * self.au_scale + self.au_offset if self.config.local_action_units else pooled

    def side_logits(self, au_logit_map: Tensor) -> Tensor:
        """Pool the halves of an AU logit map (b, k, h, w) to logits (b, k, 2): the person's right, then left."""
        return torch.stack([self.au_logits(half) for half in halves(au_logit_map)], dim=2)

    def intensity_map(self, feature_map: Tensor) -> Tensor:
        """Map a feature map (b, c, h, w) to each action unit's intensity logit in each cell (b, k, h, w)."""
        return self._map(self.intensity_head, feature_map)

    def intensities(self, intensity_map: Tensor) -> Tensor:
        """Pool an intensity map (b, k, h, w), of the whole face or of a part, to intensities (b, k), 0 to 5."""
        pooled = soft_maximum(intensity_map)
        if self.config.local_action_units:
            pooled = pooled * self.intensity_scale + self.intensity_offset
        return MAX_INTENSITY * pooled.sigmoid()

    def side_intensities(self, intensity_map: Tensor) -> Tensor:
        """Pool the halves of an intensity map to intensities (b, k, 2): the person's right, then left."""
        return torch.stack([self.intensities(half) for half in halves(intensity_map)], dim=2)

    def face_outputs(self, feature_map: Tensor) -> tuple[Tensor | None, Tensor | None]:
        """Map a feature map (b, c, h, w) to pose (b, 3) in degrees and quality logits (b, q); None for what it lacks.

        See `Outputs` for the signs of the pose.
        """
        if not (self.config.pose or self.config.quality):
            return None, None
        values = self.face_head(feature_map.mean((2, 3))).float()
        angles = 3 * self.config.pose
        return (
            POSE_SCALE * values[:, :angles] if self.config.pose else None,
            values[:, angles:] if self.config.quality else None,
        )

    def _map(self, head: nn.Module, feature_map: Tensor) -> Tensor:
        if self.config.local_action_units:
            return in_each_cell(head, feature_map)
        return head(feature_map.mean((2, 3)))[:, :, None, None]

    def forward(self, crops: Tensor) -> Outputs:
        """Predict normalized crops (b, 3, s, s)."""
        return self.heads(self.features(crops))

    def predict(self, crops: Tensor) -> Outputs:
        """Predict with test-time augmentation where `ModelConfig.flip_tta` asks for it.

        Args:
            crops: (b, 3, s, s), normalized.

        Returns:
            The outputs, with the feature map of the crops as they are.
        """
        if not self.config.flip_tta:
            return self(crops)
        both = self.heads(self.features(torch.cat([crops, crops.flip(3)])))
        count = crops.shape[0]
        return both[:count].mean_with(both[count:].mirrored())

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
        for name, head in model.named_children():
            if name != "backbone":
                setattr(self, name, copy.deepcopy(head))
        for name, parameter in model.named_parameters(recurse=False):
            setattr(self, name, copy.deepcopy(parameter))
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

"""What the network's heads are made of, and what they return."""

import math
from dataclasses import dataclass, fields, replace

import torch
from torch import Tensor, nn

POSE_SCALE = 30.0
"""Degrees per unit of the face head's pose outputs, which so have about the size of other logits."""


@dataclass(frozen=True, eq=False)
class Outputs:
    """What the network predicts for b faces; None where it lacks an output (see `ModelConfig`).

    Attributes:
        feature_map: (b, c, h, w), the input of the heads.
        emotion_logits: (b, x), one per expression or, without them, per emotion (`ModelConfig.emotion_outputs`).
        au_logits: (b, k).
        side_logits: (b, k, 2), of the person's right half and left half: the image's left and right.
        intensities: (b, k), 0 to 5.
        side_intensities: (b, k, 2), 0 to 5, of the halves like `side_logits`.
        pose: (b, 3) pitch, yaw and roll of the crop in degrees. As in `rendering.scenes.Pose`, pitch is positive where
            the face looks down, yaw where it turns to the image's right, and roll where the top of the head tilts to
            the image's left.
        quality_logits: (b, q), one per problem of `ModelConfig.quality`.
    """

    feature_map: Tensor
    emotion_logits: Tensor
    au_logits: Tensor
    side_logits: Tensor | None = None
    intensities: Tensor | None = None
    side_intensities: Tensor | None = None
    pose: Tensor | None = None
    quality_logits: Tensor | None = None

    def as_dict(self) -> dict[str, Tensor]:
        """The outputs that the network has, by name."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        return {name: value for name, value in values.items() if value is not None}

    def __getitem__(self, rows: slice) -> "Outputs":
        """The outputs of some of the faces."""
        return Outputs(**{name: value[rows] for name, value in self.as_dict().items()})

    def mirrored(self) -> "Outputs":
        """What these outputs, of mirrored crops, say of the crops themselves; the feature map stays as it is."""
        pose = None if self.pose is None else self.pose * self.pose.new_tensor([1, -1, -1])
        sides = {
            name: value.flip(2) for name, value in self.as_dict().items() if name in ("side_logits", "side_intensities")
        }
        return replace(self, pose=pose, **sides)

    def mean_with(self, other: "Outputs") -> "Outputs":
        """The mean of two predictions of the same faces, with the feature map of the first."""
        others = other.as_dict()
        means = {name: torch.stack([value, others[name]]).mean(0) for name, value in self.as_dict().items()}
        return Outputs(**means | {"feature_map": self.feature_map})

    def to_cpu(self) -> "Outputs":
        """The same in single precision on the CPU."""
        return Outputs(**{name: value.float().cpu() for name, value in self.as_dict().items()})


def dense_head(channels: int, hidden: int, dropout: float, outputs: int) -> nn.Sequential:
    """A head: maps (n, channels) to (n, outputs)."""
    return nn.Sequential(
        nn.Linear(channels, hidden, bias=False),
        nn.BatchNorm1d(hidden),
        nn.ReLU(),
        nn.Dropout(dropout),
        nn.Linear(hidden, outputs),
    )


def in_each_cell(head: nn.Module, feature_map: Tensor) -> Tensor:
    """Apply a head to each cell of a feature map (b, c, h, w); gives (b, outputs, h, w)."""
    rows = feature_map.permute(0, 2, 3, 1).flatten(0, 2)  # (b * h * w, c)
    cells = head(rows).unflatten(0, (feature_map.shape[0], *feature_map.shape[2:]))
    return cells.permute(0, 3, 1, 2)


def soft_maximum(logit_map: Tensor) -> Tensor:
    """Pool a map (b, k, h, w) to (b, k): the log of the mean of exponentials, so that the strongest cells decide."""
    cells = logit_map.float().flatten(2)
    return cells.logsumexp(2) - math.log(cells.shape[2])


def halves(cell_map: Tensor) -> tuple[Tensor, Tensor]:
    """Split a map (b, k, h, w) into its left and right half; a middle column belongs to both.

    The left half of the crop shows the person's right.
    """
    width = cell_map.shape[3]
    return cell_map[..., : (width + 1) // 2], cell_map[..., width // 2 :]

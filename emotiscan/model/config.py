"""Architecture, outputs and input format of a network."""

from dataclasses import asdict, dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from emotiscan import facs
from emotiscan.model.backbones import check_backbone

IMAGENET_MEAN, IMAGENET_STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


@dataclass(frozen=True)
class ModelConfig:
    """Architecture and input format of a network; saved with its weights.

    What a network need not have is off by default, so that older checkpoints load.

    Attributes:
        backbone: one of `backbones.BACKBONES`.
        emotions: classes that the network distinguishes, in order; exactly one is true. They are the outputs of the
            emotion head (softmax) unless it has `expressions`.
        action_units: outputs of the action unit head, in order; each is true or false on its own (sigmoid).
        input_size: side of the input crop in pixels, at least 32.
        stride: crop pixels per cell of the feature map: 32, or 16. With 16, the last block of a DenseNet keeps the
            resolution of the block before it; its filters are dilated, so that their receptive field covers as much
            of the face (Chen et al., DeepLab, 2017).
        grayscale: whether crops are converted to gray first, as suits a network that was trained on gray images.
        flip_tta: horizontal-flip test-time augmentation: `FaceModel.predict` averages the outputs of the crop and of
            its mirror image.
        local_action_units: whether the action unit head is applied to each cell of the feature map separately, so
            that it also tells where an action unit shows. The logit of the face is that of its strongest cells.
        hidden: width of the dense layer in each head.
        dropout: share of that layer's outputs dropped during training, 0 to 1.
        mean: of each of the three channels, for values in [0, 1].
        std: standard deviation of each channel, likewise.
        expressions: outputs of the emotion head, in order (softmax), e.g. `facs.EXPRESSIONS`. The probability of each
            of the `emotions` is the sum of those of its expressions (see `facs.EMOTION_OF_EXPRESSION`).
        intensities: whether the network predicts how strong each action unit is.
        sides: whether it tells the two halves of the face apart. That takes no weights of its own, but
            `local_action_units`.
        pose: whether it predicts pitch, yaw and roll.
        quality: problems that it predicts, in order; each is true or false on its own.
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
    expressions: tuple[str, ...] = ()
    intensities: bool = False
    sides: bool = False
    pose: bool = False
    quality: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        check_backbone(self.backbone, self.stride)
        for name in ("emotions", "action_units", "mean", "std", "expressions", "quality"):  # JSON gives lists
            object.__setattr__(self, name, tuple(getattr(self, name)))
        if self.input_size < 32:
            raise ValueError(f"input_size is {self.input_size}; the backbones need at least 32 px")
        if self.sides and not self.local_action_units:
            raise ValueError("sides need local_action_units: only a map of cells has two halves")
        unknown = [problem for problem in self.quality if problem not in facs.PROBLEMS]
        if unknown:
            raise ValueError(f"the problem “{unknown[0]}” is none of: {', '.join(facs.PROBLEMS)}")
        if self.expressions:
            self._check_expressions()

    def _check_expressions(self) -> None:
        for expression in self.expressions:
            if facs.EMOTION_OF_EXPRESSION.get(expression) not in self.emotions:
                raise ValueError(f"the expression “{expression}” belongs to none of: {', '.join(self.emotions)}")
        for emotion, members in zip(self.emotions, self._members, strict=True):
            if not members:
                raise ValueError(f"the emotion “{emotion}” has none of the expressions {', '.join(self.expressions)}")

    @property
    def emotion_outputs(self) -> tuple[str, ...]:
        """Outputs of the emotion head, in order: the expressions or, without them, the emotions."""
        return self.expressions or self.emotions

    @property
    def single_expressions(self) -> tuple[str, ...]:
        """The expressions that are not also emotions: surprise, which is both, is one and the same."""
        return tuple(expression for expression in self.expressions if expression not in self.emotions)

    @property
    def targets(self) -> tuple[str, ...]:
        """All that has a heat map, each once: emotions, expressions, and action units."""
        return (*self.emotions, *self.single_expressions, *self.action_units)

    @cached_property
    def _members(self) -> tuple[list[int], ...]:
        """For each emotion, the indices of its expressions."""
        return tuple(
            [i for i, expression in enumerate(self.expressions) if facs.EMOTION_OF_EXPRESSION[expression] == emotion]
            for emotion in self.emotions
        )

    def sum_probabilities(self, probabilities: NDArray[np.float64]) -> NDArray[np.float64]:
        """Sum probabilities of the emotion head's outputs (n, x) to those of the emotions (n, e)."""
        if not self.expressions:
            return probabilities
        return np.stack([probabilities[:, members].sum(1) for members in self._members], axis=1)

    def sum_logits(self, logits: Tensor) -> Tensor:
        """Combine logits of the emotion head (b, x) to logits of the emotions (b, e).

        Their softmax is the sum of the expressions' probabilities.
        """
        if not self.expressions:
            return logits
        return torch.stack([logits[:, members].logsumexp(1) for members in self._members], dim=1)

    def as_dict(self) -> dict[str, Any]:
        """The fields as values that JSON can hold."""
        return asdict(self)

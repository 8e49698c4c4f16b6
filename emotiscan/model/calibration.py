"""Calibration: logits to probabilities, and the rules by which an action unit is present or an emotion clear."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Calibration:
    """Parameters fitted on validation data; stored with the weights.

    Attributes:
        temperature: the emotion logits are divided by it before the softmax (Guo et al., 2017).
        slopes: per action unit, p = sigmoid(slope * logit + offset) (Platt, 1999); 1 for action units that are not
            listed. Slopes are positive, so that the ranking of faces is preserved.
        offsets: per action unit, see `slopes`; 0 for action units that are not listed.
        thresholds: per action unit, the lowest probability at which it counts as present, 0 to 1; 0.5 for action
            units that are not listed.
        clear_from: lowest probability of a clear emotion, 0 to 1. From 0.5 on, an emotion is more likely right than
            wrong, and more likely than all others together.
        clear_margin: lowest lead of a clear emotion over the next one, 0 to 1. One of ten annotators who votes
            for the other emotion instead closes a gap of 0.2.
    """

    temperature: float = 1.0
    slopes: Mapping[str, float] = field(default_factory=dict)
    offsets: Mapping[str, float] = field(default_factory=dict)
    thresholds: Mapping[str, float] = field(default_factory=dict)
    clear_from: float = 0.5
    clear_margin: float = 0.2

    def __post_init__(self) -> None:
        if not self.temperature > 0:
            raise ValueError(f"temperature is {self.temperature}; it must be above 0")
        for au, slope in self.slopes.items():
            if not slope > 0:
                raise ValueError(f"slope of {au} is {slope}; it must be above 0")
        shares = {f"threshold of {au}": threshold for au, threshold in self.thresholds.items()}
        for name, share in (shares | {"clear_from": self.clear_from, "clear_margin": self.clear_margin}).items():
            if not 0 <= share <= 1:
                raise ValueError(f"{name} is {share}; it must lie in [0, 1]")

    def emotions(self, logits: NDArray[np.floating]) -> NDArray[np.float64]:
        """Convert emotion logits (n, e) to probabilities (n, e). Each row sums to 1."""
        scaled = np.asarray(logits, np.float64) / self.temperature
        scaled = np.exp(scaled - scaled.max(-1, keepdims=True))
        return scaled / scaled.sum(-1, keepdims=True)

    def action_units(self, logits: NDArray[np.floating], action_units: tuple[str, ...]) -> NDArray[np.float64]:
        """Convert action unit logits (n, k) to probabilities (n, k). The columns are `action_units`."""
        slopes = np.array([self.slopes.get(au, 1.0) for au in action_units])
        offsets = np.array([self.offsets.get(au, 0.0) for au in action_units])
        return 1 / (1 + np.exp(-np.clip(np.asarray(logits, np.float64) * slopes + offsets, -60, 60)))

    def is_clear(self, probabilities: NDArray[np.floating]) -> NDArray[np.bool_]:
        """Whether one emotion of each face stands out from the others, (n,).

        Args:
            probabilities: (n, e), as returned by `emotions`.
        """
        # The padding is the runner-up where there is only one emotion.
        ranked = np.sort(np.pad(np.asarray(probabilities, np.float64), ((0, 0), (1, 0))), axis=-1)
        first, second = ranked[:, -1], ranked[:, -2]
        return (first >= self.clear_from) & (first - second >= self.clear_margin)

    def threshold(self, au: str) -> float:
        """Lowest probability at which an action unit counts as present."""
        return self.thresholds.get(au, 0.5)

    def as_dict(self) -> dict[str, Any]:
        """The fields as values that JSON can hold."""
        return asdict(self)

"""From logits to probabilities that mean something, and from probabilities to present or not."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Calibration:
    """What was fitted on validation data; saved with the weights.

    Attributes:
        temperature: the emotion logits are divided by it before the softmax (Guo et al., 2017).
        slopes, offsets: per code, p = sigmoid(slope * logit + offset) (Platt, 1999); missing: 1, 0.
        thresholds: per code, the least probability that counts as present, 0 to 1; missing: 0.5.
    """

    temperature: float = 1.0
    slopes: Mapping[str, float] = field(default_factory=dict)
    offsets: Mapping[str, float] = field(default_factory=dict)
    thresholds: Mapping[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not self.temperature > 0:
            raise ValueError(f"temperature is {self.temperature}; it must be above 0")
        for code, threshold in self.thresholds.items():
            if not 0 <= threshold <= 1:
                raise ValueError(f"threshold of {code} is {threshold}; it must lie in [0, 1]")

    def emotions(self, logits: NDArray[np.floating]) -> NDArray[np.float64]:
        """(n, e) emotion logits to (n, e) probabilities; each row sums to 1."""
        scaled = np.asarray(logits, np.float64) / self.temperature
        scaled = np.exp(scaled - scaled.max(-1, keepdims=True))
        return scaled / scaled.sum(-1, keepdims=True)

    def codes(self, logits: NDArray[np.floating], codes: tuple[str, ...]) -> NDArray[np.float64]:
        """(n, k) code logits to (n, k) probabilities, the columns being `codes`."""
        slopes = np.array([self.slopes.get(code, 1.0) for code in codes])
        offsets = np.array([self.offsets.get(code, 0.0) for code in codes])
        return 1 / (1 + np.exp(-np.clip(np.asarray(logits, np.float64) * slopes + offsets, -60, 60)))

    def threshold(self, code: str) -> float:
        """The least probability that counts as present."""
        return self.thresholds.get(code, 0.5)

    def as_dict(self) -> dict:
        """Plain values, for JSON."""
        return asdict(self)

"""From logits to probabilities that mean something, and from these to words: present or not, clear or not."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Calibration:
    """What was fitted on validation data; saved with the weights.

    Attributes:
        temperature: the emotion logits are divided by it before the softmax (Guo et al., 2017).
        slopes, offsets: per action unit, p = sigmoid(slope * logit + offset) (Platt, 1999); missing: 1, 0.
            Slopes are above 0, so that faces keep their order.
        thresholds: per action unit, the least probability that counts as present, 0 to 1; missing: 0.5.
        clear_from: an emotion is named from this probability on, 0 to 1: from one half on it is
            likelier right than wrong, and than all others together.
        clear_margin: and only if the next one is at least this much less probable, 0 to 1: two
            tenths, which one of ten annotators closes by voting for the other.
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
        """(n, e) emotion logits to (n, e) probabilities; each row sums to 1."""
        scaled = np.asarray(logits, np.float64) / self.temperature
        scaled = np.exp(scaled - scaled.max(-1, keepdims=True))
        return scaled / scaled.sum(-1, keepdims=True)

    def action_units(self, logits: NDArray[np.floating], action_units: tuple[str, ...]) -> NDArray[np.float64]:
        """(n, k) action unit logits to (n, k) probabilities, the columns being `action_units`."""
        slopes = np.array([self.slopes.get(au, 1.0) for au in action_units])
        offsets = np.array([self.offsets.get(au, 0.0) for au in action_units])
        return 1 / (1 + np.exp(-np.clip(np.asarray(logits, np.float64) * slopes + offsets, -60, 60)))

    def clear(self, emotions: NDArray[np.floating]) -> NDArray[np.bool_]:
        """(n, e) probabilities of `emotions` to (n,) whether one stands out; the others are called unclear."""
        ranked = np.sort(np.pad(np.asarray(emotions, np.float64), ((0, 0), (1, 0))), axis=-1)  # a lone one beats 0
        first, second = ranked[:, -1], ranked[:, -2]
        return (first >= self.clear_from) & (first - second >= self.clear_margin)

    def threshold(self, au: str) -> float:
        """The least probability that counts as present."""
        return self.thresholds.get(au, 0.5)

    def as_dict(self) -> dict:
        """Plain values, for JSON."""
        return asdict(self)

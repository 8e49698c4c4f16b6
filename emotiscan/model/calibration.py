"""Calibration of the network's outputs, and the rules by which an action unit is present or an emotion clear."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

MAX_INTENSITY = 5.0
"""Largest intensity: FACS' "E", maximum."""


@dataclass(frozen=True)
class Calibration:
    """Parameters fitted on validation data; stored with the weights. By default nothing changes.

    Attributes:
        temperature: the logits of the emotion head are divided by it before the softmax (Guo et al., 2017).
        slopes: per action unit or quality problem, p = sigmoid(slope * logit + offset) (Platt, 1999); 1 for those that
            are not listed. Slopes are positive, so that the ranking of faces is preserved.
        offsets: per action unit or quality problem, see `slopes`; 0 for those that are not listed.
        thresholds: per action unit or quality problem, the lowest probability at which it counts as present, 0 to 1;
            0.5 for those that are not listed.
        clear_from: lowest probability of a clear emotion, 0 to 1. From 0.5 on, an emotion is more likely right than
            wrong, and more likely than all others together.
        clear_margin: lowest lead of a clear emotion over the next one, 0 to 1. One of ten annotators who votes
            for the other emotion instead closes a gap of 0.2.
        biases: per output of the emotion head, added to its logit after the division; 0 for those that are not listed.
        intensity_gains: per action unit, intensity = gain * output + offset, kept within 0 to 5; 1 for action units
            that are not listed. Gains are positive.
        intensity_offsets: per action unit, see `intensity_gains`; 0 for action units that are not listed.
        pose_gains: of pitch, yaw and roll: angle = gain * output + offset. Gains are positive.
        pose_offsets: of pitch, yaw and roll, in degrees.
    """

    temperature: float = 1.0
    slopes: Mapping[str, float] = field(default_factory=dict)
    offsets: Mapping[str, float] = field(default_factory=dict)
    thresholds: Mapping[str, float] = field(default_factory=dict)
    clear_from: float = 0.5
    clear_margin: float = 0.2
    biases: Mapping[str, float] = field(default_factory=dict)
    intensity_gains: Mapping[str, float] = field(default_factory=dict)
    intensity_offsets: Mapping[str, float] = field(default_factory=dict)
    pose_gains: tuple[float, float, float] = (1.0, 1.0, 1.0)
    pose_offsets: tuple[float, float, float] = (0.0, 0.0, 0.0)

    def __post_init__(self) -> None:
        for name in ("pose_gains", "pose_offsets"):  # JSON gives lists
            object.__setattr__(self, name, tuple(getattr(self, name)))
            if len(getattr(self, name)) != 3:
                raise ValueError(f"{name} is {getattr(self, name)}; it must have three values: pitch, yaw, roll")
        positive = {"temperature": self.temperature}
        positive |= {f"slope of {name}": slope for name, slope in self.slopes.items()}
        positive |= {f"intensity gain of {au}": gain for au, gain in self.intensity_gains.items()}
        positive |= {"lowest of pose_gains": min(self.pose_gains)}
        for name, value in positive.items():
            if not value > 0:
                raise ValueError(f"{name} is {value}; it must be above 0")
        shares = {f"threshold of {name}": threshold for name, threshold in self.thresholds.items()}
        for name, share in (shares | {"clear_from": self.clear_from, "clear_margin": self.clear_margin}).items():
            if not 0 <= share <= 1:
                raise ValueError(f"{name} is {share}; it must lie in [0, 1]")

    def emotions(self, logits: NDArray[np.floating], outputs: tuple[str, ...] = ()) -> NDArray[np.float64]:
        """Convert logits of the emotion head (n, x) to probabilities (n, x). Each row sums to 1.

        Args:
            logits: of expressions or, in a network without them, of emotions.
            outputs: names of the columns (`ModelConfig.emotion_outputs`), for the biases.
        """
        scaled = np.asarray(logits, np.float64) / self.temperature
        if self.biases:
            scaled = scaled + np.array([self.biases.get(name, 0.0) for name in outputs])
        scaled = np.exp(scaled - scaled.max(-1, keepdims=True))
        return scaled / scaled.sum(-1, keepdims=True)

    def action_units(self, logits: NDArray[np.floating], action_units: tuple[str, ...]) -> NDArray[np.float64]:
        """Convert action unit logits (n, k) to probabilities (n, k). The columns are `action_units`."""
        return self._sigmoid(logits, action_units)

    def sides(self, logits: NDArray[np.floating], action_units: tuple[str, ...]) -> NDArray[np.float64]:
        """Convert logits of the halves of the face (n, k, 2) to probabilities, each like those of the whole face."""
        halves = [self._sigmoid(np.asarray(logits)[..., half], action_units) for half in (0, 1)]
        return np.stack(halves, axis=-1)

    def quality(self, logits: NDArray[np.floating], problems: tuple[str, ...]) -> NDArray[np.float64]:
        """Convert quality logits (n, q) to probabilities (n, q). The columns are `problems`."""
        return self._sigmoid(logits, problems)

    def _sigmoid(self, logits: NDArray[np.floating], names: tuple[str, ...]) -> NDArray[np.float64]:
        slopes = np.array([self.slopes.get(name, 1.0) for name in names])
        offsets = np.array([self.offsets.get(name, 0.0) for name in names])
        return 1 / (1 + np.exp(-np.clip(np.asarray(logits, np.float64) * slopes + offsets, -60, 60)))

    def intensities(self, outputs: NDArray[np.floating], action_units: tuple[str, ...]) -> NDArray[np.float64]:
        """Calibrate intensities (n, k), 0 to 5. The columns are `action_units`."""
        gains = np.array([self.intensity_gains.get(au, 1.0) for au in action_units])
        offsets = np.array([self.intensity_offsets.get(au, 0.0) for au in action_units])
        return np.clip(np.asarray(outputs, np.float64) * gains + offsets, 0, MAX_INTENSITY)

    def pose(self, outputs: NDArray[np.floating]) -> NDArray[np.float64]:
        """Calibrate pitch, yaw and roll (n, 3), in degrees."""
        return np.asarray(outputs, np.float64) * np.array(self.pose_gains) + np.array(self.pose_offsets)

    def is_clear(self, probabilities: NDArray[np.floating]) -> NDArray[np.bool_]:
        """Whether one emotion of each face stands out from the others, (n,).

        Args:
            probabilities: (n, e), as returned by `emotions`.
        """
        # The padding is the runner-up where there is only one emotion.
        ranked = np.sort(np.pad(np.asarray(probabilities, np.float64), ((0, 0), (1, 0))), axis=-1)
        first, second = ranked[:, -1], ranked[:, -2]
        return (first >= self.clear_from) & (first - second >= self.clear_margin)

    def threshold(self, name: str) -> float:
        """Lowest probability at which an action unit or quality problem counts as present."""
        return self.thresholds.get(name, 0.5)

    def as_dict(self) -> dict[str, Any]:
        """The fields as values that JSON can hold."""
        return asdict(self)

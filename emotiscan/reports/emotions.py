"""The emotion part of an evaluation report: how well classes that exclude each other are predicted."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar

from emotiscan.reports.record import UNDEFINED, Estimate, JsonObject, Record, estimates, values, with_current_names

Confusion = Sequence[Sequence[int]]
"""Counts of faces: true rows, predicted columns."""


@dataclass(frozen=True)
class ClassMetrics(Record):
    """One emotion's metrics.

    Attributes:
        precision, recall, f1: None where undefined.
        support: faces with that emotion.
    """

    precision: float | None = None
    recall: float | None = None
    f1: float | None = None
    support: int = 0


@dataclass(frozen=True)
class ReliabilityBin(Record):
    """Faces whose most probable emotion has a probability in one range.

    Attributes:
        confidence: their mean probability; None in an empty bin.
        accuracy: the share whose most probable emotion is the true one; None in an empty bin.
        count: number of these faces.
    """

    confidence: float | None
    accuracy: float | None
    count: int


@dataclass(frozen=True)
class EmotionReport(Record):
    """How well emotions are predicted.

    Attributes:
        samples: faces whose emotion is known.
        labels: emotions in the order of the confusion matrix.
        accuracy, macro_f1: of the most probable emotion.
        confusion: confusion matrix in faces.
        classes: metrics by emotion.
        ece: expected calibration error of the most probable emotion.
        reliability: the bins behind it, lowest probability first; empty in reports of earlier versions.
        without_neutral: the same for the faces that are not neutral, each predicted as the most probable of the other
            emotions, whose probabilities are scaled to sum to 1; None if “neutral” is not a label or all faces are
            neutral.
        coverage: share of the faces whose emotion is called clear (see `Calibration.clear`).
        accuracy_clear: accuracy on these faces.
    """

    samples: int = 0
    labels: tuple[str, ...] = ()
    accuracy: Estimate = UNDEFINED
    macro_f1: Estimate = UNDEFINED
    confusion: Confusion = ()
    classes: Mapping[str, ClassMetrics] = field(default_factory=dict)
    ece: Estimate = UNDEFINED
    reliability: tuple[ReliabilityBin, ...] = ()
    without_neutral: "EmotionReport | None" = None
    coverage: Estimate | None = None
    accuracy_clear: Estimate | None = None

    OMIT_IF_EMPTY: ClassVar = frozenset({"reliability", "without_neutral", "coverage", "accuracy_clear"})

    @classmethod
    def from_dict(cls, data: JsonObject) -> "EmotionReport":
        """Read the report; what an older one lacks keeps its default."""
        data = with_current_names(data, {"mission": "without_neutral"})
        rest = data.get("without_neutral")
        return cls(
            labels=tuple(data.get("labels", ())),
            classes={name: ClassMetrics(**metrics) for name, metrics in data.get("classes", {}).items()},
            reliability=tuple(ReliabilityBin(**part) for part in data.get("reliability", ())),
            without_neutral=cls.from_dict(rest) if rest else None,
            **values(data, "samples", "confusion"),
            **estimates(data, ("accuracy", "macro_f1", "ece", "coverage", "accuracy_clear")),
        )

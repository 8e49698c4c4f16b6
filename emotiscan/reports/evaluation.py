"""The evaluation report: how well emotions and action units are predicted on one set of faces."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar

from emotiscan.reports.emotions import Confusion, EmotionReport
from emotiscan.reports.face_outputs import FaceOutputs
from emotiscan.reports.record import (
    UNDEFINED,
    Estimate,
    JsonObject,
    Record,
    ReportError,
    estimates,
    values,
    with_current_names,
)

OLD_AU_METRICS = {"within_person": "within_subject"}
"""What metrics of action units were called in reports from before December 2026."""

AU_METRICS = ("f1", "auc", "average_precision", "ece", "within_subject")
"""Estimates of an action unit, and of the mean over action units."""


@dataclass(frozen=True)
class AUReport(Record):
    """How well one action unit is predicted.

    Attributes:
        f1: at the threshold.
        auc: area under the ROC curve.
        average_precision: area under the precision-recall curve.
        ece: expected calibration error.
        within_subject: AUC among pairs of one subject's faces; undefined where no subject shows both classes.
        precision, recall: at the threshold; None where undefined.
        support: faces that show the action unit.
        known: faces that are labeled for it, present or absent.
        confusion: [[true negatives, false positives], [false negatives, true positives]].
        threshold: smallest probability at which it is called present; None where no single threshold decides.
    """

    f1: Estimate = UNDEFINED
    auc: Estimate = UNDEFINED
    average_precision: Estimate = UNDEFINED
    ece: Estimate = UNDEFINED
    within_subject: Estimate = UNDEFINED
    precision: float | None = None
    recall: float | None = None
    support: int = 0
    known: int = 0
    confusion: Confusion = ()
    threshold: float | None = None

    @classmethod
    def from_dict(cls, data: JsonObject) -> "AUReport":
        """Read the report; what an older one lacks keeps its default."""
        data = with_current_names(data, OLD_AU_METRICS)
        plain = values(data, "precision", "recall", "support", "known", "confusion", "threshold")
        return cls(**estimates(data, AU_METRICS), **plain)


@dataclass(frozen=True)
class AUMean(Record):
    """Means over the action units that are present in some faces and absent in others.

    Attributes:
        action_units: number of these action units.
        f1, auc, average_precision, ece, within_subject: see `AUReport`.
    """

    action_units: int = 0
    f1: Estimate = UNDEFINED
    auc: Estimate = UNDEFINED
    average_precision: Estimate = UNDEFINED
    ece: Estimate = UNDEFINED
    within_subject: Estimate = UNDEFINED

    @classmethod
    def from_dict(cls, data: JsonObject) -> "AUMean":
        """Read the means; what an older report lacks keeps its default."""
        data = with_current_names(data, OLD_AU_METRICS | {"codes": "action_units"})
        return cls(**values(data, "action_units"), **estimates(data, AU_METRICS))


@dataclass(frozen=True)
class MaskedAU(Record):
    """An action unit that is predicted worse where another one is present too.

    Attributes:
        au: the action unit.
        beside: the other one, which masks it.
        auc: AUC of `au` among the faces that show the other one.
        lost: how much higher its AUC is among the faces without the other one.
        support: faces that show both.
        known: faces that show the other one and are labeled for `au`.
    """

    au: str
    beside: str
    auc: Estimate
    lost: Estimate
    support: int = 0
    known: int = 0

    @classmethod
    def from_dict(cls, data: JsonObject) -> "MaskedAU":
        """Read the pair."""
        data = with_current_names(data, {"code": "au"})
        return cls(**values(data, "au", "beside", "support", "known"), **estimates(data, ("auc", "lost")))


@dataclass(frozen=True)
class Masking(Record):
    """Action units that mask one another.

    Attributes:
        pairs: number of ordered pairs that had enough faces to be tested.
        found: those that lose more than chance explains, the largest loss first.
    """

    pairs: int
    found: tuple[MaskedAU, ...] = ()

    @classmethod
    def from_dict(cls, data: JsonObject) -> "Masking":
        """Read the result."""
        return cls(data["pairs"], tuple(map(MaskedAU.from_dict, data["found"])))


@dataclass(frozen=True)
class EvaluationReport(Record):
    """How well a checkpoint predicts the labels of a set of faces.

    Attributes:
        samples, subjects: numbers of faces and of subjects.
        emotion: None where no emotion is known.
        action_units: reports by name; a name like ``AU26_or_AU27`` is joined (see `facs.au_parts`). Empty where no
            label is known.
        action_units_mean: None unless some action unit is present in some faces and absent in others.
        masking: None if it was not measured.
        outputs: expressions, intensities, sides, pose and quality; None where the checkpoint or the labels have none.
        note: a sentence about the data.
    """

    samples: int
    subjects: int = 0
    emotion: EmotionReport | None = None
    action_units: Mapping[str, AUReport] = field(default_factory=dict)
    action_units_mean: AUMean | None = None
    masking: Masking | None = None
    outputs: FaceOutputs | None = None
    note: str = ""

    OMIT_IF_EMPTY: ClassVar = frozenset({"masking", "outputs", "note"})
    OLD_NAMES: ClassVar = {"codes": "action_units", "codes_mean": "action_units_mean", "hiding": "masking"}
    """Keys in reports from before December 2026."""

    @classmethod
    def from_dict(cls, data: JsonObject) -> "EvaluationReport":
        """Read a report, also one of an earlier version.

        Raises:
            ReportError: it is not an evaluation report.
        """
        data = with_current_names(data, cls.OLD_NAMES)
        try:
            emotion, mean, masking = (data.get(name) for name in ("emotion", "action_units_mean", "masking"))
            return cls(
                samples=data["samples"],
                emotion=EmotionReport.from_dict(emotion) if emotion else None,
                action_units={name: AUReport.from_dict(au) for name, au in (data.get("action_units") or {}).items()},
                action_units_mean=AUMean.from_dict(mean) if mean else None,
                masking=Masking.from_dict(masking) if masking else None,
                outputs=FaceOutputs.from_dict(data["outputs"]) if data.get("outputs") else None,
                **values(data, "subjects", "note"),
            )
        except (AttributeError, KeyError, TypeError) as error:
            raise ReportError(f"this is not an evaluation report ({error!r})") from None

    def headline(self) -> dict[str, Estimate]:
        """The metrics that every view of the report shows first, without those that are undefined."""
        emotion, mean = self.emotion or EmotionReport(), self.action_units_mean or AUMean()
        without_neutral = emotion.without_neutral or EmotionReport()
        named = {
            "emotion accuracy": emotion.accuracy,
            "emotion macro F1": emotion.macro_f1,
            "emotion calibration error": emotion.ece,
            "called clear": emotion.coverage,
            "accuracy if clear": emotion.accuracy_clear,
            "accuracy without neutral": without_neutral.accuracy,
            "macro F1 without neutral": without_neutral.macro_f1,
            "action units' mean AUC": mean.auc,
            "AUC within subjects": mean.within_subject,
            "action units' mean F1": mean.f1,
            "action units' calibration error": mean.ece,
        }
        if self.outputs:
            named |= self.outputs.headline()
        return {name: metric for name, metric in named.items() if metric is not None and metric.value is not None}

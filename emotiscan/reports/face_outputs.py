"""Parts of an evaluation report: eight expressions, intensities and sides of action units, pose, quality."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar, TypeVar

from emotiscan.reports.emotions import EmotionReport
from emotiscan.reports.record import UNDEFINED, Estimate, JsonObject, Record, estimates, values

Part = TypeVar("Part", bound="FromDict")


class FromDict(Record):
    """A record of estimates and plain values, which reads itself by their names."""

    ESTIMATES: ClassVar[tuple[str, ...]] = ()
    VALUES: ClassVar[tuple[str, ...]] = ()

    @classmethod
    def from_dict(cls: type[Part], data: JsonObject) -> Part:
        """Read the record; what an older report lacks keeps its default."""
        return cls(**estimates(data, cls.ESTIMATES), **values(data, *cls.VALUES))


@dataclass(frozen=True)
class ExpressionsReport(Record):
    """How well the eight expressions are predicted, by two rules of which faces count.

    Attributes:
        majority: on the faces that FER+'s published protocol keeps, with the class that it gives them (see
            `evaluation.expressions`); None where no face has one.
        agreed: on the faces on which at least five of ten annotators chose the same expression.
        emotions_majority: the expressions summed to emotions, on the faces of `majority`.
    """

    majority: EmotionReport | None = None
    agreed: EmotionReport | None = None
    emotions_majority: EmotionReport | None = None

    NAMES: ClassVar = ("majority", "agreed", "emotions_majority")
    OMIT_IF_EMPTY: ClassVar = frozenset(NAMES)

    @classmethod
    def from_dict(cls, data: JsonObject) -> "ExpressionsReport":
        """Read the part."""
        return cls(**{name: EmotionReport.from_dict(data[name]) for name in cls.NAMES if data.get(name)})


@dataclass(frozen=True)
class IntensityMetrics(FromDict):
    """How well an action unit's intensity, 0 to 5, is predicted; or the mean over action units.

    Attributes:
        known: faces whose intensity is known; in a mean, the number of action units.
        shown: those of them that show the action unit.
        pearson, icc: Pearson's correlation and ICC(3,1) of predicted and true intensity over all faces.
        pearson_shown, icc_shown: the same among the faces that show the action unit.
        mae_shown: mean absolute error among these, on the scale from 0 to 5.
    """

    known: int = 0
    shown: int = 0
    pearson: Estimate = UNDEFINED
    icc: Estimate = UNDEFINED
    pearson_shown: Estimate = UNDEFINED
    icc_shown: Estimate = UNDEFINED
    mae_shown: Estimate = UNDEFINED

    ESTIMATES: ClassVar = ("pearson", "icc", "pearson_shown", "icc_shown", "mae_shown")
    VALUES: ClassVar = ("known", "shown")


@dataclass(frozen=True)
class SideMetrics(FromDict):
    """How well one-sided movements are told from two-sided ones; or the mean over action units.

    Attributes:
        one_sided, two_sided: faces that show the action unit on one side only, and on both; 0 in a mean.
        auc: of one-sided against two-sided faces, by the difference of the two sides' probabilities.
        right_side: share of the one-sided faces whose more probable side is the one that moves.
        called_both: share of the two-sided faces whose sides are called “both”.
        assumed: whether the sides are unknown, and all faces that show the action unit are taken for two-sided.
    """

    one_sided: int = 0
    two_sided: int = 0
    auc: Estimate = UNDEFINED
    right_side: Estimate = UNDEFINED
    called_both: Estimate = UNDEFINED
    assumed: bool = False

    ESTIMATES: ClassVar = ("auc", "right_side", "called_both")
    VALUES: ClassVar = ("one_sided", "two_sided", "assumed")


@dataclass(frozen=True)
class PoseReport(FromDict):
    """Mean absolute errors of the head pose, in degrees.

    Attributes:
        samples: faces whose true pitch and yaw lie within the limit.
        limit: in degrees.
        pitch, yaw, roll: mean absolute errors; `roll` is what remains after alignment.
        mean: of the three.
    """

    samples: int = 0
    limit: float = 45.0
    pitch: Estimate = UNDEFINED
    yaw: Estimate = UNDEFINED
    roll: Estimate = UNDEFINED
    mean: Estimate = UNDEFINED

    ESTIMATES: ClassVar = ("pitch", "yaw", "roll", "mean")
    VALUES: ClassVar = ("samples", "limit")


@dataclass(frozen=True)
class ProblemMetrics(FromDict):
    """How well one quality problem is recognized.

    Attributes:
        present, absent: faces with and without the problem.
        auc: of the faces with the problem against those without.
        recall: share of the faces with the problem for which it is named.
        false_alarms: share of the faces without the problem for which it is named.
    """

    present: int = 0
    absent: int = 0
    auc: Estimate = UNDEFINED
    recall: Estimate = UNDEFINED
    false_alarms: Estimate = UNDEFINED

    ESTIMATES: ClassVar = ("auc", "recall", "false_alarms")
    VALUES: ClassVar = ("present", "absent")


Metrics = TypeVar("Metrics", bound=FromDict)


def by_name(data: JsonObject, name: str, kind: type[Metrics]) -> dict[str, Metrics]:
    """Read a mapping of records from a field; empty where it is missing."""
    return {key: kind.from_dict(one) for key, one in (data.get(name) or {}).items()}


@dataclass(frozen=True)
class FaceOutputs(Record):
    """What an evaluation says beside emotions and the presence of action units; each part is empty where unknown.

    Attributes:
        expressions: of the eight expressions.
        intensities: by action unit.
        intensities_mean: means over the action units.
        sides: by action unit.
        sides_mean: means over the action units.
        pose: of the head.
        quality: by problem, as the network alone predicts it from the crop.
    """

    expressions: ExpressionsReport | None = None
    intensities: Mapping[str, IntensityMetrics] = field(default_factory=dict)
    intensities_mean: IntensityMetrics | None = None
    sides: Mapping[str, SideMetrics] = field(default_factory=dict)
    sides_mean: SideMetrics | None = None
    pose: PoseReport | None = None
    quality: Mapping[str, ProblemMetrics] = field(default_factory=dict)

    OMIT_IF_EMPTY: ClassVar = frozenset(
        {"expressions", "intensities", "intensities_mean", "sides", "sides_mean", "pose", "quality"}
    )

    def __bool__(self) -> bool:
        return bool(self.to_dict())

    def headline(self) -> dict[str, Estimate]:
        """One metric of each part, for the views that show a report at a glance."""
        expressions = self.expressions or ExpressionsReport()
        majority = expressions.majority or EmotionReport()
        intensities, sides, pose = self.intensities_mean, self.sides_mean, self.pose
        return {
            "expression accuracy": majority.accuracy,
            "expression macro F1": majority.macro_f1,
            "intensities' mean ICC(3,1)": intensities.icc if intensities else UNDEFINED,
            "one-sided, mean AUC": sides.auc if sides else UNDEFINED,
            "even, called both": sides.called_both if sides else UNDEFINED,
            "pose error in degrees": pose.mean if pose else UNDEFINED,
        }

    @classmethod
    def from_dict(cls, data: JsonObject) -> "FaceOutputs":
        """Read the parts that there are."""
        expressions, pose = data.get("expressions"), data.get("pose")
        intensities_mean, sides_mean = data.get("intensities_mean"), data.get("sides_mean")
        return cls(
            expressions=ExpressionsReport.from_dict(expressions) if expressions else None,
            intensities=by_name(data, "intensities", IntensityMetrics),
            intensities_mean=IntensityMetrics.from_dict(intensities_mean) if intensities_mean else None,
            sides=by_name(data, "sides", SideMetrics),
            sides_mean=SideMetrics.from_dict(sides_mean) if sides_mean else None,
            pose=PoseReport.from_dict(pose) if pose else None,
            quality=by_name(data, "quality", ProblemMetrics),
        )

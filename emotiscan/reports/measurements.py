"""Reports that read whole photos: quality problems, change with the face's size, pairs by strength, and peers."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar, TypeVar

from emotiscan.reports.face_outputs import FromDict, ProblemMetrics, by_name
from emotiscan.reports.record import UNDEFINED, Estimate, JsonObject, Record, ReportError, estimates, values

OwnKind = TypeVar("OwnKind", bound="Measurement")


class Measurement(Record):
    """Base of these reports: estimates, plain values, and records by name."""

    ESTIMATES: ClassVar[tuple[str, ...]] = ()
    VALUES: ClassVar[tuple[str, ...]] = ("samples", "subjects", "note")
    RECORDS: ClassVar[Mapping[str, type[FromDict]]] = {}

    @classmethod
    def from_dict(cls: type[OwnKind], data: JsonObject) -> OwnKind:
        """Read a report.

        Raises:
            ReportError: it is not a report of this kind.
        """
        try:
            parts = {name: by_name(data, name, kind) for name, kind in cls.RECORDS.items()}
            return cls(**estimates(data, cls.ESTIMATES), **values(data, *cls.VALUES), **parts)
        except (AttributeError, KeyError, TypeError) as error:
            raise ReportError(f"this is not a report of the kind “{cls.KIND}” ({error!r})") from None


@dataclass(frozen=True)
class QualityReport(Measurement):
    """Which quality problems are named, on photos that have them and on photos that do not.

    Attributes:
        samples, subjects: faces as they are (without the copies that were spoiled), and how many subjects they show.
        problems: by problem.
        false_alarms: share of the faces without any known problem that are called unusable.
        not_found: share of the photos in which no face was found; they do not count elsewhere.
        note: a sentence about the data.
    """

    samples: int
    subjects: int = 0
    problems: Mapping[str, ProblemMetrics] = field(default_factory=dict)
    false_alarms: Estimate = UNDEFINED
    not_found: Estimate = UNDEFINED
    note: str = ""

    KIND: ClassVar = "quality"
    ESTIMATES: ClassVar = ("false_alarms", "not_found")
    RECORDS: ClassVar = {"problems": ProblemMetrics}
    OMIT_IF_EMPTY: ClassVar = frozenset({"note"})


@dataclass(frozen=True)
class Change(FromDict):
    """How much a number changes when a face is shrunk.

    Attributes:
        absolute: mean absolute change.
        signed: mean change, small minus large: above 0, it rises with shrinking.
    """

    absolute: Estimate = UNDEFINED
    signed: Estimate = UNDEFINED

    ESTIMATES: ClassVar = ("absolute", "signed")


@dataclass(frozen=True)
class ScaleReport(Measurement):
    """How much probabilities change when the photo is shrunk.

    Attributes:
        samples, subjects: faces that were read at both sizes, and how many subjects they show.
        large, small: side of the face's box in pixels.
        not_found: share of the faces that were not found at the small size; they do not count elsewhere.
        too_small: photos that were left out because their face is smaller than `large`.
        action_units: change of each action unit's probability.
        emotions: change of each emotion's probability.
        mean: mean absolute change over all action units.
        note: a sentence about the data.
    """

    samples: int
    subjects: int = 0
    large: int = 200
    small: int = 40
    not_found: Estimate = UNDEFINED
    too_small: int = 0
    action_units: Mapping[str, Change] = field(default_factory=dict)
    emotions: Mapping[str, Change] = field(default_factory=dict)
    mean: Estimate = UNDEFINED
    note: str = ""

    KIND: ClassVar = "scale consistency"
    ESTIMATES: ClassVar = ("not_found", "mean")
    VALUES: ClassVar = (*Measurement.VALUES, "large", "small", "too_small")
    RECORDS: ClassVar = {"action_units": Change, "emotions": Change}
    OMIT_IF_EMPTY: ClassVar = frozenset({"note"})


@dataclass(frozen=True)
class PairMetrics(FromDict):
    """How often the stronger one of two photos is told.

    Attributes:
        pairs: number of pairs.
        told: share in which the stronger one has the higher number.
        tied: share in which both have the same number, which counts as not told.
    """

    pairs: int = 0
    told: Estimate = UNDEFINED
    tied: Estimate = UNDEFINED

    ESTIMATES: ClassVar = ("told", "tied")
    VALUES: ClassVar = ("pairs",)


@dataclass(frozen=True)
class PairReport(Measurement):
    """Pairs of photos of one person, ordered by the strength of an action unit.

    Attributes:
        samples, subjects: pairs, and how many subjects they show.
        compared: what was compared, "intensity" or, where the checkpoint has none, "probability".
        action_units: by action unit; “AU1+AU2” stands for their sum.
        mean: share told, over the action units.
        note: a sentence about the data.
    """

    samples: int
    subjects: int = 0
    compared: str = "intensity"
    action_units: Mapping[str, PairMetrics] = field(default_factory=dict)
    mean: Estimate = UNDEFINED
    note: str = ""

    KIND: ClassVar = "intensity pairs"
    ESTIMATES: ClassVar = ("mean",)
    VALUES: ClassVar = (*Measurement.VALUES, "compared")
    RECORDS: ClassVar = {"action_units": PairMetrics}
    OMIT_IF_EMPTY: ClassVar = frozenset({"note"})


@dataclass(frozen=True)
class PeerComparison(FromDict):
    """One metric of this checkpoint beside the peer's, on the same faces.

    Attributes:
        samples: faces that were compared.
        ours, theirs: the metric's values.
        difference: ours minus theirs, with the interval of the paired difference.
    """

    samples: int = 0
    ours: Estimate = UNDEFINED
    theirs: Estimate = UNDEFINED
    difference: Estimate = UNDEFINED

    ESTIMATES: ClassVar = ("ours", "theirs", "difference")
    VALUES: ClassVar = ("samples",)


@dataclass(frozen=True)
class PeerReport(Measurement):
    """This checkpoint beside another program, on the faces that the other one found.

    Attributes:
        samples, subjects: faces, and how many subjects they show.
        peer: key of `evaluation.peers.PEERS`.
        version: of the peer.
        found: share of the faces that the peer found.
        emotions: metrics of emotions and expressions, by name.
        action_units: AUC by action unit.
        mean: mean AUC over these action units.
        note: a sentence about the data.
    """

    samples: int
    subjects: int = 0
    peer: str = ""
    version: str = ""
    found: Estimate = UNDEFINED
    emotions: Mapping[str, PeerComparison] = field(default_factory=dict)
    action_units: Mapping[str, PeerComparison] = field(default_factory=dict)
    mean: Mapping[str, PeerComparison] = field(default_factory=dict)
    note: str = ""

    KIND: ClassVar = "peer comparison"
    ESTIMATES: ClassVar = ("found",)
    VALUES: ClassVar = (*Measurement.VALUES, "peer", "version")
    RECORDS: ClassVar = {"emotions": PeerComparison, "action_units": PeerComparison, "mean": PeerComparison}
    OMIT_IF_EMPTY: ClassVar = frozenset({"note"})

"""The fairness report: how a checkpoint treats groups of faces that differ in one attribute."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar

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

GROUP_METRICS = ("detected", "accuracy", "au_auc", "au_f1", "false_alarms")
"""What is measured in each group (see `evaluation.fairness.metrics.METRICS`)."""

OLD_METRICS = {"code_auc": "au_auc", "code_f1": "au_f1"}
"""What metrics were called in reports from before December 2026."""

DECIMALS = 4
"""Decimals of the numbers in a compact report."""


@dataclass(frozen=True)
class GroupReport(Record):
    """One group's metrics.

    Attributes:
        samples: faces in the group.
        read: number of these that were found and predicted.
        metrics: estimates by the names in `GROUP_METRICS`; older reports may lack some.
        behind: by metric, how far the group lies behind the best one, 0 or more, with the paired interval of this
            difference; empty in a compact report.
        eye_distance: mean distance of the eyes' centers in pixels; None where it was not measured.
    """

    samples: int = 0
    read: int = 0
    metrics: Mapping[str, Estimate] = field(default_factory=dict)
    behind: Mapping[str, Estimate] = field(default_factory=dict)
    eye_distance: float | None = None

    OMIT_IF_EMPTY: ClassVar = frozenset({"behind"})

    def to_dict(self) -> dict[str, Any]:
        """The group as `json.dumps` takes it; the metrics stand beside the counts."""
        plain = super().to_dict()
        metrics = plain.pop("metrics")
        return {name: plain.pop(name) for name in ("samples", "read")} | metrics | plain

    @classmethod
    def from_dict(cls, data: JsonObject) -> "GroupReport":
        """Read a group."""
        data = with_current_names(data, OLD_METRICS)
        behind = with_current_names(data.get("behind") or {}, OLD_METRICS)
        return cls(
            metrics=estimates(data, GROUP_METRICS),
            behind=estimates(behind, GROUP_METRICS),
            **values(data, "samples", "read", "eye_distance"),
        )


@dataclass(frozen=True)
class Gap(Record):
    """How far the worst group lies behind the best one in a metric.

    Attributes:
        worst, best: names of these groups.
        difference: 0 or more, with its simultaneous interval (see `evaluation.fairness.metrics.compare`).
    """

    worst: str
    best: str
    difference: Estimate = UNDEFINED

    @property
    def is_significant(self) -> bool:
        """Whether the gap is larger than chance explains: the interval lies above 0."""
        return self.difference.low is not None and self.difference.low > 0

    def to_dict(self) -> dict[str, Any]:
        """The gap as `json.dumps` takes it: the difference's numbers stand beside the names."""
        return {"worst": self.worst, "best": self.best} | self.difference.to_dict()

    @classmethod
    def from_dict(cls, data: JsonObject) -> "Gap":
        """Read a gap."""
        return cls(data["worst"], data["best"], Estimate.from_dict(data))


@dataclass(frozen=True)
class GroupComparison(Record):
    """Groups of faces, compared.

    Attributes:
        groups: reports by group, in the order in which they are shown.
        gap: by metric; None where fewer than two groups can be compared.
    """

    groups: Mapping[str, GroupReport]
    gap: Mapping[str, Gap | None]


@dataclass(frozen=True)
class AttributeReport(Record):
    """What varying one attribute does.

    Attributes:
        title: name and unit, for display.
        ordered: whether the groups are steps of a scale.
        note: what else to know; "" for nothing.
        groups, gap: see `GroupComparison`.
    """

    title: str
    ordered: bool = False
    note: str = ""
    groups: Mapping[str, GroupReport] = field(default_factory=dict)
    gap: Mapping[str, Gap | None] = field(default_factory=dict)

    @classmethod
    def from_dict(cls, data: JsonObject) -> "AttributeReport":
        """Read an attribute's report."""
        gap = with_current_names(data.get("gap") or {}, OLD_METRICS)
        return cls(
            groups={name: GroupReport.from_dict(group) for name, group in (data.get("groups") or {}).items()},
            gap={metric: Gap.from_dict(one) if one else None for metric, one in gap.items()},
            **values(data, "title", "ordered", "note"),
        )

    def compact(self) -> "AttributeReport":
        """The same report without `behind`."""
        return replace(self, groups={name: replace(group, behind={}) for name, group in self.groups.items()})


def _attributes(data: JsonObject) -> dict[str, AttributeReport]:
    return {name: AttributeReport.from_dict(one) for name, one in (data.get("attributes") or {}).items()}


@dataclass(frozen=True)
class PhotoReport(Record):
    """Comparison of labeled photos by attributes that need no guesses about people.

    Attributes:
        samples, subjects: numbers of photos and of subjects.
        attributes: reports by attribute.
    """

    samples: int
    subjects: int
    attributes: Mapping[str, AttributeReport] = field(default_factory=dict)


@dataclass(frozen=True)
class FairnessReport(Record):
    """How a checkpoint treats different faces.

    Attributes:
        samples, subjects: rendered images and subjects; 0 where only photos were compared.
        action_units: those that were measured on rendered faces.
        rendering: `faces`, `seed` and `size` (pixels), on which the images depend.
        baseline: the rendered faces with nothing varied.
        attributes: reports by attribute that was varied.
        photos: the comparison of labeled photos; None without any.
    """

    samples: int = 0
    subjects: int = 0
    action_units: tuple[str, ...] = ()
    rendering: Mapping[str, int] = field(default_factory=dict)
    baseline: GroupReport | None = None
    attributes: Mapping[str, AttributeReport] = field(default_factory=dict)
    photos: PhotoReport | None = None

    OMIT_IF_EMPTY: ClassVar = frozenset({"action_units", "rendering", "baseline", "photos"})
    OLD_NAMES: ClassVar = {"codes": "action_units", "drawn": "rendering", "photographs": "photos"}
    """Keys in reports from before December 2026."""
    KIND: ClassVar = "fairness"

    @classmethod
    def from_dict(cls, data: JsonObject) -> "FairnessReport":
        """Read a report, also one of an earlier version.

        Raises:
            ReportError: it is not a fairness report.
        """
        data = with_current_names(data, cls.OLD_NAMES)
        try:
            baseline, photos = data.get("baseline"), data.get("photos")
            return cls(
                samples=data["samples"],
                action_units=tuple(data.get("action_units", ())),
                baseline=GroupReport.from_dict(baseline) if baseline else None,
                attributes=_attributes(data),
                photos=PhotoReport(photos["samples"], photos["subjects"], _attributes(photos)) if photos else None,
                **values(data, "subjects", "rendering"),
            )
        except (AttributeError, KeyError, TypeError) as error:
            raise ReportError(f"this is not a fairness report ({error!r})") from None

    def compact(self) -> dict[str, Any]:
        """The report as a checkpoint carries it: JSON, rounded, without `behind`."""

        def without_behind(attributes: Mapping[str, AttributeReport]) -> dict[str, AttributeReport]:
            return {name: attribute.compact() for name, attribute in attributes.items()}

        photos = self.photos and replace(self.photos, attributes=without_behind(self.photos.attributes))
        return _rounded(replace(self, attributes=without_behind(self.attributes), photos=photos).to_dict())


def _rounded(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _rounded(inner) for name, inner in value.items()}
    return round(value, DECIMALS) if isinstance(value, float) else value

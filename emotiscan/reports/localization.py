"""The localization report: do heat maps land where the action unit moves the skin?"""

from collections.abc import Mapping
from dataclasses import dataclass, field
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

OLD_BASELINES = {
    "centred blob": "centered blob",
    "another code's map": "another action unit's map",
    "absent codes": "absent action units",
}
"""What baselines were called in reports from before December 2026."""

LOCALIZATION_METRICS = ("pointing", "energy", "sides", "area")
"""Estimates of `LocalizationMetrics`."""


@dataclass(frozen=True)
class LocalizationMetrics(Record):
    """How well one action unit's heat maps, or several units' on average, land on their target regions.

    Attributes:
        faces: maps that were measured; None for a mean over action units.
        pointing: share of the maps whose peak lies in the target region (pointing game; Zhang et al., 2018).
        energy: share of the map that lies there (Wang et al., 2020).
        sides: 1 where each half of the crop has its share of the map; None in reports of earlier versions.
        area: the region's share of the crop, which noise would reach in `pointing` and `energy`.
    """

    faces: int | None = None
    pointing: Estimate = UNDEFINED
    energy: Estimate = UNDEFINED
    sides: Estimate | None = None
    area: Estimate = UNDEFINED

    OMIT_IF_EMPTY: ClassVar = frozenset({"faces", "sides"})

    @classmethod
    def from_dict(cls, data: JsonObject) -> "LocalizationMetrics":
        """Read the metrics; what an older report lacks keeps its default."""
        return cls(**values(data, "faces"), **estimates(data, LOCALIZATION_METRICS))

    @property
    def estimates(self) -> dict[str, Estimate]:
        """The metrics that are known, by the names in `LOCALIZATION_METRICS`."""
        named = {name: getattr(self, name) for name in LOCALIZATION_METRICS}
        return {name: estimate for name, estimate in named.items() if estimate is not None}


@dataclass(frozen=True)
class LocalizationReport(Record):
    """Whether heat maps land where the action units move the skin.

    Attributes:
        samples, subjects: faces with at least one measured map, and how many subjects they show.
        action_units: metrics by action unit, of those with at least one measured map.
        mean: over these action units; None without any.
        method: key of the heat map method (`explain.METHODS`).
        baselines: metrics of maps that know less (see `localization_report`), by name.
        absent_empty: share of the maps of absent action units that show nothing; None in older reports.
        present_empty: the same for present action units, each of which counts as a peak out of place; None in older
            reports.
        methods: mean metrics of each method, where methods were compared.
        methods_samples: faces that they were compared on.
        note: a sentence about the data.
    """

    samples: int
    subjects: int = 0
    action_units: Mapping[str, LocalizationMetrics] = field(default_factory=dict)
    mean: LocalizationMetrics | None = None
    method: str = ""
    baselines: Mapping[str, LocalizationMetrics] = field(default_factory=dict)
    absent_empty: float | None = None
    present_empty: float | None = None
    methods: Mapping[str, LocalizationMetrics] = field(default_factory=dict)
    methods_samples: int | None = None
    note: str = ""

    OMIT_IF_EMPTY: ClassVar = frozenset(
        {"method", "absent_empty", "present_empty", "methods", "methods_samples", "note"}
    )
    KIND: ClassVar = "localization"
    OLD_KIND: ClassVar = "localisation"
    """The kind in reports from before December 2026."""

    @classmethod
    def from_dict(cls, data: JsonObject) -> "LocalizationReport":
        """Read a report, also one of an earlier version.

        Raises:
            ReportError: it is not a localization report.
        """
        data = with_current_names(data, {"codes": "action_units"})
        try:
            mean = data.get("mean")
            named: dict[str, Any] = {
                name: {key: LocalizationMetrics.from_dict(one) for key, one in (data.get(name) or {}).items() if one}
                for name in ("action_units", "baselines", "methods")
            }
            named["baselines"] = with_current_names(named["baselines"], OLD_BASELINES)
            plain = values(data, "subjects", "method", "absent_empty", "present_empty", "methods_samples", "note")
            return cls(data["samples"], mean=LocalizationMetrics.from_dict(mean) if mean else None, **named, **plain)
        except (AttributeError, KeyError, TypeError) as error:
            raise ReportError(f"this is not a localization report ({error!r})") from None

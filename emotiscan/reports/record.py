"""Estimates with their intervals, and what all reports have in common: how they become JSON and come back."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, ClassVar, TypeVar

JsonObject = Mapping[str, Any]
"""A JSON object as `json.loads` gives it."""

Value = TypeVar("Value")


class ReportError(ValueError):
    """A report cannot be read; the message says why."""


class Record:
    """Base of the dataclasses of a report: writes the fields under their names."""

    OMIT_IF_EMPTY: ClassVar[frozenset[str]] = frozenset()
    """Fields that are left out of the JSON where they are None or empty."""
    KIND: ClassVar[str] = ""
    """Value of the JSON's first key, `kind`, which identifies a report; without one there is no such key."""

    def to_dict(self) -> dict[str, Any]:
        """The record as `json.dumps` takes it."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}  # type: ignore[arg-type]  # subclasses are dataclasses
        kind = {"kind": self.KIND} if self.KIND else {}
        return kind | {
            name: _plain(value)
            for name, value in values.items()
            if not (name in self.OMIT_IF_EMPTY and (value is None or value == "" or value == () or value == {}))
        }


def _plain(value: object) -> object:
    if isinstance(value, Record):
        return value.to_dict()
    if isinstance(value, Mapping):
        return {name: _plain(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    return value


@dataclass(frozen=True)
class Estimate(Record):
    """A metric's value with its 95% confidence interval.

    As text: ``str(estimate)`` is ``"0.812 [0.790, 0.833]"``, and a format for numbers applies to all three,
    ``f"{estimate:.1%}"``; without a value it is a dash.

    Attributes:
        value: None where the metric is undefined, e.g. an AUC where only one class occurs.
        low, high: ends of the interval; None where there is none, e.g. with a single subject.
    """

    value: float | None = None
    low: float | None = None
    high: float | None = None

    @classmethod
    def from_dict(cls, data: JsonObject | None) -> "Estimate":
        """Read an estimate; of None, one that is undefined."""
        data = data or {}
        return cls(data.get("value"), data.get("low"), data.get("high"))

    def __str__(self) -> str:
        return format(self)

    def __format__(self, spec: str) -> str:
        spec = spec or ".3f"
        if self.value is None:
            return "–"
        return " ".join(filter(None, (format(self.value, spec), self.interval(spec))))

    def interval(self, spec: str = ".3f") -> str:
        """The interval alone, ``"[0.790, 0.833]"``; "" without one."""
        if self.low is None or self.high is None:
            return ""
        return f"[{format(self.low, spec)}, {format(self.high, spec)}]"


UNDEFINED = Estimate()
"""An estimate without a value."""


def with_current_names(data: JsonObject, old_names: Mapping[str, str]) -> dict[str, Any]:
    """The object with the keys that earlier versions wrote replaced by the current ones."""
    return {old_names.get(name, name): value for name, value in data.items()}


def estimates(data: JsonObject, names: tuple[str, ...]) -> dict[str, Any]:
    """Those of the names that the object has, as `Estimate`s, for a constructor."""
    return {name: Estimate.from_dict(data[name]) for name in names if data.get(name) is not None}


def values(data: JsonObject, *names: str) -> dict[str, Any]:
    """Those of the names that the object has, as they are, for a constructor."""
    return {name: data[name] for name in names if name in data}

"""Estimates and action units as text."""

from collections.abc import Mapping


def joined(au: str) -> str:
    """A report's action unit as text: units that were annotated as one are joined with `_or_` there."""
    return au.replace("_or_", " or ")


def number(value: float | None) -> str:
    """Format a number with three decimals; a dash stands for one that could not be measured."""
    return "–" if value is None else f"{value:.3f}"


def interval(figure: Mapping) -> str | None:
    """Format an estimate's interval (`low`, `high`) in brackets; None without one."""
    if figure.get("low") is None:
        return None
    return f"[{figure['low']:.3f}, {figure['high']:.3f}]"


def with_interval(figure: Mapping) -> str:
    """Format an estimate (`value`, `low`, `high`) with its interval."""
    return " ".join(filter(None, (number(figure["value"]), interval(figure))))


def in_words(measure: str, lines: Mapping[str, Mapping]) -> str:
    """Describe a plot of estimates for screen readers."""
    return f"{measure}: " + ", ".join(f"{line} {with_interval(figure)}" for line, figure in lines.items())

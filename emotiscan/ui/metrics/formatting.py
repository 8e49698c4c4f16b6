"""Figures and action units as words."""

from collections.abc import Mapping


def joined(au: str) -> str:
    """A report's action unit in words: several that were coded together are named with `_or_` there."""
    return au.replace("_or_", " or ")


def number(value: float | None) -> str:
    """Three digits, or a dash for what could not be measured."""
    return "–" if value is None else f"{value:.3f}"


def interval(figure: Mapping) -> str | None:
    """A figure's interval (`low`, `high`) in brackets; None without one."""
    if figure.get("low") is None:
        return None
    return f"[{figure['low']:.3f}, {figure['high']:.3f}]"


def with_interval(figure: Mapping) -> str:
    """A figure (`value`, `low`, `high`) and its interval."""
    return " ".join(filter(None, (number(figure["value"]), interval(figure))))


def in_words(measure: str, lines: Mapping[str, Mapping]) -> str:
    """What a picture of figures shows, for those who cannot see it."""
    return f"{measure}: " + ", ".join(f"{line} {with_interval(figure)}" for line, figure in lines.items())

"""Estimates and action units as text."""

from collections.abc import Mapping

from emotiscan import facs
from emotiscan.reports import Estimate


def joined(au: str) -> str:
    """A report's action unit as text: units that were annotated as one are joined with “or”."""
    return " or ".join(facs.au_parts(au))


def number(value: float | None) -> str:
    """Format a number with three decimals; a dash stands for one that could not be measured."""
    return str(Estimate(value))


def in_words(metric: str, lines: Mapping[str, Estimate]) -> str:
    """Describe a plot of estimates for screen readers."""
    return f"{metric}: " + ", ".join(f"{line} {estimate}" for line, estimate in lines.items())

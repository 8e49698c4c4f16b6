"""Short texts about predictions: percentages and titles."""

from emotiscan import facs


def percent(probability: float) -> str:
    """Format a probability as a whole percentage, but never as a flat 0% or 100%."""
    if probability < 0.01:
        return "< 1%"
    if probability > 0.99:
        return "> 99%"
    return f"{round(100 * probability)}%"


def display_name(target: str) -> str:
    """Name of an action unit or emotion for people, e.g. "AU12 Lip corner puller"."""
    if target in facs.ACTION_UNITS:
        return f"{target} {facs.ACTION_UNITS[target].name}"
    return target if target.startswith("AU") else target.capitalize()

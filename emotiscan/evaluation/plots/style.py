"""The common style of all plots: size, colors, fonts, axes.

Plots use matplotlib's figure objects only: no pyplot, no global style, no display. The colors are those of Okabe and
Ito, or shades of blue, which color-blind readers can tell apart too.
"""

from pathlib import Path
from typing import Any, Literal

from matplotlib.axes import Axes
from matplotlib.figure import Figure

WIDTH = 8.0  # inches
DPI = 160  # 1280 px wide; shown at 1000 px, the smallest text is 12 px high
TITLE, TEXT, SMALL = 12, 10.5, 9  # points
BLUE, SKY, ORANGE, GREEN = "#0072B2", "#9CCBEB", "#D55E00", "#009E73"
INK, GRAY, PALE = "#24292F", "#5F6670", "#E1E4E8"

NOTHING = "there is nothing to plot: "
"""Beginning of the message of an error raised where there is no data."""


def blank(height: float) -> Figure:
    """An empty white figure of the common width; height in inches."""
    return Figure(figsize=(WIDTH, height), dpi=DPI, layout="constrained", facecolor="white")


def write(figure: Figure, path: str | Path) -> Path:
    """Save a figure as PNG; returns the path."""
    # Without a date or version in the file, the same numbers give the same bytes.
    figure.savefig(path, format="png", metadata={"Software": None})
    return Path(path)


def font(size: float, color: str = INK) -> dict[str, Any]:
    """Keyword arguments for text of this size (points) and color."""
    return {"fontsize": size, "color": color}


def style(
    axes: Axes, title: str, xlabel: str, ylabel: str = "", grid: Literal["x", "y", "both"] = "x", pad: float = 6
) -> None:
    """Give axes a title, axis names and the common look: two spines, a faint grid, small ticks.

    Args:
        grid: axes whose ticks get grid lines.
        pad: space below the title, in points.
    """
    axes.set_title(title, loc="left", linespacing=1.4, pad=pad, **font(TITLE))
    axes.set_xlabel(xlabel, **font(TEXT))
    axes.set_ylabel(ylabel, **font(TEXT))
    axes.tick_params(labelsize=SMALL, colors=INK, length=0)
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color("#AEB4BB")
    axes.grid(axis=grid, color="#D9DDE1", linewidth=0.7)
    axes.set_axisbelow(True)

"""Plots of a fairness report: all gaps at a glance, and each attribute's groups."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from emotiscan.evaluation.fairness.metrics import METRICS
from emotiscan.evaluation.plots.style import BLUE, GRAY, GREEN, INK, ORANGE, SMALL, TITLE, blank, font, style, write
from emotiscan.reports import UNDEFINED, AttributeReport, Estimate, FairnessReport

COLORS = {"detected": GRAY, "accuracy": BLUE, "au_auc": GREEN, "au_f1": ORANGE, "false_alarms": INK}
PANELS = (("detected", "accuracy"), ("au_auc", "au_f1"), ("false_alarms",))
"""Metrics that share a panel in an attribute's plot."""

MAX_LENGTH = 5
"""Longer group names are written at an angle."""


def write_fairness_plots(report: FairnessReport, out_dir: str | Path) -> list[Path]:
    """Write `fairness.png`, the gaps, and `fairness-NAME.png` for each attribute; `fairness-photos….png` likewise.

    Args:
        report: with or without photos.
        out_dir: folder for the PNG files, made if missing.

    Returns:
        The files written.
    """
    out_dir, paths = Path(out_dir), []
    out_dir.mkdir(parents=True, exist_ok=True)
    photos = report.photos.attributes if report.photos else {}
    for stem, attributes in (("fairness", report.attributes), ("fairness-photos", photos)):
        if any(gap for attribute in attributes.values() for gap in attribute.gap.values()):
            paths.append(plot_gaps(attributes, out_dir / f"{stem}.png"))
        paths += [plot_groups(attribute, out_dir / f"{stem}-{name}.png") for name, attribute in attributes.items()]
    return paths


def plot_gaps(attributes: Mapping[str, AttributeReport], path: str | Path) -> Path:
    """Plot the gap between the best and the worst group of every attribute, a panel for each metric."""
    metrics = [name for name in METRICS if any(attribute.gap[name] for attribute in attributes.values())]
    figure = blank(0.36 * len(attributes) + 2.0)
    places = np.arange(len(attributes))
    panels = figure.subplots(1, len(metrics), sharey=True, squeeze=False)[0]
    for axes, metric in zip(panels, metrics, strict=True):
        for place, attribute in zip(places, attributes.values(), strict=True):
            gap = attribute.gap[metric]
            if gap is None:
                continue
            if gap.difference.low is not None:
                axes.hlines(place, gap.difference.low, gap.difference.high, color=COLORS[metric], linewidth=1.8)
            face = COLORS[metric] if gap.is_significant else "white"
            axes.plot(gap.difference.value, place, "o", color=COLORS[metric], markerfacecolor=face, markersize=6)
        axes.axvline(0, color=INK, linewidth=1)
        style(axes, "\n".join(METRICS[metric].title.rsplit(" ", 1)), "gap")
        axes.locator_params(axis="x", nbins=4)
    panels[0].set_yticks(places, [name.replace("_", " ") for name in attributes])
    panels[0].set_ylim(len(attributes) - 0.5, -0.5)
    title = "Best minus worst group (filled: larger than chance explains; line: simultaneous 95% interval)"
    figure.suptitle(title, x=0.01, ha="left", **font(TITLE))
    return write(figure, path)


def plot_groups(attribute: AttributeReport, path: str | Path) -> Path:
    """Plot every metric of every group of one attribute, with 95% intervals."""
    names = list(attribute.groups)
    figure = blank(3.7)
    for axes, metrics in zip(figure.subplots(1, len(PANELS), squeeze=False)[0], PANELS, strict=True):
        for shift, metric in zip((-0.1, 0.1) if len(metrics) > 1 else (0.0,), metrics, strict=True):
            estimates = [group.metrics.get(metric, UNDEFINED) for group in attribute.groups.values()]
            _points(axes, estimates, metric, shift, attribute.ordered)
        style(axes, "", "", grid="y")
        slanted = any(len(name) > MAX_LENGTH for name in names) or len(names) > 8
        slant: dict[str, Any] = {"rotation": 45, "ha": "right", "rotation_mode": "anchor"} if slanted else {}
        axes.set_xticks(range(len(names)), names, **slant)
        axes.set_xlim(-0.6, len(names) - 0.4)
        axes.margins(y=0.08)
        axes.legend(
            loc="lower center",
            bbox_to_anchor=(0.5, 1.0),
            ncols=2,
            frameon=False,
            fontsize=SMALL,
            labelcolor=INK,
            handlelength=1.2,
            columnspacing=1.0,
        )
    counts = {group.samples for group in attribute.groups.values()}
    fewest, most = min(counts), max(counts)
    per_group = f"{fewest:,} faces in each group" if fewest == most else f"{fewest:,} to {most:,} faces per group"
    figure.suptitle(f"{attribute.title}; {per_group}", x=0.01, ha="left", **font(TITLE))
    figure.supxlabel("line: 95% interval over subjects", x=0.99, ha="right", **font(SMALL))
    return write(figure, path)


def _points(axes: Axes, estimates: Sequence[Estimate], metric: str, shift: float, joined: bool) -> None:
    color = COLORS[metric]
    known = [(place + shift, one.value) for place, one in enumerate(estimates) if one.value is not None]
    axes.plot(
        [place for place, _ in known],
        [value for _, value in known],
        "o-" if joined else "o",
        color=color,
        label=METRICS[metric].title,
        markersize=5,
        linewidth=1.2,
    )
    for place, estimate in enumerate(estimates):
        if estimate.low is not None and estimate.high is not None:
            axes.vlines(place + shift, estimate.low, estimate.high, color=color, linewidth=1.4)

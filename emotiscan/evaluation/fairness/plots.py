"""Pictures of a fairness report: all gaps at a glance, and each attribute's groups."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes

from emotiscan.evaluation.fairness.metrics import MEASURES
from emotiscan.evaluation.plot_style import BLUE, GRAY, GREEN, INK, ORANGE, SMALL, TITLE, blank, font, style, write

COLORS = {"detected": GRAY, "accuracy": BLUE, "code_auc": GREEN, "code_f1": ORANGE, "false_alarms": INK}
PANELS = (("detected", "accuracy"), ("code_auc", "code_f1"), ("false_alarms",))
"""Measures that share a panel of an attribute's picture."""

MAX_LENGTH = 5
"""Names of groups longer than this are written aslant."""


def write_pictures(report: Mapping, out_dir: str | Path) -> list[Path]:
    """Draw `fairness.png`, the gaps, and `fairness-NAME.png` for each attribute; photos' likewise.

    Args:
        report: of `fairness.measure`, with `photos` or without.
        out_dir: folder for the PNG files, made if missing.

    Returns:
        The files written.
    """
    out_dir, paths = Path(out_dir), []
    out_dir.mkdir(parents=True, exist_ok=True)
    photos = (report.get("photographs") or {}).get("attributes") or {}
    for stem, attributes in (("fairness", report["attributes"]), ("fairness-photographs", photos)):
        if any(gap for about in attributes.values() for gap in about["gap"].values()):
            paths.append(gaps(attributes, out_dir / f"{stem}.png"))
        paths += [groups(about, out_dir / f"{stem}-{name}.png") for name, about in attributes.items()]
    return paths


def gaps(attributes: Mapping[str, Mapping], path: str | Path) -> Path:
    """The gap between the best and the worst group of every attribute, a panel for each measure."""
    measures = [name for name in MEASURES if any(about["gap"][name] for about in attributes.values())]
    figure = blank(0.36 * len(attributes) + 2.0)
    places = np.arange(len(attributes))
    panels = figure.subplots(1, len(measures), sharey=True, squeeze=False)[0]
    for axes, measure in zip(panels, measures, strict=True):
        for place, about in zip(places, attributes.values(), strict=True):
            gap = about["gap"][measure]
            if gap is None:
                continue
            sure = gap["low"] is not None and gap["low"] > 0
            if gap["low"] is not None:
                axes.hlines(place, gap["low"], gap["high"], color=COLORS[measure], linewidth=1.8)
            face = COLORS[measure] if sure else "white"
            axes.plot(gap["value"], place, "o", color=COLORS[measure], markerfacecolor=face, markersize=6)
        axes.axvline(0, color=INK, linewidth=1)
        style(axes, "\n".join(MEASURES[measure].title.rsplit(" ", 1)), "gap")
        axes.locator_params(axis="x", nbins=4)
    panels[0].set_yticks(places, [name.replace("_", " ") for name in attributes])
    panels[0].set_ylim(len(attributes) - 0.5, -0.5)
    title = "Best group less worst group (filled: larger than chance; line: simultaneous 95 % interval)"
    figure.suptitle(title, x=0.01, ha="left", **font(TITLE))
    return write(figure, path)


def groups(about: Mapping, path: str | Path) -> Path:
    """Every measure of every group of one attribute, with 95 % intervals.

    Args:
        about: an entry of the report's `attributes`.
        path: PNG file to write.
    """
    names = list(about["groups"])
    figure = blank(3.7)
    for axes, measures in zip(figure.subplots(1, len(PANELS), squeeze=False)[0], PANELS, strict=True):
        for shift, measure in zip((-0.1, 0.1) if len(measures) > 1 else (0.0,), measures, strict=True):
            _points(axes, [group[measure] for group in about["groups"].values()], measure, shift, about["ordered"])
        style(axes, "", "", grid="y")
        turned = any(len(name) > MAX_LENGTH for name in names) or len(names) > 8
        slant = {"rotation": 45, "ha": "right", "rotation_mode": "anchor"} if turned else {}
        axes.set_xticks(range(len(names)), names, **slant)
        axes.set_xlim(-0.6, len(names) - 0.4)
        axes.margins(y=0.08)
        axes.legend(
            loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=2, frameon=False, fontsize=SMALL, labelcolor=INK,
            handlelength=1.2, columnspacing=1.0,
        )  # fmt: skip
    faces = next(iter(about["groups"].values()))["samples"]
    counts = {group["samples"] for group in about["groups"].values()}
    each = f"{faces:,} faces in each group" if len(counts) == 1 else f"{min(counts):,} to {max(counts):,} faces a group"
    figure.suptitle(f"{about['title']}; {each}", x=0.01, ha="left", **font(TITLE))
    figure.supxlabel("line: 95 % interval over persons", x=0.99, ha="right", **font(SMALL))
    return write(figure, path)


def _points(axes: Axes, figures: list[Mapping], measure: str, shift: float, joined: bool) -> None:
    color = COLORS[measure]
    known = [(place + shift, figure) for place, figure in enumerate(figures) if figure["value"] is not None]
    places, values = [place for place, _ in known], [figure["value"] for _, figure in known]
    axes.plot(
        places,
        values,
        "o-" if joined else "o",
        color=color,
        label=MEASURES[measure].title,
        markersize=5,
        linewidth=1.2,
    )
    for place, figure in known:
        if figure["low"] is not None:
            axes.vlines(place, figure["low"], figure["high"], color=color, linewidth=1.4)

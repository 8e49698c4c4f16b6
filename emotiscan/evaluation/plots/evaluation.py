"""Plots of an evaluation report: confusion matrices, calibration, and how well action units are predicted."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import ArrayLike

from emotiscan import facs
from emotiscan.evaluation.plots.style import (
    BLUE,
    GRAY,
    INK,
    NOTHING,
    ORANGE,
    SKY,
    SMALL,
    TEXT,
    TITLE,
    blank,
    font,
    style,
    write,
)
from emotiscan.reports import AUReport, EvaluationReport

AU_COLUMNS = 5
"""Action units side by side in `au_confusions`."""


def emotion_confusion(report: EvaluationReport, path: str | Path) -> Path:
    """Plot the confusion matrix of the emotions, and beside it the one without neutral if the report has it.

    Raises:
        ValueError: the report has no emotions.
    """
    emotion = report.emotion
    if emotion is None:
        raise ValueError(NOTHING + "the report has no emotions")
    parts = {"All emotions" if emotion.without_neutral else "Emotions": emotion}
    if emotion.without_neutral:
        parts["Without neutral"] = emotion.without_neutral
    figure = blank(4.6 if len(parts) == 2 else 5.2)
    for axes, (title, part) in zip(figure.subplots(1, len(parts), squeeze=False)[0], parts.items(), strict=True):
        rows = [f"{name}\n{part.classes[name].support:,}" for name in part.labels]
        _confusion(axes, part.confusion, rows, part.labels, TEXT)
        title += f"\naccuracy {part.accuracy:.2f}\nmacro F1 {part.macro_f1:.2f}"
        axes.set_title(title, loc="left", linespacing=1.4, **font(TITLE))
        axes.set_xlabel("predicted emotion (each row: 100%)", **font(TEXT))
        axes.set_ylabel("true emotion, faces", **font(TEXT))
    return write(figure, path)


def reliability_diagram(
    report: EvaluationReport, path: str | Path, uncalibrated: EvaluationReport | None = None
) -> Path:
    """Plot how often the most probable emotion is right, by its probability.

    Args:
        report: with the calibration that is in use.
        path: PNG file to write.
        uncalibrated: the report before calibration, for a panel beside it; None: one panel.

    Raises:
        ValueError: a report has no reliability of emotions (older ones have none).
    """
    reports = (
        {"Before calibration": uncalibrated, "After calibration": report} if uncalibrated else {"Emotions": report}
    )
    emotions = [(title, one.emotion) for title, one in reports.items() if one]
    parts = {title: emotion for title, emotion in emotions if emotion and emotion.reliability}
    if len(parts) < len(reports):
        raise ValueError(NOTHING + "the report has no reliability of emotions")
    figure = blank(4.6)
    for axes, (title, part) in zip(figure.subplots(1, len(parts), squeeze=False)[0], parts.items(), strict=True):
        counts = np.array([one.count for one in part.reliability])
        edges, faces = np.linspace(0, 100, len(counts) + 1), 100 * counts / counts.sum()
        axes.bar(edges[:-1], faces, np.diff(edges), align="edge", color=SKY, edgecolor="white", label="of all faces")
        axes.plot((0, 100), (0, 100), color=INK, linewidth=1, linestyle=(0, (4, 3)), label="perfect calibration")
        filled = [one for one in part.reliability if one.count]
        confidence = 100 * np.array([one.confidence for one in filled], float)
        accuracy = 100 * np.array([one.accuracy for one in filled], float)
        axes.plot(confidence, accuracy, color=ORANGE, linewidth=1.5)
        sizes = 12 + 60 * np.sqrt(counts[counts > 0] / counts.max())
        axes.scatter(confidence, accuracy, sizes, ORANGE, zorder=3, label="right (large dot: many faces)")
        title += f"\ncalibration error {part.ece:.3f}"
        style(axes, title, "probability of the most probable emotion (%)", "share of the faces (%)", grid="both")
        axes.set(xlim=(0, 103), ylim=(0, 103), aspect="equal")
        axes.legend(loc="upper left", frameon=False, fontsize=SMALL, labelcolor=INK)
    return write(figure, path)


def au_confusions(report: EvaluationReport, path: str | Path) -> Path:
    """Plot the confusion matrix of each action unit, with its F1 and threshold.

    Raises:
        ValueError: the report has no action unit with a known label.
    """
    action_units = _labeled_action_units(report)
    rows = -(-len(action_units) // AU_COLUMNS)
    figure = blank(1.9 * rows + 0.6)
    figure.suptitle("Action units, faces (each row: 100%)", x=0.01, ha="left", **font(TITLE))
    grid = figure.subplots(rows, AU_COLUMNS, squeeze=False)
    for axes in grid.flat[len(action_units) :]:
        axes.set_axis_off()
    for place, (axes, (au, part)) in enumerate(zip(grid.flat, action_units.items(), strict=False)):
        # Every panel has the same rows and columns; they are named once, at the outer edges.
        lowest, leftmost = place + AU_COLUMNS >= len(action_units), place % AU_COLUMNS == 0
        sides, none = ["absent", "present"], ["", ""]
        _confusion(axes, part.confusion, sides if leftmost else none, sides if lowest else none, SMALL)
        threshold = "" if part.threshold is None else f" at p ≥ {part.threshold:.2f}"
        score = "F1 undefined" if part.f1.value is None else f"F1 {part.f1.value:.2f}{threshold}"
        axes.set_title(f"{au}\n{score}", loc="left", linespacing=1.3, **font(SMALL))
        axes.set_ylabel("true" if leftmost else "", **font(SMALL))
        axes.set_xlabel("predicted" if lowest else "", **font(SMALL))
    return write(figure, path)


def au_scores(report: EvaluationReport, path: str | Path) -> Path:
    """Plot the AUC and F1 of each action unit, with their 95% intervals.

    Raises:
        ValueError: the report has no action unit with a known label.
    """
    action_units = _labeled_action_units(report)
    figure = blank(0.42 * len(action_units) + 1.5)
    axes, places = figure.subplots(), np.arange(len(action_units))
    for shift, key, name, color in ((-0.19, "auc", "AUC", BLUE), (0.19, "f1", "F1", ORANGE)):
        axes.text(1.02, shift - 0.85, name, va="center", weight="bold", **font(SMALL, color))
        for place, score in zip(places + shift, (getattr(part, key) for part in action_units.values()), strict=True):
            if score.value is None:
                axes.text(0.01, place, f"{name} undefined", va="center", **font(SMALL, GRAY))
                continue
            axes.barh(place, score.value, height=0.36, color=color)
            if score.low is not None:
                for width, ink in ((4.0, "white"), (1.6, INK)):  # a white outline makes it visible on the bar
                    axes.hlines(place, score.low, score.high, color=ink, linewidth=width)
            axes.text(1.02, place, f"{score.value:.2f}", va="center", **font(SMALL, color))
    axes.axvline(0.5, color=INK, linewidth=1, linestyle=(0, (4, 3)))
    axes.text(0.5, -0.66, "AUC by chance", ha="center", va="center", **font(SMALL))
    names = [f"{au}  {facs.ACTION_UNITS[au].name}" if au in facs.ACTION_UNITS else au for au in action_units]
    counts = [f"{part.support:,} of {part.known:,} faces" for part in action_units.values()]
    axes.set_yticks(places, [f"{name}\n{count}" for name, count in zip(names, counts, strict=True)], linespacing=1.2)
    mean = report.action_units_mean
    line = f"\nmean AUC {mean.auc:.2f}, mean F1 {mean.f1:.2f}" if mean else ""
    title = f"Action units, and faces that show them{line}"
    style(axes, title, "score (0 to 1); line: 95% interval over subjects", pad=26)
    axes.set(xlim=(0, 1), ylim=(len(action_units) - 0.5, -0.5))
    return write(figure, path)


def _labeled_action_units(report: EvaluationReport) -> dict[str, AUReport]:
    """Action units with a known label.

    Raises:
        ValueError: there are none.
    """
    found = {au: part for au, part in report.action_units.items() if part.known}
    if not found:
        raise ValueError(NOTHING + "the report has no action unit with a known label")
    return found


def _confusion(axes: Axes, counts: ArrayLike, rows: Sequence[str], columns: Sequence[str], size: float) -> None:
    """Plot a confusion matrix; the color is the share of the true class (row), 0 to 100%."""
    counts = np.asarray(counts)
    totals = counts.sum(1, keepdims=True)
    shares = 100 * counts / np.maximum(1, totals)
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=100, aspect="equal")
    for (row, column), count in np.ndenumerate(counts):
        text = f"{shares[row, column]:.0f}%\n{count:,}" if totals[row] else "0"
        ink = "white" if shares[row, column] > 68 else INK  # whichever is legible on that blue
        axes.text(column, row, text, ha="center", va="center", linespacing=1.3, **font(size, ink))
    axes.set_xticks(range(len(columns)), columns)
    axes.set_yticks(range(len(rows)), rows)
    axes.tick_params(labelsize=SMALL, colors=INK, length=0)
    axes.spines[:].set_visible(False)

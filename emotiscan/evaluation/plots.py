"""Pictures of a label table, a training run and an evaluation report, as PNG files."""

from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from numpy.typing import ArrayLike

from emotiscan import facs
from emotiscan.datasets.table import SPLITS, LabelTable
from emotiscan.evaluation import PRESENT
from emotiscan.evaluation.plot_style import (
    BLUE,
    GRAY,
    GREEN,
    INK,
    ORANGE,
    PALE,
    SKY,
    SMALL,
    TEXT,
    TITLE,
    blank,
    font,
    style,
    write,
)

NO_ROWS = "there is nothing to draw: "


def write_plots(
    report: Mapping,
    out_dir: str | Path,
    table: LabelTable | None = None,
    history: pd.DataFrame | None = None,
    uncalibrated: Mapping | None = None,
) -> list[Path]:
    """Draw whatever there is something to draw of; an older report's picture that this one has nothing for goes.

    Args:
        report: of `emotiscan.evaluation.evaluate`; a part that is None gets no picture.
        out_dir: folder for the PNG files, made if missing.
        table: the labeled pictures, for `label_distribution.png`.
        history: figures per epoch (see `learning_curves`), for `learning_curves.png`.
        uncalibrated: the report before calibration, for `reliability_diagram.png`.

    Returns:
        The files written.
    """
    out_dir = Path(out_dir)
    out_dir.mkdir(parents=True, exist_ok=True)
    emotion, au_known = report.get("emotion") or {}, bool(_known_action_units(report))
    wanted: list[tuple[Callable, tuple, bool]] = [
        (label_distribution, (table,), table is not None and len(table) > 0),
        (learning_curves, (history,), history is not None and any(_curve(history, c) is not None for c in CURVES)),
        (emotion_confusion, (report,), bool(emotion)),
        (au_confusions, (report,), au_known),
        (au_scores, (report,), au_known),
        (reliability_diagram, (report, uncalibrated), bool(emotion.get("reliability"))),
    ]
    paths = []
    for draw, (data, *more), there in wanted:
        path = out_dir / f"{draw.__name__}.png"
        if there:
            paths.append(draw(data, path, *more))
        elif data is report:  # beside figures that are new, an old picture would be taken for theirs
            path.unlink(missing_ok=True)
    return paths


def label_distribution(table: LabelTable, path: str | Path) -> Path:
    """Emotions in each split, and how often each action unit is present, absent or unknown.

    Raises:
        ValueError: the table has no rows.
    """
    if not len(table):
        raise ValueError(NO_ROWS + "the table has no rows")
    split_of, labels, k = table.frame["split"].to_numpy(str), table.au_labels, len(table.action_units)
    splits = [split for split in (*SPLITS, "") if (split_of == split).any()]
    heights = [0.34 * (len(table.emotions) + 1) + 1.1, 0.27 * max(1, k) + 1.1]
    figure = blank(sum(heights))
    upper, lower = figure.subfigures(2, 1, height_ratios=heights)

    panels = upper.subplots(1, len(splits), sharex=True, sharey=True, squeeze=False)[0]
    for axes, split in zip(panels, splits, strict=True):
        classes = table.emotion_classes[split_of == split]
        counts = np.array([(classes == place).sum() for place in (*range(len(table.emotions)), -1)])
        shares = 100 * counts / len(classes)
        axes.barh([*table.emotions, "unknown"], shares, color=[BLUE] * len(table.emotions) + [GRAY], height=0.7)
        for place, (count, share) in enumerate(zip(counts, shares, strict=True)):
            axes.annotate(f"{count:,}", (share, place), (4, 0), textcoords="offset points", va="center", **font(SMALL))
        style(axes, f"Emotions, {split or 'no split'}\n{len(classes):,} faces", "share of the faces (%)")
        axes.margins(x=0.25)
    axes.invert_yaxis()

    axes, left = lower.subplots(), np.zeros(k)
    present, known = (labels >= PRESENT).sum(0), (~np.isnan(labels)).sum(0)
    kinds = {"present": (present, BLUE), "absent": (known - present, SKY), "unknown": (len(table) - known, PALE)}
    for kind, (counts, color) in kinds.items():
        shares = 100 * counts / len(table)
        axes.barh(table.action_units, shares, left=left, color=color, label=kind, height=0.74)
        left += shares
    for place, text in enumerate(["present", *(f"{count:,}" for count in present)], start=-1):
        axes.text(101, place, text, va="center", **font(SMALL, BLUE))
    style(axes, f"Action units, {len(table):,} faces", "share of the faces (%)")
    axes.set(xlim=(0, 100), ylim=(max(1, k) - 0.5, -0.5))
    axes.legend(loc="lower right", bbox_to_anchor=(1, 1), ncols=3, frameon=False, fontsize=SMALL, labelcolor=INK)
    return write(figure, path)


def au_pairs(found: Mapping, path: str | Path) -> Path:
    """Of each action unit's pictures, the share in which every other is present too.

    Args:
        found: of `emotiscan.evaluation.dataset_report.survey`.
        path: PNG file to write.
    """
    action_units = list(found["together"])
    shares = np.array([[found["together"][a][b] for b in action_units] for a in action_units], float)
    figure = blank(7.2)
    axes = figure.subplots()
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    for row, column in np.argwhere(~np.isnan(shares)):
        share = shares[row, column]
        if row != column and share >= 0.005:
            color = "white" if share > 0.55 else INK
            axes.text(column, row, f"{100 * share:.0f}", ha="center", va="center", **font(SMALL, color))
    style(axes, "Action units that go together", "also present (% of the row's pictures)", "present", grid="both")
    axes.grid(False)
    axes.set_xticks(range(len(action_units)), action_units, rotation=90)
    axes.set_yticks(range(len(action_units)), action_units)
    return write(figure, path)


CURVES: dict[str, tuple[str, str, str]] = {
    "train_loss": ("Loss", "training", BLUE),
    "val_loss": ("Loss", "validation", ORANGE),
    "val_accuracy": ("Emotions, validation", "accuracy", BLUE),
    "val_macro_f1": ("Emotions, validation", "macro F1", ORANGE),
    "val_au_auc": ("Action units, validation", "mean AUC", GREEN),
}
"""Column of a history to title of its panel, its name there and its color."""


def learning_curves(history: pd.DataFrame, path: str | Path) -> Path:
    """Figures per epoch; the best epoch of each validation figure has a dot.

    Args:
        history: columns `epoch` (from 0; missing: the rows are the epochs) and any of `CURVES`.
        path: PNG file to write.

    Raises:
        ValueError: none of the columns is there, or all are blank.
    """
    curves = {column: _curve(history, column) for column in CURVES}
    curves = {column: curve for column, curve in curves.items() if curve is not None}
    if not curves:
        raise ValueError(f"{NO_ROWS}the history has no figures in any of the columns {', '.join(CURVES)}")
    panels = list(dict.fromkeys(CURVES[column][0] for column in curves))
    figure = blank(3.3)
    for axes, panel in zip(figure.subplots(1, len(panels), squeeze=False)[0], panels, strict=True):
        drawn = {column: curve for column, curve in curves.items() if CURVES[column][0] == panel}
        for column, (epochs, values) in drawn.items():
            _, name, color = CURVES[column]
            if column != "train_loss":
                best = values.argmin() if column == "val_loss" else values.argmax()
                axes.plot(epochs[best], values[best], "o", color=color, markersize=6)
                name = f"{name}, best {values[best]:.3f}"
            axes.plot(epochs, values, color=color, label=name, linewidth=2, marker="o" if len(epochs) == 1 else "")
        style(axes, panel, "epoch", "loss" if panel == "Loss" else "score (0 to 1)", grid="y")
        axes.xaxis.get_major_locator().set_params(integer=True, nbins=6, min_n_ticks=1)
        axes.margins(y=0.12)
        axes.legend(loc="best", frameon=False, fontsize=SMALL, labelcolor=INK)
    return write(figure, path)


def _curve(history: pd.DataFrame, column: str) -> tuple[np.ndarray, np.ndarray] | None:
    """Epochs, counted from 1, and values of a column where it is not blank."""
    if column not in history:
        return None
    values = history[column].to_numpy(float)
    epochs = history["epoch"].to_numpy(float) if "epoch" in history else np.arange(len(values))
    known = np.isfinite(values) & np.isfinite(epochs)
    return (epochs[known] + 1, values[known]) if known.any() else None


def emotion_confusion(report: Mapping, path: str | Path) -> Path:
    """Confusion of the emotions, and beside it the mission's if the report has it.

    Raises:
        ValueError: the report has no emotions.
    """
    emotion = report.get("emotion")
    if emotion is None:
        raise ValueError(NO_ROWS + "the report has no emotions")
    parts = {"All emotions" if emotion.get("mission") else "Emotions": emotion}
    if emotion.get("mission"):
        parts["Without neutral"] = emotion["mission"]
    figure = blank(4.6 if len(parts) == 2 else 5.2)
    for axes, (title, part) in zip(figure.subplots(1, len(parts), squeeze=False)[0], parts.items(), strict=True):
        rows = [f"{name}\n{part['classes'][name]['support']:,}" for name in part["labels"]]
        _confusion(axes, part["confusion"], rows, part["labels"], TEXT)
        title += f"\naccuracy {_text(part['accuracy'])}\nmacro F1 {_text(part['macro_f1'])}"
        axes.set_title(title, loc="left", linespacing=1.4, **font(TITLE))
        axes.set_xlabel("predicted emotion (each row: 100 %)", **font(TEXT))
        axes.set_ylabel("true emotion, faces", **font(TEXT))
    return write(figure, path)


def reliability_diagram(report: Mapping, path: str | Path, uncalibrated: Mapping | None = None) -> Path:
    """How often the most probable emotion is right, by its probability; beside it the same before calibration.

    Args:
        report: of `emotiscan.evaluation.evaluate`.
        path: PNG file to write.
        uncalibrated: the report before calibration; None: one panel.

    Raises:
        ValueError: the report has no reliability of emotions (older ones have none).
    """
    parts = {"Before calibration": uncalibrated, "After calibration": report} if uncalibrated else {"Emotions": report}
    parts = {title: part.get("emotion") or {} for title, part in parts.items()}
    if not all(part.get("reliability") for part in parts.values()):
        raise ValueError(NO_ROWS + "the report has no reliability of emotions")
    figure = blank(4.6)
    for axes, (title, part) in zip(figure.subplots(1, len(parts), squeeze=False)[0], parts.items(), strict=True):
        bins = pd.DataFrame(part["reliability"]).astype(float)
        edges, faces = np.linspace(0, 100, len(bins) + 1), 100 * bins["count"] / bins["count"].sum()
        axes.bar(edges[:-1], faces, np.diff(edges), align="edge", color=SKY, edgecolor="white", label="of all faces")
        axes.plot((0, 100), (0, 100), color=INK, linewidth=1, linestyle=(0, (4, 3)), label="right, if exact")
        filled = bins[bins["count"] > 0]
        confidence, accuracy = 100 * filled["confidence"], 100 * filled["accuracy"]
        axes.plot(confidence, accuracy, color=ORANGE, linewidth=1.5)
        sizes = 12 + 60 * np.sqrt(filled["count"] / filled["count"].max())
        axes.scatter(confidence, accuracy, sizes, ORANGE, zorder=3, label="right (large dot: many faces)")
        title += f"\ncalibration error {_text(part['ece'], 3)}"
        style(axes, title, "probability of the most probable emotion (%)", "share of the faces (%)", grid="both")
        axes.set(xlim=(0, 103), ylim=(0, 103), aspect="equal")
        axes.legend(loc="upper left", frameon=False, fontsize=SMALL, labelcolor=INK)
    return write(figure, path)


def au_confusions(report: Mapping, path: str | Path) -> Path:
    """Confusion of each action unit, with its F1 and threshold.

    Raises:
        ValueError: the report has no action unit with a known label.
    """
    action_units = _known_action_units(report)
    if not action_units:
        raise ValueError(NO_ROWS + "the report has no action unit with a known label")
    columns = 5
    rows = -(-len(action_units) // columns)
    figure = blank(1.9 * rows + 0.6)
    figure.suptitle("Action units, faces (each row: 100 %)", x=0.01, ha="left", **font(TITLE))
    grid = figure.subplots(rows, columns, squeeze=False)
    for axes in grid.flat[len(action_units) :]:
        axes.set_axis_off()
    for place, (axes, (au, part)) in enumerate(zip(grid.flat, action_units.items(), strict=False)):
        # Every panel has the same rows and columns; words once, at the outer edges.
        lowest, leftmost = place + columns >= len(action_units), place % columns == 0
        sides, none = ["absent", "present"], ["", ""]
        _confusion(axes, part["confusion"], sides if leftmost else none, sides if lowest else none, SMALL)
        f1 = part["f1"]["value"]
        score = "F1 not defined" if f1 is None else f"F1 {f1:.2f} at p ≥ {part['threshold']:.2f}"
        axes.set_title(f"{au}\n{score}", loc="left", linespacing=1.3, **font(SMALL))
        axes.set_ylabel("true" if leftmost else "", **font(SMALL))
        axes.set_xlabel("predicted" if lowest else "", **font(SMALL))
    return write(figure, path)


def au_scores(report: Mapping, path: str | Path) -> Path:
    """AUC and F1 of each action unit, with their 95 % intervals.

    Raises:
        ValueError: the report has no action unit with a known label.
    """
    action_units = _known_action_units(report)
    if not action_units:
        raise ValueError(NO_ROWS + "the report has no action unit with a known label")
    figure = blank(0.42 * len(action_units) + 1.5)
    axes, places = figure.subplots(), np.arange(len(action_units))
    for shift, key, name, color in ((-0.19, "auc", "AUC", BLUE), (0.19, "f1", "F1", ORANGE)):
        axes.text(1.02, shift - 0.85, name, va="center", weight="bold", **font(SMALL, color))
        for place, score in zip(places + shift, (part[key] for part in action_units.values()), strict=True):
            if score["value"] is None:
                axes.text(0.01, place, f"{name} not defined", va="center", **font(SMALL, GRAY))
                continue
            axes.barh(place, score["value"], height=0.36, color=color)
            if score["low"] is not None:
                for width, ink in ((4.0, "white"), (1.6, INK)):  # a white rim, to be seen on the bar
                    axes.hlines(place, score["low"], score["high"], color=ink, linewidth=width)
            axes.text(1.02, place, f"{score['value']:.2f}", va="center", **font(SMALL, color))
    axes.axvline(0.5, color=INK, linewidth=1, linestyle=(0, (4, 3)))
    axes.text(0.5, -0.66, "AUC by chance", ha="center", va="center", **font(SMALL))
    words = [f"{au}  {facs.ACTION_UNITS[au].name}" if au in facs.ACTION_UNITS else au for au in action_units]
    counts = [f"{part['support']:,} of {part['known']:,} faces" for part in action_units.values()]
    axes.set_yticks(places, [f"{name}\n{count}" for name, count in zip(words, counts, strict=True)], linespacing=1.2)
    mean = report.get("codes_mean")
    line = f"\nmean AUC {_text(mean['auc'])}, mean F1 {_text(mean['f1'])}" if mean else ""
    title = f"Action units, and faces that show them{line}"
    style(axes, title, "score (0 to 1); line: 95 % interval over persons", pad=26)
    axes.set(xlim=(0, 1), ylim=(len(action_units) - 0.5, -0.5))
    return write(figure, path)


def _known_action_units(report: Mapping) -> dict[str, Mapping]:
    return {au: part for au, part in (report.get("codes") or {}).items() if part["known"]}


def _confusion(axes: Axes, counts: ArrayLike, rows: list[str], columns: list[str], size: float) -> None:
    """Counts as a matrix; the color is the share of the true class (row), 0 to 100 %."""
    counts = np.asarray(counts)
    totals = counts.sum(1, keepdims=True)
    shares = 100 * counts / np.maximum(1, totals)
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=100, aspect="equal")
    for (row, column), count in np.ndenumerate(counts):
        text = f"{shares[row, column]:.0f} %\n{count:,}" if totals[row] else "0"
        ink = "white" if shares[row, column] > 68 else INK  # where either is legible on the blue
        axes.text(column, row, text, ha="center", va="center", linespacing=1.3, **font(size, ink))
    axes.set_xticks(range(len(columns)), columns)
    axes.set_yticks(range(len(rows)), rows)
    axes.tick_params(labelsize=SMALL, colors=INK, length=0)
    axes.spines[:].set_visible(False)


def _text(score: Mapping[str, float | None], decimals: int = 2) -> str:
    """A figure of the report in words, e.g. ``"0.81 (0.79 to 0.83)"``."""
    if score["value"] is None:
        return "not defined"
    interval = "" if score["low"] is None else f" ({score['low']:.{decimals}f} to {score['high']:.{decimals}f})"
    return f"{score['value']:.{decimals}f}{interval}"

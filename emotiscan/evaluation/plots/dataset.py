"""Plots of a label table: its labels by split, and which action units go together."""

from pathlib import Path

import numpy as np

from emotiscan.datasets.table import SPLITS, LabelTable
from emotiscan.evaluation.bootstrap import PRESENT
from emotiscan.evaluation.dataset_report import DatasetReport
from emotiscan.evaluation.plots.style import (
    BLUE,
    GRAY,
    INK,
    NOTHING,
    PALE,
    SKY,
    SMALL,
    blank,
    font,
    style,
    write,
)


def label_distribution(table: LabelTable, path: str | Path) -> Path:
    """Plot the emotions in each split, and how often each action unit is present, absent or unknown.

    Raises:
        ValueError: the table has no rows.
    """
    if not len(table):
        raise ValueError(NOTHING + "the table has no rows")
    split_of, labels, k = table.frame["split"].to_numpy(str), table.au_labels, len(table.action_units)
    splits = [split for split in (*SPLITS, "") if (split_of == split).any()]
    heights = [0.34 * (len(table.emotions) + 1) + 1.1, 0.27 * max(1, k) + 1.1]
    figure = blank(sum(heights))
    upper, lower = figure.subfigures(2, 1, height_ratios=heights, squeeze=False)[:, 0]

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


def au_pairs(report: DatasetReport, path: str | Path) -> Path:
    """Plot which action units go together: of one unit's images, the share that shows another one too."""
    action_units = list(report.together)
    shares = np.array([[report.together[a][b] for b in action_units] for a in action_units], float)
    figure = blank(7.2)
    axes = figure.subplots()
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    for row, column in np.argwhere(~np.isnan(shares)):
        share = shares[row, column]
        if row != column and share >= 0.005:
            color = "white" if share > 0.55 else INK
            axes.text(column, row, f"{100 * share:.0f}", ha="center", va="center", **font(SMALL, color))
    style(axes, "Action units that go together", "also present (% of the row's images)", "present", grid="both")
    axes.grid(False)
    axes.set_xticks(range(len(action_units)), action_units, rotation=90)
    axes.set_yticks(range(len(action_units)), action_units)
    return write(figure, path)

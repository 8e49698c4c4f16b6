"""Report on a data set before training on it.

Counts of emotions and action units, which action units go together, images per subject, what is missing, and rows that
look like mistakes.
"""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from emotiscan import facs
from emotiscan.datasets.columns import quality_column
from emotiscan.datasets.storage import read_file
from emotiscan.datasets.table import LabelTable
from emotiscan.evaluation.bootstrap import PRESENT, Bools
from emotiscan.images import ImageError
from emotiscan.reports.record import Record


@dataclass(frozen=True)
class ImagesPerSubject(Record):
    """Number of images per subject."""

    minimum: int
    median: float
    maximum: int


@dataclass(frozen=True)
class SplitCounts(Record):
    """Numbers of images and subjects in a split."""

    images: int
    subjects: int


@dataclass(frozen=True)
class LabelCounts(Record):
    """Numbers of images in which an action unit is present, absent, and not labeled."""

    present: int
    absent: int
    unknown: int


@dataclass(frozen=True)
class SideCounts(Record):
    """Numbers of images in which an action unit moves one side of the face only, and both sides."""

    one_sided: int
    two_sided: int


@dataclass(frozen=True)
class SuspiciousRow(Record):
    """An image whose labels look like a mistake, and why."""

    image: str
    reason: str


@dataclass(frozen=True)
class DatasetReport(Record):
    """What a data set holds.

    Attributes:
        images, subjects: numbers of images and of subjects.
        images_per_subject: minimum, median and maximum.
        splits: counts by split; "none" for images in no split.
        emotions: images by emotion, and "unknown".
        action_units: counts by action unit.
        together: share of the images showing an action unit that also show another one, among those labeled for both;
            None if there are none.
        suspicious: rows that look like mistakes.
        expressions: images by the expression with most votes; empty, as below, where none is known.
        intensities: images whose intensity is known, by action unit.
        sides: counts by action unit whose sides are known.
        problems: counts by quality problem.
        poses: images whose pose is known.
    """

    images: int
    subjects: int
    images_per_subject: ImagesPerSubject
    splits: Mapping[str, SplitCounts]
    emotions: Mapping[str, int]
    action_units: Mapping[str, LabelCounts]
    together: Mapping[str, Mapping[str, float | None]]
    suspicious: tuple[SuspiciousRow, ...]
    expressions: Mapping[str, int] = field(default_factory=dict)
    intensities: Mapping[str, int] = field(default_factory=dict)
    sides: Mapping[str, SideCounts] = field(default_factory=dict)
    problems: Mapping[str, LabelCounts] = field(default_factory=dict)
    poses: int | None = None

    OMIT_IF_EMPTY: ClassVar = frozenset({"expressions", "intensities", "sides", "problems", "poses"})


def dataset_report(table: LabelTable) -> DatasetReport:
    """Count what a table holds and look for mistakes in it."""
    frame, labels = table.frame, table.au_labels
    subject = frame["source"] + ":" + frame["subject"]
    counts = subject.value_counts()
    present, known = labels >= PRESENT, ~np.isnan(labels)
    classes = table.emotion_classes
    emotions = {name: int((classes == place).sum()) for place, name in enumerate(table.emotions)}
    return DatasetReport(
        images=len(table),
        subjects=len(counts),
        images_per_subject=ImagesPerSubject(int(counts.min()), float(counts.median()), int(counts.max())),
        splits={
            str(split) or "none": SplitCounts(len(rows), int(subject[rows.index].nunique()))
            for split, rows in frame.groupby("split", sort=False)
        },
        emotions=emotions | {"unknown": int((classes < 0).sum())},
        action_units={au: _label_counts(labels[:, k]) for k, au in enumerate(table.action_units)},
        together=_together(table.action_units, present, known),
        suspicious=tuple(_suspicious(table)),
        **_further_counts(table),
    )


def _label_counts(labels: NDArray[np.floating]) -> LabelCounts:
    present, known = labels >= PRESENT, ~np.isnan(labels)
    return LabelCounts(int(present.sum()), int((known & ~present).sum()), int((~known).sum()))


def _further_counts(table: LabelTable) -> dict[str, Any]:
    """Counts of expressions, intensities, sides, quality problems and poses, where any is known."""
    votes, sides = table.expression_votes, table.sides
    graded: Bools = np.asarray(~np.isnan(votes).any(1))
    known: Bools = ~np.isnan(table.intensities)
    winners = np.bincount(votes[graded].argmax(1), minlength=len(facs.EXPRESSIONS))
    both_known: Bools = np.asarray(~np.isnan(sides).any(2))
    present = sides >= PRESENT
    one, two = both_known & (present[..., 0] != present[..., 1]), both_known & present.all(2)
    poses = int((~np.isnan(table.pose).any(1)).sum())
    return {
        "expressions": dict(zip(facs.EXPRESSIONS, winners.tolist(), strict=True)) if graded.any() else {},
        "intensities": {au: int(known[:, k].sum()) for k, au in enumerate(table.action_units) if known[:, k].any()},
        "sides": {
            au: SideCounts(int(one[:, k].sum()), int(two[:, k].sum()))
            for k, au in enumerate(table.action_units)
            if both_known[:, k].any()
        },
        "problems": {problem: _label_counts(table.values([quality_column(problem)])) for problem in table.problems},
        "poses": poses or None,
    }


def _together(action_units: tuple[str, ...], present: Bools, known: Bools) -> dict[str, dict[str, float | None]]:
    both = present.T.astype(int) @ present.astype(int)
    of = present.T.astype(int) @ known.astype(int)
    return {
        au: {other: round(both[i, j] / of[i, j], 4) if of[i, j] else None for j, other in enumerate(action_units)}
        for i, au in enumerate(action_units)
    }


def _suspicious(table: LabelTable) -> Iterator[SuspiciousRow]:
    places = {au: k for k, au in enumerate(table.action_units)}
    labels, classes = table.au_labels, table.emotion_classes

    def holds(row: int, au: str, present: bool) -> bool:
        value = labels[row, places[au]] if au in places else np.nan
        return bool(value >= PRESENT) == present and not np.isnan(value)

    seen: dict[str, int] = {}
    for row, (root, image) in enumerate(zip(table.frame["root"], table.frame["image"], strict=True)):
        emotion = table.emotions[classes[row]] if classes[row] >= 0 else None
        reasons = []
        if emotion is None and np.isnan(labels[row]).all():
            reasons.append("it has no labels: neither an emotion nor any action unit")
        if holds(row, "AU26", True) and holds(row, "AU27", True):
            reasons.append("AU26 and AU27 together: a jaw either drops or is stretched; label one of them")
        if holds(row, "AU27", True) and holds(row, "AU25", False):
            reasons.append("AU27 without AU25: the mouth is stretched open, but the lips do not part")
        if emotion == facs.POSITIVE and holds(row, "AU12", False) and holds(row, "AU6", False):
            reasons.append("positive without AU6 and AU12: no sign of a smile")
        reasons += _file_problems(table, row, str(root), str(image), seen)
        yield from (SuspiciousRow(str(image), reason) for reason in reasons)


def _file_problems(table: LabelTable, row: int, root: str, image: str, seen: dict[str, int]) -> Iterator[str]:
    try:
        digest = hashlib.sha256(read_file(root, image)).hexdigest()
    except ImageError as error:
        yield str(error)
        return
    first = seen.setdefault(digest, row)
    if first == row:
        return
    other = table.frame.iloc[first]
    same = np.array_equal(table.au_labels[first], table.au_labels[row], equal_nan=True)
    same &= bool(table.emotion_classes[first] == table.emotion_classes[row])
    yield f"the same image as {other['image']}" + ("" if same else ", with other labels")
    if other["split"] != table.frame["split"].iloc[row]:
        yield f"the same image as {other['image']}, which is in another split"

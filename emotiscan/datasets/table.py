"""The label table into which every data set is loaded.

One row per image. Unknown labels are blank (NaN), never 0: losses and metrics mask them.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from emotiscan import facs
from emotiscan.datasets.columns import (
    EXPRESSION_AGREEMENT,
    EXPRESSION_COLUMNS,
    LEARNED_PROBLEMS,
    POSE_COLUMNS,
    QUALITY_COLUMNS,
    columns_of_au,
    expression_column,
    intensity_column,
    optional_columns,
    quality_column,
    side_columns,
    side_intensity_columns,
)
from emotiscan.datasets.emotion_words import LABEL_OF_WORD, emotion_label
from emotiscan.datasets.errors import TableError
from emotiscan.datasets.storage import names_in

__all__ = [
    "BASE_COLUMNS",
    "PRESENT_INTENSITY",
    "SPLITS",
    "LabelRow",
    "LabelTable",
    "TableError",
    "build_table",
    "join_tables",
    "presence_of",
]

SPLITS = ("train", "validation", "test")
FOUR_CLASS_LABELS = ("negative", "positive")
"""Labels of emotions that are no expressions: a data set that uses them labels the high-level emotions only."""

BASE_COLUMNS = ("source", "root", "image", "maps", "subject", "split", "agreement", "share")

PRESENT_INTENSITY = 2
"""Lowest FACS intensity, of 0 to 5, at which an action unit counts as present, as in most papers on DISFA."""


def presence_of(intensity: float) -> int | None:
    """Presence of an action unit with a FACS intensity from 0 to 5.

    Returns:
        1 from `PRESENT_INTENSITY` up, 0 for intensity 0, and None (unknown) for a trace between the two.
    """
    return 1 if intensity >= PRESENT_INTENSITY else 0 if intensity == 0 else None


@dataclass(frozen=True)
class LabelRow:
    """One image's labels, as a loader reads them.

    Attributes:
        image: its name below the data set's root, with forward slashes.
        subject: name of the person shown; if blank, the image counts as a subject of its own.
        split: "train", "validation", "test" or "".
        line: line of the label file, for messages.
        emotion: one of `emotion_words.LABEL_OF_WORD`, or "" where unknown.
        votes: number of votes for each high-level emotion, in place of `emotion`.
        expression_votes: number of votes for each of `facs.EXPRESSIONS`, in place of `emotion` and `votes`.
        maps: name of its motion maps below the root; ignored where that file is missing.
        action_units: 1 or "1" present, 0 or "0" absent, None or "" unknown; those not named are unknown.
        intensities: FACS intensities of action units, 0 to 5.
        sides: presence, 0 or 1, of action units in the person's right and left half; None where unknown.
        side_intensities: FACS intensities of action units in the person's right and left half, 0 to 5.
        pose: degrees by name, of `columns.POSE_COLUMNS`.
        quality: 1 or 0 by name, of `columns.LEARNED_PROBLEMS`; those not named are unknown.
    """

    image: str
    subject: str = ""
    split: str = ""
    line: int | None = None
    emotion: str = ""
    votes: Mapping[str, int] | None = None
    expression_votes: Mapping[str, int] | None = None
    maps: str = ""
    action_units: Mapping[str, object] = field(default_factory=dict)
    intensities: Mapping[str, float] = field(default_factory=dict)
    sides: Mapping[str, tuple[float | None, float | None]] = field(default_factory=dict)
    side_intensities: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    pose: Mapping[str, float] = field(default_factory=dict)
    quality: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class LabelTable:
    """Images and their labels.

    Attributes:
        frame: one row an image. Columns: `source` (name of the data set), `root` (folder or zip file), `image` (name
            below the root), `maps` (name of its motion maps below the root, or ""), `subject`, `split` ("train",
            "validation", "test" or ""), `agreement` (votes for the winning emotion, NaN without votes), `share`
            (how many times an epoch trains on an image of this data set, on average), one column per emotion (its
            share of the votes, 0 to 1; all NaN where unknown), one per action unit (0 to 1, or NaN) and, where some
            image has such a label, those of `datasets.columns` (NaN where unknown).
        emotions: names and order of the emotion columns.
        action_units: names and order of the action unit columns.
    """

    frame: pd.DataFrame
    emotions: tuple[str, ...]
    action_units: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.frame)

    @property
    def emotion_votes(self) -> NDArray[np.float32]:
        """(n, e) shares of the votes; a row of NaN where the emotion is unknown."""
        return self.frame[list(self.emotions)].to_numpy(np.float32)

    @property
    def au_labels(self) -> NDArray[np.float32]:
        """(n, k) labels, 0 to 1; NaN where unknown."""
        return self.frame[list(self.action_units)].to_numpy(np.float32)

    @property
    def intensities(self) -> NDArray[np.float32]:
        """(n, k) FACS intensities of the action units, 0 to 5; NaN where unknown."""
        return self.values([intensity_column(au) for au in self.action_units])

    @property
    def expressions(self) -> tuple[str, ...]:
        """The expressions that some image shows, in the order of `facs.EXPRESSIONS`.

        Of an emotion none of whose expressions is shown, all count as shown, so that the expressions make up every
        emotion of the table. Empty where no expression is known.
        """
        votes = self.expression_votes
        if np.isnan(votes).all():
            return ()
        shown = {name for name, most in zip(facs.EXPRESSIONS, np.nanmax(votes, axis=0), strict=True) if most > 0}
        made_up = {facs.EMOTION_OF_EXPRESSION[name] for name in shown}
        return tuple(
            name
            for name, emotion in facs.EMOTION_OF_EXPRESSION.items()
            if name in shown or (emotion in self.emotions and emotion not in made_up)
        )

    @property
    def expression_votes(self) -> NDArray[np.float32]:
        """(n, 8) shares of the votes for `facs.EXPRESSIONS`; a row of NaN where unknown."""
        return self.values(EXPRESSION_COLUMNS)

    @property
    def sides(self) -> NDArray[np.float32]:
        """(n, k, 2) presence of the action units in the person's right and left half, 0 to 1; NaN where unknown."""
        names = [name for au in self.action_units for name in side_columns(au)]
        return self.values(names).reshape(len(self), len(self.action_units), 2)

    @property
    def side_intensities(self) -> NDArray[np.float32]:
        """(n, k, 2) FACS intensities in the person's right and left half, 0 to 5; NaN where unknown."""
        names = [name for au in self.action_units for name in side_intensity_columns(au)]
        return self.values(names).reshape(len(self), len(self.action_units), 2)

    @property
    def pose(self) -> NDArray[np.float32]:
        """(n, 3) pitch, yaw and roll of the head in the image, in degrees; NaN where unknown."""
        return self.values(POSE_COLUMNS)

    @property
    def problems(self) -> tuple[str, ...]:
        """Those of `columns.LEARNED_PROBLEMS` of which some image is known to have or not to have them."""
        known = {problem: self.values([quality_column(problem)]) for problem in LEARNED_PROBLEMS}
        return tuple(problem for problem, values in known.items() if not np.isnan(values).all())

    def values(self, columns: Iterable[str]) -> NDArray[np.float32]:
        """(n, c) values of these columns; NaN throughout for one that the table lacks."""
        return self.frame.reindex(columns=list(columns)).to_numpy(np.float32)

    @property
    def emotion_classes(self) -> NDArray[np.int64]:
        """(n,) index of the winning emotion, -1 where unknown."""
        votes = self.emotion_votes
        known = ~np.isnan(votes).any(1) if votes.shape[1] else np.zeros(len(votes), bool)
        classes = np.full(len(votes), -1, np.int64)
        classes[known] = votes[known].argmax(1)
        return classes

    def where(self, mask: NDArray[np.bool_] | pd.Series) -> "LabelTable":
        """The rows for which the mask is true."""
        return LabelTable(self.frame[np.asarray(mask)].reset_index(drop=True), self.emotions, self.action_units)

    def part(self, split: str) -> "LabelTable":
        """The rows of one split."""
        return self.where(self.frame["split"] == split)

    def with_split(self, split: Sequence[str] | NDArray[np.str_]) -> "LabelTable":
        """The same rows, each assigned to a split."""
        return LabelTable(self.frame.assign(split=list(split)), self.emotions, self.action_units)

    def without_labels(self, columns: Iterable[str]) -> "LabelTable":
        """The same rows with these labels (and the intensities and sides of these action units) unknown.

        Names that are no columns are ignored.
        """
        names = [name for column in columns for name in columns_of_au(column)]
        blank = dict.fromkeys((name for name in names if name in self.frame), np.nan)
        return LabelTable(self.frame.assign(**blank), self.emotions, self.action_units)

    def without_problems(self) -> "LabelTable":
        """The same rows; where it is unknown whether the face is blurred or covered, it is taken not to be."""
        frame = self.frame.reindex(columns=list(dict.fromkeys([*self.frame.columns, *QUALITY_COLUMNS])))
        known = frame[list(QUALITY_COLUMNS)].astype(float).fillna(0.0)
        return LabelTable(frame.assign(**{str(n): known[n] for n in known}), self.emotions, self.action_units)


def build_table(
    rows: Iterable[LabelRow],
    *,
    file: str | Path,
    root: str | Path,
    source: str,
    emotions: tuple[str, ...] = facs.EMOTIONS_WITH_NEUTRAL,
    action_units: tuple[str, ...] | None = None,
) -> LabelTable:
    """Check the rows that a loader read and make a table of them.

    Args:
        rows: one an image.
        file: where the labels came from, for messages.
        root: folder or zip file that holds the images.
        source: name of the data set.
        emotions: the emotions that it may have.
        action_units: the action units that it may have. By default those of `facs.MISSION_AU_NAMES`, and the others
            of `facs.AU_NAMES` that at least one row labels.

    Raises:
        TableError: no rows, a duplicate or missing image, an unknown emotion, an action unit value other than 0, 1 or
            blank, or a subject in two splits.
    """
    present = names_in(root)
    records: list[dict[str, object]] = []
    seen: dict[str, int | None] = {}
    four_classes = False
    for row in rows:
        _check_row(row, seen, present, file, root)
        seen[row.image] = row.line
        record: dict[str, object] = {
            "source": source,
            "root": str(root),
            "image": row.image,
            "maps": row.maps if row.maps in present else "",
            "subject": row.subject or row.image,
            "split": row.split,
            "share": 1.0,
        }
        record |= _emotion_record(row, emotions, file)
        four_classes |= emotion_label(row.emotion) in FOUR_CLASS_LABELS
        for au in facs.AU_NAMES if action_units is None else action_units:
            record[au] = _au_value(row.action_units.get(au), au, file, row.line)
        record |= _further_labels(row)
        records.append(record)
    if not records:
        raise TableError(file, "it has no rows; at least one labeled image is needed")
    frame = pd.DataFrame(records)
    if action_units is None:
        known = set(facs.MISSION_AU_NAMES) | {au for au in facs.AU_NAMES if frame[au].notna().any()}
        action_units = tuple(au for au in facs.AU_NAMES if au in known)
    if four_classes:  # "neutral" and "surprise" alone do not make expressions
        frame = frame.drop(columns=[*EXPRESSION_COLUMNS, EXPRESSION_AGREEMENT], errors="ignore")
    optional = [name for name in optional_columns(action_units) if name in frame and frame[name].notna().any()]
    frame = frame[[*BASE_COLUMNS, *emotions, *action_units, *optional]]
    table = LabelTable(frame, emotions, action_units)
    _check_subjects(table, file)
    return table


def _check_row(
    row: LabelRow, seen: Mapping[str, int | None], present: frozenset[str], file: str | Path, root: str | Path
) -> None:
    if row.image in seen:
        first = f" in line {seen[row.image]}" if seen[row.image] else ""
        raise TableError(file, f"{row.image} was already labeled{first}; keep one of the two", row.line)
    if not row.image:
        raise TableError(file, "the image's name is blank; write it or delete this line", row.line)
    if row.image not in present:
        raise TableError(file, f"there is no image {row.image} in {root}; add it or delete this line", row.line)
    if row.split not in ("", *SPLITS):
        raise TableError(file, f"split is “{row.split}”; use {', '.join(SPLITS)} or leave it blank", row.line)


def _emotion_record(row: LabelRow, emotions: tuple[str, ...], file: str | Path) -> dict[str, float]:
    """The columns of a row's emotion, and of its expression where that is known."""
    votes, expressions = row.votes, row.expression_votes
    voted = votes is not None or expressions is not None
    if not voted:
        if not row.emotion.strip():
            return dict.fromkeys(emotions, np.nan) | {"agreement": np.nan}
        label = emotion_label(row.emotion)
        if label is None:
            words = ", ".join(LABEL_OF_WORD)
            raise TableError(file, f"unknown emotion “{row.emotion}”; use one of: {words}", row.line)
        votes = {facs.high_level_emotion(label): 1}
        expressions = {label: 1} if label in facs.EXPRESSIONS else None
    elif votes is None:
        votes = Counter()
        for expression, count in (expressions or {}).items():
            votes[facs.EMOTION_OF_EXPRESSION[expression]] += count
    assert votes is not None
    unknown = set(votes) - set(emotions)
    if unknown:
        raise TableError(
            file, f"emotion “{min(unknown)}” is none of this table's emotions: {', '.join(emotions)}", row.line
        )
    total = sum(votes.values())
    record = {name: votes.get(name, 0) / total for name in emotions}
    record["agreement"] = float(max(votes.values())) if voted else np.nan
    if expressions is not None:
        record |= {expression_column(name): expressions.get(name, 0) / total for name in facs.EXPRESSIONS}
        record[EXPRESSION_AGREEMENT] = float(max(expressions.values())) if voted else np.nan
    return record


def _further_labels(row: LabelRow) -> dict[str, float | None]:
    """The columns of a row's intensities, sides, pose and quality, without those that it does not name."""
    record: dict[str, float | None] = {intensity_column(au): value for au, value in row.intensities.items()}
    for au, halves in row.sides.items():
        record |= dict(zip(side_columns(au), halves, strict=True))
    for au, intensities in row.side_intensities.items():
        record |= dict(zip(side_intensity_columns(au), intensities, strict=True))
    record |= row.pose
    record |= {quality_column(problem): value for problem, value in row.quality.items()}
    return record


def _au_value(value: object, au: str, file: str | Path, line: int | None) -> float:
    text = "" if value is None else str(value).strip()
    if text == "":
        return np.nan
    try:
        number = float(text)
    except ValueError:
        number = np.nan
    if number not in (0.0, 1.0):
        raise TableError(file, f"{au} is “{text}”; write 1 (present), 0 (absent) or leave it blank (unknown)", line)
    return number


def _check_subjects(table: LabelTable, file: str | Path) -> None:
    assigned = table.frame[table.frame["split"] != ""]
    splits = assigned.groupby("subject")["split"].nunique()
    repeated = splits[splits > 1]
    if len(repeated):
        subject = repeated.index[0]
        where = " and ".join(sorted(assigned.loc[assigned["subject"] == subject, "split"].unique()))
        raise TableError(file, f"subject {subject} is in {where}; put each subject into one split only")


def join_tables(tables: Sequence[LabelTable]) -> LabelTable:
    """Join several data sets into one table; a column is blank for the data sets that lack it.

    The emotions are the union in the vocabulary's order, without those that no row ever has; all
    of them where no emotion is known at all.
    """
    union = [e for e in facs.EMOTIONS_WITH_NEUTRAL if any(e in t.emotions for t in tables)]
    emotions = [e for e in union if any(e in t.emotions and t.frame[e].max() > 0 for t in tables)] or union
    known_units = [au for au in facs.ACTION_UNITS if any(au in t.action_units for t in tables)]
    action_units = tuple(dict.fromkeys([*known_units, *(au for t in tables for au in t.action_units)]))
    optional = [name for name in optional_columns(action_units) if any(name in t.frame for t in tables)]
    frames = []
    for table in tables:
        known = ~np.isnan(table.emotion_votes).any(1)
        frame = table.frame.reindex(columns=[*BASE_COLUMNS, *emotions, *action_units, *optional])
        votes = frame[emotions].to_numpy(np.float64, copy=True)
        votes[known] = np.nan_to_num(votes[known], nan=0.0)
        frame[emotions] = votes
        frames.append(frame)
    return LabelTable(pd.concat(frames, ignore_index=True), tuple(emotions), action_units)

"""The one label table that every data set becomes.

One row a picture. What is not known is blank (NaN), never 0: losses and metrics mask it.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from emotiscan import facs
from emotiscan.datasets.storage import names_in

SPLITS = ("train", "validation", "test")
BASE_COLUMNS = ("source", "root", "image", "maps", "subject", "split", "agreement", "share")


MAX_PROBLEM_LENGTH = 400
"""Characters of an error's message: a broken file may quote itself at any length."""


class TableError(ValueError):
    """A label table is broken; the message names the file, the line and what to do."""

    def __init__(self, file: str | Path, problem: str, line: int | None = None) -> None:
        place = f"{file}, line {line}" if line else f"{file}"
        problem = problem if len(problem) <= MAX_PROBLEM_LENGTH else f"{problem[:MAX_PROBLEM_LENGTH]} …"
        super().__init__(f"{place}: {problem}")


@dataclass(frozen=True)
class LabelTable:
    """Pictures and what is known of each.

    Attributes:
        frame: one row a picture. Columns: `source` (name of the data set), `root` (folder or zip
            file), `image` (name below the root), `maps` (name of its movement maps below the root,
            or ""), `subject`, `split` ("train", "validation", "test" or ""), `agreement` (votes for
            the winning emotion, NaN where nobody voted), `share` (how many times an epoch trains on
            a picture of this data set, on average), one column per emotion (its share of the votes,
            0 to 1; all NaN where unknown) and one per action unit (0 to 1, or NaN).
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

    def with_split(self, split: Sequence[str] | NDArray) -> "LabelTable":
        """The same rows, each assigned to a split."""
        return LabelTable(self.frame.assign(split=list(split)), self.emotions, self.action_units)

    def without_labels(self, columns: Iterable[str]) -> "LabelTable":
        """The same rows, these columns unknown; names that are no columns are passed over."""
        blank = [name for name in columns if name in self.frame]
        return LabelTable(self.frame.assign(**dict.fromkeys(blank, np.nan)), self.emotions, self.action_units)


def build_table(
    rows: Iterable[dict[str, object]],
    *,
    file: str | Path,
    root: str | Path,
    source: str,
    emotions: tuple[str, ...] = facs.EMOTIONS_WITH_NEUTRAL,
    action_units: tuple[str, ...] = facs.AU_NAMES,
) -> LabelTable:
    """Check rows that a loader read, and make a table of them.

    Args:
        rows: dicts with `image` and `subject`, and any of `split`, `line` (in `file`), `emotion`
            (a word), `votes` (mapping of emotion to number of votes), `maps` (name of a file of
            movement maps, passed over where it is missing) and action units (0, 1 or None).
        file: where the labels came from, for messages.
        root: folder or zip file that holds the pictures.

    Raises:
        TableError: no rows, a duplicate or missing picture, an unknown emotion, an action unit value
            other than 0, 1 or blank, a subject in two splits.
    """
    present = names_in(root)
    records, seen = [], {}
    for row in rows:
        line = row.get("line")
        image = str(row["image"])
        if image in seen:
            raise TableError(file, f"{image} was already labeled in line {seen[image]}; keep one of the two", line)
        if image not in present:
            raise TableError(file, f"there is no picture {image} in {root}; add it or delete this line", line)
        seen[image] = line
        record = {"source": source, "root": str(root), "image": image, "subject": str(row["subject"])}
        maps = str(row.get("maps") or "")
        record |= {"maps": maps if maps in present else "", "split": row.get("split") or "", "share": 1.0}
        if record["split"] not in ("", *SPLITS):
            raise TableError(file, f"split is “{record['split']}”; use {', '.join(SPLITS)} or leave it blank", line)
        record |= _emotion_record(row, emotions, file, line)
        for au in action_units:
            record[au] = _au_value(row.get(au), au, file, line)
        records.append(record)
    if not records:
        raise TableError(file, "it has no rows; at least one labeled picture is needed")
    frame = pd.DataFrame(records)
    table = LabelTable(frame[[*BASE_COLUMNS, *emotions, *action_units]], emotions, action_units)
    _check_subjects(table, file)
    return table


def _emotion_record(row: dict, emotions: tuple[str, ...], file: str | Path, line: int | None) -> dict[str, float]:
    votes = row.get("votes")
    if votes is None:
        word = row.get("emotion")
        if word is None or not str(word).strip():
            return dict.fromkeys(emotions, np.nan) | {"agreement": np.nan}
        try:
            votes = {facs.high_level_emotion(str(word)): 1}
        except ValueError as error:
            raise TableError(file, str(error), line) from None
        agreement = np.nan
    else:
        agreement = float(max(votes.values()))
    unknown = set(votes) - set(emotions)
    if unknown:
        raise TableError(file, f"emotion “{min(unknown)}” is none of this table's: {', '.join(emotions)}", line)
    total = sum(votes.values())
    return {name: votes.get(name, 0) / total for name in emotions} | {"agreement": agreement}


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
    twice = splits[splits > 1]
    if len(twice):
        subject = twice.index[0]
        where = " and ".join(sorted(assigned.loc[assigned["subject"] == subject, "split"].unique()))
        raise TableError(file, f"subject {subject} is in {where}; put each person into one split only")


def join_tables(tables: Sequence[LabelTable]) -> LabelTable:
    """Several data sets as one table; a column that one lacks is blank there.

    The emotions are the union in the vocabulary's order, without those that no row ever has; all
    of them where no emotion is known at all.
    """
    union = [e for e in facs.EMOTIONS_WITH_NEUTRAL if any(e in t.emotions for t in tables)]
    emotions = [e for e in union if any(e in t.emotions and t.frame[e].max() > 0 for t in tables)] or union
    action_units = [c for c in facs.ACTION_UNITS if any(c in t.action_units for t in tables)]
    action_units += [c for t in tables for c in t.action_units if c not in action_units]
    frames = []
    for table in tables:
        known = ~np.isnan(table.emotion_votes).any(1)
        frame = table.frame.reindex(columns=[*BASE_COLUMNS, *emotions, *dict.fromkeys(action_units)])
        frame.loc[known, emotions] = frame.loc[known, emotions].fillna(0.0)
        frames.append(frame)
    return LabelTable(pd.concat(frames, ignore_index=True), tuple(emotions), tuple(dict.fromkeys(action_units)))


def subjects_in(table: LabelTable, images: Collection[str], file: str | Path) -> NDArray[np.bool_]:
    """Which rows of the table show a person who is seen in some of its pictures.

    Args:
        images: names of these pictures, as in the table.
        file: where the names came from, for messages.

    Returns:
        (n,)

    Raises:
        TableError: none of the pictures is in the table.
    """
    seen = table.frame["image"].isin(images)
    if not seen.any():
        raise TableError(file, f"none of its pictures is in the table; names look like {table.frame['image'].iloc[0]}")
    return table.frame["subject"].isin(table.frame.loc[seen, "subject"]).to_numpy()


def with_soft_action_units(table: LabelTable, file: str | Path) -> LabelTable:
    """Fill the table's blank action units from a file of probabilities, e.g. a teacher's.

    The file is a CSV with `image` (a name as in the table) and one column per action unit, 0 to 1 or blank.

    Raises:
        TableError: the file is no CSV, a column is missing, a value is no number from 0 to 1, or
            no picture matches.
    """
    try:
        soft = pd.read_csv(file)
    except (OSError, ValueError) as error:  # pandas' own errors are ValueErrors
        raise TableError(file, f"it cannot be read as CSV: {error}") from None
    if "image" not in soft.columns:
        raise TableError(file, "it has no column “image”; add one with the pictures' names")
    action_units = [au for au in table.action_units if au in soft.columns]
    if not action_units:
        raise TableError(file, f"it has no column for any of the action units {', '.join(table.action_units)}")
    numbers = soft[action_units].apply(pd.to_numeric, errors="coerce")
    wrong = (soft[action_units].notna() & ~numbers.ge(0)) | numbers.gt(1)
    if wrong.to_numpy().any():
        row, column = np.argwhere(wrong.to_numpy())[0]
        value = soft[action_units].iloc[row, column]
        raise TableError(
            file, f"{action_units[column]} is “{value}”; write a number from 0 to 1, or leave it blank", int(row) + 2
        )
    soft[action_units] = numbers
    matched = soft.drop_duplicates("image").set_index("image").reindex(table.frame["image"])[action_units]
    if matched.isna().all(axis=None):
        raise TableError(file, f"none of its pictures is in the table; names look like {table.frame['image'].iloc[0]}")
    filled = table.frame[action_units].fillna(matched.reset_index(drop=True))
    return LabelTable(table.frame.assign(**{au: filled[au] for au in action_units}), table.emotions, table.action_units)

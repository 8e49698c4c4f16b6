"""What a data set holds, before anything is trained on it: `python train.py data --data KIND:PATH --out DIR`.

Counts of emotions and action units, which action units go together, pictures of each person, what is missing, and rows that look like
mistakes; as text, as `survey.json`, and as pictures.
"""

import argparse
import hashlib
import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from emotiscan import facs
from emotiscan.datasets.loaders import load_source
from emotiscan.datasets.storage import read_file
from emotiscan.datasets.table import LabelTable, TableError, join_tables
from emotiscan.evaluation import PRESENT
from emotiscan.images import ImageError

MAX_SHOWN = 20
"""Suspicious rows that are printed; survey.json has all of them."""


def argument_parser() -> argparse.ArgumentParser:
    """The command line."""
    parser = argparse.ArgumentParser(prog="train.py data", description=__doc__.split("\n")[0].split(":")[0])
    parser.add_argument(
        "--data", action="append", required=True, metavar="KIND:PATH[,…]", help="a data set, as train.py takes it"
    )
    parser.add_argument("--out", type=Path, metavar="DIR", help="also write survey.json and pictures there")
    return parser


def main(arguments: list[str] | None = None) -> int:
    """Survey, print, and write what was asked for.

    Returns:
        Exit status: 0, or 1 after a mistake.
    """
    parsed = argument_parser().parse_args(arguments)
    try:
        table = join_tables([load_source(source) for source in parsed.data])
        found = summarize(table)
        print_summary(found)
        if parsed.out:
            from emotiscan.evaluation.plots import au_pairs, label_distribution  # matplotlib, not needed else

            parsed.out.mkdir(parents=True, exist_ok=True)
            (parsed.out / "survey.json").write_text(json.dumps(found, indent=1) + "\n")
            label_distribution(table, parsed.out / "label_distribution.png")
            au_pairs(found, parsed.out / "au_pairs.png")
    except (TableError, OSError) as error:
        print(f"train.py data: {error}", file=sys.stderr)
        return 1
    return 0


def summarize(table: LabelTable) -> dict:
    """Everything that is counted.

    Returns:
        A dict that `json.dumps` takes: `pictures`; `persons`; `pictures_of_a_person` (`least`, `median`, `most`);
        `splits`, of each the `pictures` and `persons`; `emotions`, of each the pictures, and those `unknown`; `action_units`,
        of each the pictures with it `present`, `absent` and `unknown`; `together`, of each action unit's pictures the share in
        which every other is present too; `suspicious`, of each doubtful row its `image` and `why`.
    """
    frame, labels = table.frame, table.au_labels
    person = frame["source"] + ":" + frame["subject"]
    counts = person.value_counts()
    present, known = labels >= PRESENT, ~np.isnan(labels)
    classes = table.emotion_classes
    emotions = {name: int((classes == place).sum()) for place, name in enumerate(table.emotions)}
    return {
        "pictures": len(table),
        "persons": len(counts),
        "pictures_of_a_person": {"least": int(counts.min()), "median": counts.median(), "most": int(counts.max())},
        "splits": {
            split or "none": {"pictures": len(rows), "persons": int(person[rows.index].nunique())}
            for split, rows in frame.groupby("split", sort=False)
        },
        "emotions": emotions | {"unknown": int((classes < 0).sum())},
        "codes": {
            au: {
                "present": int(present[:, k].sum()),
                "absent": int((known & ~present)[:, k].sum()),
                "unknown": int((~known)[:, k].sum()),
            }
            for k, au in enumerate(table.action_units)
        },
        "together": _together(table.action_units, present, known),
        "suspicious": list(_suspicious(table)),
    }


def _together(action_units: tuple[str, ...], present: NDArray, known: NDArray) -> dict[str, dict[str, float | None]]:
    both = present.T.astype(int) @ present.astype(int)
    of = present.T.astype(int) @ known.astype(int)
    return {
        au: {other: round(both[i, j] / of[i, j], 4) if of[i, j] else None for j, other in enumerate(action_units)}
        for i, au in enumerate(action_units)
    }


def _suspicious(table: LabelTable) -> Iterator[dict[str, str]]:
    places = {au: k for k, au in enumerate(table.action_units)}
    labels, classes = table.au_labels, table.emotion_classes

    def holds(row: int, au: str, present: bool) -> bool:
        value = labels[row, places[au]] if au in places else np.nan
        return bool(value >= PRESENT) == present and not np.isnan(value)

    seen: dict[str, int] = {}
    for row, (root, image) in enumerate(zip(table.frame["root"], table.frame["image"], strict=True)):
        emotion = table.emotions[classes[row]] if classes[row] >= 0 else None
        doubts = []
        if emotion is None and np.isnan(labels[row]).all():
            doubts.append("nothing is known of it: neither an emotion nor any action unit")
        if holds(row, "AU26", True) and holds(row, "AU27", True):
            doubts.append("AU26 and AU27 together: a jaw drops or is stretched, action units one of them")
        if holds(row, "AU27", True) and holds(row, "AU25", False):
            doubts.append("AU27 without AU25: a mouth is stretched open, but its lips do not part")
        if emotion == facs.POSITIVE and holds(row, "AU12", False) and holds(row, "AU6", False):
            doubts.append("positive without AU6 and AU12: no sign of a smile")
        doubts += _doubts_of_the_file(table, row, str(root), str(image), seen)
        yield from ({"image": str(image), "why": doubt} for doubt in doubts)


def _doubts_of_the_file(table: LabelTable, row: int, root: str, image: str, seen: dict[str, int]) -> Iterator[str]:
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
    yield f"the same picture as {other['image']}" + ("" if same else ", with other labels")
    if other["split"] != table.frame["split"].iloc[row]:
        yield f"the same picture as {other['image']}, which is in another split"


def print_summary(found: Mapping) -> None:
    """The survey as text."""
    of_a_person = found["pictures_of_a_person"]
    print(
        f"{found['pictures']} pictures of {found['persons']} persons, {of_a_person['least']} to {of_a_person['most']} "
        f"of each (median {of_a_person['median']:g})"
    )
    for split, counts in found["splits"].items():
        print(f"  split {split:12s} {counts['pictures']:>7d} pictures {counts['persons']:>6d} persons")
    print("\nemotion         pictures")
    for name, count in found["emotions"].items():
        print(f"{name:14s} {count:>9d}")
    print("\ncode    present   absent  unknown   most often with")
    for au, counts in found["codes"].items():
        others = {other: share for other, share in found["together"][au].items() if other != au and share}
        nearest = sorted(others, key=lambda other: -others[other])[:2]
        words = ", ".join(f"{other} ({100 * others[other]:.0f} %)" for other in nearest)
        print(f"{au:6s} {counts['present']:>8d} {counts['absent']:>8d} {counts['unknown']:>8d}   {words}".rstrip())
    print(f"\n{len(found['suspicious'])} doubtful rows" + (":" if found["suspicious"] else ""))
    for doubt in found["suspicious"][:MAX_SHOWN]:
        print(f"  {doubt['image']}: {doubt['why']}")
    if len(found["suspicious"]) > MAX_SHOWN:
        print(f"  and {len(found['suspicious']) - MAX_SHOWN} more; --out writes all of them to survey.json")

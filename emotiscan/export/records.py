"""Readings as plain records, for files: one a face, or one a picture that could not be read."""

import csv
import io
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # the command line answers --help before it loads the network
    from emotiscan.analysis import Reading

DECIMALS = 4

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")


def record(image: str, number: int, reading: "Reading") -> dict:
    """One face.

    Args:
        image: name of the picture.
        number: the face's place in it, from 0.

    Returns:
        `image`, `face`, `box` (x0, y0, x1, y1 in pixels, or None), `confidence` of the detector,
        `emotion`, whether it is `clear`, `emotions` and `facs` (name to probability), and the action units
        that are `present`; JSON's own types only.
    """
    face = reading.face
    return {
        "image": image,
        "face": number,
        "box": None if face.box is None else [round(side, 1) for side in face.box],
        "confidence": None if face.confidence is None else round(face.confidence, DECIMALS),
        "emotion": reading.emotion,
        "clear": reading.is_clear,
        "emotions": {emotion: round(p, DECIMALS) for emotion, p in reading.emotions.items()},
        "facs": {au: round(p, DECIMALS) for au, p in reading.action_units.items()},
        "present": list(reading.present),
    }


def columns(emotions: Sequence[str], action_units: Sequence[str]) -> list[str]:
    """Columns of a table of records."""
    face = ["image", "face", "x0", "y0", "x1", "y1", "confidence", "emotion", "clear"]
    return [*face, *emotions, *action_units, "present", "error"]


def flat(row: Mapping) -> dict:
    """A record as a row of such a table; one that holds only an `error` leaves the rest blank."""
    kept = {name: row[name] for name in ("image", "face", "confidence", "emotion", "clear", "error") if name in row}
    kept |= dict(zip(("x0", "y0", "x1", "y1"), row.get("box") or (), strict=False))
    return kept | row.get("emotions", {}) | row.get("facs", {}) | {"present": " ".join(row.get("present", ()))}


def csv_text(rows: Sequence[Mapping], emotions: Sequence[str], action_units: Sequence[str]) -> str:
    """Records as a CSV file's text, for a spreadsheet: a name that it would take for a formula gets an apostrophe."""
    text = io.StringIO()
    writer = csv.DictWriter(text, columns(emotions, action_units))
    writer.writeheader()
    for row in rows:
        name = str(row["image"])
        writer.writerow(flat(row) | {"image": f"'{name}" if name.startswith(_FORMULA) else name})
    return text.getvalue()

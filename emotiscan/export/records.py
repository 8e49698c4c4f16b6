"""Readings as plain records: one per face, or one per image that could not be analyzed; and as tables of them."""

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # the command line answers --help before it loads torch or pandas
    from pandas import DataFrame

    from emotiscan.analysis import Reading

DECIMALS = 4
"""Decimal places of probabilities."""

NO_FACE = "No face was found."

_FORMULA_PREFIXES = ("=", "+", "-", "@", "\t", "\r", "\n")


def record(image: str, number: int, reading: "Reading") -> dict[str, Any]:
    """Convert the reading of one face to a record.

    Args:
        image: name of the image.
        number: index of the face in the image, from 0.
        reading: of that face.

    Returns:
        `image`, `face`, `box` (x0, y0, x1, y1 in pixels, or None), `confidence` of the detector, `emotion`, whether it
        is `clear`, `emotions` and `facs` (probability of each emotion and action unit), and the action units that are
        `present`. All values have JSON's own types.
    """
    face = reading.face
    return {
        "image": image,
        "face": number,
        "box": None if face.box is None else [round(coordinate, 1) for coordinate in face.box],
        "confidence": None if face.confidence is None else round(face.confidence, DECIMALS),
        "emotion": reading.emotion,
        "clear": reading.is_clear,
        "emotions": {emotion: round(p, DECIMALS) for emotion, p in reading.emotions.items()},
        "facs": {au: round(p, DECIMALS) for au, p in reading.action_units.items()},
        "present": list(reading.present),
    }


def error_record(image: str, message: str) -> dict[str, Any]:
    """Record of an image that could not be analyzed: `image` and `error`."""
    return {"image": image, "error": message}


def records(image: str, readings: Sequence["Reading"]) -> list[dict[str, Any]]:
    """Convert all readings of an image to records; an image without faces gives one with an `error`."""
    rows = [record(image, number, reading) for number, reading in enumerate(readings)]
    return rows or [error_record(image, NO_FACE)]


def columns(emotions: Sequence[str], action_units: Sequence[str]) -> list[str]:
    """Names of the columns of a table of records.

    Args:
        emotions: labels of the checkpoint.
        action_units: labels of the checkpoint.
    """
    face = ["image", "face", "x0", "y0", "x1", "y1", "confidence", "emotion", "clear"]
    return [*face, *emotions, *action_units, "present", "error"]


def flat(row: Mapping[str, Any]) -> dict[str, Any]:
    """Flatten a record to one value per column; columns without a value are missing."""
    kept = {name: row[name] for name in ("image", "face", "confidence", "emotion", "clear", "error") if name in row}
    kept |= dict(zip(("x0", "y0", "x1", "y1"), row.get("box") or (), strict=False))
    return kept | row.get("emotions", {}) | row.get("facs", {}) | {"present": " ".join(row.get("present", ()))}


def frame(rows: Iterable[Mapping[str, Any]], emotions: Sequence[str], action_units: Sequence[str]) -> "DataFrame":
    """Convert records to a pandas table with the columns of `columns`; missing values are NA.

    Args:
        rows: records.
        emotions: labels of the checkpoint.
        action_units: labels of the checkpoint.
    """
    import pandas as pd

    table = pd.DataFrame([flat(row) for row in rows], columns=columns(emotions, action_units))
    numbers = dict.fromkeys(("x0", "y0", "x1", "y1", "confidence", *emotions, *action_units), "float64")
    table["present"] = table["present"].where(table["error"].isna())  # "" means that no action unit is present
    return table.astype(numbers | {"face": "Int64", "clear": "boolean"})


def csv_text(rows: Sequence[Mapping[str, Any]], emotions: Sequence[str], action_units: Sequence[str]) -> str:
    """Convert records to the text of a CSV file.

    An image name that a spreadsheet would take for a formula gets an apostrophe in front.

    Args:
        rows: records.
        emotions: labels of the checkpoint.
        action_units: labels of the checkpoint.
    """
    text = io.StringIO()
    writer = csv.DictWriter(text, columns(emotions, action_units))
    writer.writeheader()
    for row in rows:
        name = str(row["image"])
        writer.writerow(flat(row) | {"image": f"'{name}" if name.startswith(_FORMULA_PREFIXES) else name})
    return text.getvalue()

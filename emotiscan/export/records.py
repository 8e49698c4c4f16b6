"""Readings as plain records: one per face, or one per image that could not be analyzed; and as tables of them."""

import csv
import io
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from emotiscan import facs

if TYPE_CHECKING:  # the command line answers --help before it loads torch or pandas
    from pandas import DataFrame

    from emotiscan.model.config import ModelConfig
    from emotiscan.reading import Reading, Sides

DECIMALS = 4
"""Decimal places of probabilities."""

PROBLEM_SEPARATOR = "; "
"""Between the quality problems in a table; some have a space in their name."""

NO_FACE = "No face was found."

_FORMULA_PREFIXES = ("=", "+", "-", "@", "\t", "\r", "\n")


def as_cell(text: str) -> str:
    """Put an apostrophe in front of text that a spreadsheet would take for a formula."""
    return f"'{text}" if text.startswith(_FORMULA_PREFIXES) else text


def record(image: str, number: int, reading: "Reading", rotated: int = 0) -> dict[str, Any]:
    """Convert the reading of one face to a record.

    Args:
        image: name of the image.
        number: index of the face in the image, from 0.
        reading: of that face.
        rotated: degrees by which the image was turned (`Analysis.rotated`).

    Returns:
        `image`, `face`, `box` (x0, y0, x1, y1 in pixels, or None), `confidence` of the detector, `emotion`, whether it
        is `clear`, `emotions` and `facs` (probability of each emotion and action unit; None for one that is not
        visible), and the action units that are `present`. As far as the checkpoint predicts them also `expressions`,
        `intensities` (None like `facs`), `sides`, `pose` and `quality`; and `rotated` if the image was turned. All
        values have JSON's own types.
    """
    face = reading.face
    row: dict[str, Any] = {
        "image": image,
        "face": number,
        "rotated": rotated,
        "box": None if face.box is None else [round(coordinate, 1) for coordinate in face.box],
        "confidence": None if face.confidence is None else round(face.confidence, DECIMALS),
        "emotion": reading.emotion,
        "clear": reading.is_clear,
        "emotions": _rounded(reading.emotions, DECIMALS),
        "expressions": _rounded(reading.expressions, DECIMALS),
        "facs": _rounded(reading.action_units, DECIMALS),
        "present": list(reading.present),
        "intensities": _rounded(reading.intensities, 2),
        "sides": {au: _side_record(sides) for au, sides in reading.sides.items()},
    }
    if reading.pose is not None:
        row["pose"] = _rounded(asdict(reading.pose), 1)
    if reading.quality is not None:
        row["quality"] = {"usable": reading.quality.usable, "problems": list(reading.quality.problems)}
    lacking = [name for name in ("rotated", "expressions", "intensities", "sides") if not row[name]]
    return {name: value for name, value in row.items() if name not in lacking}


def _rounded(values: Mapping[str, float], digits: int) -> dict[str, float | None]:
    return {name: None if math.isnan(value) else round(value, digits) for name, value in values.items()}


def _side_record(sides: "Sides") -> dict[str, float]:
    return {"right": round(sides.right, DECIMALS), "left": round(sides.left, DECIMALS)}


def error_record(image: str, message: str) -> dict[str, Any]:
    """Record of an image that could not be analyzed: `image` and `error`."""
    return {"image": image, "error": message}


def records(image: str, readings: Sequence["Reading"], rotated: int = 0) -> list[dict[str, Any]]:
    """Convert all readings of an image to records; an image without faces gives one with an `error`."""
    rows = [record(image, number, reading, rotated) for number, reading in enumerate(readings)]
    return rows or [error_record(image, NO_FACE)]


def columns(config: "ModelConfig") -> list[str]:
    """Names of the columns of a table of records.

    Args:
        config: of the checkpoint that made them.
    """
    sided = [au for au in config.action_units if au in facs.SIDED_AUS] if config.sides else []
    return [
        *("image", "face", "rotated", "x0", "y0", "x1", "y1", "confidence", "emotion", "clear"),
        *config.emotions,
        # An emotion with a single expression has its name and its probability, too.
        *(expression for expression in config.expressions if expression not in config.emotions),
        *config.action_units,
        "present",
        *(f"{au}_intensity" for au in config.action_units if config.intensities),
        *(f"{au}_{side}" for au in sided for side in ("right", "left")),
        *(("pitch", "yaw", "roll") if config.pose else ()),
        *(("usable", "problems", "not_visible") if config.quality else ()),
        "error",
    ]


def flat(row: Mapping[str, Any]) -> dict[str, Any]:
    """Flatten a record to one value per column; columns without a value are missing or None."""
    kept = {name: row[name] for name in ("image", "face", "confidence", "emotion", "clear", "error") if name in row}
    if "face" in row:  # frames of clips are not turned
        kept["rotated"] = row.get("rotated", 0)
    kept |= dict(zip(("x0", "y0", "x1", "y1"), row.get("box") or (), strict=False))
    kept |= row.get("expressions", {}) | row.get("emotions", {}) | row.get("facs", {})
    kept["present"] = " ".join(row.get("present", ()))
    kept |= {f"{au}_intensity": value for au, value in row.get("intensities", {}).items()}
    kept |= {f"{au}_{side}": p for au, sides in row.get("sides", {}).items() for side, p in sides.items()}
    kept |= row.get("pose", {})
    if "quality" in row:
        kept["usable"] = row["quality"]["usable"]
        kept["problems"] = PROBLEM_SEPARATOR.join(row["quality"]["problems"])
        kept["not_visible"] = " ".join(au for au, p in row["facs"].items() if p is None)
    return kept


WORDS = ("image", "emotion", "present", "problems", "not_visible", "error")
"""Columns of text; all others are numbers, or true or false."""


def frame(rows: Iterable[Mapping[str, Any]], config: "ModelConfig") -> "DataFrame":
    """Convert records to a pandas table with the columns of `columns`; missing values are NA.

    Args:
        rows: records.
        config: of the checkpoint that made them.
    """
    import pandas as pd

    table = pd.DataFrame([flat(row) for row in rows], columns=columns(config))
    others = {"face": "Int64", "rotated": "Int64", "clear": "boolean"} | (
        {"usable": "boolean"} if config.quality else {}
    )
    numbers = {name: "float64" for name in table.columns if name not in WORDS}
    table["present"] = table["present"].where(table["error"].isna())  # "" means that no action unit is present
    return table.astype(numbers | others)


def csv_text(rows: Sequence[Mapping[str, Any]], config: "ModelConfig") -> str:
    """Convert records to the text of a CSV file.

    An image name that a spreadsheet would take for a formula gets an apostrophe in front.

    Args:
        rows: records.
        config: of the checkpoint that made them.
    """
    text = io.StringIO()
    writer = csv.DictWriter(text, columns(config))
    writer.writeheader()
    for row in rows:
        writer.writerow(flat(row) | {"image": as_cell(str(row["image"]))})
    return text.getvalue()

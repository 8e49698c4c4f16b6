"""A readable table of results, printed line by line as the images are read."""

import os

from emotiscan.batch.scorer import Record
from emotiscan.export.text import percent
from emotiscan.facs import intensity_letter

_EMOTION = 24
_MIN_NAME, _MAX_NAME = 12, 40


def _unit(record: Record, au: str) -> str:
    """An action unit with its probability and the letter of its intensity, e.g. "AU12 98% C"."""
    letter = intensity_letter(record.get("intensities", {}).get(au, 0.0))
    return f"{au} {percent(record['facs'][au])} {letter}".rstrip()


class TextTable:
    """Formats records as rows of a table with fixed column widths; the rows still to come need not be known."""

    def __init__(self, width: int) -> None:
        """Divide the width among the columns.

        Args:
            width: in characters, e.g. of the terminal. Rows with many action units are longer.
        """
        self._name = max(_MIN_NAME, min(_MAX_NAME, width // 3))

    def header(self) -> str:
        """The column names, as a line."""
        return self._line("image", "face", "emotion", "action units")

    def row(self, record: Record) -> str:
        """One face, or an image with an error, as a line. Faces are counted from 1."""
        name = self._shortened(os.path.basename(record["image"]) or record["image"])
        if "error" in record:
            return self._line(name, "–", record["error"], "")
        emotion = f"{record['emotion']} {percent(record['emotions'][record['emotion']])}"
        emotion = emotion if record["clear"] else f"unclear ({emotion})"
        units = ", ".join(_unit(record, au) for au in record["present"]) or "none"
        notes = list(record.get("quality", {}).get("problems", ()))
        if record.get("rotated"):
            notes.append(f"photo turned by {record['rotated']}°")
        return self._line(name, str(record["face"] + 1), emotion, units + (f" ({', '.join(notes)})" if notes else ""))

    def _line(self, name: str, face: str, emotion: str, action_units: str) -> str:
        return f"{name:{self._name}}  {face:>4}  {emotion:{_EMOTION}}  {action_units}".rstrip() + "\n"

    def _shortened(self, name: str) -> str:
        return name if len(name) <= self._name else "…" + name[1 - self._name :]

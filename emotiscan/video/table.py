"""The readings of a clip as a table, kept in little memory: about half a kilobyte a face and frame."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from emotiscan.export.records import flat, record

if TYPE_CHECKING:
    from pandas import DataFrame

    from emotiscan.reading import Reading

FIRST = ("video", "frame", "time", "track")
"""Columns that a photo's table does not have; they stand in place of `image` and `face`."""


def video_record(video: str, frame: int, time: float, track: int, reading: "Reading") -> dict[str, Any]:
    """Convert one face in one frame to a record (see `export.records.record`).

    Args:
        video: name of the clip.
        frame: number of the frame in the clip, from 0.
        time: presentation time of the frame in seconds.
        track: number of the person.
        reading: of the face.
    """
    values = record("", 0, reading)
    del values["image"], values["face"]
    return {"video": video, "frame": frame, "time": round(time, 6), "track": track} | values


class Table:
    """Collects records, row by row.

    Attributes:
        times: time of each frame in seconds, with or without faces.
        frames: number of each of these frames in the clip.
    """

    def __init__(self, video: str) -> None:
        self._video = video
        self._places: list[tuple[int, float, int]] = []  # frame, time, track
        self._names: dict[str, None] = {}
        self._numbers: list[np.ndarray] = []
        self._texts: list[dict[str, Any]] = []
        self._shared: dict[tuple, dict[str, Any]] = {}
        self.times: list[float] = []
        self.frames: list[int] = []

    def add_frame(self, number: int, time: float) -> None:
        """Note that a frame was read."""
        self.frames.append(number)
        self.times.append(time)

    def add(self, row: Mapping[str, Any]) -> None:
        """Add a record of `video_record`."""
        self._places.append((row["frame"], row["time"], row["track"]))
        found = {name: value for name, value in flat(row).items() if name not in (*FIRST, "rotated")}
        values = {name: float("nan") if value is None else value for name, value in found.items()}  # not visible
        numbers = {name: value for name, value in values.items() if _is_number(value)}
        for name in numbers:
            self._names.setdefault(name)
        missing = float("nan")
        self._numbers.append(np.array([numbers.get(name, missing) for name in self._names], np.float32))
        texts = {name: value for name, value in values.items() if name not in numbers and value is not None}
        self._texts.append(self._shared.setdefault(tuple(sorted(texts.items(), key=repr)), texts))

    def __len__(self) -> int:
        return len(self._places)

    def to_frame(self) -> "DataFrame":
        """Convert to a pandas table with one row per face and frame, in the order of the frames.

        Returns:
            Columns: `video`, `frame`, `time` in seconds, `track`, and those of `Analysis.to_frame` after `face`.
        """
        import pandas as pd

        names = list(self._names)
        numbers = np.full((len(self), len(names)), np.nan, np.float32)
        for row, values in enumerate(self._numbers):
            numbers[row, : len(values)] = values
        places = pd.DataFrame(self._places, columns=list(FIRST[1:]))
        places.insert(0, "video", self._video)
        # Rounded as the records are: 0.98 is not 0.9800000190734863.
        table = pd.DataFrame(numbers.astype(np.float64).round(4), columns=names)
        texts = pd.DataFrame(self._texts, index=table.index)
        if "clear" in texts:
            texts["clear"] = texts["clear"].astype("boolean")
        joined = pd.concat([places, table, texts], axis=1)
        return joined[_ordered(list(joined.columns))]


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _ordered(names: Sequence[str]) -> list[str]:
    """Columns in the order of a photo's table: place, box, emotion, probabilities, and text at the end."""
    start = [*FIRST, "x0", "y0", "x1", "y1", "confidence", "emotion", "clear"]
    last = ["present", "problems", "not_visible", "usable"]
    middle = [name for name in names if name not in start and name not in last]
    return [name for name in [*start, *middle, *last] if name in names]

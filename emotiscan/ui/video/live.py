"""What the server knows of a live camera: the people in the latest frames, and the readings of the last minute."""

import math
from collections import deque
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from emotiscan.analysis import Analyzer
from emotiscan.explain import heat_maps
from emotiscan.explain.methods import DEFAULT_METHOD
from emotiscan.faces import invert
from emotiscan.reading import Reading
from emotiscan.ui import wording
from emotiscan.video.frame_reader import FrameReader
from emotiscan.video.table import Table, video_record

if TYPE_CHECKING:
    from PIL import Image

SEARCH_INTERVAL = 0.4
"""Longest time between two full searches for faces, in seconds; in between, known faces are followed."""

MAX_FACES = 4
"""Faces of one frame that are read: the largest ones."""

RECORDED = 60.0
"""Seconds that are recorded."""

MAX_RECORDED = 4000
"""Readings that are recorded, at most."""

STRONGEST, OFF = "auto", ""
"""Targets of the heat map beside action units and emotions: the most probable present one, and none."""


class LiveSession:
    """Reads what one camera sees. Its memory does not grow, however long it runs.

    Attributes:
        frames: read since the last start.
    """

    def __init__(self, analyzer: Analyzer) -> None:
        """Prepare to read; the camera may start later.

        Args:
            analyzer: reads the faces.
        """
        self._analyzer = analyzer
        self.restart()

    def restart(self) -> None:
        """Forget everything: the camera starts anew."""
        self._reader = FrameReader(self._analyzer, SEARCH_INTERVAL, MAX_FACES)
        self._recorded: deque[dict[str, Any]] = deque(maxlen=MAX_RECORDED)
        self.frames = 0

    def read(self, time: float, image: "Image.Image", target: str = STRONGEST) -> list[dict[str, Any]]:
        """Read the next frame.

        Args:
            time: in seconds since the camera was started.
            image: RGB.
            target: of the heat map.

        Returns:
            What a browser draws of each face, largest first (see `describe`); only the largest has a heat map.
        """
        from emotiscan.video.decode import VideoFrame

        [frame] = self._reader.read([self._reader.find(VideoFrame(self.frames, time, image))])
        self.frames += 1
        while self._recorded and not 0 <= time - self._recorded[0]["time"] <= RECORDED:
            self._recorded.popleft()
        faces = []
        for track, reading in zip(frame.tracks, frame.readings, strict=True):
            self._recorded.append(video_record("", frame.number, time, track, reading))
            faces.append((track, reading))
        faces.sort(key=lambda face: -face[1].face.side)
        return [describe(track, reading, OFF if place else target) for place, (track, reading) in enumerate(faces)]

    def csv_text(self) -> str:
        """The readings of the last minute as a CSV file, one row a face and frame."""
        table = Table("")
        for row in self._recorded:
            table.add(row)
        if not len(table):
            return "frame,time,track\n"
        return table.to_frame().drop(columns="video").to_csv(index=False)


def describe(track: int, reading: Reading, target: str = OFF) -> dict[str, Any]:
    """Describe a face for the browser, which draws it.

    Args:
        track: number of the person.
        reading: of the face.
        target: of the heat map.

    Returns:
        `box` in pixels of the frame, `title`, `headline`, `emotion`, `present`, `emotions` and `units` (probabilities
        in the network's order; None if not visible), `intensities` of the units (empty if the network tells none), and,
        unless it is empty, `map`: `cells` from 0 to 1 and the `matrix` (a to f as in CSS) that maps the unit square to
        the frame.
    """
    emotion = wording.emotion_title(reading.emotion, reading.is_clear)
    described: dict[str, Any] = {
        "box": [round(edge, 1) for edge in reading.face.box or (0.0, 0.0, 0.0, 0.0)],
        "title": f"{track}: {emotion}",
        "headline": wording.headline(reading),
        "emotion": reading.emotion,
        "present": list(reading.present),
        "emotions": _rounded(reading.emotions),
        "units": _rounded(reading.action_units),
        "intensities": _rounded(reading.intensities),
    }
    drawn = _heat_map(reading, target)
    if drawn is not None:
        described["map"] = drawn
    return described


def _rounded(values: Mapping[str, float]) -> list[float | None]:
    return [None if math.isnan(value) else round(value, 3) for value in values.values()]


def _heat_map(reading: Reading, target: str) -> dict[str, Any] | None:
    if target == STRONGEST:
        target = next((au for au in reading.likeliest_action_units if au in reading.present), reading.emotion)
    if reading.model is None or target not in reading.probabilities:
        return None
    found = heat_maps(reading.model, reading.feature_map, [target], DEFAULT_METHOD)[target]
    if found.is_empty:
        return None
    (a, c, e), (b, d, f) = invert(reading.face.to_crop).tolist()
    return {
        "target": target,
        "cells": (found.cells / found.peak).round(2).tolist(),
        "matrix": [round(value, 3) for value in (a, b, c, d, e, f)],
    }

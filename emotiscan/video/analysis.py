"""Reading a clip: each frame as a photo, plus the number of each person.

    for frame in analyzer.analyze_video("clip.mp4"):
        for track, reading in zip(frame.tracks, frame.readings):
            print(frame.time, track, reading.emotion, reading.present)

A frame's readings are those of `Analyzer.analyze`, save that between two full searches, a face is looked for near the
place where it just was (see `finder`). Faces of several frames pass through the network together.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from PIL import Image

from emotiscan.faces import Face
from emotiscan.video.appearance import CutDetector, appearances
from emotiscan.video.decode import Video, VideoFrame
from emotiscan.video.finder import SEARCH_INTERVAL, FaceFinder
from emotiscan.video.prefetch import read_ahead
from emotiscan.video.table import Table, video_record
from emotiscan.video.track import Tracker

if TYPE_CHECKING:
    from pandas import DataFrame

    from emotiscan.analysis import Analyzer, Reading
    from emotiscan.video.timeline import Timeline

BATCH_SIZE = 4
"""Faces that pass through the network together."""

MAX_WAITING = 6
"""Frames that wait for a batch to fill, at most; each is an image in memory."""

MAX_FACES = 64
"""Faces of one frame that are read: the largest ones."""


@dataclass(frozen=True, eq=False)
class AnalyzedFrame:
    """One frame of a clip with what was read in it.

    Attributes:
        number: of the frame in the clip, from 0.
        time: presentation time in seconds, the container's own.
        image: upright, RGB.
        readings: one per face, from left to right.
        tracks: number of the person that each reading belongs to.
        is_cut: whether the clip cuts to another scene with this frame.
    """

    number: int
    time: float
    image: Image.Image
    readings: tuple["Reading", ...]
    tracks: tuple[int, ...]
    is_cut: bool = False

    def __repr__(self) -> str:
        people = ", ".join(f"{track}: {reading!r}" for track, reading in zip(self.tracks, self.readings, strict=True))
        return f"AnalyzedFrame({self.number} at {self.time:.3f} s; {people or 'no face'})"


@dataclass(frozen=True, eq=False)
class _Found:
    """A frame whose faces have numbers, but no readings yet."""

    frame: VideoFrame
    faces: list[Face]
    tracks: list[int]
    is_cut: bool


class VideoAnalysis:
    """The readings of a clip. Iterate over it to read the clip; afterwards it makes tables of all that was read.

    Attributes:
        video: the clip.
        cuts: times of the cuts so far, in seconds.
        is_complete: whether the clip was read to its end.
    """

    def __init__(self, analyzer: "Analyzer", video: Video, search_interval: float = SEARCH_INTERVAL) -> None:
        """Prepare to read a clip.

        Args:
            analyzer: reads the faces.
            video: the clip.
            search_interval: longest time between two full searches for faces in seconds; 0 searches every frame.
        """
        self._analyzer, self._interval = analyzer, search_interval
        self.video = video
        self._start()

    def _start(self) -> None:
        self._table = Table(self.video.name)
        self.cuts: list[float] = []
        self.is_complete = False
        self.__dict__.pop("timeline", None)

    @property
    def notes(self) -> list[str]:
        """What was lost or found damaged in the clip, in sentences for users."""
        return self.video.notes

    def __iter__(self) -> Iterator[AnalyzedFrame]:
        self._start()
        frames = read_ahead(self.video)
        waiting: list[_Found] = []
        try:
            for found in self._find(frames):
                waiting.append(found)
                faces = sum(len(one.faces) for one in waiting)
                if not faces or faces >= BATCH_SIZE or len(waiting) > MAX_WAITING:
                    yield from self._read(waiting)
                    waiting = []
            yield from self._read(waiting)
            self.is_complete = True
        finally:
            frames.close()  # type: ignore[attr-defined]

    def _find(self, frames: Iterator[VideoFrame]) -> Iterator[_Found]:
        finder, tracker = FaceFinder(self._analyzer.detector, self._interval), Tracker()
        cuts = CutDetector()
        for frame in frames:
            cut = cuts.is_cut(frame.image)
            faces = finder.find(frame.time, frame.image, cut)
            if len(faces) > MAX_FACES:
                largest = set(map(id, sorted(faces, key=lambda face: -face.side)[:MAX_FACES]))
                faces = [face for face in faces if id(face) in largest]
            tracks = tracker.update(frame.time, faces, appearances(frame.image, faces), cut)
            if cut:
                self.cuts.append(frame.time)
            yield _Found(frame, faces, tracks, cut)

    def _read(self, found: list[_Found]) -> Iterator[AnalyzedFrame]:
        readings = iter(self._analyzer.read_faces([(one.frame.image, face) for one in found for face in one.faces]))
        for one in found:
            frame, own = one.frame, tuple(next(readings) for _ in one.faces)
            self._table.add_frame(frame.number, frame.time)
            for track, reading in zip(one.tracks, own, strict=True):
                self._table.add(video_record(self.video.name, frame.number, frame.time, track, reading))
            yield AnalyzedFrame(frame.number, frame.time, frame.image, own, tuple(one.tracks), one.is_cut)

    def run(self) -> "VideoAnalysis":
        """Read the clip to its end, if it was not; returns this object."""
        if not self.is_complete:
            for _ in self:
                pass
        return self

    def to_frame(self) -> "DataFrame":
        """Convert what was read to a pandas table with one row per face and frame; reads the clip first if need be.

        Returns:
            Columns: `video`, `frame` (from 0), `time` (seconds), `track`, and those of `Analysis.to_frame` after
            `face`.
        """
        if not len(self._table) and not self._table.frames:
            self.run()
        return self._table.to_frame()

    @cached_property
    def timeline(self) -> "Timeline":
        """Curves over time, events and summaries of each person (see `timeline.Timeline`) of the whole clip."""
        from emotiscan.video.timeline import Timeline

        self.run()
        card = self._analyzer.card
        thresholds = {au: card.calibration.threshold(au) for au in card.config.action_units}
        return Timeline(self.to_frame(), self._table.times, card.config.emotions, thresholds, self.cuts)

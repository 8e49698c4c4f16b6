"""Reading a clip: each frame as a photo, plus the number of each person.

    for frame in analyzer.analyze_video("clip.mp4"):
        for track, reading in zip(frame.tracks, frame.readings):
            print(frame.time, track, reading.emotion, reading.present)

A frame's readings are those of `Analyzer.analyze`, save that between two full searches, a face is looked for near the
place where it just was (see `finder`). While the network reads faces, those of the next frames are found, and further
frames are decoded. Faces of several frames pass through the network together.
"""

from collections.abc import Iterator
from functools import cached_property
from typing import TYPE_CHECKING

from emotiscan.video.decode import Video
from emotiscan.video.finder import SEARCH_INTERVAL
from emotiscan.video.frame_reader import AnalyzedFrame, FoundFrame, FrameReader
from emotiscan.video.prefetch import read_ahead
from emotiscan.video.table import Table, video_record

if TYPE_CHECKING:
    from pandas import DataFrame

    from emotiscan.analysis import Analyzer
    from emotiscan.video.timeline import Timeline

BATCH_SIZE = 4
"""Faces that pass through the network together."""

MAX_WAITING = 6
"""Frames that wait for a batch to fill, at most; each is an image in memory."""

AHEAD = 2
"""Frames that wait to be searched for faces, and as many that wait to be read; likewise."""


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
        reader = FrameReader(self._analyzer, self._interval)
        found = read_ahead(self._find(reader), AHEAD)
        waiting: list[FoundFrame] = []
        try:
            for frame in found:
                waiting.append(frame)
                faces = sum(len(one.faces) for one in waiting)
                if not faces or faces >= BATCH_SIZE or len(waiting) > MAX_WAITING:
                    yield from self._read(reader, waiting)
                    waiting = []
            yield from self._read(reader, waiting)
            self.is_complete = True
        finally:
            found.close()

    def _find(self, reader: FrameReader) -> Iterator[FoundFrame]:
        frames = read_ahead(self.video, AHEAD)
        try:
            yield from map(reader.find, frames)
        finally:
            frames.close()

    def _read(self, reader: FrameReader, found: list[FoundFrame]) -> Iterator[AnalyzedFrame]:
        for frame in reader.read(found):
            if frame.is_cut:
                self.cuts.append(frame.time)
            self._table.add_frame(frame.number, frame.time)
            for track, reading in zip(frame.tracks, frame.readings, strict=True):
                self._table.add(video_record(self.video.name, frame.number, frame.time, track, reading))
            yield frame

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

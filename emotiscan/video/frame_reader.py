"""Reading frames one after the other: faces near where they just were, one number a person, and cuts.

For a clip, `analysis.VideoAnalysis` feeds it; pages feed it with what a browser sends.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from PIL import Image

from emotiscan.video.appearance import CutDetector, appearances
from emotiscan.video.finder import SEARCH_INTERVAL, FaceFinder
from emotiscan.video.track import Tracker

if TYPE_CHECKING:
    from emotiscan.analysis import Analyzer
    from emotiscan.reading import CutFace, Reading
    from emotiscan.video.decode import VideoFrame

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
class FoundFrame:
    """A frame whose faces have numbers, but no readings yet.

    Attributes:
        frame: as it was decoded.
        faces: from left to right, cut out.
        tracks: number of the person that each face belongs to.
        is_cut: whether the clip cuts to another scene with this frame.
    """

    frame: "VideoFrame"
    faces: list["CutFace"]
    tracks: list[int]
    is_cut: bool


class FrameReader:
    """Reads the frames of one clip or camera, in their order."""

    def __init__(
        self, analyzer: "Analyzer", search_interval: float = SEARCH_INTERVAL, max_faces: int = MAX_FACES
    ) -> None:
        """Start a clip.

        Args:
            analyzer: reads the faces.
            search_interval: longest time between two full searches for faces in seconds; 0 searches every frame.
            max_faces: of one frame; the largest ones are read.
        """
        self._analyzer, self._max_faces = analyzer, max_faces
        self._finder, self._tracker = FaceFinder(analyzer.detector, search_interval), Tracker()
        self._cuts = CutDetector()

    def find(self, frame: "VideoFrame") -> FoundFrame:
        """Find the faces of the next frame, and who they are, on one core: more of them would not be faster."""
        return self._analyzer.finders().submit(self._find, frame).result()

    def _find(self, frame: "VideoFrame") -> FoundFrame:
        cut = self._cuts.is_cut(frame.image)
        faces = self._finder.find(frame.time, frame.image, cut)
        if len(faces) > self._max_faces:
            largest = set(map(id, sorted(faces, key=lambda face: -face.side)[: self._max_faces]))
            faces = [face for face in faces if id(face) in largest]
        tracks = self._tracker.update(frame.time, faces, appearances(frame.image, faces), cut)
        return FoundFrame(frame, self._analyzer.cut(frame.image, faces), tracks, cut)

    def read(self, found: Sequence[FoundFrame]) -> list[AnalyzedFrame]:
        """Read the faces of several frames, which pass through the network together."""
        readings = iter(self._analyzer.read_cut([face for one in found for face in one.faces]))
        return [
            AnalyzedFrame(
                one.frame.number,
                one.frame.time,
                one.frame.image,
                tuple(next(readings) for _ in one.faces),
                tuple(one.tracks),
                one.is_cut,
            )
            for one in found
        ]

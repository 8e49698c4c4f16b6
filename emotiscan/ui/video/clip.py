"""A clip of this visit: its readings and thumbnails of faces, and an annotated clip if the visitor asks for one.

Otherwise no frame is kept, and memory is bounded. The frames come from the browser, which decodes the clip, or from
`video.decode` if the browser cannot.
"""

import io
from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

from PIL import Image

from emotiscan.analysis import Analyzer
from emotiscan.export.records import as_cell
from emotiscan.model.config import ModelConfig
from emotiscan.reading import Reading
from emotiscan.ui.video.annotated_clip import AnnotatedClip
from emotiscan.ui.video.faces import ApexFace, ClipFace, rows_at
from emotiscan.video.frame_reader import FrameReader
from emotiscan.video.table import Table, video_record
from emotiscan.video.timeline import Timeline

if TYPE_CHECKING:
    from emotiscan.video.decode import VideoFrame
    from emotiscan.video.events import Event

MAX_FRAMES = 9000
"""Frames of a clip that are read: a quarter of an hour at 10 frames a second."""

MAX_FACES = 8
"""Faces of one frame that are read: the largest ones."""

MAX_THUMBNAILS = 1500
"""Thumbnails that a clip keeps; a thumbnail takes about 4 kB."""

THUMBNAIL_SIDE = 112
"""Side of a thumbnail, in pixels."""

SIDE = 720
"""Longer side of the frames, in pixels."""


class Clip:
    """A clip that is being read, or was.

    Attributes:
        name: of the file; shown on the page, never logged.
        duration: in seconds; 0 if unknown.
        fps: frames per second that are read, at most.
        notes: what was lost or left out, in sentences for users.
        time: of the latest frame in seconds.
        is_complete: whether no more frames will come.
        annotated: the frames with boxes and bars, if the visitor has asked for them.
        preview: curves of the emotions of the first people, by number of the person: (time, probabilities in the
            order of the network's emotions).
    """

    def __init__(
        self, analyzer: Analyzer, name: str, duration: float, fps: float, annotated: AnnotatedClip | None = None
    ) -> None:
        self.annotated = annotated
        self.name, self.duration, self.fps = name, duration, fps
        self.notes: list[str] = []
        self.time = 0.0
        self.is_complete = False
        self.preview: dict[int, list[tuple[float, tuple[float, ...]]]] = {}
        self._card = analyzer.card
        self._reader: FrameReader | None = FrameReader(analyzer, max_faces=MAX_FACES)
        self._table = Table(name)
        self._cuts: list[float] = []
        self._thumbnails = Thumbnails()
        self._faces: dict[int, list[ClipFace]] = {}

    def read(self, frames: Sequence["VideoFrame"]) -> None:
        """Read the next frames."""
        if self._reader is None:
            return
        room = MAX_FRAMES - len(self._table.times)
        for frame in self._reader.read([self._reader.find(frame) for frame in frames[:room]]):
            self.time = frame.time
            if frame.is_cut:
                self._cuts.append(frame.time)
            self._table.add_frame(frame.number, frame.time)
            for track, reading in zip(frame.tracks, frame.readings, strict=True):
                self._table.add(video_record(self.name, frame.number, frame.time, track, reading))
                self._thumbnails.add(track, frame.time, reading)
                self.preview.setdefault(track, []).append((frame.time, tuple(reading.emotions.values())))
            if self.annotated:
                self.annotated.add(frame)
        if len(frames) >= room:
            self.notes.append(f"Only the first {MAX_FRAMES} frames were read. Choose fewer frames per second.")
            self.finish()

    def finish(self) -> None:
        """Note that no more frames will come."""
        if self.annotated and not self.is_complete:
            self.annotated.finish()
            self.notes += [self.annotated.note] if self.annotated.note else []
        self.is_complete, self._reader, self.preview = True, None, {}

    @property
    def frames(self) -> int:
        """Number of frames read so far."""
        return len(self._table.times)

    @property
    def faces(self) -> int:
        """Number of faces read so far, over all frames."""
        return len(self._table)

    @property
    def thresholds(self) -> dict[str, float]:
        """Lowest probability at which each action unit is present."""
        return {au: self._card.calibration.threshold(au) for au in self._card.config.action_units}

    @property
    def emotions(self) -> tuple[str, ...]:
        """The emotions that the network knows."""
        return self.config.emotions

    @cached_property
    def timeline(self) -> Timeline:
        """Curves and events of each person, once the clip is complete."""
        return Timeline(self._table.to_frame(), self._table.times, self.emotions, self.thresholds, self._cuts)

    def csv_text(self) -> str:
        """The readings as a CSV file, one row a face and frame."""
        return self._table.to_frame().assign(video=as_cell(self.name)).to_csv(index=False)

    def json_text(self) -> str:
        """The readings as JSON, one object a face and frame."""
        return self._table.to_frame().to_json(orient="records", indent=1) + "\n"

    @property
    def config(self) -> ModelConfig:
        """Of the checkpoint that reads the clip."""
        return self._card.config

    def faces_of(self, track: int) -> list[ClipFace]:
        """The faces of a person whose thumbnails were kept, in the order of time, once the clip is complete."""
        if track not in self._faces:
            kept = self._thumbnails.of(track)
            rows = rows_at(self.timeline.tracks[track], [time for time, _ in kept], self._card)
            self._faces[track] = [
                ClipFace(row, picture, track, time) for (time, picture), row in zip(kept, rows, strict=True)
            ]
        return self._faces[track]

    def apex_faces(self, track: int, count: int) -> list[ApexFace]:
        """A person's face at each of the `apexes`."""
        events = self.apexes(track, count)
        rows = rows_at(self.timeline.tracks[track], [event.apex for event in events], self._card)
        return [
            ApexFace(row, self.thumbnail(track, event.apex), track, event.apex, event)
            for event, row in zip(events, rows, strict=True)
        ]

    def thumbnail(self, track: int, time: float) -> bytes | None:
        """The face of a person at about this time, as a JPEG file; None if there is none near."""
        return self._thumbnails.at(track, time)

    def apexes(self, track: int, count: int) -> list["Event"]:
        """The strongest event of each action unit of a person, strongest first, then in the order of time."""
        strongest: dict[str, Event] = {}
        for event in self.timeline.events:
            if event.track == track and _strength(event) > _strength(strongest.get(event.au)):
                strongest[event.au] = event
        chosen = sorted(strongest.values(), key=lambda event: -_strength(event)[1])[:count]
        return sorted(chosen, key=lambda event: event.apex)


def _strength(event: "Event | None") -> tuple[float, float]:
    if event is None:
        return -1.0, -1.0
    return (event.intensity if event.intensity == event.intensity else 0.0), event.peak


class Thumbnails:
    """Faces over time. When there are too many, every other one of each person is dropped."""

    def __init__(self, limit: int = MAX_THUMBNAILS) -> None:
        self._limit, self._stride = limit, 1
        self._pictures: dict[int, list[tuple[float, bytes]]] = {}
        self._seen: dict[int, int] = {}

    def __len__(self) -> int:
        return sum(map(len, self._pictures.values()))

    def add(self, track: int, time: float, reading: Reading) -> None:
        """Add the face of a person."""
        count = self._seen[track] = self._seen.get(track, -1) + 1
        if count % self._stride:
            return
        if len(self) >= self._limit:
            self._stride *= 2
            self._pictures = {track: kept[::2] for track, kept in self._pictures.items()}
        file = io.BytesIO()
        picture = reading.crop.resize((THUMBNAIL_SIDE, THUMBNAIL_SIDE), Image.Resampling.LANCZOS)
        picture.save(file, "JPEG", quality=82)
        self._pictures.setdefault(track, []).append((time, file.getvalue()))

    def of(self, track: int) -> list[tuple[float, bytes]]:
        """Time and picture of each kept face of a person, in the order of time."""
        return list(self._pictures.get(track, []))

    def at(self, track: int, time: float, tolerance: float = 1.0) -> bytes | None:
        """The picture that is nearest in time, within `tolerance` seconds."""
        kept = self._pictures.get(track, [])
        nearest = min(kept, key=lambda entry: abs(entry[0] - time), default=None)
        return nearest[1] if nearest and abs(nearest[0] - time) <= tolerance else None


def shrunk(frames: Iterator["VideoFrame"]) -> Iterator["VideoFrame"]:
    """Scale frames down to `SIDE`, as browsers do."""
    from emotiscan.video.decode import VideoFrame

    for frame in frames:
        image = frame.image
        if max(image.size) > SIDE:
            image = image.copy()
            image.thumbnail((SIDE, SIDE), Image.Resampling.BOX)
        yield VideoFrame(frame.number, frame.time, image)

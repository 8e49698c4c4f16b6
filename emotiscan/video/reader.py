"""Reading whole clips for the command line: one clip at a time, in this process, in several, or on a Ray cluster."""

import functools
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from emotiscan.analysis import Analyzer
from emotiscan.export.records import NO_FACE
from emotiscan.parallel_map import parallel_map
from emotiscan.video.annotate import Annotator
from emotiscan.video.errors import VideoError
from emotiscan.video.output import Format, Record, RecordWriter
from emotiscan.video.table import video_record


@dataclass(frozen=True)
class ClipJob:
    """What to do with each clip. Picklable, so that it can be sent to other processes and machines.

    Attributes:
        weights: path of the checkpoint.
        format: of the records.
        fps: frames per second to read; None for all.
        start: first and `end` last time to read, seconds.
        end: see `start`.
        events: whether events are wanted.
        device: where the network runs.
        engine: what runs it on the CPU.
    """

    weights: Path
    format: Format = "jsonl"
    fps: float | None = None
    start: float | None = None
    end: float | None = None
    events: bool = False
    device: str = "auto"
    engine: str = "auto"


@dataclass(frozen=True)
class ClipTask:
    """One clip to read.

    Attributes:
        path: of the clip.
        records: file for its records; it is replaced.
        annotated: file for the clip with boxes and bars, or None.
    """

    path: str
    records: Path
    annotated: Path | None = None


@dataclass(frozen=True)
class ClipResult:
    """What came of a clip.

    Attributes:
        task: the clip.
        error: why it could not be read; "" if it could.
        notes: what was lost or found damaged.
        frames: number of frames read.
        people: number of people seen.
        events: rows of the table of events, with the clip's name first.
    """

    task: ClipTask
    error: str = ""
    notes: tuple[str, ...] = ()
    frames: int = 0
    people: int = 0
    events: tuple[dict[str, Any], ...] = ()


class ClipReader:
    """Reads clips with one loaded checkpoint."""

    def __init__(self, job: ClipJob, on_frame: Callable[[float, float | None], None] | None = None) -> None:
        """Load the checkpoint.

        Args:
            job: what to do with each clip.
            on_frame: called after each frame with its time and the clip's duration in seconds (None if unknown).

        Raises:
            CheckpointError, DeviceError, EngineError: it cannot be used.
        """
        self._job, self._on_frame = job, on_frame
        self._analyzer = Analyzer(job.weights, device=job.device, engine=job.engine)
        self._writer = RecordWriter(job.format, self._analyzer.card.config)

    def __call__(self, task: ClipTask) -> ClipResult:
        """Read one clip and write its records.

        Raises:
            OSError: something cannot be written.
        """
        with task.records.open("wb") as file:

            def write(record: Record) -> None:
                file.write(self._writer.line(record))

            try:
                return self._read(task, write)
            except VideoError as error:
                # What was read before is not kept: a clip is whole, or an error.
                file.seek(0)
                file.truncate()
                write({"video": task.path, "error": str(error)})
                return ClipResult(task, str(error))

    def _read(self, task: ClipTask, write: Callable[[Record], None]) -> ClipResult:
        job = self._job
        analysis = self._analyzer.analyze_video(task.path, fps=job.fps, start=job.start, end=job.end)
        people: set[int] = set()
        count = 0
        video = analysis.video
        annotator = (
            Annotator(task.annotated, (video.width, video.height), video.rate, sound=task.path)
            if task.annotated
            else None
        )
        try:
            for frame in analysis:
                count += 1
                for track, reading in zip(frame.tracks, frame.readings, strict=True):
                    write(video_record(task.path, frame.number, frame.time, track, reading))
                    people.add(track)
                if annotator:
                    annotator.add(frame)
                if self._on_frame:
                    self._on_frame(frame.time, video.duration)
            if annotator:
                annotator.finish(job.start)
        finally:
            if annotator:
                annotator.close()
        if not people:
            write({"video": task.path, "error": NO_FACE})
        events: list[dict[str, Any]] = []
        if job.events and people:
            rows = analysis.timeline.events_to_frame().astype(object)
            events = [{"video": task.path} | {str(k): v for k, v in row.items()} for row in rows.to_dict("records")]
        return ClipResult(task, "", tuple(analysis.notes), count, len(people), tuple(events))


def read_clips(tasks: Iterable[ClipTask], job: ClipJob, workers: int = 1) -> Iterator[ClipResult]:
    """Read clips in several processes of this machine; the results come in the order of the clips.

    Raises:
        CheckpointError, DeviceError, EngineError: the checkpoint cannot be used.
        WorkerError: a process died, e.g. because memory ran out.
    """
    return parallel_map(functools.partial(ClipReader, job), tasks, workers, task="read clips", look_ahead=1)

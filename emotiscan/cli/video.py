"""`emotiscan video`: read the faces in clips."""

import argparse
import csv
import io
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from emotiscan import stubbed_imports
from emotiscan.cli.main import OK, SOME_FAILED
from emotiscan.cli.options import UsageError, add_device, add_engine, add_reading_processes, add_weights, weights_of
from emotiscan.cli.progress import progress_bar

if TYPE_CHECKING:
    from emotiscan.video.output import RecordWriter
    from emotiscan.video.reader import ClipJob, ClipResult, ClipTask

DESCRIPTION = "Read the emotion and the action units of every face in every frame of clips, one number a person."

EPILOG = """\
Times are the clip's own presentation times in seconds. A clip that cannot be read gives a line with an "error"; the
others are still read, and the exit status is 1. What is lost or damaged in a clip is said on the terminal.

examples:
  emotiscan video clip.mp4 --out clip.csv --format csv                 a table: one row a face and frame
  emotiscan video clip.mp4 --out clip.jsonl --events events.csv        also onset, apex and offset of action units
  emotiscan video clip.mp4 --out clip.jsonl --annotate annotated.mp4   also the clip with boxes and bars
  emotiscan video clips/ --out all.jsonl --fps 10 --workers 2          ten frames a second of all clips in a folder
  emotiscan video clips/ --out tables/ --format openface               a table for each clip, as OpenFace 2 writes
"""

FORMATS = ("jsonl", "csv", "openface", "feat")
"""Values of `--format` (see `emotiscan.video.output.Format`)."""

ONE_FILE_EACH = ("openface", "feat")
"""Formats whose tables are about a single clip."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of `emotiscan video`."""
    parser.add_argument("clips", nargs="+", metavar="CLIP", help="video files, or folders of them")
    add_weights(parser)
    add_device(parser)
    add_engine(parser)

    frames = parser.add_argument_group("frames")
    frames.add_argument("--fps", type=_number, metavar="N", help="frames per second to read (default: all frames)")
    frames.add_argument("--start", type=_number, metavar="S", help="read from this time on, in seconds")
    frames.add_argument("--end", type=_number, metavar="S", help="read the frames before this time, in seconds")

    output = parser.add_argument_group("output")
    output.add_argument(
        "--format",
        choices=FORMATS,
        default="jsonl",
        help="JSON lines, CSV, or the columns of OpenFace 2 or py-feat (default: jsonl)",
    )
    output.add_argument(
        "--out",
        metavar="FILE",
        type=Path,
        help="write there; the same command resumes an interrupted one, clip by clip. With openface or feat and "
        "several clips, a folder for a table each",
    )
    output.add_argument(
        "--events", metavar="FILE", type=Path, help="also write when each action unit begins, peaks and ends (CSV)"
    )
    output.add_argument(
        "--annotate",
        metavar="FILE",
        type=Path,
        help="also write the clip with boxes, people's numbers and bars (MP4); with several clips, a folder",
    )

    processes = parser.add_argument_group("several clips")
    add_reading_processes(processes)


def run(arguments: argparse.Namespace) -> int:
    """Read the clips and write their records.

    Returns:
        An exit status: 0, or 1 if any clip could not be read.

    Raises:
        UsageError, CheckpointError, DeviceError, EngineError, VideoOutputError: nothing can be read.
        WorkerError, OSError: nothing more can be read or written.
        KeyboardInterrupt: Ctrl-C; what was written stays.
    """
    stubbed_imports.block_gpu_packages()
    from emotiscan.model.checkpoint import load_card
    from emotiscan.video.decode import find_clips
    from emotiscan.video.output import RecordWriter
    from emotiscan.video.reader import ClipJob

    job = ClipJob(
        weights_of(arguments).absolute(),
        format=arguments.format,
        fps=arguments.fps,
        start=arguments.start,
        end=arguments.end,
        events=arguments.events is not None,
        device=arguments.device,
        engine=arguments.engine,
    )
    clips = list(dict.fromkeys(find_clips(arguments.clips)))
    if not clips:
        raise UsageError(f"there are no clips in {', '.join(arguments.clips)}")
    if arguments.start is not None and arguments.end is not None and arguments.end <= arguments.start:
        raise UsageError("--end must be after --start")
    outputs = _Outputs(arguments, RecordWriter(job.format, load_card(job.weights).config), clips)
    try:
        with tempfile.TemporaryDirectory(prefix=".emotiscan-", dir=outputs.folder) as folder:
            tasks = outputs.tasks(Path(folder))
            failed = False
            with progress_bar("clip" if len(tasks) > 1 else "s", len(tasks) if len(tasks) > 1 else None) as bar:
                for result in _results(tasks, job, arguments, bar):
                    with bar.external_write_mode():
                        outputs.add(result)
                    if len(tasks) > 1:
                        bar.update()
                    failed |= bool(result.error)
    except KeyboardInterrupt:
        raise KeyboardInterrupt("stopped; run the same command again to resume" if arguments.out else "") from None
    return SOME_FAILED if failed else OK


def _results(
    tasks: "list[ClipTask]", job: "ClipJob", arguments: argparse.Namespace, bar: Any
) -> "Iterable[ClipResult]":
    from emotiscan.video.reader import ClipReader, read_clips

    if arguments.ray:
        from emotiscan.video.ray_backend import read_clips_on_ray

        return read_clips_on_ray(tasks, job, arguments.workers)
    if len(tasks) != 1:
        return read_clips(tasks, job, arguments.workers)

    def show(time: float, duration: float | None) -> None:
        first = job.start or 0.0
        end = job.end if job.end is not None else duration
        if end is not None:
            bar.total = round(max(end - first, time - first), 1)
        bar.update(round(max(0.0, time - first), 1) - bar.n)

    return map(ClipReader(job, show), tasks)


class _Outputs:
    """Where records, events and annotated clips go, and what is there already."""

    def __init__(self, arguments: argparse.Namespace, writer: "RecordWriter", clips: list[str]) -> None:
        from emotiscan.video.output import completed_clips

        self._out: Path | None = arguments.out
        self._writer, self._clips = writer, clips
        self._events_path: Path | None = arguments.events
        self._annotate: Path | None = arguments.annotate
        self._several = len(clips) > 1
        self._separate = writer.format in ONE_FILE_EACH
        if self._separate and self._several and (self._out is None or self._out.is_file()):
            raise UsageError(f"--format {writer.format} writes a table for each clip: name a folder with --out")
        self._into_folder = self._separate and self._out is not None and (self._several or self._out.is_dir())
        if self._several and (self._into_folder or self._annotate):
            self._check_names()
        done: list[str] = []
        if self._into_folder:
            done = [clip for clip in clips if self._table(clip).exists()]
        elif self._separate:
            done = [clip for clip in clips if self._out is not None and self._out.exists()]
        elif self._out is not None:
            done = completed_clips(self._out, writer)
        self._done = frozenset(done)
        self._events = self._kept_events()
        self.folder = self._folder()

    def _folder(self) -> Path | None:
        """Folder for clips in work: beside the results, or the system's for the terminal."""
        if self._out is None:
            return None
        folder = self._out if self._into_folder else self._out.parent
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def _check_names(self) -> None:
        names: dict[str, str] = {}
        for clip in self._clips:
            other = names.setdefault(Path(clip).stem, clip)
            if other != clip:
                raise UsageError(f"{other} and {clip} would be written under the same name; read them one by one")

    def _table(self, clip: str) -> Path:
        assert self._out is not None
        return self._out / f"{Path(clip).stem}.csv" if self._into_folder else self._out

    def _kept_events(self) -> list[dict[str, Any]]:
        """Events of the clips that are done, from an interrupted command."""
        if self._events_path is None or not self._done:
            return []
        try:
            with self._events_path.open(newline="") as file:
                rows = [row for row in csv.DictReader(file) if row.get("video") in self._done]
        except FileNotFoundError:
            raise UsageError(
                f"{self._out} holds clips that were read without --events; read them into another --out"
            ) from None
        return rows

    def tasks(self, folder: Path) -> "list[ClipTask]":
        """The clips still to read."""
        from emotiscan.video.reader import ClipTask

        return [
            ClipTask(clip, (folder / f"{number}.records").absolute(), self._annotated(clip))
            for number, clip in enumerate(self._clips)
            if clip not in self._done
        ]

    def _annotated(self, clip: str) -> Path | None:
        if self._annotate is None:
            return None
        if self._several or self._annotate.is_dir():
            return self._annotate / f"{Path(clip).stem}.mp4"
        return self._annotate

    def add(self, result: "ClipResult") -> None:
        """Take over the records and events of a clip, and say what was lost in it."""
        from emotiscan.video.output import append

        part, header = result.task.records, self._writer.header()
        if self._out is None:
            sys.stdout.buffer.write(header)
            append(part, sys.stdout.buffer)
        elif self._separate:
            if not result.error:
                table = self._table(result.task.path)
                part.write_bytes(header + part.read_bytes())
                part.replace(table)
        else:
            with self._out.open("ab") as out:
                if not out.tell():
                    out.write(header)
                append(part, out)
        for note in (result.error, *result.notes):
            if note:
                print(f"{result.task.path}: {note}", file=sys.stderr)
        if self._events_path is not None:
            self._events += result.events
            self._write_events()

    def _write_events(self) -> None:
        from emotiscan.files import atomic_write_bytes
        from emotiscan.video.summary import EVENT_COLUMNS

        assert self._events_path is not None
        self._events_path.parent.mkdir(parents=True, exist_ok=True)
        text = io.StringIO()
        writer = csv.DictWriter(text, ["video", *EVENT_COLUMNS])
        writer.writeheader()
        for row in self._events:
            writer.writerow({name: "" if value != value else value for name, value in row.items()})
        atomic_write_bytes(self._events_path, text.getvalue().encode(errors="backslashreplace"))


def _number(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value < 1e9:
        raise argparse.ArgumentTypeError(f"“{text}” is not a number of at least 0")
    return value

"""`emotiscan read`: read the faces in photos."""

import argparse
import os
import shutil
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from emotiscan import stubbed_imports
from emotiscan.cli.main import OK, SOME_FAILED
from emotiscan.cli.options import UsageError, add_device, add_engine, add_reading_processes, add_weights, weights_of
from emotiscan.cli.progress import progress_bar

if TYPE_CHECKING:
    from emotiscan.batch import InputImage, Job, Output, ScoredImage
    from emotiscan.batch.output import Format

DESCRIPTION = "Read the emotion and the action units of every face in photos."

EPILOG = """\
An image that cannot be read gives a line with an "error"; the others are still read, and the exit status is 1.
An image without a face gives such a line, too, but counts as read.

examples:
  emotiscan photo.jpg                                   a table on the terminal
  emotiscan holiday/ --format csv --out holiday.csv     a spreadsheet of a folder
  emotiscan photo.jpg --heatmaps maps                   also one heat map for each action unit
  find . -name "*.jpg" | emotiscan read - | head        JSON lines for another program
"""

FORMATS = ("jsonl", "csv", "table")
"""Values of `--format` (see `emotiscan.batch.output.Format`)."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of `emotiscan read`."""
    parser.add_argument(
        "photos", nargs="+", metavar="PHOTO", help="image files, or folders of them; - reads paths from standard input"
    )
    parser.add_argument("--cropped", action="store_true", help="each image is one cropped face: read it without search")
    add_weights(parser)
    add_device(parser)
    add_engine(parser)

    output = parser.add_argument_group("output")
    output.add_argument(
        "--format",
        choices=FORMATS,
        help="JSON lines, CSV, or a readable table (default: the table on a terminal, else JSON lines)",
    )
    output.add_argument(
        "--out", metavar="FILE", type=Path, help="write there; the same command resumes an interrupted one"
    )
    output.add_argument(
        "--heatmaps", metavar="DIR", type=Path, help="also write a heat map of each present action unit to this folder"
    )
    output.add_argument(
        "--method",
        metavar="NAME",
        help="how --heatmaps are computed, e.g. gradcam; an unknown name lists all (default: the network's own local "
        "probabilities where it has them, else Grad-CAM)",
    )

    processes = parser.add_argument_group("large collections")
    add_reading_processes(processes)


def run(arguments: argparse.Namespace) -> int:
    """Read the photos and write their records.

    Returns:
        An exit status: 0, or 1 if any image could not be read.

    Raises:
        UsageError, CheckpointError, DeviceError, EngineError, OutputError: nothing can be read.
        WorkerError, OSError: nothing more can be read or written.
        KeyboardInterrupt: Ctrl-C; what was written stays.
    """
    stubbed_imports.block_gpu_packages()
    from emotiscan.batch import Job
    from emotiscan.export.records import NO_FACE

    job = Job(
        weights_of(arguments).absolute(),
        cropped=arguments.cropped,
        heatmaps=arguments.heatmaps,
        method=_method(arguments.method),
        device=arguments.device,
        engine=arguments.engine,
    )
    output = _open_output(job, arguments)
    if job.heatmaps:
        job.heatmaps.mkdir(parents=True, exist_ok=True)
    images = _images(arguments, output)
    failed = False
    try:
        with progress_bar("photo", len(images) if isinstance(images, list) else None) as bar:
            for _, records in _scored(images, job, arguments):
                with bar.external_write_mode():  # both may be on the same terminal
                    output.write(records)
                bar.update()
                failed |= records[0].get("error", NO_FACE) != NO_FACE
    except KeyboardInterrupt:
        raise KeyboardInterrupt("stopped; run the same command again to resume" if arguments.out else "") from None
    return SOME_FAILED if failed else OK


def _method(name: str | None) -> str:
    from emotiscan.explain import DEFAULT_METHOD, METHODS

    if name is not None and name not in METHODS:
        raise UsageError(f"--method {name}: choose one of {', '.join(METHODS)}")
    return name or DEFAULT_METHOD


def _open_output(job: "Job", arguments: argparse.Namespace) -> "Output":
    from emotiscan.batch import Output
    from emotiscan.model.checkpoint import load_card

    config = load_card(job.weights).config
    if arguments.out:
        return Output.to_file(arguments.out, arguments.format or "jsonl", config)
    format: Format = arguments.format or ("table" if sys.stdout.isatty() else "jsonl")
    return Output(sys.stdout.buffer, format, config, width=shutil.get_terminal_size().columns)


def _images(arguments: argparse.Namespace, output: "Output") -> "Iterable[InputImage]":
    """The images still to read: a list, so that the time left is known, unless paths come from standard input."""
    from emotiscan.batch import find_images

    images = (image for image in find_images(arguments.photos, _paths_stream()) if image.path not in output.done)
    return images if "-" in arguments.photos else list(images)


def _paths_stream() -> TextIO:
    """Standard input, as a stream of paths of its own.

    A thread waits for the next path. Python would crash if it ended while a thread waits for `sys.stdin` itself.
    """
    try:
        return open(
            os.dup(sys.stdin.fileno()), encoding=sys.stdin.encoding, errors="surrogateescape"
        )  # not always text
    except (AttributeError, OSError, ValueError):  # none, closed, or replaced by an object without a descriptor
        return sys.stdin


def _scored(images: "Iterable[InputImage]", job: "Job", arguments: argparse.Namespace) -> "Iterator[ScoredImage]":
    from emotiscan.batch import score

    if arguments.ray:
        from emotiscan.batch.ray_backend import score_on_ray

        return score_on_ray(images, job, arguments.workers)
    return score(images, job, arguments.workers)

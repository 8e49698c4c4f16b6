"""Reading the images of a collection, in one process or several."""

import functools
import itertools
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

from emotiscan.analysis import Analyzer, Reading
from emotiscan.batch.inputs import InputImage
from emotiscan.explain import DEFAULT_METHOD, overlay
from emotiscan.export.records import error_record, records
from emotiscan.images import ImageError
from emotiscan.parallel_map import parallel_map
from emotiscan.pipeline import remembered

Record: TypeAlias = dict[str, Any]
"""One face as plain values (see `export.records.record`), or an `image` with its `error`."""

ScoredImage: TypeAlias = tuple[InputImage, list[Record]]
"""An image and its records: one a face, or a single one with an `error`."""


CHUNK_SIZE = 4
"""Images that are sent to a process at a time: faces of several images pass through the network together."""


@dataclass(frozen=True)
class Job:
    """What to do with each image of a collection. Picklable, so that it can be sent to other processes and machines.

    Attributes:
        weights: path of the checkpoint.
        cropped: whether each image is one cropped face.
        heatmaps: folder for a heat map of each present action unit, or None for no heat maps.
        method: how the heat maps are computed: a key of `explain.METHODS`.
        device: where the network runs: "auto", "cpu", "cuda" or "mps".
        engine: what runs it on the CPU: "auto", "torch" or "openvino".
    """

    weights: Path
    cropped: bool = False
    heatmaps: Path | None = None
    method: str = DEFAULT_METHOD
    device: str = "auto"
    engine: str = "auto"


class Scorer:
    """Turns images into records with one loaded checkpoint."""

    def __init__(self, job: Job) -> None:
        """Load the checkpoint.

        Raises:
            CheckpointError: it cannot be used.
            DeviceError: this machine has no such device.
            EngineError: the engine cannot be used.
        """
        self._job = job
        self._analyzer = Analyzer(job.weights, device=job.device, engine=job.engine)

    def __call__(self, images: Sequence[InputImage]) -> list[ScoredImage]:
        """Read some images, as `stream` does."""
        return list(self.stream(images))

    def stream(self, images: Iterable[InputImage]) -> Iterator[ScoredImage]:
        """Read images, several at a time (see `Analyzer.analyze_stream`).

        Yields:
            Each image with a record for each face, or with a single one that has an `error`.

        Raises:
            OSError: a heat map cannot be written.
        """
        waiting: deque[InputImage] = deque()
        paths = (image.path for image in remembered(images, waiting))
        for analysis in self._analyzer.analyze_stream(paths, self._job.cropped):
            image = waiting.popleft()
            if isinstance(analysis, ImageError):
                yield image, [error_record(image.path, str(analysis))]
                continue
            if self._job.heatmaps:
                for face, reading in enumerate(analysis.readings):
                    self._write_heat_maps(image, face, reading, self._job.heatmaps)
            yield image, records(image.path, analysis.readings, analysis.rotated)

    def _write_heat_maps(self, image: InputImage, face: int, reading: Reading, folder: Path) -> None:
        # The index keeps images with the same name in different folders apart.
        stem = f"{image.index:04}-{Path(image.path).stem}-{face}"
        for au, heat_map in reading.heat_maps(reading.present, self._job.method).items():
            overlay(reading.crop, heat_map).save(folder / f"{stem}-{au}.png")


def score(images: Iterable[InputImage], job: Job, workers: int = 1) -> Iterator[ScoredImage]:
    """Read images in several processes of this machine.

    Args:
        images: read as results are taken, a few for each process in advance.
        workers: number of processes, each with its own copy of the checkpoint (about 0.5 GB in all). With 1, images are
            read in this process, with as many threads as torch uses.

    Yields:
        Each image with its records, in the order of the images.

    Raises:
        CheckpointError: the checkpoint cannot be used.
        DeviceError: this machine has no such device.
        EngineError: the engine cannot be used.
        WorkerError: a process died, e.g. because memory ran out.
    """
    if workers <= 1:
        yield from _score_here(images, job)
        return
    scored = parallel_map(functools.partial(Scorer, job), _chunks(images), workers, task="read images", look_ahead=2)
    yield from itertools.chain.from_iterable(scored)


def _score_here(images: Iterable[InputImage], job: Job) -> Iterator[ScoredImage]:
    """Read images in this process. Without an image, no checkpoint is loaded."""
    iterator = iter(images)
    for first in iterator:
        yield from Scorer(job).stream(itertools.chain([first], iterator))


def _chunks(images: Iterable[InputImage]) -> Iterator[list[InputImage]]:
    iterator = iter(images)
    while chunk := list(itertools.islice(iterator, CHUNK_SIZE)):
        yield chunk

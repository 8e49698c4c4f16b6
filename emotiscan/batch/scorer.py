"""One picture to its lines."""

from dataclasses import dataclass
from pathlib import Path

from emotiscan.analysis import Analyzer, Reading
from emotiscan.batch.inputs import Picture
from emotiscan.explain import heat_maps, overlay
from emotiscan.export.records import record
from emotiscan.images import ImageError

NO_FACE = "No face was found."


@dataclass(frozen=True)
class Job:
    """What is to be done to each picture; small, and can be sent to other processes and machines.

    Attributes:
        weights: checkpoint to read with.
        cropped: each picture already is one face.
        heatmaps: folder for a heat map of each present action unit, or None.
    """

    weights: Path
    cropped: bool = False
    heatmaps: Path | None = None


class Scorer:
    """Reads pictures by one loaded checkpoint."""

    def __init__(self, job: Job) -> None:
        """Load the checkpoint.

        Raises:
            CheckpointError: it cannot be used.
        """
        self._job = job
        self._analyzer = Analyzer(job.weights)

    def __call__(self, picture: Picture) -> list[dict]:
        """A record a face (see `records.record`), or one with an `error` and nothing else.

        Raises:
            OSError: a heat map cannot be written.
        """
        try:
            readings = self._analyzer.analyze(picture.name, cropped=self._job.cropped).readings
        except ImageError as error:
            return [{"image": picture.name, "error": str(error)}]
        for number, reading in enumerate(readings):
            if self._job.heatmaps:
                self._write_heat_maps(picture, number, reading, self._job.heatmaps)
        rows = [record(picture.name, number, reading) for number, reading in enumerate(readings)]
        return rows or [{"image": picture.name, "error": NO_FACE}]

    def _write_heat_maps(self, picture: Picture, number: int, reading: Reading, folder: Path) -> None:
        # Numbered, so that photos of the same name in two folders do not overwrite each other.
        stem = f"{picture.place:04}-{Path(picture.name).stem}-{number}"
        for au, heat_map in heat_maps(self._analyzer.model, reading.feature_map, reading.present).items():
            overlay(reading.crop, heat_map).save(folder / f"{stem}-{au}.png")

"""Read a table's photos as a user's photos are read, and measure what depends on the whole photo.

The other metrics come from aligned crops. Here each photo goes through `Analyzer`, from finding the face to the rules
that call a face dark or cut off, because those need the photo around the face.
"""

import logging
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from PIL import Image

from emotiscan.analysis import Analyzer, Reading
from emotiscan.datasets.storage import read_file
from emotiscan.datasets.table import LabelTable
from emotiscan.images import ImageError, read_image

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class TablePhoto:
    """A table's photo, and the reading of its face.

    Attributes:
        row: of the table.
        photo: upright, RGB.
        reading: of the most central face; None where no face was found.
    """

    row: int
    photo: Image.Image
    reading: Reading | None


def read_photos(analyzer: Analyzer, table: LabelTable) -> Iterator[TablePhoto]:
    """Read every photo of a table; those that cannot be read are left out, with a warning."""
    for row, (root, name) in enumerate(zip(table.frame["root"], table.frame["image"], strict=True)):
        try:
            photo = read_image(read_file(root, name)).convert("RGB")
        except ImageError as error:
            log.warning("%s is left out: %s", name, error)
            continue
        yield TablePhoto(row, photo, read_face(analyzer, photo))
        if row % 100 == 99:
            log.info("%d of %d photos read", row + 1, len(table))


def read_face(analyzer: Analyzer, photo: Image.Image, center: tuple[float, float] | None = None) -> Reading | None:
    """Read the face nearest to a place, by default to the photo's center; None where no face is found.

    A face that is only found by rotating the photo counts as not found.
    """
    analysis = analyzer.analyze(photo)
    if analysis.rotated:
        return None
    target = np.array(center or (photo.width / 2, photo.height / 2))
    return min(analysis.readings, key=lambda one: float(np.hypot(*(center_of(one) - target))), default=None)


def center_of(reading: Reading) -> np.ndarray:
    """(2,) center of the face in photo pixels."""
    if reading.face.box is not None:
        x0, y0, x1, y1 = reading.face.box
        return np.array([(x0 + x1) / 2, (y0 + y1) / 2])
    return reading.face.corners.mean(0)


def scaled(photo: Image.Image, factor: float) -> Image.Image:
    """The photo at another size, averaged over the area that a new pixel covers."""
    size = (max(1, round(photo.width * factor)), max(1, round(photo.height * factor)))
    return photo.resize(size, Image.Resampling.BOX if factor < 1 else Image.Resampling.BICUBIC)

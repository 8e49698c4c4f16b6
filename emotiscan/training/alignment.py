"""Where the face lies in each picture of a table, found once and kept.

Finding faces takes longer than anything else that is done to a picture, and its result never
changes: it is kept in a small file, by what was aligned.
"""

import hashlib
import io
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from emotiscan import faces
from emotiscan.images import ImageError, read_image
from emotiscan.training.stores import read_file
from emotiscan.training.table import LabelTable

VERSION = 1
"""Raise it when `faces` changes what it finds, so that kept alignments are made anew."""

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Alignment:
    """The faces of a table's pictures.

    Attributes:
        transforms: (n, 2, 3) picture pixels to crop fractions; NaN where the picture is unreadable.
        found: (n,) whether landmarks were found; elsewhere the whole picture is the crop.
    """

    transforms: NDArray[np.float64]
    found: NDArray[np.bool_]

    @property
    def readable(self) -> NDArray[np.bool_]:
        """(n,) whether the picture could be read at all."""
        return ~np.isnan(self.transforms[:, 0, 0])


def align(table: LabelTable, cache: str | Path, workers: int = 2, progress: Progress | None = None) -> Alignment:
    """Find the face in every picture of a table, or take what was found before.

    Args:
        cache: folder for what is found.
        workers: processes.
        progress: called with the number of pictures done and their total.
    """
    pictures = list(zip(table.frame["root"], table.frame["image"], strict=True))
    key = hashlib.sha256(repr((VERSION, pictures)).encode()).hexdigest()[:16]
    file = Path(cache) / f"alignment-{key}.npz"
    if file.is_file():
        with np.load(file) as kept:
            return Alignment(kept["transforms"], kept["found"])
    transforms = np.full((len(pictures), 2, 3), np.nan)
    found = np.zeros(len(pictures), bool)
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn"), initializer=_start) as pool:
        for index, transform in enumerate(pool.map(_locate, pictures, chunksize=32)):
            if transform is not None:
                transforms[index], found[index] = transform
            if progress and (index % 100 == 0 or index + 1 == len(pictures)):
                progress(index + 1, len(pictures))
    buffer = io.BytesIO()
    np.savez_compressed(buffer, transforms=transforms, found=found)
    file.parent.mkdir(parents=True, exist_ok=True)
    unfinished = file.with_suffix(".unfinished")
    unfinished.write_bytes(buffer.getvalue())
    unfinished.replace(file)
    return Alignment(transforms, found)


_detector: faces.FaceDetector | None = None


def _start() -> None:
    global _detector
    import torch

    torch.set_num_threads(1)
    _detector = faces.FaceDetector()


def _locate(picture: tuple[str, str]) -> tuple[NDArray[np.float64], bool] | None:
    assert _detector is not None
    try:
        face = _detector.locate(read_image(read_file(*picture)))
    except ImageError:
        return None
    return face.to_crop, face.box is not None

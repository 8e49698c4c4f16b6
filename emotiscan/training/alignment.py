"""Where the face lies in each picture of a table, found once and kept.

Finding faces takes longer than anything else that is done to a picture, and its result never
changes: it is kept, one small file for each folder or zip file of pictures.
"""

import functools
import hashlib
import io
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

import numpy as np
from filelock import FileLock
from numpy.typing import NDArray

from emotiscan import faces
from emotiscan.files import write_whole
from emotiscan.images import ImageError, read_image
from emotiscan.training.stores import read_file
from emotiscan.training.table import LabelTable

VERSION = 2
"""Raise it when `faces` changes what it finds, so that kept alignments are made anew."""

CHUNK = 32
"""Pictures that a process takes at a time; fewer are not worth starting processes for."""

Picture = tuple[str, str]
"""Folder or zip file, and the name below it."""

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
        workers: processes; with 0 or 1 it is done in this one.
        progress: called with the number of pictures done and their total.
    """
    transforms, found = np.full((len(table), 2, 3), np.nan), np.zeros(len(table), bool)
    for root, rows in table.frame.groupby("root", sort=False).indices.items():
        names = table.frame["image"].iloc[rows].tolist()
        kept = _align_folder(str(Path(root).resolve()), names, Path(cache), workers, progress)
        for row, name in zip(rows, names, strict=True):
            if name in kept:
                transforms[row], found[row] = kept[name]
    return Alignment(transforms, found)


def _align_folder(folder: str, names: list[str], cache: Path, workers: int, progress: Progress | None) -> "Kept":
    """What is known of a folder's pictures, with all that are named and readable."""
    # Resolved by the caller, so that the same name seen from another folder is another picture.
    file = cache / f"alignment-{hashlib.sha256(repr((VERSION, folder)).encode()).hexdigest()[:16]}.npz"
    cache.mkdir(parents=True, exist_ok=True)
    # Of several processes that train together, one finds the faces, and the others what it found.
    with FileLock(file.with_suffix(".lock")):
        kept = _load(file)
        # What could not be read was not kept, and is tried again: the picture may have been mended since.
        missing = [name for name in names if name not in kept]
        for done, (name, place) in enumerate(
            zip(missing, _locate_all([(folder, name) for name in missing], workers), strict=True)
        ):
            if place is not None:
                kept[name] = place
            if progress and (done % 100 == 0 or done + 1 == len(missing)):
                progress(done + 1, len(missing))
        if missing:
            _save(file, kept)
    return kept


Kept = dict[str, tuple[NDArray[np.float64], bool]]
"""Transform of each picture, and whether landmarks were found."""


def _load(file: Path) -> Kept:
    if not file.is_file():
        return {}
    with np.load(file) as kept:
        return dict(zip(kept["names"].tolist(), zip(kept["transforms"], kept["found"], strict=True), strict=True))


def _save(file: Path, kept: Kept) -> None:
    buffer = io.BytesIO()
    transforms = np.array([transform for transform, _ in kept.values()]).reshape(-1, 2, 3)
    found = np.array([found for _, found in kept.values()], bool)
    np.savez_compressed(buffer, names=np.array(list(kept), np.str_), transforms=transforms, found=found)
    write_whole(file, buffer.getvalue())


Place = tuple[NDArray[np.float64], bool] | None
"""Transform of a picture and whether landmarks were found; None where it is unreadable."""


def _locate_all(pictures: list[Picture], workers: int) -> Iterator[Place]:
    if workers <= 1 or len(pictures) <= CHUNK:
        yield from map(_locate, pictures)
        return
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn"), initializer=_start) as pool:
        yield from pool.map(_locate, pictures, chunksize=CHUNK)


def _start() -> None:
    import torch

    torch.set_num_threads(1)  # the processes share the processor's cores already


@functools.cache
def _detector() -> faces.FaceDetector:
    return faces.FaceDetector()


def _locate(picture: Picture) -> Place:
    try:
        photo = read_image(read_file(*picture))
    except ImageError:
        return None
    face = _detector().locate(photo)
    return face.to_crop, face.box is not None

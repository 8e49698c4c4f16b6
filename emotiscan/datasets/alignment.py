"""Where the face lies in each picture of a table, found once and kept.

Finding faces takes longer than anything else that is done to a picture, and its result never
changes: it is kept, one small file for each folder or zip file of pictures.
"""

import functools
import hashlib
import logging
import zipfile
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import NamedTuple

import numpy as np
from filelock import FileLock
from numpy.typing import NDArray

from emotiscan import faces
from emotiscan.datasets.storage import read_file, stamps_of
from emotiscan.datasets.table import LabelTable
from emotiscan.files import atomic_write
from emotiscan.images import ImageError, read_image

log = logging.getLogger(__name__)

VERSION = 2
"""Raise it when `faces` changes what it finds, so that kept alignments are made anew."""

SAVED = 2000
"""After so many pictures what is found is kept, so that an interruption costs minutes at most."""

UNKNOWN = 0
"""Stamp of a picture that was kept before stamps were; it is trusted."""

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
                transforms[row], found[row] = kept[name].transform, kept[name].found
    return Alignment(transforms, found)


class Kept(NamedTuple):
    """What is kept of a picture: its transform, whether landmarks were found, and the file's stamp at that time."""

    transform: NDArray[np.float64]
    found: bool
    stamp: int


def _align_folder(
    folder: str, names: list[str], cache: Path, workers: int, progress: Progress | None
) -> dict[str, Kept]:
    """What is known of a folder's pictures, with all that are named and readable."""
    # Resolved by the caller, so that the same name seen from another folder is another picture.
    file = cache / f"alignment-{hashlib.sha256(repr((VERSION, folder)).encode()).hexdigest()[:16]}.npz"
    cache.mkdir(parents=True, exist_ok=True)
    # Of several processes that train together, one finds the faces, and the others what it found.
    with FileLock(file.with_suffix(".lock")):
        kept = _load(file)
        stamps = stamps_of(folder, names)
        # What could not be read was not kept, and is tried again: the picture may have been mended since.
        missing = [name for name in names if name not in kept or kept[name].stamp not in (UNKNOWN, stamps[name])]
        places = _locate_all([(folder, name) for name in missing], workers)
        for done, (name, place) in enumerate(zip(missing, places, strict=True), start=1):
            kept.pop(name, None)
            if place is not None:
                kept[name] = Kept(*place, stamps[name])
            if progress and (done % 100 == 1 or done == len(missing)):
                progress(done, len(missing))
            if done % SAVED == 0 or done == len(missing):
                _save(file, kept)
    return kept


def _load(file: Path) -> dict[str, Kept]:
    try:
        with np.load(file) as kept:
            names = kept["names"].tolist()
            stamps = kept["stamps"] if "stamps" in kept else np.full(len(names), UNKNOWN)
            rows = zip(kept["transforms"], kept["found"].tolist(), stamps.tolist(), strict=True)
            return {name: Kept(*row) for name, row in zip(names, rows, strict=True)}
    except FileNotFoundError:
        return {}
    except (ValueError, KeyError, OSError, EOFError, zipfile.BadZipFile):
        log.warning("%s is damaged; its faces are found anew", file)
        return {}


def _save(file: Path, kept: dict[str, Kept]) -> None:
    with atomic_write(file) as out:
        np.savez_compressed(
            out,
            names=np.array(list(kept), np.str_),
            transforms=np.array([one.transform for one in kept.values()]).reshape(-1, 2, 3),
            found=np.array([one.found for one in kept.values()], bool),
            stamps=np.array([one.stamp for one in kept.values()], np.int64),
        )


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

"""Position of the face in each image of a table: found once, then cached.

Finding faces takes longer than any other step of loading an image, and its result never changes. It is cached in one
small file for each folder or zip file of images.
"""

import hashlib
import logging
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, TypeAlias

import numpy as np
from filelock import FileLock
from numpy.typing import NDArray

from emotiscan.datasets.storage import read_file, stamps_of
from emotiscan.datasets.table import LabelTable
from emotiscan.faces import FaceDetector
from emotiscan.files import atomic_write
from emotiscan.images import ImageError, read_image
from emotiscan.parallel_map import parallel_map

log = logging.getLogger(__name__)

VERSION = 2
"""Version of the cache; raise it when `faces` changes what it finds, so that faces are searched for again."""

SAVE_EVERY = 2000
"""Images after which the cache is written, so that an interruption costs minutes at most."""

UNKNOWN = 0
"""Stamp of an image that was cached before stamps existed; such an entry is trusted."""

CHUNK = 32
"""Images that a process takes at a time; for fewer it is not worth starting processes."""

ImageLocation: TypeAlias = tuple[str, str]
"""Folder or zip file, and the image's name below it."""

Progress: TypeAlias = Callable[[int, int], None]
"""Takes the number of images done and their total."""


@dataclass(frozen=True)
class Alignment:
    """The faces of a table's images.

    Attributes:
        transforms: (n, 2, 3) image pixels to crop fractions; NaN where the image is unreadable.
        found: (n,) whether landmarks were found; elsewhere the whole image is the crop.
    """

    transforms: NDArray[np.float64]
    found: NDArray[np.bool_]

    @property
    def readable(self) -> NDArray[np.bool_]:
        """(n,) whether the image could be read at all."""
        return ~np.isnan(self.transforms[:, 0, 0])


def align(table: LabelTable, cache: str | Path, workers: int = 2, progress: Progress | None = None) -> Alignment:
    """Find the face in every image of a table, or take it from the cache.

    Args:
        table: the images.
        cache: folder of the cache; made if it is missing.
        workers: processes; with 0 or 1, faces are found in this one.
        progress: called with the number of images done and their total.
    """
    transforms, found = np.full((len(table), 2, 3), np.nan), np.zeros(len(table), bool)
    for root, rows in table.frame.groupby("root", sort=False).indices.items():
        names = table.frame["image"].iloc[rows].tolist()
        cached = _align_folder(str(Path(str(root)).resolve()), names, Path(cache), workers, progress)
        for row, name in zip(rows, names, strict=True):
            if name in cached:
                transforms[row], found[row] = cached[name].transform, cached[name].found
    return Alignment(transforms, found)


class CachedFace(NamedTuple):
    """A cache entry: an image's transform, whether landmarks were found, and the file's stamp at that time."""

    transform: NDArray[np.float64]
    found: bool
    stamp: int


def _align_folder(
    folder: str, names: list[str], cache: Path, workers: int, progress: Progress | None
) -> dict[str, CachedFace]:
    """Everything cached for a folder, including all named images that are readable."""
    # The caller resolved the folder: the same name seen from another folder is another image.
    file = cache / f"alignment-{hashlib.sha256(repr((VERSION, folder)).encode()).hexdigest()[:16]}.npz"
    cache.mkdir(parents=True, exist_ok=True)
    # When several processes train together, one finds the faces and the others read what it found.
    with FileLock(file.with_suffix(".lock")):
        cached = _load(file)
        stamps = stamps_of(folder, names)
        # Unreadable images were not cached and are tried again: they may have been repaired since.
        missing = [name for name in names if name not in cached or cached[name].stamp not in (UNKNOWN, stamps[name])]
        faces_found = _locate_all([(folder, name) for name in missing], workers)
        for done, (name, face) in enumerate(zip(missing, faces_found, strict=True), start=1):
            cached.pop(name, None)
            if face is not None:
                cached[name] = CachedFace(*face, stamps[name])
            if progress and (done % 100 == 1 or done == len(missing)):
                progress(done, len(missing))
            if done % SAVE_EVERY == 0 or done == len(missing):
                _save(file, cached)
    return cached


def _load(file: Path) -> dict[str, CachedFace]:
    try:
        with np.load(file) as arrays:
            names = arrays["names"].tolist()
            stamps = arrays["stamps"] if "stamps" in arrays else np.full(len(names), UNKNOWN)
            rows = zip(arrays["transforms"], arrays["found"].tolist(), stamps.tolist(), strict=True)
            return {name: CachedFace(*row) for name, row in zip(names, rows, strict=True)}
    except FileNotFoundError:
        return {}
    except (ValueError, KeyError, OSError, EOFError, zipfile.BadZipFile):
        log.warning("%s is damaged; its faces are searched for again", file)
        return {}


def _save(file: Path, cached: dict[str, CachedFace]) -> None:
    with atomic_write(file) as out:
        np.savez_compressed(
            out,
            names=np.array(list(cached), np.str_),
            transforms=np.array([face.transform for face in cached.values()]).reshape(-1, 2, 3),
            found=np.array([face.found for face in cached.values()], bool),
            stamps=np.array([face.stamp for face in cached.values()], np.int64),
        )


LocatedFace: TypeAlias = tuple[NDArray[np.float64], bool] | None
"""Transform of an image and whether landmarks were found; None where it is unreadable."""


def _locate_all(images: list[ImageLocation], workers: int) -> Iterator[LocatedFace]:
    processes = workers if len(images) > CHUNK else 1
    return parallel_map(_FaceLocator, images, processes, task="find faces", chunk_size=CHUNK)


class _FaceLocator:
    """Finds the face in one image file after the other."""

    def __init__(self) -> None:
        self._detector = FaceDetector()

    def __call__(self, location: ImageLocation) -> LocatedFace:
        try:
            image = read_image(read_file(*location))
        except ImageError:
            return None
        face = self._detector.locate(image)
        return face.to_crop, face.box is not None

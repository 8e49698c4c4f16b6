"""Where a data set's pictures lie: a folder, or a zip file read in place."""

import os
import zipfile
import zlib
from functools import lru_cache
from pathlib import Path, PurePosixPath

from emotiscan.images import ImageError


def names_in(root: str | Path) -> frozenset[str]:
    """Names of every file below a folder or in a zip file, relative, with forward slashes.

    Raises:
        ImageError: the root is neither.
    """
    root = Path(root)
    if root.is_dir():
        return frozenset(
            PurePosixPath(Path(folder, file).relative_to(root)).as_posix()
            for folder, _, files in os.walk(root)
            for file in files
        )
    try:
        return frozenset(_zip(str(root), os.getpid()).namelist())
    except (OSError, zipfile.BadZipFile):
        raise ImageError(f"{root} is neither a folder nor a zip file that can be read") from None


def read_file(root: str | Path, name: str) -> bytes:
    """One file's bytes.

    Raises:
        ImageError: the file is missing or cannot be read.
    """
    root = Path(root)
    try:
        if root.is_dir():
            return (root / name).read_bytes()
        return _zip(str(root), os.getpid()).read(name)
    except (KeyError, OSError, zipfile.BadZipFile, zlib.error, ValueError, RuntimeError) as error:
        raise ImageError(f"{name} cannot be read from {root}: {error}") from None


@lru_cache(maxsize=16)
def _zip(path: str, process: int) -> zipfile.ZipFile:
    # Keyed by process: loader workers must not share one file position.
    return zipfile.ZipFile(path)

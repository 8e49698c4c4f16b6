"""Where a data set's pictures lie: a folder, or a zip file read in place."""

import os
import zipfile
import zlib
from collections.abc import Iterable
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


def stamps_of(root: str | Path, names: Iterable[str]) -> dict[str, int]:
    """A number for each file, other than 0, that changes when the file is replaced; of one that is missing it is 1."""
    root = Path(root)
    if root.is_dir():
        return {name: _stamp(root / name) for name in names}
    try:
        entries = {entry.filename: entry for entry in _zip(str(root), os.getpid()).infolist()}
    except (OSError, zipfile.BadZipFile):
        entries = {}
    return {name: 2 + entries[name].CRC if name in entries else 1 for name in names}


def _stamp(file: Path) -> int:
    try:
        status = file.stat()
    except (OSError, ValueError):
        return 1
    return 2 + (status.st_size << 32 ^ status.st_mtime_ns) % 2**62


@lru_cache(maxsize=16)
def _zip(path: str, process: int) -> zipfile.ZipFile:
    # Keyed by process: loader workers must not share one file position.
    return zipfile.ZipFile(path)

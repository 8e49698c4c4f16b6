"""Where a data set's images lie: a folder, or a zip file read in place."""

import os
import zipfile
import zlib
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path, PurePosixPath

from emotiscan.images import SUFFIXES, ImageError

IMAGE_SUFFIXES = SUFFIXES | {".pbm", ".pgm", ".ppm"}
"""Lower-case suffixes of the files that count as images if no label file names them."""

_SYSTEM_FILES = frozenset({"__macosx", ".ds_store", "thumbs.db", "desktop.ini"})


def is_system_file(name: str) -> bool:
    """Whether an operating system left a file there: `.DS_Store`, `Thumbs.db`, `._S005.png`, or in `__MACOSX/`.

    Args:
        name: of a file or folder, or its path with forward slashes.
    """
    return any(part.lower() in _SYSTEM_FILES or part.startswith("._") for part in name.split("/"))


def names_in(root: str | Path) -> frozenset[str]:
    """Names of all files below a folder or in a zip file, without those an operating system left there.

    Returns:
        Paths relative to the root, with forward slashes.

    Raises:
        ImageError: the root is neither a folder nor a zip file.
    """
    root = Path(root)
    if root.is_dir():
        names = (
            PurePosixPath(Path(folder, file).relative_to(root)).as_posix()
            for folder, _, files in os.walk(root)
            for file in files
        )
        return frozenset(name for name in names if not is_system_file(name))
    try:
        return frozenset(name for name in _zip(str(root), os.getpid()).namelist() if not is_system_file(name))
    except (OSError, zipfile.BadZipFile):
        raise ImageError(f"{root} is neither a folder nor a zip file that can be read") from None


def image_names_in(root: str | Path) -> list[str]:
    """Names of all images below a folder or in a zip file, sorted; hidden files and folders are skipped.

    Raises:
        ImageError: the root is neither a folder nor a zip file.
    """
    return sorted(
        name
        for name in names_in(root)
        if PurePosixPath(name).suffix.lower() in IMAGE_SUFFIXES
        and not any(part.startswith(".") for part in name.split("/"))
    )


def data_set_name(path: Path) -> str:
    """Name of a data set after its folder or zip file."""
    path = path.resolve()
    return path.stem if path.is_file() else path.name


def read_file(root: str | Path, name: str) -> bytes:
    """Read one file below a folder or in a zip file.

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
    """A number for each file that changes when the file is replaced: 1 if it is missing, else 2 or more."""
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

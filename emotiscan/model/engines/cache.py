"""Converted networks in the user's cache folder, so that each checkpoint is converted once.

A conversion is a folder with some files and their checksums. It appears under its name only when it is complete; if
several processes write the same one, the first wins. A folder that is damaged counts as missing.
"""

import contextlib
import hashlib
import json
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

MAX_CONVERSIONS = 4
"""Conversions that stay on the disk, the newest ones. One of the shipped network has 74 MB."""

CHECKSUMS = "sha256.json"
_UNFINISHED = ".unfinished-"
_ABANDONED = 24 * 3600
"""Age in seconds from which an unfinished folder belongs to a process that was killed."""


def cache_folder() -> Path:
    """The folder for conversions; it need not exist. `XDG_CACHE_HOME` moves it on any system.

    Raises:
        RuntimeError: this user has no home folder.
    """
    if base := os.environ.get("XDG_CACHE_HOME"):
        return Path(base) / "emotiscan" / "engines"
    if sys.platform == "win32" and (local := os.environ.get("LOCALAPPDATA")):
        return Path(local) / "emotiscan" / "Cache" / "engines"
    caches = "Library/Caches" if sys.platform == "darwin" else ".cache"
    return Path.home() / caches / "emotiscan" / "engines"


def find(name: str) -> Path | None:
    """Return the folder of a conversion, or None if there is none or it is damaged."""
    with contextlib.suppress(OSError, RuntimeError, ValueError, AttributeError):
        folder = cache_folder() / name
        expected = json.loads((folder / CHECKSUMS).read_text(encoding="utf-8"))
        if expected and all(_checksum(folder / file) == checksum for file, checksum in expected.items()):
            return folder
    return None


def store(name: str, write: Callable[[Path], None]) -> bool:
    """Store a conversion.

    Args:
        name: of its folder; a damaged folder of that name is replaced.
        write: writes the files into the folder it is given.

    Returns:
        Whether it is in the cache now. False if the disk is read-only or full, for example.
    """
    unfinished: Path | None = None
    try:
        folder = cache_folder()
        folder.mkdir(parents=True, exist_ok=True)
        unfinished = Path(tempfile.mkdtemp(prefix=_UNFINISHED, dir=folder))
        write(unfinished)
        checksums = {file.name: _checksum(file) for file in sorted(unfinished.iterdir())}
        (unfinished / CHECKSUMS).write_text(json.dumps(checksums), encoding="utf-8")
        if find(name) is None:
            shutil.rmtree(folder / name, ignore_errors=True)
            with contextlib.suppress(OSError):  # another process was faster
                unfinished.rename(folder / name)
        _remove_old(folder)
    except (OSError, RuntimeError):
        pass  # what counts is whether it can be found
    finally:
        if unfinished is not None:
            shutil.rmtree(unfinished, ignore_errors=True)
    return find(name) is not None


@contextlib.contextmanager
def lock(name: str, wait: bool) -> Iterator[bool]:
    """Let only one process of this machine make a conversion at a time.

    The system releases the lock of a process that is killed.

    Args:
        name: of the conversion.
        wait: wait until the other process is done.

    Yields:
        False if another process holds the lock and `wait` is False. True otherwise, also where the folder cannot be
        written or does not support locks: each process then converts for itself.
    """
    with contextlib.ExitStack() as stack:
        try:
            folder = cache_folder()
            folder.mkdir(parents=True, exist_ok=True)
            file = stack.enter_context(open(folder / f".{name}.lock", "ab"))
        except (OSError, RuntimeError):
            yield True
            return
        try:
            _lock_file(file.fileno(), wait)
        except BlockingIOError:
            yield False
            return
        except OSError:
            pass
        yield True


def _lock_file(descriptor: int, wait: bool) -> None:
    """Lock an open file until it is closed.

    Raises:
        BlockingIOError: another process holds the lock and `wait` is False.
        OSError: the file cannot be locked.
    """
    if sys.platform == "win32":
        import msvcrt

        while True:
            try:
                return msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
            except OSError:
                if not wait:
                    raise BlockingIOError from None
                time.sleep(0.1)
    import fcntl

    fcntl.flock(descriptor, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))


def _remove_old(folder: Path) -> None:
    """Remove all but the newest conversions, and what killed processes left."""
    ages = {path: time.time() - path.stat().st_mtime for path in folder.iterdir() if path.is_dir()}
    finished = sorted((path for path in ages if not path.name.startswith(_UNFINISHED)), key=ages.__getitem__)
    abandoned = [path for path in ages if path.name.startswith(_UNFINISHED) and ages[path] > _ABANDONED]
    for path in (*finished[MAX_CONVERSIONS:], *abandoned):
        shutil.rmtree(path, ignore_errors=True)


def _checksum(file: Path) -> str:
    with open(file, "rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()

"""Files that appear whole or not at all."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO


@contextmanager
def atomic_write(path: str | Path) -> Iterator[BinaryIO]:
    """A file to write to that takes its name only when all of it is written.

    Until then, and for good where writing fails or the process is killed, what stood there before stays. One process
    at a time may write a file.

    Args:
        path: of the file; missing folders above it are made.

    Yields:
        The file, open for bytes.

    Raises:
        OSError: it cannot be written, e.g. because the disk is full.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    # Always the same name: what a killed process left is written over, not added to.
    unfinished = path.with_name(f".{path.name}.unfinished")
    try:
        with open(unfinished, "wb") as file:
            yield file
        os.replace(unfinished, path)
    except BaseException:
        unfinished.unlink(missing_ok=True)
        raise


def atomic_write_bytes(path: str | Path, content: bytes | str) -> Path:
    """Write bytes, or text as UTF-8, whole or not at all (see `whole`); returns the path."""
    with atomic_write(path) as file:
        file.write(content.encode() if isinstance(content, str) else content)
    return Path(path)

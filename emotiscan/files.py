"""Atomic writes: a file is either complete or not there at all."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO


@contextmanager
def atomic_write(path: str | Path) -> Iterator[BinaryIO]:
    """Open a file that replaces the one at `path` only when all of it has been written.

    If writing fails or the process is killed, the old file stays. Only one process at a time may write a file.

    Args:
        path: of the file; missing parent folders are created.

    Yields:
        The file, open for bytes.

    Raises:
        OSError: the file cannot be written, e.g. because the disk is full.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    # Always the same name, so that leftovers of killed processes are overwritten and do not pile up.
    unfinished = path.with_name(f".{path.name}.unfinished")
    try:
        with open(unfinished, "wb") as file:
            yield file
        os.replace(unfinished, path)
    except BaseException:
        unfinished.unlink(missing_ok=True)
        raise


def atomic_write_bytes(path: str | Path, content: bytes | str) -> Path:
    """Write bytes, or text as UTF-8, with `atomic_write`; returns the path."""
    with atomic_write(path) as file:
        file.write(content.encode() if isinstance(content, str) else content)
    return Path(path)

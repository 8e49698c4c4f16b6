"""The pictures of a collection, one after the other: files, folders, and a list that may still grow."""

import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple, TextIO

SUFFIXES = frozenset({".jpg", ".jpeg", ".jpe", ".png", ".webp", ".bmp", ".gif", ".tif", ".tiff", ".heic", ".avif"})
"""Of a folder's files those that are read; whatever is named by itself is tried."""


class Picture(NamedTuple):
    """A picture's place in the collection, from 0, and its path."""

    place: int
    name: str


def pictures(names: Iterable[str], stream: TextIO) -> Iterator[Picture]:
    """Every picture that is meant, in order, as soon as it is known.

    Args:
        names: files, folders (all pictures below them, by name), and `-` for what `stream` names.
        stream: one path a line.
    """
    for place, name in enumerate(_names(names, stream)):
        yield Picture(place, name)


def _names(names: Iterable[str], stream: TextIO) -> Iterator[str]:
    for name in names:
        if name == "-":
            for line in stream:
                if path := line.rstrip("\r\n").strip():
                    yield from _files(path)
        else:
            yield from _files(name)


def _files(name: str) -> Iterator[str]:
    if not os.path.isdir(name):
        yield name
        return
    for folder, below, files in os.walk(name):
        below.sort()  # decides the order of the walk: the same every time, so that it can be gone on with
        yield from (os.path.join(folder, file) for file in sorted(files) if Path(file).suffix.lower() in SUFFIXES)

"""Finding the images of a collection: files, folders, and a stream of paths that may still grow."""

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from emotiscan.images import SUFFIXES

STDIN = "-"
"""Stands for the paths on standard input."""


@dataclass(frozen=True)
class InputImage:
    """An image of a collection.

    Attributes:
        index: its place in the collection, from 0.
        path: of its file.
    """

    index: int
    path: str


def find_images(paths: Iterable[str], stream: TextIO) -> Iterator[InputImage]:
    """Find the images of a collection, one at a time, in a fixed order.

    Args:
        paths: files, whatever their suffix; folders, searched with all their subfolders for `images.SUFFIXES`; and `-`
            for the paths in `stream`.
        stream: one path a line.
    """
    for index, path in enumerate(_expand(paths, stream)):
        yield InputImage(index, path)


def _expand(paths: Iterable[str], stream: TextIO) -> Iterator[str]:
    for path in paths:
        if path == STDIN:
            for line in stream:
                if listed := line.rstrip("\r\n").strip():
                    yield from _files(listed)
        else:
            yield from _files(path)


def _files(path: str) -> Iterator[str]:
    if not os.path.isdir(path):
        yield path
        return
    for folder, subfolders, files in os.walk(path):
        subfolders.sort()  # sets the order of the walk: the same every time, so that an interrupted one can resume
        yield from (os.path.join(folder, file) for file in sorted(files) if Path(file).suffix.lower() in SUFFIXES)

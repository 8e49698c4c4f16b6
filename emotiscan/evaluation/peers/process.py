"""Start a peer as a program of its own, and exchange images and answers with it.

Peers need packages that do not fit beside this project's (TensorFlow, MediaPipe, Node.js). So each runs in a process
with its own interpreter, on images that travel through a pipe and are never written to a file: width and height (32
bits each, big-endian), whether the whole image is the face (8 bits), then the RGB bytes. It first answers with a line
of JSON that has its `version`, then with one line for each image: `{"found": true, "scores": {name: number}}`.
"""

import json
import struct
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

WORKERS = Path(__file__).with_name("workers")

SIDE = 240
"""Smaller images are enlarged to this longer side, in pixels: detectors miss smaller faces."""

MAX_SIDE = 1280
"""Larger images are shrunk to this longer side, in pixels."""

PADDINGS = (0.0, 0.25, 0.5)
"""Margins around the photo, as shares of its longer side, that are tried in turn until the peer finds a face."""


class PeerError(RuntimeError):
    """A peer cannot be run; the message says why and how to install it."""


@dataclass(frozen=True)
class Answer:
    """What a peer says about one image.

    Attributes:
        found: whether it found a face.
        scores: its own outputs by name; empty without a face.
    """

    found: bool
    scores: Mapping[str, float]


class PeerProcess:
    """A running peer.

    Attributes:
        version: of the peer's package.
    """

    def __init__(self, command: Sequence[str], how_to_install: str) -> None:
        """Start the peer.

        Args:
            command: program and arguments.
            how_to_install: for the message where it does not start.

        Raises:
            PeerError: it does not start.
        """
        self._how_to_install = how_to_install
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115  # a pipe would fill up with the libraries' chatter
        try:
            self._process = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._errors
            )
        except OSError as error:
            raise PeerError(f"{command[0]} cannot be started ({error.strerror}); {how_to_install}") from None
        self.version = str(self._answer()["version"])

    def read(self, photo: Image.Image, whole: bool = False) -> Answer:
        """Let the peer read one photo.

        Args:
            photo: upright, RGB.
            whole: the photo is one tightly framed face, and the peer need not look for it.

        Raises:
            PeerError: the peer stopped.
        """
        answer = Answer(False, {})
        for padding in (0.0,) if whole else PADDINGS:
            pixels = padded(resized(photo), padding)
            height, width = pixels.shape[:2]
            data = struct.pack(">IIB", width, height, whole) + pixels.tobytes()
            pipe = self._process.stdin
            try:
                assert pipe is not None  # it was opened above
                pipe.write(data)
                pipe.flush()
            except OSError:
                self._answer()  # raises with the peer's own message
                raise PeerError(f"the peer stopped; {self._how_to_install}") from None
            found = self._answer()
            answer = Answer(bool(found["found"]), found["scores"])
            if answer.found:
                break
        return answer

    def close(self) -> None:
        """Stop the peer."""
        self._process.kill()
        self._process.communicate()
        self._errors.close()

    def _answer(self) -> dict[str, Any]:
        assert self._process.stdout is not None  # it was opened above
        while line := self._process.stdout.readline():
            if line.startswith(b"{"):  # anything else is a library's chatter
                return json.loads(line)
        self._process.communicate()
        self._errors.seek(0)
        said = self._errors.read().decode(errors="replace").strip().splitlines()
        self._errors.close()
        raise PeerError(f"the peer stopped ({said[-1] if said else 'without a message'}); {self._how_to_install}")


@contextmanager
def running(command: Sequence[str], how_to_install: str) -> Iterator[PeerProcess]:
    """Start a peer, and stop it afterwards; arguments and errors are those of `PeerProcess`."""
    process = PeerProcess(command, how_to_install)
    try:
        yield process
    finally:
        process.close()


def resized(photo: Image.Image) -> Image.Image:
    """The photo with a longer side of `SIDE` to `MAX_SIDE` pixels."""
    longest = max(photo.size)
    factor = min(max(longest, SIDE), MAX_SIDE) / longest
    if factor == 1:
        return photo
    size = (max(1, round(photo.width * factor)), max(1, round(photo.height * factor)))
    return photo.resize(size, Image.Resampling.BICUBIC)


def padded(photo: Image.Image, share: float) -> np.ndarray:
    """(h, w, 3) uint8 pixels with a margin that repeats the photo's edge."""
    margin = round(share * max(photo.size))
    return np.ascontiguousarray(np.pad(np.asarray(photo), ((margin, margin), (margin, margin), (0, 0)), mode="edge"))

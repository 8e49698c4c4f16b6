"""HEIC and AVIF files, decoded in a process of their own (`heif_worker.py`).

Both decoders are large C libraries. Versions of the one for HEIC crashed on damaged files of a few hundred bytes, which
would end the server and all its visits; the one for AVIF obeys the picture rather than the size that the file states,
so that 1300 bytes which claim to be 64 x 64 pixels take 140 MB. The process bounds both (`benchmarks/fuzz_images.py`).
"""

import contextlib
import io
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any, cast

from PIL import Image

from emotiscan.images.errors import ImageError

WAIT = 60.0
"""Seconds after which a process is ended; it ends itself after 20 s of work."""

TIME_IS_UP = int(getattr(signal, "SIGXCPU", 0))
"""Signal that ends a process that has used its processor time."""

_WORKER = str(Path(__file__).with_name("heif_worker.py"))
_DAMAGED = "The image is damaged and cannot be read. Try another copy."
_PROBLEMS = {
    "damaged": _DAMAGED,
    "unsupported": "The image is compressed in a way that is not supported. Save it as a JPEG and try again.",
    "memory": "The image needs too much memory to be read. Save it as a JPEG and try again.",
    "library": "Reading HEIC and AVIF images needs pillow-heif and Pillow's own AVIF support: pip install pillow-heif "
    "pillow. Or save the image as a JPEG.",
}


def decode_heif(
    data: bytes, format: str, max_side: int | None, check_size: Callable[[tuple[int, int]], None]
) -> tuple[Image.Image, int]:
    """Decode a HEIC or AVIF file: its primary image, converted to sRGB.

    Args:
        data: the file.
        format: "HEIF" or "AVIF".
        max_side: scale a larger image down to this longer side in pixels; None keeps the full size.
        check_size: called with the size that the file states, before it is decoded; raises an `ImageError` if the image
            is too large.

    Returns:
        An RGB image and its EXIF orientation. Transparent pixels are white, and HDR is brought down to the range of a
        normal screen.

    Raises:
        ImageError: the file is too large, damaged, not supported, or takes too much memory or time.
    """
    try:
        process = subprocess.Popen(
            [sys.executable, "-P", _WORKER, format, str(max_side or 0)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path)), "MALLOC_ARENA_MAX": "2"},
            creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
        )
    except OSError as error:
        raise ImageError(
            f"The image cannot be read: no process could be started for it ({error.strerror}). Save it as a JPEG."
        ) from None
    late = threading.Event()

    def stop() -> None:
        late.set()
        process.kill()

    timer = threading.Timer(WAIT, stop)
    timer.daemon = True
    timer.start()
    try:
        return _converse(process, data, check_size)
    except EOFError:  # the process ended too early
        if late.is_set() or process.wait() == -TIME_IS_UP:
            raise ImageError("The image takes too long to read. Save it as a JPEG and try again.") from None
        raise ImageError(_DAMAGED) from None
    finally:
        timer.cancel()
        process.kill()
        for pipe in (process.stdin, process.stdout):
            with contextlib.suppress(OSError):  # the rest of the file, which the process did not read
                cast(IO[bytes], pipe).close()
        process.wait()


def _converse(
    process: subprocess.Popen[bytes], data: bytes, check_size: Callable[[tuple[int, int]], None]
) -> tuple[Image.Image, int]:
    """Send the file to the process and read its answer; raise an `EOFError` if the answer ends too early."""
    stdin, stdout = cast(IO[bytes], process.stdin), cast(IO[bytes], process.stdout)
    with contextlib.suppress(OSError):  # the process ended before it read everything; its answer says why, if any
        stdin.write(data)
        stdin.close()
    check_size(_line(stdout)["size"])
    answer = _line(stdout)
    width, height = answer["pixels"]
    check_size((width, height))
    pixels = bytearray(3 * width * height)
    view, filled = memoryview(pixels), 0
    while filled < len(pixels):
        if not (count := cast(io.BufferedReader, stdout).readinto(view[filled:])):
            raise EOFError
        filled += count
    return Image.frombuffer("RGB", (width, height), pixels, "raw", "RGB", 0, 1), answer["orientation"]


def _line(stdout: IO[bytes]) -> dict[str, Any]:
    try:
        facts = json.loads(stdout.readline(1000))
    except ValueError:
        raise EOFError from None
    if "problem" in facts:
        raise ImageError(_PROBLEMS[facts["problem"]])
    return facts

"""Damaged and hostile pictures by the thousand: `python -m benchmarks.fuzz_images [--files 20000] [--seed 0]`.

Each must give a picture or a plain refusal (`ImageError`); anything else ends the run with status 1 and the file's
bytes. Then files at the limits of size are read as the app reads them, and what each needs in memory is printed.
"""

import argparse
import base64
import ctypes
import io
import os
import random
import struct
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from unittest import mock

import numpy as np
from PIL import Image, ImageCms

from emotiscan import images
from emotiscan.images import MAX_PIXELS, MAX_PIXELS_ELSE, WORKING_SIDE, ImageError, read_image

SMALL = 1_000_000
"""Pixels that a damaged file may claim here, so that thousands are read in minutes."""


PROFILE = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
"""A color profile."""


def encoded(image: Image.Image, format: str, **options: object) -> bytes:
    """A picture file."""
    buffer = io.BytesIO()
    image.save(buffer, format, **options)
    return buffer.getvalue()


def whole_files() -> list[bytes]:
    """Small files of every format and most modes that can be read, from which the damaged ones are made."""
    grid = np.add.outer(np.arange(24), np.arange(32)).astype(np.uint8)
    rgb = Image.fromarray(np.dstack([grid * 4, 255 - grid * 3, grid * 2]))
    gray, deep = rgb.convert("L"), Image.fromarray(grid.astype(np.uint16) * 1100)
    rgba, palette = rgb.convert("RGBA"), rgb.quantize(16)
    rgba.putalpha(gray)
    floats = grid.astype(np.float32)
    floats[3, 5:8] = np.nan, np.inf, -np.inf
    exif = Image.Exif()
    exif[0x0112] = 6
    return [
        encoded(rgb, "JPEG", exif=exif, icc_profile=PROFILE),
        encoded(rgb, "JPEG", progressive=True, subsampling=0),
        encoded(rgb.convert("CMYK"), "JPEG"),
        encoded(rgb, "MPO", save_all=True, append_images=[rgb]),
        encoded(rgb, "PNG", icc_profile=PROFILE),
        encoded(rgba, "PNG", exif=exif),
        encoded(palette, "PNG", transparency=3),
        encoded(deep, "PNG"),
        encoded(rgb, "WEBP", exif=exif, icc_profile=PROFILE),
        encoded(rgba, "WEBP", lossless=True),
        encoded(rgba, "WEBP", save_all=True, append_images=[rgb.convert("RGBA")]),
        encoded(palette, "GIF", save_all=True, append_images=[palette.rotate(90)], transparency=2),
        encoded(rgb, "BMP"),
        encoded(palette, "BMP"),
        encoded(rgb, "TIFF", compression="tiff_lzw", exif=exif),
        encoded(rgb.convert("CMYK"), "TIFF", compression="tiff_adobe_deflate"),
        encoded(Image.frombytes("LAB", rgb.size, rgb.tobytes()), "TIFF"),
        encoded(gray.convert("1"), "TIFF", compression="group4"),
        encoded(Image.fromarray(floats), "TIFF"),
        encoded(deep, "TIFF", compression="tiff_adobe_deflate"),
    ]


def damaged_files(count: int, seed: int) -> Iterator[bytes]:
    """Files with flipped bits, extreme lengths, lost, doubled and foreign parts, the same for the same seed."""
    random_ = random.Random(seed)
    seeds = whole_files()
    for _ in range(count):
        data = bytearray(random_.choice(seeds))
        for _ in range(random_.choice((1, 1, 1, 2, 3, 6))):
            random_.choice(DAMAGES)(data, random_, seeds)
        yield bytes(data)


def _bits(data: bytearray, random_: random.Random, _: list[bytes]) -> None:
    for _ in range(random_.choice((1, 2, 8))):
        if data:
            data[random_.randrange(len(data))] ^= 1 << random_.randrange(8)


def _head(data: bytearray, random_: random.Random, _: list[bytes]) -> None:
    place = random_.randrange(min(len(data), 160) or 1)
    data[place : place + 1] = bytes([random_.choice((0, 1, 2, 0x7F, 0x80, 0xFF, random_.randrange(256)))])


def _length(data: bytearray, random_: random.Random, _: list[bytes]) -> None:
    value = random_.choice((0, 1, 0x7FFF, 0xFFFF, 0x10000, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF))
    number = struct.pack(random_.choice("<>") + "I", value)[: random_.choice((2, 4))]
    place = random_.randrange(max(1, len(data) - 4))
    data[place : place + len(number)] = number


def _cut(data: bytearray, random_: random.Random, _: list[bytes]) -> None:
    del data[random_.randrange(len(data) + 1) :]


def _loss(data: bytearray, random_: random.Random, _: list[bytes]) -> None:
    place = random_.randrange(len(data) + 1)
    del data[place : place + random_.choice((1, 4, 64))]


def _double(data: bytearray, random_: random.Random, _: list[bytes]) -> None:
    place = random_.randrange(len(data) + 1)
    data[place:place] = data[place : place + random_.choice((1, 12, 200))] * random_.choice((1, 3))


def _foreign(data: bytearray, random_: random.Random, seeds: list[bytes]) -> None:
    other = random_.choice(seeds)
    place, start = random_.randrange(len(data) + 1), random_.randrange(len(other))
    data[place : place + random_.choice((0, 200))] = other[start : start + 200]


DAMAGES: tuple[Callable[[bytearray, random.Random, list[bytes]], None], ...] = (
    _bits,
    _bits,
    _head,
    _length,
    _cut,
    _loss,
    _double,
    _foreign,
)


@contextmanager
def small_limits() -> Iterator[None]:
    """Read at most `SMALL` pixels."""
    limits = dict.fromkeys(MAX_PIXELS, SMALL)
    with mock.patch.object(images, "MAX_PIXELS", limits), mock.patch.object(images, "MAX_PIXELS_ELSE", SMALL):
        yield


@contextmanager
def silent_libraries() -> Iterator[None]:
    """Without what C libraries write to standard error about each damaged file."""
    kept, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)


def outcome(data: bytes) -> str:
    """“read”, or the refusal.

    Raises:
        AssertionError: what came out is no picture as it is promised.
    """
    try:
        photo = read_image(data, WORKING_SIDE)
    except ImageError as error:
        return str(error)
    assert photo.mode == "RGB"
    assert 0 < photo.width * photo.height <= SMALL
    assert not photo.info
    return "read"


def largest_files() -> Iterator[tuple[str, bytes]]:
    """Files of one color, as small as their formats make them, with as many pixels as are read."""
    side = int(MAX_PIXELS_ELSE**0.5)
    wide = int(MAX_PIXELS["JPEG"] ** 0.5)
    webp = int(MAX_PIXELS["WEBP"] ** 0.5)
    yield "JPEG", encoded(Image.new("RGB", (wide, wide), "tan"), "JPEG")
    yield "progressive JPEG", encoded(Image.new("RGB", (side, side), "tan"), "JPEG", progressive=True, subsampling=0)
    yield "CMYK JPEG", encoded(Image.new("CMYK", (wide, wide), "tan"), "JPEG", subsampling=0)
    yield "PNG with alpha", encoded(Image.new("RGBA", (side, side), (200, 150, 120, 100)), "PNG")
    yield "16-bit PNG", encoded(Image.fromarray(np.zeros((side, side), np.uint16)), "PNG")
    yield "WebP with alpha", encoded(Image.new("RGBA", (webp, webp), (200, 150, 120, 100)), "WEBP")
    yield "GIF", encoded(Image.new("P", (side, side), 1), "GIF")
    yield "float TIFF", encoded(Image.fromarray(np.zeros((side, side), np.float32)), "TIFF", compression="tiff_lzw")
    yield "JPEG of 12 million pixels", encoded(Image.new("RGB", (4032, 3024), "tan"), "JPEG")


FORGET_PEAK = Path("/proc/self/clear_refs")
"""Where Linux is told, by a 5, to begin anew with `VmHWM`."""


def memory(field: str) -> float:
    """A figure of this process in MB, of Linux: `VmRSS`, or `VmHWM`, the peak since it was last forgotten."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(field)) / 1024


def fuzz(count: int, seed: int) -> int:
    """Read the damaged files; returns the exit status."""
    started, before, outcomes = time.perf_counter(), memory("VmRSS"), Counter()
    slowest, hungriest = 0.0, 0.0
    with small_limits(), silent_libraries():
        for number, data in enumerate(damaged_files(count, seed)):
            began, had = time.perf_counter(), memory("VmRSS")
            FORGET_PEAK.write_text("5")
            try:
                outcomes[outcome(data)] += 1
            except Exception as error:
                print(f"file {number} of seed {seed}: {error!r}\n{base64.b64encode(data).decode()}")
                return 1
            slowest = max(slowest, time.perf_counter() - began)
            hungriest = max(hungriest, memory("VmHWM") - had)
    for words, times in outcomes.most_common():
        print(f"{times:7}  {words}")
    seconds, after = time.perf_counter() - started, memory("VmRSS")
    print(f"{count} files in {seconds:.0f} s; of one file at most {slowest:.2f} s and {hungriest:.0f} MB")
    print(f"memory of the process: {before:.0f} MB before, {after:.0f} MB after")
    return 0


def weigh() -> None:
    """Read the largest files, and print what each needs above what the process had before."""
    for kind, data in largest_files():
        ctypes.CDLL(None).malloc_trim(0)  # what earlier files left behind would hide what this one needs
        FORGET_PEAK.write_text("5")
        before, began = memory("VmRSS"), time.perf_counter()
        size = read_image(data, WORKING_SIDE).size
        took = time.perf_counter() - began
        more = memory("VmHWM") - before
        print(
            f"{kind}: {len(data) / 1024:.0f} kB, {took:.2f} s, {size[0]} x {size[1]} px, {more:.0f} MB more at its peak"
        )


def main() -> int:
    """Both parts."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--files", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=0)
    parsed = parser.parse_args()
    status = fuzz(parsed.files, parsed.seed)
    if not status:
        weigh()
    return status


if __name__ == "__main__":
    sys.exit(main())

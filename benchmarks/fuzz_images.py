"""Fuzzer of the image reader: `python -m benchmarks.fuzz_images [--files 20000] [--heif-files 2000] [--seed 0]`.

Each of thousands of damaged files must give an image or an `ImageError`; anything else ends the run with status 1 and
prints the file. HEIC and AVIF files are decoded in a process of their own, which may crash; how often it does is
printed. Then files of the largest accepted size are read as the app reads them, and the memory that each needs is
printed.
"""

import argparse
import base64
import ctypes
import io
import os
import random
import signal
import struct
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
import pillow_heif
from PIL import Image, ImageCms

from emotiscan.images import MAX_PIXELS, MAX_PIXELS_DEFAULT, WORKING_SIDE, ImageError, decoding, heif, read_image
from emotiscan.images.file_types import heif_format

SMALL = 1_000_000
"""Limit on the pixels of a damaged file, so that thousands are read in minutes."""


pillow_heif.register_heif_opener()

PROFILE = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
"""An sRGB color profile."""


def encoded(image: Image.Image, format: str, **options: object) -> bytes:
    """Encode an image as a file."""
    buffer = io.BytesIO()
    image.save(buffer, format, **options)
    return buffer.getvalue()


def whole_files() -> list[bytes]:
    """Return small files of all formats but HEIC and AVIF and in most modes; the damaged ones are made from these."""
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


def whole_heif_files() -> list[bytes]:
    """Return small HEIC and AVIF files: with alpha, gray, of 10 bits, tiled, lossless, rotated, and of two images."""
    rows, columns = np.mgrid[:96, :128]
    rgb = Image.fromarray(np.dstack([columns * 2, 255 - rows, rows + columns]).astype(np.uint8))
    gray, rgba = rgb.convert("L"), rgb.convert("RGBA")
    rgba.putalpha(gray)
    deep = pillow_heif.from_bytes("RGB;16", rgb.size, (np.asarray(rgb).astype(np.uint16) * 257).tobytes())
    ten_bits = io.BytesIO()
    deep.save(ten_bits, color_primaries=9, transfer_characteristic=16)
    exif = Image.Exif()
    exif[0x0112] = 6
    rotated = rgb.copy()
    rotated.info["exif"] = exif.tobytes()
    return [
        encoded(rotated, "HEIF", icc_profile=PROFILE, thumbnails=[32]),
        encoded(rgba, "HEIF"),
        encoded(gray, "HEIF"),
        encoded(rgb, "HEIF", save_all=True, append_images=[rgb.rotate(90)]),
        encoded(rgb, "HEIF", tile_size=64),
        encoded(rgb, "HEIF", quality=-1, chroma=444),
        ten_bits.getvalue(),
        encoded(rgb, "AVIF", exif=exif, icc_profile=PROFILE),
        encoded(rgba, "AVIF"),
        encoded(gray, "AVIF"),
        encoded(rgb, "AVIF", save_all=True, append_images=[rgb.rotate(90)]),
        encoded(rgb, "AVIF", subsampling="4:4:4", quality=100),
    ]


def damaged_files(count: int, seed: int, seeds: list[bytes] | None = None) -> Iterator[bytes]:
    """Yield files with flipped bits, extreme lengths, and lost, repeated and foreign parts; reproducible.

    Args:
        seeds: undamaged files; `whole_files` if None.
    """
    rng = random.Random(seed)
    seeds = seeds or whole_files()
    for _ in range(count):
        data = bytearray(rng.choice(seeds))
        for _ in range(rng.choice((1, 1, 1, 2, 3, 6))):
            rng.choice(DAMAGES)(data, rng, seeds)
        yield bytes(data)


def _bits(data: bytearray, rng: random.Random, seeds: list[bytes]) -> None:
    for _ in range(rng.choice((1, 2, 8))):
        if data:
            data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)


def _head(data: bytearray, rng: random.Random, _: list[bytes]) -> None:
    place = rng.randrange(min(len(data), 160) or 1)
    data[place : place + 1] = bytes([rng.choice((0, 1, 2, 0x7F, 0x80, 0xFF, rng.randrange(256)))])


def _length(data: bytearray, rng: random.Random, _: list[bytes]) -> None:
    value = rng.choice((0, 1, 0x7FFF, 0xFFFF, 0x10000, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF))
    number = struct.pack(rng.choice("<>") + "I", value)[: rng.choice((2, 4))]
    place = rng.randrange(max(1, len(data) - 4))
    data[place : place + len(number)] = number


def _cut(data: bytearray, rng: random.Random, _: list[bytes]) -> None:
    del data[rng.randrange(len(data) + 1) :]


def _loss(data: bytearray, rng: random.Random, _: list[bytes]) -> None:
    place = rng.randrange(len(data) + 1)
    del data[place : place + rng.choice((1, 4, 64))]


def _double(data: bytearray, rng: random.Random, _: list[bytes]) -> None:
    place = rng.randrange(len(data) + 1)
    data[place:place] = data[place : place + rng.choice((1, 12, 200))] * rng.choice((1, 3))


def _foreign(data: bytearray, rng: random.Random, seeds: list[bytes]) -> None:
    other = rng.choice(seeds)
    place, start = rng.randrange(len(data) + 1), rng.randrange(len(other))
    data[place : place + rng.choice((0, 200))] = other[start : start + 200]


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
    """Lower the reader's limits to `SMALL` pixels."""
    limits = dict.fromkeys(MAX_PIXELS, SMALL)
    with mock.patch.object(decoding, "MAX_PIXELS", limits), mock.patch.object(decoding, "MAX_PIXELS_DEFAULT", SMALL):
        yield


@contextmanager
def silent_libraries() -> Iterator[None]:
    """Silence what C libraries write to standard error about each damaged file."""
    stderr, null = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, 2)
    try:
        yield
    finally:
        os.dup2(stderr, 2)
        os.close(stderr)
        os.close(null)


def outcome(data: bytes) -> str:
    """Read a file, and return “read” or the error's message.

    Raises:
        AssertionError: the result is not the kind of image that the reader promises.
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
    """Yield single-color files with the largest accepted number of pixels."""
    side = int(MAX_PIXELS_DEFAULT**0.5)
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
    yield "AVIF with alpha", encoded(Image.new("RGBA", (side, side), (200, 150, 120, 100)), "AVIF", speed=10)
    phone = Image.new("RGB", (4032, 3024), "tan")
    yield "HEIC of 12 million pixels", encoded(phone, "HEIF", tile_size=512, enc_params={"preset": "ultrafast"})
    yield "JPEG of 12 million pixels", encoded(Image.new("RGB", (4032, 3024), "tan"), "JPEG")


RESET_PEAK = Path("/proc/self/clear_refs")
"""Writing a 5 to this file makes Linux reset `VmHWM`."""


def memory(field: str) -> float:
    """Return this process's memory in MB on Linux: `VmRSS`, or `VmHWM`, the peak since its last reset."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(field)) / 1024


@contextmanager
def watched_processes() -> Iterator[list[subprocess.Popen]]:
    """Collect the processes that decode HEIC and AVIF files."""
    started: list[subprocess.Popen] = []

    class Watched(subprocess.Popen):
        def __init__(self, *arguments: Any, **options: Any) -> None:
            super().__init__(*arguments, **options)
            started.append(self)

    with mock.patch.object(heif.subprocess, "Popen", Watched):
        yield started


def largest_process() -> float:
    """Return the peak memory in MB of the largest process that this one has started so far (not on Windows)."""
    import resource

    return resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024


def fuzz(files: Iterable[bytes], seed: int) -> int:
    """Read damaged files, and return the exit status."""
    started, before = time.perf_counter(), memory("VmRSS")
    outcomes: Counter[str] = Counter()
    slowest, largest = 0.0, 0.0
    with small_limits(), silent_libraries(), watched_processes() as processes:
        for number, data in enumerate(files):
            start, memory_before = time.perf_counter(), memory("VmRSS")
            RESET_PEAK.write_text("5")
            try:
                outcomes[outcome(data)] += 1
            except Exception as error:
                print(f"file {number} of seed {seed}: {error!r}\n{base64.b64encode(data).decode()}")
                return 1
            slowest = max(slowest, time.perf_counter() - start)
            largest = max(largest, memory("VmHWM") - memory_before)
    for message, count_of in outcomes.most_common():
        print(f"{count_of:7}  {message}")
    seconds, after = time.perf_counter() - started, memory("VmRSS")
    print(f"{outcomes.total()} files in {seconds:.0f} s; at most {slowest:.2f} s and {largest:.0f} MB for one file")
    print(f"memory of the process: {before:.0f} MB before, {after:.0f} MB after")
    if processes:
        crashed = Counter(signal.Signals(-one.returncode).name for one in processes if one.returncode < 0)
        del crashed["SIGKILL"]  # ended by the reader, which has its answer
        print(f"{len(processes)} processes of at most {largest_process():.0f} MB; crashed: {dict(crashed) or 'none'}")
    return 0


def measure_largest_files() -> None:
    """Read the largest files, and print the memory that each needs in addition."""
    for kind, data in largest_files():
        ctypes.CDLL(None).malloc_trim(0)  # memory left over from earlier files would hide what this one needs
        RESET_PEAK.write_text("5")
        before, start = memory("VmRSS"), time.perf_counter()
        size = read_image(data, WORKING_SIDE).size
        seconds = time.perf_counter() - start
        added = memory("VmHWM") - before
        kilobytes = len(data) / 1024
        print(f"{kind}: {kilobytes:.0f} kB, {seconds:.2f} s, {size[0]} x {size[1]} px, {added:.0f} MB more at peak")
        if heif_format(data):
            print(f"    and at most {largest_process():.0f} MB in its own process")


def main() -> int:
    """Run the fuzzer and measure the largest files."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--files", type=int, default=20_000, help="number of damaged files (default: 20000)")
    parser.add_argument("--heif-files", type=int, default=2000, help="number of HEIC and AVIF files (default: 2000)")
    parser.add_argument("--seed", type=int, default=0, help="of the damage (default: 0)")
    options = parser.parse_args()
    status = fuzz(damaged_files(options.files, options.seed), options.seed)
    status = status or fuzz(damaged_files(options.heif_files, options.seed, whole_heif_files()), options.seed)
    if not status:
        measure_largest_files()
    return status


if __name__ == "__main__":
    sys.exit(main())

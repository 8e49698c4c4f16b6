"""Safe decoding of image files: bytes or a path in, an upright RGB image out. The only place that decodes images.

Input is not trusted. The format is detected from the first bytes, never from the file's name; the size is checked
before anything is decoded; and the memory and time that a small file can cost are bounded
(`benchmarks/fuzz_images.py` measures both).
"""

import io
import warnings
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image, ImageFile, UnidentifiedImageError

from emotiscan.images.errors import ImageError
from emotiscan.images.file_types import VIDEO, describe_unsupported, heif_format
from emotiscan.images.heif import decode_heif
from emotiscan.images.lazy_photo import LazyPhoto, turned_size

MAX_BYTES = 20 * 1024 * 1024
"""Maximum file size in bytes."""

MAX_PIXELS = {"JPEG": 65_000_000, "MPO": 65_000_000, "HEIF": 50_000_000, "WEBP": 16_000_000}
"""Maximum size in pixels, by Pillow's name of the format. A JPEG can be decoded at a fraction of its size, and HEIC in
a process that limits its memory (phones take 48 megapixels); the decoder of WebP needs memory for four images."""

MAX_PIXELS_DEFAULT = 25_000_000
"""Maximum size in pixels of formats that `MAX_PIXELS` does not list, and of progressive JPEGs, which can only be
decoded at full size."""

MAX_SIDE = 32_000
"""Maximum length of the longer side in pixels."""

MAX_SCANS = 200
"""Maximum number of scans in a progressive JPEG; about ten are usual. Each takes few bytes, but time for the whole
image."""

WORKING_SIDE = 4096
"""Longer side in pixels that a host with little memory should request from `read_image`. No face large enough to be
detected loses detail that its crop would show."""

FORMATS = ("JPEG", "PNG", "WEBP", "BMP", "TIFF", "GIF")
"""Formats that this process decodes, by Pillow's names. HEIC and AVIF have a process of their own (`heif.py`);
everything else is rejected before it is parsed.

MPO, the JPEG of many phones, is missing because Pillow opens it as JPEG; listing it would raise a KeyError.
"""

_JPEG_SUFFIXES, _HEIF_SUFFIXES = (".jpe", ".jpeg", ".jpg"), (".avif", ".heic", ".heif", ".hif")
SUFFIXES = frozenset((*_JPEG_SUFFIXES, *_HEIF_SUFFIXES, ".bmp", ".gif", ".png", ".tif", ".tiff", ".webp"))
"""File name suffixes of the supported formats, for finding images in folders. The contents decide how a file is read.
"""

_UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_ORIENTATION = 0x0112
_OPAQUE_MODES = ("RGB", "L", "CMYK", "YCbCr")  # 8 bits per channel, no transparency: pixels can be averaged
_ROWS = 256  # rows of a high-bit-depth image that are scaled at a time; all at once would take a hundred times the file


def read_image(source: bytes | str | Path, max_side: int | None = None) -> Image.Image:
    """Decode an image file and rotate it upright.

    Args:
        source: the file's bytes, or its path.
        max_side: scale a larger image down to this longer side in pixels; decoding a JPEG then takes no more memory
            than the scaled image. None keeps the full size.

    Returns:
        An RGB image, 8 bits per channel, rotated according to its EXIF orientation (HEIC and AVIF: to the container's
        own rotation and flip, as their standard says). Transparent pixels become white, an animation gives its first
        frame, a file of several images its primary one, and metadata are dropped. HEIC and AVIF are converted to sRGB.
        Other color profiles are ignored: the network uses gray levels, and a damaged profile of a few hundred bytes
        makes the color library (lcms) request half a gigabyte.

    Raises:
        ImageError: the file is missing, empty, too large, damaged, or not an image.
    """
    return _read(_read_bytes(source), max_side).image


def decode_photo(source: bytes | str | Path, enough: int, max_side: int | None = None) -> LazyPhoto:
    """Decode an image file as far as needed, as `read_image` does.

    A JPEG can be decoded at a half, a quarter or an eighth of its size. Half of a phone's photo takes half the time and
    a quarter of the memory.

    Args:
        source: the file's bytes, or its path.
        enough: pixels that the copy's longer side needs, if the photo has them.
        max_side: as in `read_image`, also for the photo itself.

    Raises:
        ImageError: as in `read_image`.
    """
    data = _read_bytes(source)
    image, size, scale = _read(data, max_side, enough)
    is_whole = max(image.size) >= min(max(size), max_side or MAX_SIDE)
    return LazyPhoto(image, size, scale, None if is_whole else partial(read_image, data, max_side))


class _Decoded(NamedTuple):
    """An upright RGB image, the size of the photo in the file, and the photo's pixels for each pixel of the image."""

    image: Image.Image
    size: tuple[int, int]
    scale: float


def _read(data: bytes, max_side: int | None, enough: int | None = None) -> _Decoded:
    if not data:
        raise ImageError("The file is empty. Choose another image.")
    kind = describe_unsupported(data)
    if kind == VIDEO:
        raise ImageError("This file is a video, not a photo. Use the Video page, or “emotiscan video”.")
    if len(data) > MAX_BYTES:
        raise ImageError(f"The file is larger than {MAX_BYTES // 2**20} MB. Reduce the image's size and try again.")
    try:
        with warnings.catch_warnings():
            # Pillow warns near a limit of its own; ours is checked in _load, before decoding.
            warnings.simplefilter("ignore")
            return _decode(data, max_side, enough)
    except ImageError:
        raise
    except Image.DecompressionBombError:  # raised by Pillow itself while it opens a much larger image
        raise ImageError(_too_many_pixels(max(MAX_PIXELS.values()))) from None
    except UnidentifiedImageError:
        what = f"{kind}, which is not supported" if kind else "not an image in a supported format"
        raise ImageError(f"This file is {what}. Use a JPEG, PNG, WebP, HEIC or AVIF file.") from None
    except Exception:  # Pillow's decoders raise almost anything on damaged data
        raise ImageError("The image is damaged and cannot be read. Try another copy.") from None


def _decode(data: bytes, max_side: int | None, enough: int | None) -> _Decoded:
    if format := heif_format(data):
        check_size = partial(_check_size, max_pixels=MAX_PIXELS.get(format))
        image, orientation = decode_heif(data, format, max_side, check_size)
        image = image.transpose(_UPRIGHT[orientation]) if orientation in _UPRIGHT else image
        return _Decoded(image, image.size, 1.0)
    image, size, scale = _load(data, max_side, enough)
    # After loading: Pillow rotates a TIFF while it loads it (which changes its size), and then removes the tag.
    rotation = _UPRIGHT.get(image.getexif().get(_ORIENTATION, 1))
    if image.mode not in _OPAQUE_MODES or "transparency" in image.info:
        image = _opaque(image)
    smaller = _downscale(image, max_side)
    scale *= max(image.size) / max(smaller.size)
    image = to_rgb(smaller)
    # ImageOps.exif_transpose also rewrites the EXIF block, and fails if any tag in it has a wrong type.
    if rotation is not None:
        image = image.transpose(rotation)
        size = turned_size(size, rotation)
    elif isinstance(image, ImageFile.ImageFile):  # keeps its EXIF block in several places
        image = image._new(image.im)  # a plain image of the same pixels; copy() would double the memory at the peak
    image.info.clear()  # the EXIF block would ask for another rotation, and may contain the place of the photo
    return _Decoded(image, size, scale)


def _load(data: bytes, max_side: int | None, enough: int | None) -> _Decoded:
    image = Image.open(io.BytesIO(data), formats=FORMATS)
    jpeg = image.format in ("JPEG", "MPO")
    max_pixels = MAX_PIXELS_DEFAULT if image.info.get("progressive") else MAX_PIXELS.get(image.format or "")
    _check_size(image.size, max_pixels)
    if jpeg and data.count(b"\xff\xda") > MAX_SCANS:  # these bytes cannot occur inside compressed JPEG data
        raise ImageError(
            "The image is stored in far too many scans. Open it in an image editor and save it as a new JPEG."
        )
    size, needed = image.size, enough
    if max_side and size[0] * size[1] > MAX_PIXELS_DEFAULT:
        needed = min(enough or max(size), max(size) // 2)
    if needed and jpeg:  # libjpeg then decodes it at the smallest fraction of its size that has as many pixels
        image.draft(None, (size[0] * needed // max(size), size[1] * needed // max(size)))
    fraction = round(max(size) / max(image.size))  # the sizes are whole numbers of pixels, their quotient is not exact
    image.load()
    return _Decoded(image, size if fraction > 1 else image.size, fraction)


def _check_size(size: tuple[int, int], max_pixels: int | None) -> None:
    max_pixels = max_pixels or MAX_PIXELS_DEFAULT
    if size[0] * size[1] > max_pixels:
        raise ImageError(_too_many_pixels(max_pixels))
    if max(size) > MAX_SIDE:
        raise ImageError(
            f"The image is longer than {MAX_SIDE} pixels. Crop it to the part with the face and try again."
        )


def _too_many_pixels(max_pixels: int) -> str:
    kind = "" if max_pixels == max(MAX_PIXELS.values()) else " for this type of file"
    return (
        f"The image has too many pixels; the maximum{kind} is {max_pixels // 1_000_000} million. "
        "Reduce its size and try again."
    )


def _read_bytes(source: bytes | str | Path) -> bytes:
    if isinstance(source, bytes | bytearray | memoryview):
        return bytes(source)
    path = Path(source)
    try:
        with path.open("rb") as file:
            return file.read(MAX_BYTES + 1)
    except FileNotFoundError:
        raise ImageError(f"There is no file {path}.") from None
    except (OSError, ValueError) as error:
        raise ImageError(f"{path} cannot be read: {getattr(error, 'strerror', None) or error}.") from None


def _downscale(image: Image.Image, max_side: int | None) -> Image.Image:
    scale = max_side / max(image.size) if max_side else 1.0
    if scale >= 1:
        return image
    return image.resize([max(1, round(scale * side)) for side in image.size], Image.Resampling.BOX)


def to_rgb(image: Image.Image) -> Image.Image:
    """Convert an image of any mode to 8-bit RGB. An RGB image is returned as it is.

    16-bit grays are scaled to 8 bits, floats from their smallest to their largest value. Transparent pixels become
    white.

    Raises:
        ImageError: the color mode cannot be converted, or no pixel holds a finite number.
    """
    if image.mode not in _OPAQUE_MODES or "transparency" in image.info:
        image = _opaque(image)
    return image if image.mode == "RGB" else image.convert("RGB")


def _opaque(image: Image.Image) -> Image.Image:
    """Convert to one of `_OPAQUE_MODES`, with transparent pixels on white."""
    if image.mode.startswith(("I", "F")):  # 16-bit and float grays: Pillow's convert would clip instead of scale
        return _scale_gray(image)
    try:
        if image.mode not in ("RGBA", "LA", "PA") and "transparency" not in image.info:
            return image.convert("RGB")
        image = image if image.mode == "RGBA" and "transparency" not in image.info else image.convert("RGBA")
    except ValueError:
        raise ImageError("The image's color mode is not supported. Save it as a JPEG and try again.") from None
    white = Image.new("RGB", image.size, "white")
    white.paste(image, mask=image.getchannel("A"))
    return white


def _scale_gray(image: Image.Image) -> Image.Image:
    pixels = np.asarray(image)
    parts = [pixels[row : row + _ROWS] for row in range(0, len(pixels), _ROWS)]
    finite = (part[np.isfinite(part)] for part in parts)  # a generator, to keep only one part in memory
    ranges = [(float(part.min()), float(part.max())) for part in finite if part.size]
    if not ranges:
        raise ImageError("The image contains only infinite or undefined numbers. Save it as a JPEG and try again.")
    low, high = min(start for start, _ in ranges), max(end for _, end in ranges)
    if image.mode.startswith("I;16") or 255 < high <= 65535:
        low, high = 0.0, 65535.0
    gray = np.empty(pixels.shape, np.uint8)
    for row, part in zip(range(0, len(pixels), _ROWS), parts, strict=True):
        # In double precision: the range of single-precision floats can exceed single precision.
        values = np.nan_to_num(part.astype(np.float64), nan=low, posinf=high, neginf=low)
        gray[row : row + _ROWS] = np.clip((values - low) * (255.0 / ((high - low) or 1.0)), 0, 255)
    return Image.fromarray(gray)

"""The one door for pictures: bytes or a path in, an upright RGB photo out.

Whatever comes in is taken for hostile. Its kind is told by its first bytes, never by its name; its size is checked
before anything is decoded; and what a small file can cost is bounded (`benchmarks/fuzz_images.py` measures it).
"""

import io
import warnings
from pathlib import Path

import numpy as np
from PIL import Image, ImageFile, UnidentifiedImageError

from emotiscan.images.file_types import describe_unsupported

MAX_BYTES = 20 * 1024 * 1024
"""Largest file that is read, in bytes."""

MAX_PIXELS = {"JPEG": 65_000_000, "MPO": 65_000_000, "WEBP": 16_000_000}
"""Largest picture that is decoded, in pixels, by Pillow's name of its format. A JPEG can be decoded at a fraction of
its size; a WebP's decoder holds four pictures."""

MAX_PIXELS_ELSE = 25_000_000
"""The same for all other formats, and for progressive JPEGs: these can only be decoded whole."""

MAX_SIDE = 32_000
"""Longest side that is decoded, in pixels."""

MAX_SCANS = 200
"""Passes of a progressive JPEG; usual are about ten. Each costs time for the whole picture, and few bytes."""

WORKING_SIDE = 4096
"""Longer side, in pixels, that a host with little memory should ask `read_image` for: no face that is large enough to
be found loses detail that its crop would show."""

FORMATS = ("JPEG", "PNG", "WEBP", "BMP", "TIFF", "GIF")
"""Formats that are decoded, by Pillow's names; everything else is refused before it is parsed.

Pillow reads MPO, the JPEG of many phones, by its JPEG door; naming it here would raise KeyError. HEIC is named and
refused: with pi-heif 1.4.0 a damaged file of a few hundred bytes ended the process, and every visit with it. Phones
send a JPEG instead where a page asks for one.
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
_PLAIN = ("RGB", "L", "CMYK", "YCbCr")  # modes whose pixels can be averaged
_ROWS = 256  # deep pictures are scaled so many rows at a time, or a few megabytes would need hundreds


class ImageError(ValueError):
    """The picture cannot be used; the message says why and what to do, in plain words."""


def read_image(source: bytes | str | Path, longest: int | None = None) -> Image.Image:
    """Decode a picture and turn it the right way up.

    Args:
        source: the file's bytes, or its path.
        longest: scale a larger picture down to this longer side, in pixels; a JPEG never takes
            more memory than the scaled picture needs. None keeps every pixel.

    Returns:
        An RGB picture, 8 bits a channel, rotated as its EXIF orientation asks; transparency
        is laid on white, an animation gives its first frame, and metadata are dropped. A color
        profile is not followed: the network looks at grays, and a damaged profile of a few
        hundred bytes makes the color library (lcms) ask for half a gigabyte.

    Raises:
        ImageError: the file is missing, empty, too large, damaged or no picture.
    """
    data = _bytes_of(source)
    if not data:
        raise ImageError("The file is empty. Choose another picture.")
    if len(data) > MAX_BYTES:
        raise ImageError(f"The file is larger than {MAX_BYTES // 2**20} MB. Save the picture smaller and try again.")
    try:
        with warnings.catch_warnings():
            # Pillow warns before its own limit; ours is checked below, on the declared size.
            warnings.simplefilter("ignore")
            return _decoded(data, longest)
    except ImageError:
        raise
    except Image.DecompressionBombError:  # Pillow's own, while it opens a still larger one
        raise ImageError(_too_many(max(MAX_PIXELS.values()))) from None
    except UnidentifiedImageError:
        kind = describe_unsupported(data)
        what = f"{kind}, which cannot be read here" if kind else "not a picture that can be read"
        raise ImageError(f"This file is {what}. Use a JPEG, PNG or WebP file.") from None
    except Exception:  # Pillow's decoders raise almost anything on damaged data
        raise ImageError("The picture is damaged and cannot be read. Try another copy of it.") from None


def _decoded(data: bytes, longest: int | None) -> Image.Image:
    image = _loaded(data, longest)
    turn = _UPRIGHT.get(image.getexif().get(_ORIENTATION))  # now: a TIFF is turned while it is loaded
    if image.mode not in _PLAIN or "transparency" in image.info:
        image = _plain(image)
    image = to_rgb(_scaled_down(image, longest))
    # ImageOps.exif_transpose also writes the EXIF block anew, and fails where any of its tags has a wrong type.
    if turn is not None:
        image = image.transpose(turn)
    elif isinstance(image, ImageFile.ImageFile):  # which keeps its EXIF block in several places
        image = image.copy()
    image.info.clear()  # that block would ask to be turned once more, and may say where it was taken
    return image


def _loaded(data: bytes, longest: int | None) -> Image.Image:
    image = Image.open(io.BytesIO(data), formats=FORMATS)
    jpeg = image.format in ("JPEG", "MPO")
    _check_size(image, MAX_PIXELS_ELSE if image.info.get("progressive") else MAX_PIXELS.get(image.format or ""))
    if jpeg and data.count(b"\xff\xda") > MAX_SCANS:  # in a JPEG's compressed data these bytes cannot occur
        raise ImageError("The picture is stored in far too many passes. Open it elsewhere, and save it as a new JPEG.")
    if longest and image.width * image.height > MAX_PIXELS_ELSE:
        image.draft(None, (image.width // 2, image.height // 2))  # libjpeg then decodes it at half its size
    image.load()
    return image


def _check_size(image: Image.Image, most: int | None) -> None:
    most = most or MAX_PIXELS_ELSE
    if image.width * image.height > most:
        raise ImageError(_too_many(most))
    if max(image.size) > MAX_SIDE:
        raise ImageError(f"The picture is longer than {MAX_SIDE} pixels. Cut out the part with the face and try again.")


def _too_many(most: int) -> str:
    kind = "" if most == max(MAX_PIXELS.values()) else " of this kind of file"
    return (
        f"The picture has too many pixels; at most {most // 1_000_000} million are read{kind}. "
        "Save it smaller and try again."
    )


def _bytes_of(source: bytes | str | Path) -> bytes:
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


def _scaled_down(image: Image.Image, longest: int | None) -> Image.Image:
    scale = longest / max(image.size) if longest else 1.0
    if scale >= 1:
        return image
    return image.resize([max(1, round(scale * side)) for side in image.size], Image.Resampling.BOX)


def to_rgb(image: Image.Image) -> Image.Image:
    """The picture in 8-bit RGB, whatever its mode; the picture itself where it is that already.

    16-bit grays are scaled, floats from their least to their largest; transparency is laid on white.

    Raises:
        ImageError: its colors are of a kind that cannot be turned into RGB, or no pixel holds a number.
    """
    if image.mode not in _PLAIN or "transparency" in image.info:
        image = _plain(image)
    return image if image.mode == "RGB" else image.convert("RGB")


def _plain(image: Image.Image) -> Image.Image:
    """In a mode of `_PLAIN`, without transparency."""
    if image.mode.startswith(("I", "F")):  # 16-bit and float grays: Pillow's convert would clip, not scale
        return _from_deep_gray(image)
    try:
        if image.mode not in ("RGBA", "LA", "PA") and "transparency" not in image.info:
            return image.convert("RGB")
        image = image if image.mode == "RGBA" and "transparency" not in image.info else image.convert("RGBA")
    except ValueError:
        raise ImageError("The picture's colors are of a rare kind. Save it as a JPEG and try again.") from None
    white = Image.new("RGB", image.size, "white")
    white.paste(image, mask=image.getchannel("A"))
    return white


def _from_deep_gray(image: Image.Image) -> Image.Image:
    pixels = np.asarray(image)
    parts = [pixels[row : row + _ROWS] for row in range(0, len(pixels), _ROWS)]
    finite = (part[np.isfinite(part)] for part in parts)  # one at a time
    ranges = [(float(part.min()), float(part.max())) for part in finite if part.size]
    if not ranges:
        raise ImageError("The picture holds no brightness, only infinite or undefined numbers. Save it as a JPEG.")
    low, high = min(least for least, _ in ranges), max(most for _, most in ranges)
    if image.mode.startswith("I;16") or 255 < high <= 65535:
        low, high = 0.0, 65535.0
    gray = np.empty(pixels.shape, np.uint8)
    for row, part in zip(range(0, len(pixels), _ROWS), parts, strict=True):
        # In double precision: the span of single-precision floats need not be one.
        values = np.nan_to_num(part.astype(np.float64), nan=low, posinf=high, neginf=low)
        gray[row : row + _ROWS] = np.clip((values - low) * (255.0 / ((high - low) or 1.0)), 0, 255)
    return Image.fromarray(gray)

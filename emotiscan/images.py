"""The one door for pictures: bytes or a path in, an upright RGB photograph out."""

import io
import warnings
from pathlib import Path

from PIL import Image, UnidentifiedImageError

MAX_BYTES = 20 * 1024 * 1024
"""Largest file that is read, in bytes."""

MAX_PIXELS = 64_000_000
"""Largest picture that is decoded, in pixels: more than any phone camera's usual output."""

FORMATS = ("JPEG", "PNG", "WEBP", "BMP", "TIFF", "GIF")
"""Formats that are decoded, by Pillow's names; everything else is refused before it is parsed.

Pillow reads MPO, the JPEG of many phones, by its JPEG door; naming it here would raise KeyError.
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


class ImageError(ValueError):
    """The picture cannot be used; the message says why and what to do, in plain words."""


def read_image(source: bytes | str | Path) -> Image.Image:
    """Decode a picture and turn it the right way up.

    Args:
        source: the file's bytes, or its path.

    Returns:
        An RGB picture, 8 bits a channel, rotated as its EXIF orientation asks; transparency
        is laid on white, an animation gives its first frame, and metadata are dropped.

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
            image = Image.open(io.BytesIO(data), formats=FORMATS)
            if image.width * image.height > MAX_PIXELS:
                raise Image.DecompressionBombError
            image.load()
            photo = to_rgb(_upright(image))
            photo.info.clear()  # its EXIF block would ask to be turned once more, and may say where it was taken
            return photo
    except Image.DecompressionBombError:  # ours, or Pillow's own while it opens a still larger one
        raise ImageError(
            f"The picture has too many pixels; at most {MAX_PIXELS // 1_000_000} million are read. "
            "Save it smaller and try again."
        ) from None
    except UnidentifiedImageError:
        raise ImageError("This file is not a picture that can be read. Use a JPEG, PNG or WebP file.") from None
    except Exception:  # Pillow's decoders raise almost anything on damaged data
        raise ImageError("The picture is damaged and cannot be read. Try another copy of it.") from None


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


def _upright(image: Image.Image) -> Image.Image:
    # ImageOps.exif_transpose also writes the EXIF block anew, and fails where any of its tags has a wrong type.
    method = _UPRIGHT.get(image.getexif().get(_ORIENTATION))
    return image if method is None else image.transpose(method)


def to_rgb(image: Image.Image) -> Image.Image:
    """The picture in 8-bit RGB, whatever its mode: 16-bit greys are scaled, transparency is laid on white."""
    if image.mode.startswith(("I", "F")):  # 16-bit and float greys: Pillow's convert would clip, not scale
        low, high = image.getextrema()
        if image.mode.startswith("I;16") or high > 255:
            low, high = 0, 65535
        span = float(high - low) or 1.0
        image = image.convert("F").point(lambda value: (value - low) * (255.0 / span)).convert("L")
    if image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info:
        image = image.convert("RGBA")
        white = Image.new("RGBA", image.size, "white")
        image = Image.alpha_composite(white, image)
    return image.convert("RGB")

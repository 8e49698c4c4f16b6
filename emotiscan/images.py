"""The one door for pictures: bytes or a path in, an upright RGB photograph out."""

import io
import warnings
from pathlib import Path

from PIL import Image, ImageOps, UnidentifiedImageError

MAX_BYTES = 20 * 1024 * 1024
"""Largest file that is read, in bytes."""

MAX_PIXELS = 64_000_000
"""Largest picture that is decoded, in pixels: more than any phone camera's usual output."""

FORMATS = ("JPEG", "PNG", "WEBP", "BMP", "TIFF", "GIF", "MPO")
"""Formats that are decoded, by Pillow's names; everything else is refused before it is parsed."""


class ImageError(ValueError):
    """The picture cannot be used; the message says why and what to do, in plain words."""


def read_image(source: bytes | str | Path) -> Image.Image:
    """Decode a picture and turn it the right way up.

    Args:
        source: the file's bytes, or its path.

    Returns:
        An RGB picture, 8 bits a channel, rotated as its EXIF orientation asks; transparency
        is laid on white, and an animation gives its first frame.

    Raises:
        ImageError: the file is missing, empty, too large, damaged or no picture.
    """
    data = _bytes_of(source)
    if not data:
        raise ImageError("The file is empty. Choose another picture.")
    if len(data) > MAX_BYTES:
        raise ImageError(
            f"The file has {len(data) / 2**20:.0f} MB; at most {MAX_BYTES // 2**20} MB are read. "
            "Save the picture smaller and try again."
        )
    try:
        with warnings.catch_warnings():
            # Pillow warns before its own limit; ours is checked below, on the declared size.
            warnings.simplefilter("ignore")
            image = Image.open(io.BytesIO(data), formats=FORMATS)
            if image.width * image.height > MAX_PIXELS:
                raise ImageError(
                    f"The picture has {image.width} x {image.height} pixels; at most "
                    f"{MAX_PIXELS // 1_000_000} million are read. Save it smaller and try again."
                )
            image.load()
            image = ImageOps.exif_transpose(image)
            return _to_rgb(image)
    except ImageError:
        raise
    except (UnidentifiedImageError, Image.DecompressionBombError):
        raise ImageError("This file is not a picture that can be read. Use a JPEG, PNG or WebP file.") from None
    except Exception:  # Pillow's decoders raise almost anything on damaged data
        raise ImageError("The picture is damaged and cannot be read. Try another copy of it.") from None


def _bytes_of(source: bytes | str | Path) -> bytes:
    if isinstance(source, bytes | bytearray | memoryview):
        return bytes(source)
    path = Path(source)
    try:
        if path.stat().st_size > MAX_BYTES:
            raise ImageError(f"{path.name} is larger than {MAX_BYTES // 2**20} MB. Save it smaller and try again.")
        return path.read_bytes()
    except FileNotFoundError:
        raise ImageError(f"There is no file {path}.") from None
    except (OSError, ValueError) as error:
        raise ImageError(f"{path} cannot be read: {getattr(error, 'strerror', None) or error}.") from None


def _to_rgb(image: Image.Image) -> Image.Image:
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

"""Reading any image file safely, and describing files that cannot be read."""

from emotiscan.images.decoding import (
    MAX_BYTES,
    MAX_PIXELS,
    MAX_PIXELS_ELSE,
    MAX_SIDE,
    WORKING_SIDE,
    ImageError,
    read_image,
    to_rgb,
)

__all__ = [
    "MAX_BYTES",
    "MAX_PIXELS",
    "MAX_PIXELS_ELSE",
    "MAX_SIDE",
    "WORKING_SIDE",
    "ImageError",
    "read_image",
    "to_rgb",
]

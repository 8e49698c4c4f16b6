"""Safe decoding of image files, and descriptions of files that cannot be decoded."""

from emotiscan.images.decoding import (
    MAX_BYTES,
    MAX_PIXELS,
    MAX_PIXELS_DEFAULT,
    MAX_SIDE,
    WORKING_SIDE,
    ImageError,
    read_image,
    to_rgb,
)

__all__ = [
    "MAX_BYTES",
    "MAX_PIXELS",
    "MAX_PIXELS_DEFAULT",
    "MAX_SIDE",
    "WORKING_SIDE",
    "ImageError",
    "read_image",
    "to_rgb",
]

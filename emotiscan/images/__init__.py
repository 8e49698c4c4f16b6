"""Safe decoding of image files, and descriptions of files that cannot be decoded."""

from emotiscan.images.decoding import (
    MAX_BYTES,
    MAX_PIXELS,
    MAX_PIXELS_DEFAULT,
    MAX_SIDE,
    SUFFIXES,
    WORKING_SIDE,
    decode_photo,
    read_image,
    to_rgb,
)
from emotiscan.images.errors import ImageError
from emotiscan.images.lazy_photo import LazyPhoto

__all__ = [
    "MAX_BYTES",
    "MAX_PIXELS",
    "MAX_PIXELS_DEFAULT",
    "MAX_SIDE",
    "SUFFIXES",
    "WORKING_SIDE",
    "ImageError",
    "LazyPhoto",
    "decode_photo",
    "read_image",
    "to_rgb",
]

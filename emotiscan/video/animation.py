"""Animated GIF, WebP and PNG files, decoded with Pillow."""

import warnings
from collections.abc import Callable, Iterator
from typing import BinaryIO

from PIL import Image

from emotiscan.images import ImageError, to_rgb
from emotiscan.video.errors import VideoError

FORMATS = ("GIF", "WEBP", "PNG")
"""Formats by Pillow's names."""

MAX_PIXELS = 8_000_000
"""Largest frame in pixels; the decoders keep several frames in memory."""

DEFAULT_DURATION = 0.1
"""Seconds that a frame is shown if the file says 0, as browsers do."""


def is_animation_format(head: bytes) -> bool:
    """Whether a file begins like a GIF, WebP or PNG file."""
    return head.startswith((b"GIF8", b"\x89PNG")) or (head[:4] == b"RIFF" and head[8:12] == b"WEBP")


class Animation:
    """Frames of an animated image, each with its time. Iterate over it once.

    Attributes:
        size: width and height in pixels.
        frames: number of frames that the file declares.
        format: Pillow's name of the format, in lower case.
        notes: what was lost, after the iteration.
    """

    def __init__(self, image: Image.Image) -> None:
        self._image = image
        self.size = image.size
        self.frames = int(getattr(image, "n_frames", 1))
        self.format = (image.format or "").lower()
        self.notes: list[str] = []

    def __iter__(self) -> Iterator[tuple[float, Callable[[], Image.Image]]]:
        """Yield the time of each frame in seconds, and a function that makes its RGB image."""
        time = 0.0
        for number in range(self.frames):
            try:
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")
                    self._image.seek(number)
                    self._image.load()
                    rgb = to_rgb(self._image)
            except (EOFError, ImageError, OSError, ValueError, SyntaxError, IndexError, MemoryError):
                self.notes.append(f"The file is damaged after {number} of its {self.frames} frames.")
                return
            yield time, rgb.copy
            duration = self._image.info.get("duration") or 0
            time += duration / 1000 if duration > 0 else DEFAULT_DURATION


def open_animation(file: BinaryIO) -> Animation:
    """Open an animated image.

    Raises:
        VideoError: the file is damaged, too large, or has a single frame.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            image = Image.open(file, formats=FORMATS)
            if image.width * image.height > MAX_PIXELS:
                raise VideoError(f"The frames are {image.width} x {image.height} pixels; scale the animation down.")
            animation = Animation(image)
    except VideoError:
        raise
    except Exception:  # Pillow's decoders raise almost anything on damaged data
        raise VideoError("The animation is damaged and cannot be read. Try another copy.") from None
    if animation.frames < 2:
        raise VideoError("This file is a photo, not a video; read it with “emotiscan read”.")
    return animation

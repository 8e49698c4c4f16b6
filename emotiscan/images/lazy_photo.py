"""A photo that is decoded at a fraction of its size, and in full only when that is needed."""

from collections.abc import Callable
from functools import cached_property, partial

from PIL import Image


class LazyPhoto:
    """A photo of which a smaller copy is at hand. Safe to share among threads.

    Coordinates are continuous: those of the photo are `scale` times those of the copy.

    Attributes:
        size: width and height of the photo, in pixels.
        small: the copy, upright, RGB; or the photo itself.
        scale: pixels of the photo for each pixel of the copy, 1 or more.
    """

    def __init__(
        self,
        small: Image.Image,
        size: tuple[int, int] | None = None,
        scale: float = 1.0,
        load: Callable[[], Image.Image] | None = None,
    ) -> None:
        """Create a lazy photo.

        Args:
            small, size, scale: see the attributes; `size` is that of the copy by default.
            load: decodes the photo; None if the copy is the photo itself, or all that there will be.
        """
        self.small, self.size, self.scale = small, size or small.size, scale
        self._load = load

    @property
    def is_whole(self) -> bool:
        """Whether decoding the photo gives no more pixels than the copy has."""
        return self._load is None

    @cached_property
    def whole(self) -> Image.Image:
        """The photo, upright, RGB; decoded on first use, and kept.

        It has `size`, unless a host with little memory asked for less (`decode_photo`).
        """
        return self._load() if self._load else self.small

    def decoded(self) -> "LazyPhoto":
        """The same photo with all its pixels at hand."""
        return LazyPhoto(self.whole, self.size, max(self.size) / max(self.whole.size))

    def turned(self, turn: Image.Transpose) -> "LazyPhoto":
        """The same photo, turned or flipped."""
        load = partial(_turned, self, turn) if self._load else None
        return LazyPhoto(self.small.transpose(turn), turned_size(self.size, turn), self.scale, load)


def turned_size(size: tuple[int, int], turn: Image.Transpose) -> tuple[int, int]:
    """Width and height of a turned image of a given width and height."""
    same = (Image.Transpose.FLIP_LEFT_RIGHT, Image.Transpose.FLIP_TOP_BOTTOM, Image.Transpose.ROTATE_180)
    return size if turn in same else size[::-1]


def _turned(photo: LazyPhoto, turn: Image.Transpose) -> Image.Image:
    return photo.whole.transpose(turn)

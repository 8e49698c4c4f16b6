"""Area averages of a photo by a summed-area table (Crow, 1984, "Summed-Area Tables for Texture Mapping")."""

import copy
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Indices = NDArray[np.int64]


class SummedAreaTable:
    """Area averages of a photo, exact, in a time that does not depend on the area.

    Attributes:
        photo: (height, width, 3) RGB.
        border: width in pixels of a margin around the photo that repeats its edge pixels. Positions count from the
            margin's corner. The margin takes no time or memory: beyond the edge, sums grow linearly.
        height: of the photo with its margin, in pixels.
        width: of the photo with its margin, in pixels.
    """

    def __init__(self, photo: NDArray[np.uint8]) -> None:
        self.photo, self.border = photo, 0
        self.height, self.width = photo.shape[:2]

    def with_border(self, border: int) -> "SummedAreaTable":
        """The same photo with a margin; computes nothing anew."""
        self._sums  # noqa: B018, is computed once for both
        other = copy.copy(self)
        other.border = border
        other.height, other.width = (length + 2 * border for length in self.photo.shape[:2])
        return other

    @cached_property
    def _sums(self) -> NDArray[np.int32]:
        height, width = self.photo.shape[:2]
        sums = np.zeros((height + 1, width + 1, 3), np.int32)  # wraps around beyond 8.4 megapixels, which
        flat = sums.reshape(height + 1, -1)  # differences of sums survive
        for row, pixels in enumerate(self.photo.reshape(height, -1)):
            np.add(flat[row, 3:], pixels, out=flat[row + 1, 3:])
        np.cumsum(sums, axis=1, out=sums)
        return sums

    def averages(self, rows: tuple[Indices, Indices], columns: tuple[Indices, Indices]) -> Floats:
        """Average windows of the photo: each of `rows` with each of `columns`, as (rows, columns, 3).

        Args:
            rows: first row of each window and the row after its last.
            columns: the same for columns.
        """
        (top, bottom), (left, right) = rows, columns
        strips = self._along(self._sums, bottom, 0)
        strips -= self._along(self._sums, top, 0)
        sums = self._along(strips, right, 1) - self._along(strips, left, 1)
        return _divided(sums, np.multiply.outer(bottom - top, right - left))

    def crops(self, boxes: Indices, side: int) -> Floats:
        """Resize parts of the photo to (n, side, side, 3), by area averaging.

        Args:
            boxes: (n, 4) x0, y0, x1, y1 within the photo; a part holds the pixels before x1 and y1.
            side: in pixels.
        """
        (left, top), widths = boxes[:, :2].T, boxes[:, 2:] - boxes[:, :2]
        x, y = (windows(widths[:, [axis]], side) for axis in (0, 1))
        left, right = ((left[:, None] + edge)[:, None] for edge in x)  # (n, 1, side)
        top, bottom = ((top[:, None] + edge)[:, :, None] for edge in y)  # (n, side, 1)
        sums = self._at(bottom, right) - self._at(bottom, left) - self._at(top, right) + self._at(top, left)
        return _divided(sums, (bottom - top) * (right - left))

    def _along(self, sums: NDArray[np.int32], positions: Indices, axis: int) -> NDArray[np.int32]:
        """Sums at positions of one axis."""
        if not self.border:
            return sums.take(positions, axis)
        nearest, inner, beyond = self._nearest(positions, axis)
        found: NDArray[np.int32] = sums.take(nearest, axis)
        outside = np.flatnonzero(beyond)
        if len(outside):
            where = (slice(None),) * axis + (outside,)
            steps = beyond[outside].reshape(-1, *(1,) * (sums.ndim - 1 - axis))
            found[where] += steps * (found[where] - sums.take(inner[outside], axis))
        return found

    def _at(self, rows: Indices, columns: Indices) -> NDArray[np.int32]:
        """Sums at points; rows and columns are broadcast."""
        if not self.border:
            return self._sums[rows, columns]
        (y, inner_y, dy), (x, inner_x, dx) = self._nearest(rows, 0), self._nearest(columns, 1)
        found: NDArray[np.int32] = self._sums[y, x]
        if dy.any() or dx.any():
            dy, dx = dy[..., None], dx[..., None]
            across, down = self._sums[y, inner_x], self._sums[inner_y, x]
            found = (1 + dy) * ((1 + dx) * found - dx * across) - dy * (
                (1 + dx) * down - dx * self._sums[inner_y, inner_x]
            )
        return found

    def _nearest(self, positions: Indices, axis: int) -> tuple[Indices, Indices, NDArray[np.int32]]:
        """Nearest position in the photo, its inner neighbor, and the distance in pixels, which is 0 inside."""
        length = self.photo.shape[axis]
        positions = positions - self.border
        nearest = np.clip(positions, 0, length)
        beyond = np.abs(positions - nearest).astype(np.int32)
        return nearest, np.where(positions > 0, length - 1, 1), beyond


def _divided(sums: NDArray[np.int32], areas: Indices) -> Floats:
    return np.multiply(sums, np.reciprocal(areas.astype(np.float32))[..., None], dtype=np.float32)


def windows(length: int | Indices, parts: int, wanted: range | None = None) -> tuple[Indices, Indices]:
    """Divide a length into equal windows, widened to whole pixels: start and end of those that are wanted."""
    number = np.arange(parts) if wanted is None else np.arange(wanted.start, wanted.stop)
    return number * length // parts, -(-(number + 1) * length // parts)

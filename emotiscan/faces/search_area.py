"""Where the cascade's first network looks: parts of a pyramid level.

A part is a range of rows and a range of columns, in pixels of the level. The network puts a square cell at every second
pixel of a part, from its first one; a part therefore starts at a multiple of the stride.
"""

from typing import TypeAlias

from emotiscan.faces.summed_area_table import Floats

Part: TypeAlias = tuple[range, range]
"""Rows and columns, in pixels of a level."""

CELL, STRIDE = 12, 2
"""Side and spacing, in pixels of a pyramid level, of the squares that the first network looks at."""

EDGE_DEPTH = 6
"""How far inside the photo, in pixels of a pyramid level, a square that is near the edge may begin: half a cell, more
than the networks shift one."""

SIZE_RATIO, NEAR = 2.5, 0.75
"""Cells that can become the box of a known face: larger or smaller than the face by this factor at most, with their
centers within this many sides of the face's center, in each direction."""


def overlapping(length: int, scale: float, low: int, high: int) -> range:
    """Pixels of a level that cells overlapping the photo's pixels `low` to `high` need; starts at a multiple of 2."""
    first = max(0, int(low * scale) - CELL) // STRIDE * STRIDE
    return range(first, min(length, int(high * scale) + CELL + STRIDE))


def parts_to_search(rows: range, columns: range, faces: Floats) -> list[Part]:
    """Parts of a level that hold the cells near known faces or near the photo's edges.

    The levels that take most of the time have the smallest cells, and so the narrowest strips along the edges. In the
    others, cells far from the edge hold parts of large faces at the edge, and make their boxes better.

    Args:
        rows: of the level, as `overlapping` returns them: the first and last cell hardly touch the photo.
        columns: likewise.
        faces: (n, 4) x0, y0, x1, y1 of the known faces, in pixels of the level.

    Returns:
        Parts, which may overlap; or the whole level unless they save half of it.
    """
    parts = _along_edges(rows, columns) + _near(rows, columns, faces)
    area = sum(len(down) * len(across) for down, across in parts)
    return parts if 2 * area < len(rows) * len(columns) else [(rows, columns)]


def _along_edges(rows: range, columns: range) -> list[Part]:
    """Strips in which the cells near the photo's edges lie, or the whole level if they would overlap."""
    depth = 2 * CELL + EDGE_DEPTH  # outside, at least a cell; inside, the last cell that begins within EDGE_DEPTH
    upper, left = (range(part.start, part.start + depth) for part in (rows, columns))
    lower, right = (range((part.stop - depth - STRIDE) // STRIDE * STRIDE, part.stop) for part in (rows, columns))
    # Cells begin at multiples of the stride, those between the upper and the lower strip from here to there:
    between = range(upper.stop - CELL, lower.start + CELL)
    if len(between) <= CELL or right.start <= left.stop:
        return [(rows, columns)]
    return [(upper, columns), (lower, columns), (between, left), (between, right)]


def _near(rows: range, columns: range, faces: Floats) -> list[Part]:
    """Squares around the faces whose size is that of a cell, roughly, cut off at the ends of the level."""
    sides = (faces[:, 2:] - faces[:, :2]).max(1, initial=0)
    alike = (sides * SIZE_RATIO >= CELL) & (sides <= CELL * SIZE_RATIO)
    centers, reach = (faces[alike, :2] + faces[alike, 2:]) / 2, NEAR * sides[alike] + CELL / 2
    parts = [
        (_within(rows, y - distance, y + distance), _within(columns, x - distance, x + distance))
        for (x, y), distance in zip(centers.tolist(), reach.tolist(), strict=True)
    ]
    return [(down, across) for down, across in parts if min(len(down), len(across)) >= CELL]


def _within(pixels: range, low: float, high: float) -> range:
    """The part of a level's pixels between two positions, widened to multiples of the stride."""
    start, stop = int(low // STRIDE) * STRIDE, -int(-high // STRIDE) * STRIDE
    return range(max(pixels.start, start), min(pixels.stop, stop))

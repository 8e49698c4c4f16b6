"""A z-buffer rasterizer: from triangles to pixels, and back to the surface that each pixel shows.

Screen points are (x, y, nearness): pixels from the top left corner, and 1 / distance, which is linear over the
screen and so can be interpolated and compared directly.
"""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from emotiscan.rendering.head_model import Floats, Ints
from emotiscan.rendering.kernels import kernel, random_at


class Attributes(NamedTuple):
    """What varies over the mesh.

    Attributes:
        uvs: (m, 2) texture vertices.
        rest: (n, 3) position of each vertex on the mean face at rest, cm: paint sticks to it.
        normals: (n, 3) unit normals in camera space.
        positions: (n, 3) in camera space, cm.
        openness: (n,) share of the surroundings that is not hidden, 0 to 1.
    """

    uvs: Floats
    rest: Floats
    normals: Floats
    positions: Floats
    openness: Floats


class Pixels(NamedTuple):
    """`Attributes` of the surface that each pixel shows, (h, w, …); `part` is 255 where there is none."""

    uv: Floats
    rest: Floats
    normal: Floats
    position: Floats
    openness: Floats
    part: NDArray[np.uint8]


def empty_pixels(side: int) -> Pixels:
    """Return unset pixels of a square image."""
    return Pixels(
        uv=np.zeros((side, side, 2), np.float32),
        rest=np.zeros((side, side, 3), np.float32),
        normal=np.zeros((side, side, 3), np.float32),
        position=np.zeros((side, side, 3), np.float32),
        openness=np.zeros((side, side), np.float32),
        part=np.full((side, side), 255, np.uint8),
    )


@kernel
def rasterize(
    points: Floats, triangles: Ints, nearness: Floats, triangle_at: Ints, first_triangle: int, cull_back: bool
) -> None:
    """Rasterize triangles into a z-buffer.

    Args:
        points: (n, 3) screen points.
        triangles: (t, 3) indices into `points`.
        nearness: (h, w) z-buffer, modified: the largest nearness so far.
        triangle_at: (h, w) modified: the nearest triangle.
        first_triangle: number of the first triangle in `triangle_at`.
        cull_back: whether to leave out triangles that face away.
    """
    height, width = nearness.shape
    for t in range(triangles.shape[0]):
        a, b, c = triangles[t, 0], triangles[t, 1], triangles[t, 2]
        x0, y0, x1, y1, x2, y2 = points[a, 0], points[a, 1], points[b, 0], points[b, 1], points[c, 0], points[c, 1]
        area = (x1 - x0) * (y2 - y0) - (x2 - x0) * (y1 - y0)
        if area == 0 or (cull_back and area > 0):
            continue
        left = max(0, math.ceil(min(x0, x1, x2) - 0.5))
        right = min(width - 1, math.floor(max(x0, x1, x2) - 0.5))
        top = max(0, math.ceil(min(y0, y1, y2) - 0.5))
        bottom = min(height - 1, math.floor(max(y0, y1, y2) - 0.5))
        if left > right or top > bottom:
            continue
        inverse = 1.0 / area
        z0, z1, z2 = points[a, 2], points[b, 2], points[c, 2]
        for y in range(top, bottom + 1):
            py = y + 0.5
            for x in range(left, right + 1):
                px = x + 0.5
                w0 = ((x1 - px) * (y2 - py) - (x2 - px) * (y1 - py)) * inverse
                if w0 < 0:
                    continue
                w1 = ((x2 - px) * (y0 - py) - (x0 - px) * (y2 - py)) * inverse
                w2 = 1 - w0 - w1
                if w1 < 0 or w2 < 0:
                    continue
                z = w0 * z0 + w1 * z1 + w2 * z2
                if z > nearness[y, x]:
                    nearness[y, x] = z
                    triangle_at[y, x] = first_triangle + t


@kernel
def rasterize_lashes(
    points: Floats,
    triangles: Ints,
    uv_triangles: Ints,
    lash_uv: Floats,
    nearness: Floats,
    triangle_at: Ints,
    first_triangle: int,
    density: float,
    seed: int,
) -> None:
    """Rasterize lash strips: like `rasterize`, but only where a single lash grows.

    Args:
        points: (n, 3) screen points.
        triangles: (t, 3) indices into `points`.
        uv_triangles: (t, 3) indices into `lash_uv`.
        lash_uv: (m, 2) texture vertices: x along the lid, y from the root of a lash (0) to its tip (1).
        nearness: as in `rasterize`.
        triangle_at: as in `rasterize`.
        first_triangle: as in `rasterize`.
        density: of the lashes, 0 to 1.
        seed: of the lashes.
    """
    height, width = nearness.shape
    for t in range(triangles.shape[0]):
        a, b, c = triangles[t, 0], triangles[t, 1], triangles[t, 2]
        ta, tb, tc = uv_triangles[t, 0], uv_triangles[t, 1], uv_triangles[t, 2]
        x0, y0, x1, y1, x2, y2 = points[a, 0], points[a, 1], points[b, 0], points[b, 1], points[c, 0], points[c, 1]
        area = (x1 - x0) * (y2 - y0) - (x2 - x0) * (y1 - y0)
        if area == 0:
            continue
        inverse = 1.0 / area
        for y in range(max(0, int(min(y0, y1, y2))), min(height - 1, int(max(y0, y1, y2)) + 1) + 1):
            py = y + 0.5
            for x in range(max(0, int(min(x0, x1, x2))), min(width - 1, int(max(x0, x1, x2)) + 1) + 1):
                px = x + 0.5
                w0 = ((x1 - px) * (y2 - py) - (x2 - px) * (y1 - py)) * inverse
                w1 = ((x2 - px) * (y0 - py) - (x0 - px) * (y2 - py)) * inverse
                w2 = 1 - w0 - w1
                if w0 < 0 or w1 < 0 or w2 < 0:
                    continue
                z = w0 * points[a, 2] + w1 * points[b, 2] + w2 * points[c, 2]
                if z <= nearness[y, x]:
                    continue
                along = w0 * lash_uv[ta, 0] + w1 * lash_uv[tb, 0] + w2 * lash_uv[tc, 0]
                out = w0 * lash_uv[ta, 1] + w1 * lash_uv[tb, 1] + w2 * lash_uv[tc, 1]
                chance = random_at(seed, int(along * 900.0))
                length = 0.35 + 0.65 * random_at(seed + 1, int(along * 900.0))
                if chance > density * (1.15 - out) or out > length:
                    continue
                nearness[y, x] = z
                triangle_at[y, x] = first_triangle + t


@kernel
def interpolate(
    points: Floats,
    triangle_at: Ints,
    triangles: Ints,
    uv_triangles: Ints,
    parts: NDArray[np.uint8],
    vertices: Attributes,
    pixels: Pixels,
) -> None:
    """Fill `pixels` with the perspective-correct attributes of the surface that each pixel shows.

    Args:
        points: (n, 3) screen points.
        triangle_at: (h, w) from `rasterize`; negative where there is no triangle.
        triangles: (t, 3) indices into `points`, of all triangles that `triangle_at` may name.
        uv_triangles: (t, 3) indices into the texture vertices, of the same triangles.
        parts: (t,) part of the head that each of them belongs to.
        vertices: attributes of the mesh.
        pixels: modified.
    """
    height, width = triangle_at.shape
    for y in range(height):
        for x in range(width):
            t = triangle_at[y, x]
            if t < 0:
                pixels.part[y, x] = 255
                continue
            a, b, c = triangles[t, 0], triangles[t, 1], triangles[t, 2]
            w0, w1, w2 = corner_weights(points, a, b, c, x + 0.5, y + 0.5)
            length = 0.0
            for k in range(3):
                n = w0 * vertices.normals[a, k] + w1 * vertices.normals[b, k] + w2 * vertices.normals[c, k]
                pixels.normal[y, x, k] = n
                length += n * n
                pixels.position[y, x, k] = (
                    w0 * vertices.positions[a, k] + w1 * vertices.positions[b, k] + w2 * vertices.positions[c, k]
                )
                pixels.rest[y, x, k] = w0 * vertices.rest[a, k] + w1 * vertices.rest[b, k] + w2 * vertices.rest[c, k]
            scale = 1.0 / math.sqrt(length + 1e-9)
            for k in range(3):
                pixels.normal[y, x, k] *= scale
            openness = w0 * vertices.openness[a] + w1 * vertices.openness[b] + w2 * vertices.openness[c]
            pixels.openness[y, x] = min(1.0, max(0.02, openness))
            ta, tb, tc = uv_triangles[t, 0], uv_triangles[t, 1], uv_triangles[t, 2]
            for k in range(2):
                pixels.uv[y, x, k] = w0 * vertices.uvs[ta, k] + w1 * vertices.uvs[tb, k] + w2 * vertices.uvs[tc, k]
            pixels.part[y, x] = parts[t]


@kernel
def corner_weights(points: Floats, a: int, b: int, c: int, px: float, py: float) -> tuple[float, float, float]:
    """Return the perspective-correct weights of a triangle's corners at a screen position."""
    x0, y0, x1, y1, x2, y2 = points[a, 0], points[a, 1], points[b, 0], points[b, 1], points[c, 0], points[c, 1]
    area = (x1 - x0) * (y2 - y0) - (x2 - x0) * (y1 - y0)
    w0 = ((x1 - px) * (y2 - py) - (x2 - px) * (y1 - py)) / area
    w1 = ((x2 - px) * (y0 - py) - (x0 - px) * (y2 - py)) / area
    w2 = 1 - w0 - w1
    w0 *= points[a, 2]
    w1 *= points[b, 2]
    w2 *= points[c, 2]
    total = 1.0 / (w0 + w1 + w2)
    return w0 * total, w1 * total, w2 * total


@kernel
def interpolate_scalar(
    points: Floats, triangle_at: Ints, triangles: Ints, values: Floats, selected: NDArray[np.bool_], out: Floats
) -> None:
    """Interpolate one number per vertex over the pixels that show a selected triangle; other pixels get 0.

    Args:
        points: (n, 3) screen points.
        triangle_at: (h, w) from `rasterize`.
        triangles: (t, 3) indices into `points`.
        values: (n,) number of each vertex.
        selected: (t,) which triangles count.
        out: (h, w) modified.
    """
    height, width = triangle_at.shape
    for y in range(height):
        for x in range(width):
            t = triangle_at[y, x]
            if t < 0 or not selected[t]:
                out[y, x] = 0.0
                continue
            a, b, c = triangles[t, 0], triangles[t, 1], triangles[t, 2]
            w0, w1, w2 = corner_weights(points, a, b, c, x + 0.5, y + 0.5)
            out[y, x] = w0 * values[a] + w1 * values[b] + w2 * values[c]


@kernel
def vertex_normals(vertices: Floats, triangles: Ints, normals: Floats) -> None:
    """Set `normals` (n, 3) to unit normals: the mean over the adjacent triangles, weighted by area."""
    normals[:] = 0
    for t in range(triangles.shape[0]):
        a, b, c = triangles[t, 0], triangles[t, 1], triangles[t, 2]
        ux, uy, uz = vertices[b, 0] - vertices[a, 0], vertices[b, 1] - vertices[a, 1], vertices[b, 2] - vertices[a, 2]
        vx, vy, vz = vertices[c, 0] - vertices[a, 0], vertices[c, 1] - vertices[a, 1], vertices[c, 2] - vertices[a, 2]
        nx, ny, nz = uy * vz - uz * vy, uz * vx - ux * vz, ux * vy - uy * vx
        for i in (a, b, c):
            normals[i, 0] += nx
            normals[i, 1] += ny
            normals[i, 2] += nz
    for i in range(normals.shape[0]):
        length = math.sqrt(normals[i, 0] ** 2 + normals[i, 1] ** 2 + normals[i, 2] ** 2) + 1e-12
        normals[i, 0] /= length
        normals[i, 1] /= length
        normals[i, 2] /= length

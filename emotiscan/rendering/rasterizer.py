"""A z-buffer rasterizer: triangles to pixels, and pixels back to what lies on the triangles.

Screen points are (x, y, nearness): pixels from the top left corner, and 1 / distance, which is
linear over the screen, so that it can be interpolated and compared as it is.
"""

import math
from typing import NamedTuple

import numpy as np
from numba import njit

from emotiscan.rendering.kernels import OPTIONS, random_at


class Attributes(NamedTuple):
    """What varies over the mesh, one row a vertex (textures: one row a texture vertex).

    `uvs` (m, 2), `rest` (n, 3) position on the mean face at rest, in cm: paint sticks to it;
    `normals` (n, 3) unit, in camera space; `positions` (n, 3) camera space, cm; `openness` (n,)
    share of the surroundings that is not hidden, 0 to 1.
    """

    uvs: np.ndarray
    rest: np.ndarray
    normals: np.ndarray
    positions: np.ndarray
    openness: np.ndarray


class Pixels(NamedTuple):
    """The same for each pixel: (h, w, …) float32; `part` is 255 where nothing was drawn."""

    uv: np.ndarray
    rest: np.ndarray
    normal: np.ndarray
    position: np.ndarray
    openness: np.ndarray
    part: np.ndarray


def empty_pixels(side: int) -> Pixels:
    """Unset pixels of a square picture."""
    return Pixels(
        uv=np.zeros((side, side, 2), np.float32),
        rest=np.zeros((side, side, 3), np.float32),
        normal=np.zeros((side, side, 3), np.float32),
        position=np.zeros((side, side, 3), np.float32),
        openness=np.zeros((side, side), np.float32),
        part=np.full((side, side), 255, np.uint8),
    )


@njit(**OPTIONS)
def rasterize(points, triangles, nearness, triangle_at, first_triangle, cull_back) -> None:
    """Draw triangles into a z-buffer.

    Args:
        points: (n, 3) screen points.
        triangles: (t, 3) indices into `points`.
        nearness: (h, w) float32, changed: the nearest nearness so far.
        triangle_at: (h, w) int32, changed: the triangle that is nearest.
        first_triangle: number that the first triangle gets in `triangle_at`.
        cull_back: whether triangles that face away are left out.
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


@njit(**OPTIONS)
def rasterize_lashes(
    points, triangles, uv_triangles, lash_uv, nearness, triangle_at, first_triangle, density, seed
) -> None:
    """Draw lash strips: like `rasterize`, but only where a single lash happens to be.

    Args:
        lash_uv: (m, 2) texture vertices: x along the lid; y from the lash's root (0) to its tip (1).
        density: 0 to 1, how thick the lashes stand.
        seed: which lashes there are.
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


@njit(**OPTIONS)
def interpolate(points, triangle_at, triangles, uv_triangles, parts, vertices, pixels) -> None:
    """Fill `pixels` with the attributes of the surface that each pixel shows, in perspective.

    Args:
        points: (n, 3) screen points.
        triangle_at: (h, w) from `rasterize`; negative where nothing was drawn.
        triangles, uv_triangles, parts: of all triangles that `triangle_at` counts.
        vertices: `Attributes`.
        pixels: `Pixels`, changed.
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


@njit(**OPTIONS)
def corner_weights(points, a, b, c, px, py) -> tuple[float, float, float]:
    """Perspective-correct weights of a triangle's corners at a screen place."""
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


@njit(**OPTIONS)
def interpolate_scalar(points, triangle_at, triangles, values, wanted, out) -> None:
    """Interpolate one number a vertex over the pixels whose triangle is `wanted` (t,) bool; else 0.

    Args:
        values: (n,) float32.
        out: (h, w) float32, changed.
    """
    height, width = triangle_at.shape
    for y in range(height):
        for x in range(width):
            t = triangle_at[y, x]
            if t < 0 or not wanted[t]:
                out[y, x] = 0.0
                continue
            a, b, c = triangles[t, 0], triangles[t, 1], triangles[t, 2]
            w0, w1, w2 = corner_weights(points, a, b, c, x + 0.5, y + 0.5)
            out[y, x] = w0 * values[a] + w1 * values[b] + w2 * values[c]


@njit(**OPTIONS)
def vertex_normals(vertices, triangles, normals) -> None:
    """Unit normals (n, 3), changed in place: the mean of the triangles around, weighted by area."""
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

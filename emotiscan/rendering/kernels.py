"""Small functions shared by the compiled kernels."""

import math

from numba import njit

from emotiscan.rendering.head_model import Floats

kernel = njit(fastmath=True, cache=True, nogil=True)
"""Decorator that compiles a kernel: fast arithmetic (no NaN ever enters), cached on disk."""


@kernel
def smoothstep(low: float, high: float, x: float) -> float:
    """Return 0 below `low`, 1 above `high`, and a smooth ramp in between."""
    t = (x - low) / (high - low)
    if t < 0.0:
        return 0.0
    if t > 1.0:
        return 1.0
    return t * t * (3.0 - 2.0 * t)


@kernel
def noise_at(texture: Floats, x: float, y: float) -> float:
    """Look a value up, bilinearly, in a tiled square noise texture (mean 0.5) whose side is a power of two."""
    side = texture.shape[0]
    floor_x, floor_y = math.floor(x), math.floor(y)
    ax, ay = x - floor_x, y - floor_y
    x0, y0 = int(floor_x) & (side - 1), int(floor_y) & (side - 1)
    x1, y1 = (x0 + 1) & (side - 1), (y0 + 1) & (side - 1)
    top = texture[y0, x0] * (1 - ax) + texture[y0, x1] * ax
    bottom = texture[y1, x0] * (1 - ax) + texture[y1, x1] * ax
    return top * (1 - ay) + bottom * ay


@kernel
def random_at(seed: int, index: int) -> float:
    """Return a reproducible random number in [0, 1) for each (seed, index)."""
    h = (seed * 374761393 + index * 668265263 + 974634777) & 0x7FFFFFFF
    h = ((h ^ (h >> 13)) * 1274126177) & 0x7FFFFFFF
    h = ((h ^ (h >> 16)) * 69069 + 1) & 0x7FFFFFFF
    return ((h ^ (h >> 11)) & 0xFFFFF) / 1048576.0


@kernel
def angle_of(x: float, z: float) -> float:
    """Approximate atan2(x, z) to within 0.005 at a quarter of its cost."""
    ax, az = abs(x), abs(z)
    ratio = min(ax, az) / (max(ax, az) + 1e-9)
    square = ratio * ratio
    angle = ((-0.0464964749 * square + 0.15931422) * square - 0.327622764) * square * ratio + ratio
    if ax > az:
        angle = 1.57079637 - angle
    if z < 0:
        angle = 3.14159274 - angle
    return -angle if x < 0 else angle


@kernel
def add_weighted(rows: Floats, weights: Floats, total: Floats) -> None:
    """Add the rows (s, n), each times its weight (s,), to `total` (n,), in place; on one thread, unlike `@`."""
    for s in range(weights.shape[0]):
        weight = weights[s]
        if weight != 0:
            for i in range(total.shape[0]):
                total[i] += weight * rows[s, i]

"""Data computed once for a face model and cached: occlusion, masks, brows, sculpted shapes.

It takes about half a minute; the result is kept in the cache folder, keyed by the model and `VERSION`.
"""

import logging
import zipfile
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from emotiscan.files import atomic_write
from emotiscan.rendering.brows import paint_brows
from emotiscan.rendering.head_model import (
    EYE,
    GUMS,
    HEAD,
    MOUTH,
    SKIN,
    SOCKET,
    TEETH,
    Floats,
    HeadModel,
)
from emotiscan.rendering.kernels import kernel
from emotiscan.rendering.rasterizer import rasterize, vertex_normals
from emotiscan.rendering.sculpting import sculpt
from emotiscan.rendering.skin_masks import Unwrapped, is_ear, paint_masks

VERSION = 7
"""Raise this whenever a change below alters the baked data."""

BEYOND_ANY_LASH = 2.0
"""Position along a lash at which no lash is rendered."""

DIRECTIONS = 80
SHADOW_SIDE = 320
SCALP_ROOTS = 14000

log = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False)
class Baked:
    """Baked data of one face model.

    Attributes:
        openness: (n,) share of directions, weighted by their angle to the normal, that are unobstructed at each vertex.
        openness_changes: (s + 8, n) how each blendshape, then each sculpted one, changes the openness.
        sculpted: (8, n, 3) shapes of `sculpting.SCULPTED`.
        masks: (1024, 1024, c) uint8, `skin_masks.CHANNELS`.
        brows: (32, h, w) uint8 brow patterns.
        noise: (256, 256) tiling noise, mean 0.5.
        ears: (n,) whether a vertex belongs to an ear.
        lash_tips: (n,) position on the lash strips: 0 at the lid, 1 at the tip, more where no lash is rendered.
        root_triangles: (r, 3) vertices of the scalp's triangles in which hair may root.
        root_weights: (r, 3) barycentric position of each root in its triangle.
        root_places: (r, 3) position of each root on the mean face, cm.
    """

    openness: Floats
    openness_changes: Floats
    sculpted: Floats
    masks: NDArray[np.uint8]
    brows: NDArray[np.uint8]
    noise: Floats
    ears: NDArray[np.bool_]
    lash_tips: Floats
    root_triangles: NDArray[np.int32]
    root_weights: Floats
    root_places: Floats


def bake(model: HeadModel, cache_dir: str | Path = "cache") -> Baked:
    """Load a model's baked data from the cache folder, or compute and cache it."""
    file = Path(cache_dir) / f"face-{model.digest}-v{VERSION}.npz"
    if file.is_file():
        try:
            with np.load(file, allow_pickle=False) as arrays:
                return Baked(**{field.name: arrays[field.name] for field in fields(Baked)})
        except (ValueError, KeyError, OSError, zipfile.BadZipFile, EOFError):
            log.warning("%s is damaged; it is computed again", file)
    log.info("Preparing the face model, once, about half a minute …")
    baked = _bake(model)
    with atomic_write(file) as out:
        np.savez(out, **{field.name: getattr(baked, field.name) for field in fields(Baked)})
    return baked


def _bake(model: HeadModel) -> Baked:
    openness = _openness(model, model.neutral)
    changes = np.array([_openness(model, model.neutral + shape) - openness for shape in model.shapes])
    openness = _smoothed(model, openness)
    changes = np.array([_smoothed(model, change) for change in changes])
    face = Unwrapped(model, openness)
    sculpted, sculpted_changes = sculpt(model, changes, face)
    ears = np.zeros(len(model.neutral), bool)
    triangles, uv_triangles = model.of_part(SKIN)
    ears[triangles.ravel()] = is_ear(*model.uvs[uv_triangles.ravel()].T)
    root_triangles, root_weights = _scalp_roots(model, ears)
    return Baked(
        openness=openness,
        openness_changes=np.concatenate([changes, sculpted_changes]).astype(np.float16).astype(np.float32),
        sculpted=sculpted,
        masks=paint_masks(face),
        brows=paint_brows(face),
        noise=_noise(),
        ears=ears,
        lash_tips=_lash_tips(model),
        root_triangles=root_triangles,
        root_weights=root_weights,
        root_places=(model.neutral[root_triangles] * root_weights[:, :, None]).sum(1),
    )


def _openness(model: HeadModel, vertices: Floats) -> Floats:
    """Return (n,) ambient occlusion from shadow maps in directions spread evenly over the sphere."""
    triangles, _ = model.of_part(SKIN, HEAD, MOUTH, SOCKET, GUMS, TEETH, EYE)
    normals = np.zeros_like(vertices)
    vertex_normals(vertices, triangles, normals)
    seen, total = np.zeros(len(vertices), np.float32), np.full(len(vertices), 1e-6, np.float32)
    scale = SHADOW_SIDE / 40.0
    centered = vertices - vertices.mean(0)
    for direction in _sphere(DIRECTIONS):
        right = np.cross([0, 1, 0] if abs(direction[1]) < 0.9 else [1, 0, 0], direction)
        right /= np.linalg.norm(right)
        up = np.cross(direction, right)
        points = np.stack([centered @ right * scale, -(centered @ up) * scale, vertices @ direction], 1)
        points[:, :2] += SHADOW_SIDE / 2
        points = points.astype(np.float32)
        nearest = np.full((SHADOW_SIDE, SHADOW_SIDE), -1e9, np.float32)
        rasterize(points, triangles, nearest, np.empty(nearest.shape, np.int32), 0, False)
        weights = np.maximum(normals @ direction, 0).astype(np.float32)
        _count_seen(points, nearest, weights, np.float32(0.16), seen, total)
    return seen / total


@kernel
def _count_seen(
    points: Floats, nearest: Floats, weights: Floats, bias: np.float32, seen: Floats, total: Floats
) -> None:
    """Add the weight of each point to `total`, and to `seen` where nothing hides it."""
    side = nearest.shape[0]
    for i in range(points.shape[0]):
        if weights[i] <= 0:
            continue
        total[i] += weights[i]
        x, y = int(points[i, 0]), int(points[i, 1])
        outside = x < 0 or y < 0 or x >= side or y >= side
        if outside or points[i, 2] + bias >= nearest[y, x]:
            seen[i] += weights[i]


def _sphere(count: int) -> NDArray:
    """Return (count, 3) unit vectors, evenly spread (Fibonacci sphere)."""
    i = np.arange(count) + 0.5
    polar, turn = np.arccos(1 - 2 * i / count), np.pi * (1 + 5**0.5) * i
    return np.stack([np.cos(turn) * np.sin(polar), np.cos(polar), np.sin(turn) * np.sin(polar)], 1).astype(np.float32)


def _smoothed(model: HeadModel, values: NDArray) -> Floats:
    t = model.triangles
    edges = np.concatenate([t[:, [0, 1]], t[:, [1, 2]], t[:, [2, 0]]])
    count = len(model.neutral)
    degree = np.maximum(np.bincount(edges.ravel(), minlength=count), 1)
    for _ in range(2):
        around = np.bincount(edges[:, 0], values[edges[:, 1]], count)
        around += np.bincount(edges[:, 1], values[edges[:, 0]], count)
        values = 0.5 * values + 0.5 * around / degree
    return values.astype(np.float32)


def _noise(side: int = 256) -> Floats:
    """Return tiling fractal noise without low frequencies, so that it looks like texture, not shading."""
    frequency = np.fft.fftfreq(side) * side
    radius = np.hypot(*np.meshgrid(frequency, frequency))
    radius[0, 0] = 1
    spectrum = np.fft.fft2(np.random.default_rng(0).normal(size=(side, side))) / radius**0.7 * (radius > 3)
    values = np.real(np.fft.ifft2(spectrum))
    return np.clip(0.5 + (values - values.mean()) / values.std() * 0.17, 0, 1).astype(np.float32)


def _lash_tips(model: HeadModel) -> Floats:
    first, end = model.layout.lashes
    lashes = model.neutral[first:end]
    distance = cKDTree(model.neutral[: model.layout.face_end]).query(lashes)[0]
    lower = lashes[:, 1] < np.where(np.abs(lashes[:, 0]) > 4.6, 3.15, 3.25)
    tips = np.zeros(len(model.neutral), np.float32)
    # Lower lashes are finer than a pixel and would show as specks: the painted lash line stands in for them.
    tips[first:end] = np.where(lower, BEYOND_ANY_LASH, np.clip(distance / 0.75, 0, 1))
    return tips


def _scalp_roots(model: HeadModel, ears: NDArray[np.bool_]) -> tuple[NDArray[np.int32], Floats]:
    """Sample roots evenly wherever a head may have hair; a hairstyle uses some of them."""
    triangles = model.of_part(SKIN, HEAD)[0]
    corners = model.neutral[triangles]
    middle = corners.mean(1)
    scalp = (middle[:, 1] > np.where(middle[:, 2] > 1.0, 1.0, -6.0)) & ~ears[triangles].any(1)
    scalp &= (middle[:, 1] > 6.5) | (middle[:, 2] < 5.5)
    triangles, corners = triangles[scalp], corners[scalp]
    area = np.linalg.norm(np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]), axis=1)
    rng = np.random.default_rng(7)
    chosen = rng.choice(len(triangles), SCALP_ROOTS, p=area / area.sum())
    a, b = np.sqrt(rng.random(SCALP_ROOTS)), rng.random(SCALP_ROOTS)
    weights = np.stack([1 - a, a * (1 - b), a * b], 1).astype(np.float32)
    return triangles[chosen].astype(np.int32), weights

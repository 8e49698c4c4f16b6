"""Solid things before a face, as triangles: how they are built, and how they are drawn into an image."""

import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from emotiscan.rendering.anatomy import surface_normals
from emotiscan.rendering.head_model import Floats, Ints
from emotiscan.rendering.kernels import kernel, noise_at
from emotiscan.rendering.lighting import Lamps, Shadow, ambient_at, lit_share
from emotiscan.rendering.people import Color
from emotiscan.rendering.projection import View
from emotiscan.rendering.rasterizer import corner_weights, rasterize

SIDES = 14
"""Corners of a tube's cross-section."""


@dataclass(frozen=True, eq=False)
class Solid:
    """A thing of one material.

    Attributes:
        vertices: (n, 3) head space, cm.
        triangles: (t, 3) indices into `vertices`.
        colors: (n, 3) linear.
        openness: (n,) share of the surroundings that is not hidden, 0 to 1.
        gloss: strength of highlights.
        flesh: whether light spreads under its surface, as under skin.
        grain: strength of the fine texture, and `grain_size` its frequency, 1/cm.
    """

    vertices: Floats
    triangles: Ints
    colors: Floats
    openness: Floats
    gloss: float = 0.0
    flesh: bool = False
    grain: float = 0.1
    grain_size: float = 20.0


def solid(
    vertices: NDArray,
    triangles: Ints,
    color: "Color | NDArray",
    openness: "NDArray | None" = None,
    gloss: float = 0.0,
    flesh: bool = False,
    grain: float = 0.1,
    grain_size: float = 20.0,
) -> Solid:
    """Make a solid; `color` is one color, or (n, 3)."""
    count = len(vertices)
    colors = np.broadcast_to(np.asarray(color, np.float32), (count, 3)).copy()
    opened = np.ones(count) if openness is None else openness
    return Solid(
        np.ascontiguousarray(vertices, np.float32),
        np.ascontiguousarray(triangles, np.int32),
        colors,
        np.asarray(opened, np.float32),
        gloss,
        flesh,
        grain,
        grain_size,
    )


def grid_triangles(rows: int, columns: int, closed: bool = False) -> Ints:
    """Return the triangles of a (rows, columns) grid of vertices; `closed` joins its last column to its first."""
    index = np.arange(rows * columns).reshape(rows, columns)
    if closed:
        index = np.concatenate([index, index[:, :1]], axis=1)
    a, b, c, d = index[:-1, :-1], index[:-1, 1:], index[1:, 1:], index[1:, :-1]
    return np.concatenate([np.stack([a, b, c], -1).reshape(-1, 3), np.stack([a, c, d], -1).reshape(-1, 3)]).astype(
        np.int32
    )


def tube(path: NDArray, across: NDArray, wide: NDArray, thick: NDArray) -> tuple[NDArray, Ints, NDArray]:
    """Build a tube with an elliptical cross-section; its ends are round.

    Args:
        path: (k, 3) its middle line.
        across: (3,) direction of its width, about perpendicular to the path.
        wide: (k,) half its width.
        thick: (k,) half its thickness.

    Returns:
        (n, 3) vertices, the triangles, and (n,) how much each vertex faces sideways, -1 to 1.
    """
    path, wide, thick = _with_round_ends(path, wide, thick)
    along = np.gradient(path, axis=0)
    along /= np.linalg.norm(along, axis=1, keepdims=True) + 1e-9
    side = across - (along @ across)[:, None] * along
    side /= np.linalg.norm(side, axis=1, keepdims=True) + 1e-9
    up = np.cross(along, side)
    turn = np.linspace(0, 2 * np.pi, SIDES, endpoint=False)
    cos, sin = np.cos(turn), np.sin(turn)
    ring = side[:, None] * (cos * wide[:, None])[..., None] + up[:, None] * (sin * thick[:, None])[..., None]
    vertices = (path[:, None] + ring).reshape(-1, 3)
    return vertices, grid_triangles(len(path), SIDES, closed=True), np.tile(cos, len(path))


def _with_round_ends(path: NDArray, wide: NDArray, thick: NDArray) -> tuple[NDArray, NDArray, NDArray]:
    shares = np.array([1.0, 0.87, 0.5, 0.05])  # of the width, on the way out to the tip
    out = np.sqrt(1 - shares[1:] ** 2)[:, None]
    first, last = path[0] - path[1], path[-1] - path[-2]
    first *= min(wide[0], thick[0]) / np.linalg.norm(first)
    last *= min(wide[-1], thick[-1]) / np.linalg.norm(last)
    path = np.concatenate([path[0] + out[::-1] * first, path, path[-1] + out * last])
    wide = np.concatenate([wide[0] * shares[:0:-1], wide, wide[-1] * shares[1:]])
    thick = np.concatenate([thick[0] * shares[:0:-1], thick, thick[-1] * shares[1:]])
    return path, wide, thick


def box(center: NDArray, half: tuple[float, float, float], turn: NDArray) -> tuple[NDArray, Ints]:
    """Build a box with sharp edges from its center, half its lengths, and the (3, 3) rotation that turns it."""
    vertices: list[NDArray] = []
    triangles: list[Ints] = []
    steps = np.linspace(-1, 1, 5)
    first, second = (grid.ravel() for grid in np.meshgrid(steps, steps))
    for axis in range(3):
        for end in (-1.0, 1.0):
            face = np.empty((25, 3))
            face[:, axis], face[:, axis - 2], face[:, axis - 1] = end, first, second
            triangles.append(grid_triangles(5, 5) + 25 * len(vertices))
            vertices.append(face)
    return center + (np.concatenate(vertices) * half) @ turn.T, np.concatenate(triangles)


def cast(solids: list[Solid], view: View, shadow: Shadow) -> None:
    """Add the shadows of solids to a shadow map."""
    for thing in solids:
        points = view.to_camera(thing.vertices) @ shadow.to_map[:, :3].T + shadow.to_map[:, 3]
        rasterize(points, thing.triangles, shadow.nearest, np.empty(shadow.nearest.shape, np.int32), 0, False)


def draw(
    solids: list[Solid],
    view: View,
    lamps: Lamps,
    shadow: Shadow,
    noise: Floats,
    nearness: Floats,
    image: Floats,
    cover: Floats,
) -> None:
    """Draw solids into an image, with the shade that they throw on what is close behind them.

    Args:
        solids: what to draw.
        view: the camera.
        lamps: light of the scene.
        shadow: shadow map of the first lamp.
        noise: the noise texture.
        nearness: (h, w) z-buffer, modified.
        image: (h, w, 3) linear, modified.
        cover: (h, w) modified: how much of the face is hidden, 0 to 1.
    """
    drawn = []
    for thing in solids:
        positions = view.to_camera(thing.vertices)
        points = view.to_screen(positions)
        triangle_at = np.full(nearness.shape, -1, np.int32)
        rasterize(points, thing.triangles, nearness, triangle_at, 0, False)
        drawn.append((thing, positions, points, triangle_at))
    mask = np.any([triangle_at >= 0 for *_, triangle_at in drawn], axis=0).astype(np.float32)
    closeness = cv2.GaussianBlur(mask, (0, 0), max(0.8, 0.5 * view.focal / view.distance))
    image *= 1 - 0.45 * closeness[..., None]
    np.maximum(cover, mask, out=cover)
    for thing, positions, points, triangle_at in drawn:
        # Where a later solid is nearer, it is drawn over this one.
        normals = (surface_normals(thing.vertices, thing.triangles) @ view.turn.T).astype(np.float32)
        _shade(points, triangle_at, thing.triangles, positions, normals, thing.vertices, thing.colors, thing.openness,
               thing.gloss, thing.flesh, thing.grain, thing.grain_size, noise, lamps.ambient, lamps.directions,
               lamps.colors, shadow.to_map, shadow.nearest, 1.0 + 3.0 * lamps.softness, image)  # fmt: skip


@kernel
def _shade(
    points: Floats,
    triangle_at: Ints,
    triangles: Ints,
    positions: Floats,
    normals: Floats,
    places: Floats,
    colors: Floats,
    openness: Floats,
    gloss: float,
    flesh: bool,
    grain: float,
    grain_size: float,
    noise: Floats,
    ambient: Floats,
    directions: Floats,
    lamp_colors: Floats,
    view: Floats,
    nearest: Floats,
    blur: float,
    image: Floats,
) -> None:
    """Light the pixels that show a solid, as `lighting.light_surface` lights the face, but more simply."""
    height, width = triangle_at.shape
    for y in range(height):
        for x in range(width):
            t = triangle_at[y, x]
            if t < 0:
                continue
            a, b, c = triangles[t, 0], triangles[t, 1], triangles[t, 2]
            w0, w1, w2 = corner_weights(points, a, b, c, x + 0.5, y + 0.5)
            nx = w0 * normals[a, 0] + w1 * normals[b, 0] + w2 * normals[c, 0]
            ny = w0 * normals[a, 1] + w1 * normals[b, 1] + w2 * normals[c, 1]
            nz = w0 * normals[a, 2] + w1 * normals[b, 2] + w2 * normals[c, 2]
            px = w0 * positions[a, 0] + w1 * positions[b, 0] + w2 * positions[c, 0]
            py = w0 * positions[a, 1] + w1 * positions[b, 1] + w2 * positions[c, 1]
            pz = w0 * positions[a, 2] + w1 * positions[b, 2] + w2 * positions[c, 2]
            u = w0 * places[a, 0] + w1 * places[b, 0] + w2 * places[c, 0]
            v = w0 * places[a, 1] + w1 * places[b, 1] + w2 * places[c, 1]
            opened = w0 * openness[a] + w1 * openness[b] + w2 * openness[c]
            length = 1.0 / math.sqrt(nx * nx + ny * ny + nz * nz + 1e-9)
            distance = 1.0 / math.sqrt(px * px + py * py + pz * pz)
            vx, vy, vz = -px * distance, -py * distance, -pz * distance
            if nx * vx + ny * vy + nz * vz < 0:  # a sheet has two sides
                length = -length
            nx, ny, nz = nx * length, ny * length, nz * length
            texture = 1 + grain * (
                noise_at(noise, u * grain_size, v * grain_size) + 0.7 * noise_at(noise, u * 2.1 + 90, v * 2.1) - 0.85
            )
            for k in range(3):
                light = ambient_at(ambient, k, nx, ny, nz) * opened
                shine = 0.0
                for i in range(directions.shape[0]):
                    lx, ly, lz = directions[i, 0], directions[i, 1], directions[i, 2]
                    lit = 0.35 + 0.65 * opened
                    if i == 0:
                        lit *= lit_share(view, nearest, px, py, pz, blur)
                    slope = nx * lx + ny * ly + nz * lz
                    wrap = 0.15
                    if flesh:
                        wrap = 0.3 if k == 0 else 0.12
                    light += lamp_colors[i, k] * max(0.0, (slope + wrap) / (1 + wrap)) * lit
                    if gloss > 0 and slope > 0:
                        hx, hy, hz = lx + vx, ly + vy, lz + vz
                        half = (nx * hx + ny * hy + nz * hz) / math.sqrt(hx * hx + hy * hy + hz * hz + 1e-9)
                        shine += lamp_colors[i, k] * gloss * 0.16 * max(0.0, half) ** 24 * lit
                color = w0 * colors[a, k] + w1 * colors[b, k] + w2 * colors[c, k]
                image[y, x, k] = color * texture * light + shine

"""The shapes of occluders, fitted to a face: masks, scarves, cups, phones, sheets and patches (hands: see `hands`).

All lengths are cm in head space (see `projection`): x to the image's right, y up, z to the front.
"""

from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray

from emotiscan.rendering.anatomy import rotation
from emotiscan.rendering.head_model import Floats, HeadModel
from emotiscan.rendering.occluders import Occluder
from emotiscan.rendering.people import Color
from emotiscan.rendering.rasterizer import rasterize
from emotiscan.rendering.solids import Solid, box, grid_triangles, solid, tube

_SPAN, _CELLS = 26.0, 104
"""Width of the relief, and its cells along each side."""


class Relief:
    """How far a face reaches to the front at each place, as a cloth laid over it would feel it."""

    def __init__(self, vertices: Floats, model: HeadModel) -> None:
        """Measure a face.

        Args:
            vertices: (n, 3) the face with its expression, before it is posed.
            model: the face model.
        """
        self.marks = vertices[model.landmarks]
        """(68, 3) landmarks."""
        skin = model.mesh.triangles[model.mesh.parts <= 1]  # the outer surface
        cell = _SPAN / _CELLS
        points = np.empty_like(vertices)
        points[:, 0] = (vertices[:, 0] + _SPAN / 2) / cell
        points[:, 1] = (_SPAN / 2 - 1.0 - vertices[:, 1]) / cell
        points[:, 2] = vertices[:, 2] + 100
        front = np.zeros((_CELLS, _CELLS), np.float32)
        rasterize(points, skin, front, np.empty(front.shape, np.int32), 0, False)
        front = np.where(front > 0, front - 100, -3.0).astype(np.float32)
        self._front = cv2.dilate(front, np.ones((3, 3), np.uint8))  # so that no nose comes through
        self._draped: dict[float, Floats] = {}

    def at(self, x: NDArray, y: NDArray, reach: float = 0.9) -> NDArray:
        """Return the depth z of a stiff cloth that bridges hollows of up to about twice `reach`, cm."""
        if reach not in self._draped:
            size = 2 * round(reach * _CELLS / _SPAN) + 1
            kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size))
            closed = cv2.morphologyEx(self._front, cv2.MORPH_CLOSE, kernel)
            self._draped[reach] = np.maximum(closed, cv2.GaussianBlur(closed, (0, 0), size / 3)).astype(np.float32)
        columns = (np.asarray(x, np.float32) + _SPAN / 2) * _CELLS / _SPAN - 0.5
        rows = (_SPAN / 2 - 1.0 - np.asarray(y, np.float32)) * _CELLS / _SPAN - 0.5
        shape = columns.shape
        sampled = cv2.remap(
            self._draped[reach],
            np.ascontiguousarray(columns.reshape(1, -1), np.float32),
            np.ascontiguousarray(rows.reshape(1, -1), np.float32),
            cv2.INTER_LINEAR,
            borderMode=cv2.BORDER_REPLICATE,
        )
        return np.asarray(sampled.reshape(shape), float)


def fit_occluder(occluder: Occluder, relief: Relief) -> list[Solid]:
    """Build an occluder on a face; nothing for sunglasses and hair, which the scene wears already."""
    from emotiscan.rendering.hands import hands

    shapes: dict[str, Callable[[Occluder, Relief], list[Solid]]] = {
        "mask": _mask,
        "scarf": _scarf,
        "hand": hands,
        "object": _object,
        "patch": _patch,
    }
    return shapes[occluder.kind](occluder, relief) if occluder.kind in shapes else []


def _mask(occluder: Occluder, relief: Relief) -> list[Solid]:
    rng = np.random.default_rng(occluder.seed)
    marks = relief.marks
    rows, columns = 26, 37
    u = np.linspace(-1, 1, columns)[None]
    v = np.linspace(0, 1, rows)[:, None]
    bridge, chin = marks[28, 1] - 0.6 + rng.normal(0, 0.4), marks[8, 1]
    if occluder.place == "chin":  # pulled down
        bridge = marks[57, 1] - rng.uniform(0.5, 1.2)
    side = bridge - rng.uniform(1.6, 2.6)
    low = chin - rng.uniform(0.5, 1.2)
    top = bridge + (side - bridge) * np.abs(u) ** 1.5
    bottom = low + (chin + 2.6 - low) * np.abs(u) ** 2.2
    height = top + (bottom - top) * v + occluder.shift[1]
    half = abs(marks[2, 0]) * rng.uniform(0.88, 0.96)
    wide = half * (1 - 0.30 * v**2) * occluder.size
    x = u * wide + occluder.shift[0]
    height = height + np.tan(np.radians(occluder.turn)) * x * 0.5
    z = relief.at(x, height, 1.6) + 0.25
    openness = np.ones((rows, columns))
    if occluder.style == "surgical":
        pleat = (v * rng.uniform(3.2, 4.2) + 0.1) % 1.0
        inside = (v > 0.12) & (v < 0.9)
        z = z + 0.22 * pleat * inside
        openness = openness * (1 - 0.35 * (pleat > 0.8) * inside)
    elif occluder.style == "respirator":  # a ridge along the middle
        z = z + 1.1 * np.exp(-((u / 0.35) ** 2)) * np.sin(np.pi * np.clip(v * 1.05, 0, 1)) ** 0.7
    z = z + 0.06 * np.sin(3 * u * np.pi + rng.uniform(0, 6)) * np.sin(2 * np.pi * v + rng.uniform(0, 6))
    colors = np.broadcast_to(np.asarray(occluder.color), (rows, columns, 3)).copy()
    if occluder.style == "cloth" and rng.random() < 0.5:  # printed
        waves = np.sin(rng.uniform(8, 30) * (u * np.cos(rng.uniform(0, 3)) + v)) - rng.uniform(0, 0.6)
        printed = np.clip(0.5 + 2 * waves, 0, 1)[..., None]
        colors += printed * (np.asarray(occluder.second) - colors)
    hem = (np.abs(u) > 0.94) | (v < 0.05) | (v > 0.95)
    colors[np.broadcast_to(hem, (rows, columns))] *= 0.9
    points = np.stack([x, height, z], -1)
    sheet = solid(points.reshape(-1, 3), grid_triangles(rows, columns), colors.reshape(-1, 3), openness.ravel(),
                  gloss=0.05, grain=0.12, grain_size=45)  # fmt: skip
    strap_color = np.asarray(occluder.color) * 0.9
    straps = []
    for end, ear in ((points[:, 0], marks[0]), (points[:, -1], marks[16])):
        for row, rise in ((1, 0.8), (rows - 9, -2.2)):
            behind = ear + np.array([0.12 * np.sign(ear[0]), rise, -2.2])
            straps.append(_cord(end[row], behind, 0.13, strap_color))
    return [sheet, *straps]


def _cord(start: NDArray, end: NDArray, radius: float, color: "Color | NDArray") -> Solid:
    steps = np.linspace(0, 1, 7)[:, None]
    path = start * (1 - steps) + end * steps
    path[:, 0] += 0.5 * np.sign(end[0]) * np.sin(np.pi * steps[:, 0])
    thick = np.full(7, radius)
    vertices, triangles, _ = tube(path, np.array([0.0, 1, 0]), thick, thick)
    return solid(vertices, triangles, color)


def _scarf(occluder: Occluder, relief: Relief) -> list[Solid]:
    rng = np.random.default_rng(occluder.seed)
    marks = relief.marks
    rows, columns = 40, 61
    turn = np.linspace(-1.9, 1.9, columns)[None]
    v = np.linspace(0, 1, rows)[:, None]
    top = marks[33, 1] + rng.uniform(-0.3, 1.3) if occluder.place == "mouth" else marks[8, 1] + rng.uniform(-1.2, 0.6)
    edge = top + 0.25 * np.sin(2.3 * turn + rng.uniform(0, 6)) + rng.uniform(-0.5, 1.2) * (np.abs(turn) / 1.9) ** 2
    y = edge + (-16.5 - edge) * v + occluder.shift[1]
    wide = abs(marks[3, 0]) + 1.2
    front = np.maximum(relief.at(np.zeros(rows), y[:, columns // 2], 1.2), 6.0)[:, None] + 0.6
    front = np.maximum.accumulate(front[::-1])[::-1]  # it hangs down from what is in front
    front = front - 2.5 * v**2
    slope, count = rng.uniform(-1.2, 1.2), rng.uniform(2.0, 5.0)
    phase = count * (y - edge) * 0.55 + slope * turn + 0.8 * np.sin(1.7 * turn + rng.uniform(0, 6))
    fold = np.sin(phase) + 0.5 * np.sin(2.3 * phase + 1.0)
    depth = 0.3 * fold * np.clip(6 * v, 0, 1)
    x = (wide + 1.5 * v + depth) * np.sin(turn) * occluder.size + occluder.shift[0]
    z = 1.0 + (front - 1.0 + depth) * np.cos(turn)
    z = np.where(np.abs(turn) < 1.4, np.maximum(z, relief.at(x, y, 1.2) + 0.35 + 0.5 * depth), z)
    openness = 0.78 + 0.22 * np.clip(fold, -1, 1)
    colors = np.broadcast_to(np.asarray(occluder.color), (rows, columns, 3)).copy()
    pattern = rng.random()
    if pattern < 0.25:
        colors[np.broadcast_to(np.sin(phase * 0.9 + 8 * v) > 0.4, (rows, columns))] = occluder.second
    elif pattern < 0.4:  # checked
        check = (np.sin(7 * turn) > 0.3) ^ (np.sin(25 * v) > 0.3)
        colors[check] = occluder.second
    return [
        solid(np.stack([x, y, z], -1).reshape(-1, 3), grid_triangles(rows, columns), colors.reshape(-1, 3),
              openness.ravel(), grain=0.3, grain_size=float(rng.uniform(6, 30)))
    ]  # fmt: skip


def _object(occluder: Occluder, relief: Relief) -> list[Solid]:
    from emotiscan.rendering.hands import gripping_fingers

    rng = np.random.default_rng(occluder.seed)
    marks = relief.marks
    mouth = (marks[48] + marks[54]) / 2
    center = mouth + np.array([*occluder.shift, 0.0])
    if occluder.place == "chin":  # before the chin or beside the mouth
        center += np.array([rng.choice([-1, 1]) * rng.uniform(2.5, 5.0), -rng.uniform(4.5, 7.0), 0])
    lean = rotation(float(rng.normal(0, 12)), float(rng.uniform(-25, 10)), occluder.turn)
    if occluder.style == "cup":
        height, rim, foot = rng.uniform(8.5, 11.5), rng.uniform(3.6, 4.5), rng.uniform(2.7, 3.5)
        center += np.array([0, -0.15 * height, rim + 0.8 + rng.uniform(0, 2)])
        steps = np.linspace(0.5, -0.5, 12)
        turn = np.linspace(0, 2 * np.pi, 40, endpoint=False)
        radius = foot + (rim - foot) * (steps + 0.5)
        ring = np.stack(np.broadcast_arrays(radius[:, None] * np.sin(turn), (steps * height)[:, None],
                                            radius[:, None] * np.cos(turn)), -1)  # fmt: skip
        colors = np.broadcast_to(np.asarray(occluder.color), (12, 40, 3)).copy()
        if rng.random() < 0.5:
            colors[3:8] = occluder.second  # a sleeve
        wall = solid(center + ring.reshape(-1, 3) @ lean.T, grid_triangles(12, 40, closed=True), colors.reshape(-1, 3),
                     gloss=float(rng.uniform(0, 2)), grain=0.03)  # fmt: skip
        grip = gripping_fingers(rng, center, lean, float(radius.mean()), height, occluder)
        return [wall, *grip]
    half = (3.7, 7.6, 0.45) if occluder.style == "phone" else (rng.uniform(6, 9), rng.uniform(6, 10), 0.05)
    drop = 2.0 if occluder.style == "phone" else half[1] - 3.5
    # Far enough in front that the nose does not come through.
    center += np.array([0, -drop, 3.2 + rng.uniform(0.2, 2)])
    vertices, triangles = box(center, half, lean)
    body = solid(vertices, triangles, occluder.color, gloss=0.8 if occluder.style == "phone" else 0.0, grain=0.03)
    grip = gripping_fingers(rng, center, lean, half[0], 2 * half[1], occluder, flat=half[2])
    if occluder.style == "sheet":
        return [body]
    lens, lens_triangles = box(center + np.array([-2.0, 5.6, 0.5]) @ lean.T, (1.2, 1.2, 0.15), lean)
    return [body, solid(lens, lens_triangles, (0.01, 0.01, 0.012), gloss=2.0), *grip]


def _patch(occluder: Occluder, relief: Relief) -> list[Solid]:
    """Build a flat patch, as a sticker, a bar or someone's shoulder is."""
    rng = np.random.default_rng(occluder.seed)
    center = place_on(relief, occluder.place, occluder.mirrored)
    sizes = {"mouth": (4.0, 2.6), "eyes": (6.2, 1.9), "eye": (2.5, 1.9)}
    half = np.array(sizes.get(occluder.place, (rng.uniform(1.5, 3), rng.uniform(1.5, 3)))) * rng.uniform(0.95, 1.4)
    u, v = np.meshgrid(np.linspace(-1, 1, 25), np.linspace(-1, 1, 25))
    if occluder.style == "ellipse":  # a square's concentric rings become a disc's
        length = np.maximum(np.abs(u), np.abs(v)) / np.maximum(np.hypot(u, v), 1e-9)
        u, v = u * length, v * length
    flat = np.stack([u * half[0], v * half[1], np.zeros_like(u)], -1).reshape(-1, 3)
    colors = np.broadcast_to(np.asarray(occluder.color), (25, 25, 3)).copy()
    waves = np.sin(rng.uniform(0, 12) * u + rng.uniform(0, 12) * v + rng.uniform(0, 6))
    colors[waves > rng.uniform(-0.5, 1.5)] = occluder.second
    z = float(relief.at(np.array(center[0]), np.array(center[1]), 1.6)) + 0.6
    if occluder.place not in ("cheek", "forehead"):
        z = max(z, float(relief.marks[30, 2]) + 0.4)  # in front of the nose
    turned = np.array([center[0], center[1], z]) + flat @ rotation(0, 0, occluder.turn).T
    return [solid(turned, grid_triangles(25, 25), colors.reshape(-1, 3), grain=float(rng.uniform(0, 0.5)),
                  grain_size=float(rng.uniform(1, 20)))]  # fmt: skip


def place_on(relief: Relief, place: str, mirrored: bool) -> NDArray:
    """Return (2,) x and y of a place of the face: a key of `occluders.PLACES`."""
    marks = relief.marks
    side = -1.0 if mirrored else 1.0
    eyes = (marks[36:42].mean(0)[:2], marks[42:48].mean(0)[:2])
    return {
        "mouth": (marks[48] + marks[54])[:2] / 2,
        "eyes": (eyes[0] + eyes[1]) / 2,
        "eye": eyes[0] if mirrored else eyes[1],
        "chin": marks[8, :2] - np.array([0, 0.6]),
        "cheek": np.array([side * abs(marks[3, 0]) * 0.95, marks[48, 1] + 1.0]),
        "forehead": np.array([side * 1.5, marks[19, 1] + 3.0]),
    }[place]

"""Glasses: rims, bridge and temples as thick curves; lenses that tint and reflect."""

from dataclasses import dataclass

import numpy as np

from emotiscan.rendering.head_model import Floats, HeadModel, Ints
from emotiscan.rendering.kernels import kernel, smoothstep
from emotiscan.rendering.people import Glasses
from emotiscan.rendering.rasterizer import rasterize

RIM_POINTS = 40
OPAQUE = 0.6
"""Tint from which lenses hide what is behind them."""

_SHAPES = {"round": (1.0, 1.0, 2.0), "oval": (1.12, 0.82, 2.3), "square": (1.14, 0.84, 3.6)}
"""Half width and half height relative to the size, and the exponent of the superellipse."""

_RADIUS = {"thin": 0.045, "thick": 0.13}
"""Half the thickness of the frame, cm."""

_HALF_WIDTH = 2.15
"""Half the width of a lens of size 1, cm."""


@dataclass(frozen=True, eq=False)
class Frame:
    """Glasses on a face, in head space, cm.

    Attributes:
        curves: polylines: both rims, the bridge, both temples.
        lenses: (2, RIM_POINTS, 3) outlines of the lenses.
        radius: half the thickness of the frame.
    """

    curves: list[Floats]
    lenses: Floats
    radius: float


def fit_glasses(glasses: Glasses, vertices: Floats, model: HeadModel) -> Frame:
    """Fit glasses to a face.

    Args:
        glasses: which glasses.
        vertices: (n, 3) the person's face at rest: glasses do not move with the brows.
        model: the face model.
    """
    marks = vertices[model.landmarks]
    bridge = marks[28] + np.array([0, -glasses.slide - 0.1, 0.25])
    eyes = [marks[36:42].mean(0), marks[42:48].mean(0)]
    wide, high, power = _SHAPES[glasses.shape]
    half = np.array([wide, high]) * _HALF_WIDTH * glasses.size
    turn = np.linspace(0, 2 * np.pi, RIM_POINTS, endpoint=False)
    cos, sin = np.cos(turn), np.sin(turn)
    outline = np.stack([np.sign(cos) * np.abs(cos) ** (2 / power), np.sign(sin) * np.abs(sin) ** (2 / power)], 1)
    # The frame's plane: in front of the lashes and the brow, curving back slightly towards the temples.
    front = max(bridge[2], *(marks[[37, 44, 19, 24], 2] + 0.35))
    outlines = []
    for side, eye in zip((-1, 1), eyes, strict=True):
        center = np.array([side * max(abs(eye[0]) + 0.1, half[0] + 0.75), eye[1] - 0.25 - glasses.slide])
        flat = center + outline * half
        depth = front - 0.035 * np.maximum(0, np.abs(flat[:, 0]) - 1.0) ** 2 + 0.06 * (flat[:, 1] - center[1])
        outlines.append(np.column_stack([flat, depth]))
    lenses = np.array(outlines)
    curves = [np.vstack([lens, lens[:1]]) for lens in lenses]
    inner = [lenses[0, 2], lenses[1, RIM_POINTS // 2 - 2]]
    arch = np.linspace(0, 1, 9)[:, None]
    across = inner[0] * (1 - arch) + inner[1] * arch
    across[:, 1] += 0.25 * np.sin(np.pi * arch[:, 0])
    across[:, 2] += 0.25 * np.sin(np.pi * arch[:, 0])
    curves.append(across)
    for side, lens in zip((-1, 1), lenses, strict=True):
        hinge = lens[RIM_POINTS // 2 - 4 if side < 0 else 4]
        ear = marks[0 if side < 0 else 16] + np.array([side * 0.15, 0.6, -2.5])
        knee = np.array([side * max(abs(ear[0]) - 0.3, abs(hinge[0]) + 0.25), hinge[1] - 0.1, hinge[2] - 1.0])
        along = np.linspace(0, 1, 12)[:, None]
        curves.append(np.vstack([hinge, knee * (1 - along) + ear * along]))
    return Frame([np.asarray(curve, np.float32) for curve in curves], lenses.astype(np.float32), _RADIUS[glasses.frame])


def paint_lenses(
    outlines: Floats, glasses: Glasses, nearness: Floats, light: Floats, image: Floats, cover: Floats
) -> None:
    """Tint what is behind the lenses, and add a faint reflection of the surroundings.

    Args:
        outlines: (2, RIM_POINTS, 3) screen points.
        glasses: which glasses.
        nearness: (h, w) z-buffer so far.
        light: (3,) light of the surroundings.
        image: (h, w, 3) linear, modified.
        cover: (h, w) modified: opaque lenses hide the eyes.
    """
    fan = np.array([[0, k, k + 1] for k in range(1, RIM_POINTS - 1)], np.int32)
    for number, outline in enumerate(outlines):
        lens_at = np.full(nearness.shape, -1, np.int32)
        rasterize(np.ascontiguousarray(outline), fan, nearness.copy(), lens_at, 0, False)
        center, half = outline[:, :2].mean(0), np.ptp(outline[:, :2], axis=0) / 2
        _tint(lens_at, center, half, glasses.tint, glasses.reflection, light, 0.15 * number, image)
        if glasses.tint > OPAQUE:
            cover[lens_at >= 0] = np.maximum(cover[lens_at >= 0], glasses.tint)


@kernel
def _tint(
    lens_at: Ints,
    center: Floats,
    half: Floats,
    tint: float,
    reflection: float,
    light: Floats,
    offset: float,
    image: Floats,
) -> None:
    """Darken the lens by `tint`, and add a bright band across its upper part."""
    for y in range(lens_at.shape[0]):
        for x in range(lens_at.shape[1]):
            if lens_at[y, x] < 0:
                continue
            u, v = (x - center[0]) / half[0], (y - center[1]) / half[1]
            slant = u * 0.5 + v + offset
            band = smoothstep(-1.1, -0.75, slant) * (1 - smoothstep(-0.55, -0.35, slant))
            band += 0.5 * smoothstep(-0.25, -0.15, slant) * (1 - smoothstep(-0.10, 0.0, slant))
            mirrored = reflection * (0.03 + 0.22 * band)
            for c in range(3):
                image[y, x, c] = image[y, x, c] * (0.96 - tint) + light[c] * mirrored


def shade_curve(curve: Floats, color: Floats, light: Floats) -> Floats:
    """Return (p, 3) colors along a curve in camera space: brighter where it runs across the light from above."""
    along = np.gradient(curve, axis=0)
    along /= np.linalg.norm(along, axis=1, keepdims=True) + 1e-9
    across = 1 - along[:, 1] ** 2
    return (color * light * (0.55 + 0.6 * across[:, None]) + 0.012 * light * across[:, None] ** 4).astype(np.float32)

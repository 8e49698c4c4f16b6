"""Hands before a face: palm, five fingers and a wrist, laid over the face's relief.

Lengths are those of an adult's hand (about 18 cm) on the model's scale.
"""

import math

import numpy as np
from numpy.typing import NDArray

from emotiscan.rendering.head_model import Floats
from emotiscan.rendering.occluder_shapes import Relief, place_on
from emotiscan.rendering.occluders import Occluder
from emotiscan.rendering.solids import Solid, solid, tube

_FINGERS = ((7.0, 0.80), (7.9, 0.84), (7.3, 0.80), (5.8, 0.68))
"""Length and radius of index, middle, ring and little finger, cm."""

_PALM, _WRIST = 8.6, 14.0
"""Distance of the wrist, and of the cuff, from the knuckles, cm."""

_DIRECTIONS = {
    "mouth": (165.0, 18.0),
    "eyes": (168.0, 10.0),
    "eye": (125.0, 25.0),
    "chin": (150.0, 14.0),
    "cheek": (100.0, 14.0),
    "forehead": (160.0, 18.0),
}
"""Direction in which the fingers of a hand from the right point, degrees from the x axis, and its spread."""


def hands(occluder: Occluder, relief: Relief) -> list[Solid]:
    """Build the hand of an occluder; of those over both eyes, half are two hands, one over each."""
    rng = np.random.default_rng(occluder.seed)
    middle, spread = _DIRECTIONS[occluder.place]
    target = place_on(relief, occluder.place, occluder.mirrored) + np.array(occluder.shift)
    if occluder.place == "eyes" and rng.random() < 0.5:
        solids = []
        for mirrored in (False, True):
            eye = place_on(relief, "eye", mirrored) + np.array(occluder.shift) * (-1 if mirrored else 1)
            solids += _hand(occluder, relief, eye, 125 + float(rng.normal(0, 10)), mirrored, rng)
        return solids
    return _hand(occluder, relief, target, middle + float(rng.normal(0, spread)), occluder.mirrored, rng)


def _hand(
    occluder: Occluder, relief: Relief, target: NDArray, degrees: float, mirrored: bool, rng: np.random.Generator
) -> list[Solid]:
    """Build one hand whose fingers lie on `target` (2,) and point `degrees` from the x axis."""
    size = occluder.size * 0.95
    flip = np.array([-1.0, 1.0]) if mirrored else np.ones(2)
    along = np.array([math.cos(math.radians(degrees)), math.sin(math.radians(degrees))]) * flip
    across = np.array([along[1], -along[0]]) * flip[0]
    # The target lies under the middle of the fingers, or, of a hand below the chin, at their knuckles.
    reach = rng.uniform(0.0, 2.5) if occluder.place in ("mouth", "eyes", "eye") else rng.uniform(2.5, 4.5)
    knuckles = target - along * reach * size
    fan = rng.uniform(0.0, 0.07)
    curl = rng.uniform(0.0, 0.5)
    skin = np.asarray(occluder.skin)
    solids = []

    def lift(flat: NDArray, radius: NDArray, sink: float = 0.0) -> NDArray:
        z = relief.at(flat[:, 0], flat[:, 1], 1.2)
        highest = z.max()
        z = np.maximum(z, highest - 3.5)  # beside the face the hand does not fall off
        return np.column_stack([flat, z + radius * 0.85 - sink])

    side3 = np.array([*across, 0.0])
    for k, (length, radius) in enumerate(_FINGERS):
        offset = (k - 1.5) * 1.72 * size
        start = knuckles + across * offset - along * (0.12 * (k - 1.2) ** 2 + 0.6) * size
        ray = along + across * fan * (k - 1.5)
        steps = np.linspace(0, 1, 12)
        flat = start + ray * (steps * length * size)[:, None]
        radii = radius * size * (1.08 - 0.22 * steps + 0.05 * np.sin(3 * np.pi * steps + 0.5))
        path = lift(flat, radii, 0.15)
        path[:, 2] -= curl * steps**2 * 0.8
        solids.append(_skin(path, side3, radii, radii * 0.92, skin, nail=True))
    thumb = knuckles + across * -3.0 * size - along * 4.6 * size
    ray = along * math.cos(math.radians(38)) - across * math.sin(math.radians(38))
    steps = np.linspace(0, 1, 10)
    flat = thumb + ray * (steps * 6.0 * size)[:, None]
    radii = size * (1.15 - 0.25 * steps)
    solids.append(_skin(lift(flat, radii, 0.35), side3, radii, radii * 0.9, skin, nail=True))
    # The back of the hand, and the wrist.
    steps = np.linspace(0, 1, 12)
    flat = knuckles - along * ((steps * _PALM - 0.3) * size)[:, None]
    wide = size * (3.75 - 0.9 * steps**2)
    thick = size * (1.15 + 0.25 * np.sin(np.pi * steps))
    path = lift(flat, thick, 0.1)
    solids.append(_skin(path, side3, wide, thick, skin, nail=False))
    last = path[-1]
    back = np.array([*(-along), -0.25])
    steps = np.linspace(0, 1, 8)[:, None]
    wrist = last + back * steps * (_WRIST - _PALM) * size
    solids.append(_skin(wrist, side3, np.full(8, 2.75 * size), np.full(8, 1.7 * size), skin, nail=False))
    sleeve = wrist[-1] + back * (steps * 10.0 - 0.8)
    bare = rng.random() < 0.4
    vertices, triangles, sideways = tube(
        sleeve, side3, np.linspace(3.1, 4.2, 8) * size, np.linspace(2.3, 3.6, 8) * size
    )
    openness = 1 - 0.3 * sideways**2
    color = skin if bare else np.asarray(occluder.color)
    solids.append(solid(vertices, triangles, color, openness, flesh=bare, grain=0.1 if bare else 0.4))
    return solids


def _skin(path: NDArray, across: NDArray, wide: NDArray, thick: NDArray, skin: NDArray, nail: bool) -> Solid:
    """Build a part of the hand: darker towards its sides, redder at joints, with a nail at its tip."""
    vertices, triangles, sideways = tube(path, across, wide, thick)
    openness = 1 - 0.45 * sideways**2
    colors = np.broadcast_to(skin, (len(vertices), 3)).copy()
    count = len(path) + 6
    ring = np.repeat(np.arange(count), len(vertices) // count)
    if nail:
        share = np.clip((ring - 3) / max(1, len(path) - 1), 0, 1)
        for joint in (0.02, 0.42, 0.72):
            at_joint = np.exp(-(((share - joint) / 0.05) ** 2))[:, None]
            colors *= 1 - at_joint * np.array([0.10, 0.22, 0.22])
        tip = (share > 0.86) & (np.abs(sideways) < 0.75) & (ring < count - 2)
        colors[tip] = np.clip(colors[tip] * [1.12, 1.1, 1.1] + [0.05, 0.03, 0.03], 0, 1)
    return solid(vertices, triangles, colors, openness, gloss=0.12, flesh=True, grain=0.16, grain_size=14)


def gripping_fingers(
    rng: np.random.Generator,
    center: NDArray,
    lean: Floats,
    radius: float,
    height: float,
    occluder: Occluder,
    flat: float = 0.0,
) -> list[Solid]:
    """Build four fingers round a cup, or (`flat` is half its thickness) over the back of a phone.

    Args:
        rng: source of randomness.
        center: (3,) of the thing.
        lean: (3, 3) rotation of the thing.
        radius: of the cup, or half the phone's width.
        height: of the thing.
        occluder: whose skin and side count.
        flat: 0 for a cup.
    """
    skin = np.asarray(occluder.skin)
    side = -1.0 if occluder.mirrored else 1.0
    low = -0.5 * height + rng.uniform(0.1, 0.3) * height
    solids = []
    for k, (length, thick) in enumerate(_FINGERS):
        y = low + (3 - k) * 1.7
        if y > 0.5 * height - 0.5:
            continue
        steps = np.linspace(0, 1, 12)
        if flat:
            x = side * (radius + 0.6 - steps * min(length, 1.3 * radius))
            z = flat + thick * 0.8 - 0.9 * (1 - steps) ** 6
            path = np.stack([x, np.full(12, y) + 0.4 * steps, z], 1)
        else:
            start = math.radians(100)
            turn = side * (start - steps * length / radius)
            out = radius + thick * 0.8
            path = np.stack([out * np.sin(turn), np.full(12, y) + 0.5 * steps, out * np.cos(turn)], 1)
        radii = thick * (1.1 - 0.2 * steps)
        solids.append(_skin(center + path @ lean.T, lean @ np.array([0.0, 1, 0]), radii, radii, skin, nail=True))
    return solids

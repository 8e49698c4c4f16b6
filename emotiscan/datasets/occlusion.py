"""Things that hide a part of the face, drawn over real crops in training.

The shapes lie in the canonical crop (see `facs`), so that a mask covers the mouth and sunglasses cover the eyes of any
face. They are simple, but opaque, shaded and soft-edged as in photos; `rendering.occluders` has believable ones. About
a third of them leave mouth and eyes free, or nearly: they teach that a hand on the cheek hides nothing.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter

from emotiscan.visibility import EYES, GRID, MOUTH, cover_label, hidden_units, region_shares

if TYPE_CHECKING:
    from collections.abc import Sequence

    from emotiscan.faces import Transform

Point: TypeAlias = tuple[float, float]

OVERSAMPLING = 2
"""Shapes are drawn this many times larger than the crop, for smooth edges."""


@dataclass(frozen=True)
class Covered:
    """What is hidden of a face.

    Attributes:
        kind: what hides it, one of `KINDS` or "rectangle"; "" for nothing.
        regions: share of each of `facs.REGIONS` that is hidden, 0 to 1; empty for nothing.
    """

    kind: str
    regions: Mapping[str, float]

    @property
    def mouth(self) -> float:
        """1 if the mouth counts as covered, 0 if not, NaN if it is hard to say (see `visibility.cover_label`)."""
        return cover_label(self.regions.get(MOUTH, 0.0))

    @property
    def eyes(self) -> float:
        """The same for the eyes."""
        return cover_label(self.regions.get(EYES, 0.0))

    def hidden(self, action_units: "Sequence[str]") -> tuple[str, ...]:
        """Those of the action units that are not visible."""
        return hidden_units(self.regions, action_units) if self.regions else ()


NOTHING = Covered("", {})


class Sketch:
    """Opacity and shade of an occluder, drawn in fractions of the canonical crop."""

    def __init__(self, size: int, moved: NDArray[np.float64]) -> None:
        """Make an empty sketch over a crop of `size` pixels that `moved` maps the canonical crop to."""
        self._scale = size * OVERSAMPLING
        self._moved = moved
        side = (self._scale, self._scale)
        self.opacity, self.shade = Image.new("L", side, 0), Image.new("L", side, 128)
        self._opacity, self._shade = ImageDraw.Draw(self.opacity), ImageDraw.Draw(self.shade)

    def polygon(self, points: "Sequence[Point]", shade: float = 1.0, opacity: float = 1.0) -> None:
        """Draw a filled polygon; `shade` is a factor on the occluder's color, up to 1.9."""
        placed = self._place(points)
        self._opacity.polygon(placed, fill=round(255 * opacity))
        self._shade.polygon(placed, fill=_level(shade))

    def stroke(self, points: "Sequence[Point]", width: float, shade: float = 1.0, opacity: float | None = 1.0) -> None:
        """Draw a polyline with round ends; an `opacity` of None only shades what is there."""
        placed = self._place(points)
        pixels = max(1, round(width * self._scale * math.sqrt(abs(np.linalg.det(self._moved[:, :2])))))
        layers = [(self._shade, _level(shade))]
        if opacity is not None:
            layers.append((self._opacity, round(255 * opacity)))
        for draw, fill in layers:
            draw.line(placed, fill=fill, width=pixels, joint="curve")
            if pixels > 3:
                for x, y in (placed[0], placed[-1]):
                    draw.ellipse((x - pixels / 2, y - pixels / 2, x + pixels / 2, y + pixels / 2), fill=fill)

    def _place(self, points: "Sequence[Point]") -> list[Point]:
        placed = np.asarray(points, float) @ self._moved[:, :2].T + self._moved[:, 2]
        return [(float(x), float(y)) for x, y in placed * self._scale]


def _level(shade: float) -> int:
    return round(float(np.clip(128 * shade, 0, 255)))


def draw_occluder(
    crop: Image.Image, rng: np.random.Generator, moved: "Transform | None" = None, kind: str | None = None
) -> tuple[Image.Image, Covered]:
    """Draw something over a crop.

    Args:
        crop: square, mode "L" or "RGB".
        rng: where the randomness comes from.
        moved: fractions of the canonical crop to fractions of this one; None if it was not moved.
        kind: one of `KINDS`; None to sample one.

    Returns:
        The changed crop, and what is hidden.
    """
    place = np.array([[1.0, 0, 0], [0, 1, 0]]) if moved is None else moved
    kind = kind or str(rng.choice(list(KINDS), p=list(KINDS.values())))
    size = crop.width
    pixels = np.atleast_3d(np.asarray(crop, np.float32))
    sketch = Sketch(size, place)
    color = _DRAWN[kind](sketch, rng, pixels)
    soft = OVERSAMPLING * size * rng.uniform(0.002, 0.008)
    soft_opacity = sketch.opacity.filter(ImageFilter.GaussianBlur(soft)).reduce(OVERSAMPLING)
    opacity = np.asarray(soft_opacity, np.float32) / 255
    shade = np.asarray(sketch.shade.filter(ImageFilter.GaussianBlur(soft)).reduce(OVERSAMPLING), np.float32) / 128
    shade = shade * _uneven(rng, size, rng.uniform(0.05, 0.3))
    shade += rng.standard_normal(shade.shape, np.float32) * np.float32(0.02)
    over = np.clip(color.astype(np.float32) * shade[..., None], 0, 255)
    # What it hides also shades the skin around it.
    shadow = np.asarray(soft_opacity.filter(ImageFilter.GaussianBlur(0.05 * size)), np.float32)[..., None] / 255
    under = pixels * (1 - np.float32(rng.uniform(0.1, 0.45)) * shadow)
    mixed = np.round(under + opacity[..., None] * (over - under)).astype(np.uint8)
    hidden, seen = _in_canonical_crop(opacity, place)
    return Image.fromarray(mixed.squeeze(2) if crop.mode == "L" else mixed), Covered(kind, region_shares(hidden, seen))


def erase_rectangle(
    crop: Image.Image, rng: np.random.Generator, moved: "Transform | None" = None
) -> tuple[Image.Image, Covered]:
    """Cover a tenth to a third of a crop by a rectangle of one shade or of noise (Zhong et al., 2020).

    Args and result are those of `draw_occluder`.
    """
    place = np.array([[1.0, 0, 0], [0, 1, 0]]) if moved is None else moved
    size = crop.width
    area, aspect = rng.uniform(0.1, 0.33), math.exp(rng.uniform(-0.7, 0.7))
    height, width = (min(size, round(size * math.sqrt(area * ratio))) for ratio in (aspect, 1 / aspect))
    top, left = int(rng.integers(0, size - height + 1)), int(rng.integers(0, size - width + 1))
    pixels = np.array(crop)
    patch = (height, width, *pixels.shape[2:])
    filling = rng.integers(0, 256, patch) if rng.random() < 0.5 else np.full(patch, rng.integers(0, 256))
    pixels[top : top + height, left : left + width] = filling
    opacity = np.zeros((size, size), np.float32)
    opacity[top : top + height, left : left + width] = 1
    return Image.fromarray(pixels), Covered("rectangle", region_shares(*_in_canonical_crop(opacity, place)))


def _in_canonical_crop(opacity: NDArray, place: NDArray[np.float64]) -> tuple[NDArray, NDArray[np.bool_]]:
    """Sample an opacity on the cells of the canonical crop, and tell which of them lie in the image."""
    size = len(opacity)
    rows, columns = (np.mgrid[0:GRID, 0:GRID] + 0.5) / GRID
    points = np.stack([columns, rows], -1) @ place[:, :2].T + place[:, 2]
    x, y = np.moveaxis(np.floor(points * size).astype(int), -1, 0)
    seen = (x >= 0) & (y >= 0) & (x < size) & (y < size)
    return opacity[np.clip(y, 0, size - 1), np.clip(x, 0, size - 1)], seen


def _uneven(rng: np.random.Generator, size: int, strength: float) -> NDArray:
    """Smooth factors about 1, (size, size), as light that falls unevenly makes them."""
    coarse = rng.normal(0, 1, (int(rng.integers(2, 6)),) * 2).astype(np.float32)
    smooth = Image.fromarray(coarse).resize((size, size), Image.Resampling.BICUBIC)
    return np.exp(np.float32(strength) * np.asarray(smooth))


def _cloth_color(rng: np.random.Generator, pixels: NDArray) -> NDArray:
    """Sample a color of cloth: white, black, light blue or any, dimmed like the crop."""
    bright = float(np.clip(np.percentile(pixels, 95), 60, 255))
    level = rng.choice([rng.uniform(0.75, 1.0), rng.uniform(0.05, 0.2), rng.uniform(0.1, 0.95)], p=[0.4, 0.25, 0.35])
    tint = np.exp(rng.normal(0, 0.25, pixels.shape[2])) if pixels.shape[2] == 3 else np.ones(1)
    return bright * level * tint / tint.max()


def _skin_color(rng: np.random.Generator, pixels: NDArray) -> NDArray:
    """The crop's own skin, from the middle of the face, in half of the cases; else another person's."""
    size = len(pixels)
    middle = np.median(pixels[size * 2 // 5 : size * 7 // 10, size // 4 : size * 3 // 4], axis=(0, 1))
    return np.clip(middle, 20, 235) * (1.0 if rng.random() < 0.5 else rng.uniform(0.5, 1.6))


def _draw_mask(sketch: Sketch, rng: np.random.Generator, pixels: NDArray) -> NDArray:
    top = rng.uniform(0.44, 0.56) if rng.random() < 0.85 else rng.uniform(0.6, 0.88)  # some are pulled down
    x, wide = rng.normal(0.5, 0.02), rng.uniform(0.36, 0.46)
    low = rng.uniform(0.97, 1.12)
    left, right, side = x - wide, x + wide, top + rng.uniform(0.03, 0.12)
    for end, ear in ((left, -0.05), (right, 1.05)):  # the straps
        sketch.stroke([(end + 0.02 * (0.5 - ear), side + 0.02), (ear, 0.42)], 0.015, rng.uniform(0.7, 1.1))
    outline = [(left, side), (x - 0.12, top + 0.015), (x, top), (x + 0.12, top + 0.015), (right, side)]
    outline += [(right - 0.06, 0.85), (x + 0.16, low), (x, low + 0.02), (x - 0.16, low), (left + 0.06, 0.85)]
    sketch.polygon(outline)
    sketch.stroke(outline[:5], 0.012, rng.uniform(0.75, 0.95))
    for k in range(int(rng.integers(0, 4))):  # pleats
        y = top + 0.13 + 0.09 * k
        middle = (x, y + 0.02)
        sketch.stroke([(left + 0.04, y), middle, (right - 0.04, y)], 0.012, rng.uniform(0.75, 0.9), None)
    return _cloth_color(rng, pixels)


def _draw_scarf(sketch: Sketch, rng: np.random.Generator, pixels: NDArray) -> NDArray:
    top = rng.uniform(0.5, 0.7) if rng.random() < 0.75 else rng.uniform(0.85, 0.95)
    edge = [(x, top + rng.normal(0, 0.02) + 0.12 * (x - 0.5) ** 2) for x in np.linspace(-0.3, 1.3, 9)]
    sketch.polygon([*edge, (1.3, 1.4), (-0.3, 1.4)])
    slope = rng.normal(0, 0.3)
    for _ in range(int(rng.integers(3, 9))):  # folds
        y = rng.uniform(top, 1.2)
        fold = [(x, y + slope * (x - 0.5) + 0.05 * math.sin(5 * x)) for x in np.linspace(-0.2, 1.2, 7)]
        sketch.stroke(fold, rng.uniform(0.01, 0.05), rng.uniform(0.6, 1.2), None)
    return _cloth_color(rng, pixels)


_HAND_TARGETS: dict[str, tuple[Point, float]] = {
    "mouth": ((0.5, 0.76), 0.4),
    "both eyes": ((0.5, 0.39), 0.15),
    "one eye": ((0.33, 0.39), 0.1),
    "chin": ((0.5, 1.02), 0.12),
    "cheek": ((0.08, 0.68), 0.13),
    "forehead": ((0.5, 0.08), 0.1),
}
"""What a hand lies on, and how often."""


def _draw_hand(sketch: Sketch, rng: np.random.Generator, pixels: NDArray) -> NDArray:
    names = list(_HAND_TARGETS)
    target = str(rng.choice(names, p=[share for _, share in _HAND_TARGETS.values()]))
    middle = np.array(_HAND_TARGETS[target][0]) + rng.normal(0, 0.02, 2)
    mirrored = rng.random() < 0.5
    # The fingers point across the face if it is the mouth or the eyes that they hide; else they point up.
    turn = rng.normal(0, 25) if target in ("mouth", "both eyes") else rng.normal(-80, 20)
    along = np.array([math.cos(math.radians(turn)), math.sin(math.radians(turn))])
    size = rng.uniform(0.85, 1.1)
    across = np.array([-along[1], along[0]])
    width = 0.105 * size
    spread = rng.uniform(0.0, 0.1)
    fingers = range(4)
    knuckles = middle - along * 0.22 * size
    palm = [knuckles + across * width * side for side in (-2.1, 2.1)]
    wrist = [knuckles - along * 0.55 * size + across * width * side for side in (1.4, -1.4)]
    arm = [knuckles - along * 1.6 * size + across * width * side for side in (-1.7, 1.7)]

    def flip(points: "Sequence[NDArray]") -> list[Point]:
        return [(1 - float(x) if mirrored else float(x), float(y)) for x, y in points]

    sketch.polygon(flip([wrist[1], *arm, wrist[0]]), rng.uniform(0.4, 1.0))  # a sleeve, or the bare arm
    sketch.polygon(flip([*palm, *wrist]), 0.95)
    thumb = knuckles - along * 0.3 * size + across * width * 2.0
    for points, thick in (
        *(
            (
                [
                    knuckles + across * width * (k - 1.5),
                    middle
                    + along * (0.22 - 0.05 * abs(k - 1.3)) * size
                    + across * width * (k - 1.5) * (1 + 3 * spread),
                ],
                width,
            )
            for k in fingers
        ),
        ([thumb, thumb + along * 0.22 * size + across * width * rng.uniform(0.5, 2.0)], width * 1.05),
    ):
        placed = flip(points)
        sketch.stroke(placed, thick, rng.uniform(0.6, 0.85))  # the shadow between two fingers
        sketch.stroke(placed, thick * 0.82, rng.uniform(0.92, 1.05))
        sketch.stroke(placed, thick * 0.35, rng.uniform(1.05, 1.15), None)
    return _skin_color(rng, pixels)


def _draw_dark_glasses(sketch: Sketch, rng: np.random.Generator, pixels: NDArray) -> NDArray:
    wide, high, power = rng.uniform(0.125, 0.165), rng.uniform(0.09, 0.14), rng.uniform(2, 4)
    opacity = rng.uniform(0.85, 1.0) if rng.random() < 0.85 else rng.uniform(0.05, 0.12)  # a few are clear
    turn = np.linspace(0, 2 * np.pi, 40)
    cos, sin = np.cos(turn), np.sin(turn)
    y = 0.4 + rng.normal(0, 0.01)
    for side in (-1, 1):
        x = 0.5 + side * rng.uniform(0.165, 0.185)
        xs = x + wide * np.sign(cos) * np.abs(cos) ** (2 / power)
        ys = y + high * np.sign(sin) * np.abs(sin) ** (2 / power)
        outline = list(zip(xs.tolist(), ys.tolist(), strict=True))
        sketch.polygon(outline, rng.uniform(0.9, 1.1), opacity)
        if rng.random() < 0.6:
            shine = [(x - 0.3 * wide, y - 0.6 * high), (x + 0.2 * wide, y - 0.5 * high)]
            sketch.stroke(shine, 0.2 * high, rng.uniform(1.3, 1.9), None)
        sketch.stroke(outline, rng.uniform(0.008, 0.03), rng.uniform(0.5, 1.2))
        sketch.stroke([(x + side * wide, y - 0.3 * high), (0.5 + side * 0.55, y - 0.04)], 0.02, 0.8)
    sketch.stroke([(0.46, y - 0.03), (0.54, y - 0.03)], 0.02, 0.8)
    return np.full(pixels.shape[2], rng.uniform(8, 75))


def _draw_fringe(sketch: Sketch, rng: np.random.Generator, pixels: NDArray) -> NDArray:
    end = rng.uniform(0.42, 0.56) if rng.random() < 0.4 else rng.uniform(0.12, 0.27)  # over the eyes, or above them
    left, right = (-0.1, 1.1) if rng.random() < 0.6 else (-0.1, 0.55) if rng.random() < 0.5 else (0.45, 1.1)
    sweep = rng.normal(0, 0.08)
    strands = int(90 * (right - left))
    for x in rng.uniform(left, right, strands):
        tip = end + rng.normal(0, 0.03)
        points = [(x, -0.4), (x + 0.4 * sweep, tip - 0.25), (x + sweep, tip)]
        sketch.stroke(points, rng.uniform(0.015, 0.03), rng.uniform(0.55, 1.4))
    return np.full(pixels.shape[2], rng.uniform(15, 170)) * np.linspace(1.1, 0.8, pixels.shape[2])


def _draw_object(sketch: Sketch, rng: np.random.Generator, pixels: NDArray) -> NDArray:
    """Draw a phone, a cup or a sheet of paper before the mouth, or a bit beside it."""
    x, y = rng.normal(0.5, 0.12), rng.uniform(0.72, 1.05)
    wide, high = rng.uniform(0.12, 0.3), rng.uniform(0.14, 0.35)
    taper, turn = rng.uniform(0.7, 1.0), math.radians(rng.normal(0, 20))
    corners = [(-wide, -high), (wide, -high), (wide * taper, high), (-wide * taper, high)]
    cos, sin = math.cos(turn), math.sin(turn)
    outline = [(x + cos * u - sin * v, y + sin * u + cos * v) for u, v in corners]
    sketch.polygon(outline)
    sketch.stroke(outline[:2], 0.02, rng.uniform(0.7, 1.4))
    for u in (rng.uniform(-0.9, -0.5), rng.uniform(0.3, 0.9)):  # light and shade along its side
        band = [(x + cos * u * wide - sin * v, y + sin * u * wide + cos * v) for v in (-0.9 * high, 0.9 * high)]
        sketch.stroke(band, 0.25 * wide, rng.uniform(0.7, 1.3), None)
    return _cloth_color(rng, pixels)


def _draw_blob(sketch: Sketch, rng: np.random.Generator, pixels: NDArray) -> NDArray:
    """Draw a smooth shape anywhere: someone's shoulder, a leaf, a logo."""
    x, y = rng.uniform(0.05, 0.95, 2)
    turn = np.linspace(0, 2 * np.pi, 48, endpoint=False)
    waves = sum(rng.normal(0, 0.3 / k) * np.cos(k * turn + rng.uniform(0, 2 * np.pi)) for k in (1, 2, 3, 4))
    radius = rng.uniform(0.08, 0.28) * np.exp(waves)
    outline = np.column_stack([x + radius * np.cos(turn) * rng.uniform(0.7, 1.4), y + radius * np.sin(turn)])
    sketch.polygon([(float(u), float(v)) for u, v in outline])
    for _ in range(int(rng.integers(0, 7))):
        ends = outline[rng.integers(0, len(outline), 2)]
        sketch.stroke([(float(u), float(v)) for u, v in ends], rng.uniform(0.01, 0.08), rng.uniform(0.5, 1.6), None)
    return _cloth_color(rng, pixels)


KINDS: dict[str, float] = {
    **{"mask": 0.22, "scarf": 0.12, "hand": 0.22, "dark glasses": 0.16, "fringe": 0.08, "object": 0.1, "blob": 0.1}
}
"""Kinds of occluders, each with its share."""

_DRAWN: dict[str, Callable[[Sketch, np.random.Generator, NDArray], NDArray]] = {
    "mask": _draw_mask,
    "scarf": _draw_scarf,
    "hand": _draw_hand,
    "dark glasses": _draw_dark_glasses,
    "fringe": _draw_fringe,
    "object": _draw_object,
    "blob": _draw_blob,
}
"""Draws each kind, and returns its color: (1 or 3,) gray levels."""

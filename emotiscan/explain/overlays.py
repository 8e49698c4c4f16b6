"""Heat maps, their differences and the action units' regions, laid over the face."""

from collections.abc import Iterator
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from emotiscan import facs
from emotiscan.explain.heat_map import HeatMap
from emotiscan.faces import CROP_SIZE, Face, apply, compose, invert

COLOR_SCALE = "Inferno"
"""Plotly's name of the overlay's colors: perceptually even, and read alike by the color-blind."""

MORE, LESS = (230, 97, 0), (93, 58, 155)
"""Colors of a difference, where the first map is stronger and where the second is; told apart by the color-blind."""

_OUTLINE_POINTS = 72


def overlay(crop: Image.Image, heat_map: HeatMap, opacity: float = 0.6, top: float | None = None) -> Image.Image:
    """The crop with the map laid over it: the stronger the evidence, the less of the skin shows.

    Args:
        crop: RGB, square.
        opacity: of the map's peak, 0 to 1.
        top: evidence that counts as the peak, for maps that share a scale; None for the map's own.
    """
    return _blend(crop, _fitted(_values(heat_map, top), crop), opacity)


def overlay_on_photo(
    photo: Image.Image, face: Face, heat_map: HeatMap, opacity: float = 0.6, top: float | None = None
) -> Image.Image:
    """The photo with the map laid over the face that it belongs to; otherwise as `overlay`."""
    placed = photo.convert("RGB")
    # The rest of a large photo is left alone: mixing all of it takes fifty bytes a pixel.
    x0, y0 = np.maximum(np.floor(face.corners.min(0)), 0).astype(int).tolist()
    x1, y1 = np.minimum(np.ceil(face.corners.max(0)), photo.size).astype(int).tolist()
    if x0 < x1 and y0 < y1:
        matrix = compose(face.to_crop, np.array([[1.0, 0, x0], [0, 1, y0]])) * CROP_SIZE
        values = Image.fromarray(_values(heat_map, top)).transform(
            (x1 - x0, y1 - y0), Image.Transform.AFFINE, tuple(matrix.ravel()), Image.Resampling.BILINEAR
        )
        part = placed.crop((x0, y0, x1, y1))
        placed.paste(_blend(part, np.clip(np.asarray(values), 0, 1), opacity), (x0, y0))
    return placed


def difference(one: HeatMap, other: HeatMap) -> NDArray[np.float32]:
    """(`faces.CROP_SIZE`, `faces.CROP_SIZE`) in [-1, 1]: the first map less the second.

    Maps of probabilities keep their common scale; others are first stretched to their own peak,
    since only their proportions mean something.
    """
    if one.probable and other.probable:
        return one.scaled_to(1.0) - other.scaled_to(1.0)
    return one.values - other.values


def overlay_difference(crop: Image.Image, change: NDArray[np.float32], opacity: float = 0.8) -> Image.Image:
    """The crop with a difference laid over it: `MORE` where it is above 0, `LESS` where it is below.

    Args:
        crop: RGB, square.
        change: of `difference`.
        opacity: of a difference of 1, 0 to 1.
    """
    fitted = _fitted(change, crop)
    share = (np.abs(fitted) * opacity)[..., None]
    colors = np.where(fitted[..., None] >= 0, np.float32(MORE), np.float32(LESS))
    mixed = np.asarray(crop.convert("RGB"), np.float32) * (1 - share) + colors * share
    return Image.fromarray(np.round(mixed).astype(np.uint8))


def outline(crop: Image.Image, au: str) -> Image.Image:
    """The crop with a line around the action unit's anatomical region."""
    return _drawn(crop, (curve * np.array(crop.size) for curve in _region_curves(au)))


def outline_on_photo(photo: Image.Image, face: Face, au: str) -> Image.Image:
    """The photo with a line around the action unit's region of a face."""
    to_photo = invert(face.to_crop)
    return _drawn(photo, (apply(to_photo, curve) for curve in _region_curves(au)), face.side)


def color_bar(width: int, height: int) -> Image.Image:
    """A strip of the overlay's colors, from no evidence to the most."""
    strip = np.tile(np.linspace(0, 1, width, dtype=np.float32), (height, 1))
    return _blend(Image.new("RGB", (width, height), "black"), strip, 1.0)


def difference_bar(width: int, height: int) -> Image.Image:
    """A strip of a difference's colors, from all `LESS` to all `MORE`."""
    strip = np.tile(np.linspace(-1, 1, width, dtype=np.float32), (width, 1))
    return overlay_difference(Image.new("RGB", (width, width), "white"), strip, 1.0).crop((0, 0, width, height))


def _values(heat_map: HeatMap, top: float | None) -> NDArray[np.float32]:
    return heat_map.values if top is None else heat_map.scaled_to(top)


def _fitted(values: NDArray[np.float32], crop: Image.Image) -> NDArray[np.float32]:
    if crop.size == values.shape[::-1]:
        return values
    resized = Image.fromarray(values).resize(crop.size, Image.Resampling.BICUBIC)
    return np.clip(np.asarray(resized), min(0.0, float(values.min())), 1)


def _blend(picture: Image.Image, values: NDArray[np.float32], opacity: float) -> Image.Image:
    colors = _colors()[np.round(values * 255).astype(np.uint8)]
    share = (values * opacity)[..., None]
    mixed = np.asarray(picture.convert("RGB"), np.float32) * (1 - share) + colors * share
    return Image.fromarray(np.round(mixed).astype(np.uint8))


def _region_curves(au: str) -> Iterator[NDArray[np.float64]]:
    """(n, 2) points around each ellipse of an action unit's region, in fractions of the crop."""
    turn = np.linspace(0, 2 * np.pi, _OUTLINE_POINTS)
    for region in facs.ACTION_UNITS[au].regions:
        for place in facs.REGIONS[region]:
            yield np.stack([place.x + place.rx * np.cos(turn), place.y + place.ry * np.sin(turn)], axis=1)


def _drawn(picture: Image.Image, curves: Iterator[NDArray[np.float64]], face_side: float | None = None) -> Image.Image:
    """The picture with light curves on a dark edge, seen on any skin."""
    drawn = picture.convert("RGB")
    draw = ImageDraw.Draw(drawn)
    width = max(1, round((face_side or drawn.width) / 160))
    points = [[tuple(point) for point in curve.tolist()] for curve in curves]
    for color, thickness in (((20, 30, 32), 3 * width), ((255, 255, 255), width)):
        for curve in points:
            draw.line(curve, fill=color, width=thickness, joint="curve")
    return drawn


@lru_cache(maxsize=1)
def _colors() -> NDArray[np.float32]:
    """(256, 3) the color of each level, 0 to 255."""
    from plotly.colors import sample_colorscale, unlabel_rgb

    levels = sample_colorscale(COLOR_SCALE, np.linspace(0, 1, 256).tolist(), colortype="rgb")
    return np.array([unlabel_rgb(level) for level in levels], np.float32)

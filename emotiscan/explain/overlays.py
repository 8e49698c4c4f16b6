"""Overlays of heat maps, their differences, and the anatomical regions of action units on the face."""

from collections.abc import Iterator
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from emotiscan import facs
from emotiscan.explain.heat_map import HeatMap
from emotiscan.faces import CROP_SIZE, Face, apply, compose, invert

COLOR_SCALE = "Inferno"
"""Plotly's name of the color scale: perceptually uniform, and safe for color-blind readers."""

MORE, LESS = (230, 97, 0), (93, 58, 155)
"""Colors of a difference: where the first map is stronger, and where the second is. Safe for color-blind readers."""

_OUTLINE_POINTS = 72


def overlay(crop: Image.Image, heat_map: HeatMap, opacity: float = 0.6, peak: float | None = None) -> Image.Image:
    """Lay a heat map over the crop: the stronger the evidence, the less of the skin shows.

    Args:
        crop: RGB, square.
        heat_map: of the face in the crop.
        opacity: at the map's peak, 0 to 1.
        peak: value in full color, for maps that share a scale; None for the map's own peak.
    """
    return _blend(crop, _resized(_values(heat_map, peak), crop), opacity)


def overlay_on_photo(
    photo: Image.Image, face: Face, heat_map: HeatMap, opacity: float = 0.6, peak: float | None = None
) -> Image.Image:
    """Lay a heat map over its face in the photo. The other arguments are those of `overlay`."""
    result = photo.convert("RGB")
    # Only the face's rectangle is blended: blending all of a large photo takes fifty bytes per pixel.
    x0, y0 = np.maximum(np.floor(face.corners.min(0)), 0).astype(int).tolist()
    x1, y1 = np.minimum(np.ceil(face.corners.max(0)), photo.size).astype(int).tolist()
    if x0 < x1 and y0 < y1:
        matrix = compose(face.to_crop, np.array([[1.0, 0, x0], [0, 1, y0]])) * CROP_SIZE
        values = Image.fromarray(_values(heat_map, peak)).transform(
            (x1 - x0, y1 - y0), Image.Transform.AFFINE, tuple(matrix.ravel()), Image.Resampling.BILINEAR
        )
        part = result.crop((x0, y0, x1, y1))
        result.paste(_blend(part, np.clip(np.asarray(values), 0, 1), opacity), (x0, y0))
    return result


def difference(first: HeatMap, second: HeatMap) -> NDArray[np.float32]:
    """Subtract the second map from the first: (`faces.CROP_SIZE`, `faces.CROP_SIZE`) in [-1, 1].

    Maps of probabilities keep their common scale. Others are first scaled to their own peak, because only their
    proportions are meaningful.
    """
    if first.is_probability and second.is_probability:
        return first.scaled_to(1.0) - second.scaled_to(1.0)
    return first.values - second.values


def overlay_difference(crop: Image.Image, change: NDArray[np.float32], opacity: float = 0.8) -> Image.Image:
    """Lay a difference of maps over the crop, in the color `MORE` where it is positive and `LESS` where it is negative.

    Args:
        crop: RGB, square.
        change: as returned by `difference`.
        opacity: at a difference of 1, 0 to 1.
    """
    values = _resized(change, crop)
    share = (np.abs(values) * opacity)[..., None]
    colors = np.where(values[..., None] >= 0, np.array(MORE, np.float32), np.array(LESS, np.float32))
    mixed = np.asarray(crop.convert("RGB"), np.float32) * (1 - share) + colors * share
    return Image.fromarray(np.round(mixed).astype(np.uint8))


def outline(crop: Image.Image, au: str) -> Image.Image:
    """Outline the action unit's anatomical region in the crop."""
    return _with_curves(crop, (curve * np.array(crop.size) for curve in _region_curves(au)))


def outline_on_photo(photo: Image.Image, face: Face, au: str) -> Image.Image:
    """Outline the action unit's anatomical region on a face in the photo."""
    to_photo = invert(face.to_crop)
    return _with_curves(photo, (apply(to_photo, curve) for curve in _region_curves(au)), face.side)


def color_bar(width: int, height: int) -> Image.Image:
    """Strip of the heat map's colors, from no evidence to the peak; for legends."""
    strip = np.tile(np.linspace(0, 1, width, dtype=np.float32), (height, 1))
    return _blend(Image.new("RGB", (width, height), "black"), strip, 1.0)


def difference_bar(width: int, height: int) -> Image.Image:
    """Strip of a difference's colors, from `LESS` to `MORE`; for legends."""
    strip = np.tile(np.linspace(-1, 1, width, dtype=np.float32), (width, 1))
    return overlay_difference(Image.new("RGB", (width, width), "white"), strip, 1.0).crop((0, 0, width, height))


def _values(heat_map: HeatMap, peak: float | None) -> NDArray[np.float32]:
    return heat_map.values if peak is None else heat_map.scaled_to(peak)


def _resized(values: NDArray[np.float32], crop: Image.Image) -> NDArray[np.float32]:
    if crop.size == values.shape[::-1]:
        return values
    resized = Image.fromarray(values).resize(crop.size, Image.Resampling.BICUBIC)
    return np.clip(np.asarray(resized), min(0.0, float(values.min())), 1)


def _blend(image: Image.Image, values: NDArray[np.float32], opacity: float) -> Image.Image:
    colors = _colors()[np.round(values * 255).astype(np.uint8)]
    share = (values * opacity)[..., None]
    mixed = np.asarray(image.convert("RGB"), np.float32) * (1 - share) + colors * share
    return Image.fromarray(np.round(mixed).astype(np.uint8))


def _region_curves(au: str) -> Iterator[NDArray[np.float64]]:
    """Yield (n, 2) points around each ellipse of an action unit's region, in fractions of the crop's side."""
    angle = np.linspace(0, 2 * np.pi, _OUTLINE_POINTS)
    for region in facs.ACTION_UNITS[au].regions:
        for ellipse in facs.REGIONS[region]:
            x, y = ellipse.x + ellipse.rx * np.cos(angle), ellipse.y + ellipse.ry * np.sin(angle)
            yield np.stack([x, y], axis=1)


def _with_curves(
    image: Image.Image, curves: Iterator[NDArray[np.float64]], face_side: float | None = None
) -> Image.Image:
    """Draw curves that are visible on any skin: light lines with dark edges."""
    result = image.convert("RGB")
    draw = ImageDraw.Draw(result)
    width = max(1, round((face_side or result.width) / 160))
    points = [[tuple(point) for point in curve.tolist()] for curve in curves]
    for color, thickness in (((20, 30, 32), 3 * width), ((255, 255, 255), width)):
        for curve in points:
            draw.line(curve, fill=color, width=thickness, joint="curve")
    return result


@lru_cache(maxsize=1)
def _colors() -> NDArray[np.float32]:
    """Color of each level from 0 to 255, (256, 3)."""
    from plotly.colors import sample_colorscale, unlabel_rgb

    levels = sample_colorscale(COLOR_SCALE, np.linspace(0, 1, 256).tolist(), colortype="rgb")
    return np.array([unlabel_rgb(level) for level in levels], np.float32)

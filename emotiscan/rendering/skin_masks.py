"""Skin masks: where lips, beards, wrinkles and the like are painted, in texture space on the mean face.

Texture coordinates run from 0 to 1, v upwards, so that row 0 of a mask is the bottom. The person's
right half lies at u < 0.5. The positions below were measured on the model's texture layout.
"""

from typing import TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import splev, splprep
from scipy.spatial import cKDTree

from emotiscan.rendering.head_model import SKIN, Floats, HeadModel
from emotiscan.rendering.rasterizer import rasterize

SIDE = 1024
"""Side of the masks, in texels."""

CHANNELS = (
    "lips",
    "redness",
    "beard",
    "moustache",
    "socket_shade",
    "lash_line",
    "chin_dimples",
    "nostrils",
    "mouth_line",
    "ears",
    "oily",
    "forehead_lines",
    "frown_lines",
    "crows_feet",
    "nose_lines",
    "nasolabial",
    "under_eye",
    "lip_lines",
    "pucker_lines",
)
"""The masks in order, each 0 to 1: the lips, where blood shows, where beards and moustaches grow, where the eye
sockets are darker, the edges of the lids, the dimples of the chin, nostrils, the line where the lips meet, ears, where
skin shines; then, from `FIRST_WRINKLE`, the groups of wrinkles."""

LIPS, REDNESS, BEARD, MOUSTACHE, SOCKET_SHADE, LASH_LINE, CHIN_DIMPLES, NOSTRILS, MOUTH_LINE, EARS, OILY = range(11)
FOREHEAD_LINES, FROWN_LINES, CROWS_FEET, NOSE_LINES, NASOLABIAL, UNDER_EYE, LIP_LINES, PUCKER_LINES = range(11, 19)
FIRST_WRINKLE = FOREHEAD_LINES

FOLD = ((0.432, 0.588), (0.415, 0.562), (0.395, 0.528), (0.377, 0.490), (0.366, 0.450), (0.361, 0.420))
"""The nasolabial fold of the person's right half, in texture coordinates, from nose to mouth."""

Curve: TypeAlias = list[tuple[float, float]]
"""Texture coordinates of the points of a line."""

_ROWS, _COLUMNS = np.mgrid[0:SIDE, 0:SIDE] / (SIDE - 1)


def blur(image: Floats, sigma: float) -> Floats:
    """Gaussian blur; sigma in texels."""
    return np.asarray(cv2.GaussianBlur(image.astype(np.float32), (0, 0), sigma), np.float32)


def ramp(low: float, high: float, x: NDArray) -> NDArray:
    """Rise smoothly from 0 at `low` to 1 at `high`; for arrays."""
    t = np.clip((x - low) / (high - low), 0, 1)
    return t * t * (3 - 2 * t)


def smooth_curve(points: NDArray, per_point: int = 12, closed: bool = False) -> NDArray:
    """Return (n, 2) points along the cubic spline through the given ones."""
    points = np.asarray(points, float)
    if closed:
        points = np.vstack([points, points[:1]])
    spline, _ = splprep(points.T, s=0, per=closed, k=3)
    return np.stack(splev(np.linspace(0, 1, per_point * len(points)), spline), 1)


class Unwrapped:
    """The mean face unwrapped into texture space.

    Attributes:
        valid: (SIDE, SIDE) texels that show skin.
        place: (SIDE, SIDE, 3) position of each texel on the mean face, cm.
        openness: (SIDE, SIDE) openness of each texel.
        landmarks: (68, 2) position of each landmark, texels.
    """

    def __init__(self, model: HeadModel, openness: Floats) -> None:
        triangles, uv_triangles = model.of_part(SKIN)
        texels = np.ones((len(model.uvs), 3), np.float32)
        texels[:, :2] = model.uvs * (SIDE - 1) + 0.5
        nearness = np.zeros((SIDE, SIDE), np.float32)
        triangle_at = np.full((SIDE, SIDE), -1, np.int32)
        rasterize(texels, uv_triangles, nearness, triangle_at, 0, False)
        self.valid = triangle_at >= 0
        rows, columns = np.nonzero(self.valid)
        chosen = triangle_at[rows, columns]
        weights = _flat_weights(texels[uv_triangles[chosen]][:, :, :2], np.stack([columns + 0.5, rows + 0.5], 1))
        self.place = np.zeros((SIDE, SIDE, 3), np.float32)
        self.place[rows, columns] = np.einsum("nk,nkc->nc", weights, model.neutral[triangles[chosen]])
        self.openness = np.zeros((SIDE, SIDE), np.float32)
        self.openness[rows, columns] = np.einsum("nk,nk->n", weights, openness[triangles[chosen]])
        uv_of_vertex = dict(zip(triangles.ravel().tolist(), uv_triangles.ravel().tolist(), strict=True))
        self.landmarks = model.uvs[[uv_of_vertex[int(i)] for i in model.landmarks]] * (SIDE - 1)

    def places_along(self, curve: NDArray) -> Floats:
        """Return (n, 3) positions on the mean face of (n, 2) texture coordinates."""
        texels = (np.asarray(curve) * (SIDE - 1)).astype(int)
        return self.place[texels[:, 1], texels[:, 0]]


def _flat_weights(corners: NDArray, points: NDArray) -> NDArray:
    """Return the (n, 3) barycentric weights of (n, 2) points in (n, 3, 2) triangles."""

    def cross(a: NDArray, b: NDArray) -> NDArray:
        return a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0]

    area = cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    w0 = cross(corners[:, 1] - points, corners[:, 2] - points) / area
    w1 = cross(corners[:, 2] - points, corners[:, 0] - points) / area
    return np.stack([w0, w1, 1 - w0 - w1], 1)


def paint_masks(face: Unwrapped) -> NDArray[np.uint8]:
    """Paint all masks: (SIDE, SIDE, channels), in the order of `CHANNELS`."""
    masks = np.zeros((SIDE, SIDE, len(CHANNELS)), np.float32)
    lip_outline = smooth_curve(face.landmarks[48:60], closed=True)
    lips = _filled(lip_outline)
    not_lips = 1 - np.clip(blur(lips, 1.5) * 1.15, 0, 1)
    masks[..., LIPS] = blur(lips, 3.5)
    hole = (~face.valid & (lips > 0)).astype(np.float32)
    masks[..., MOUTH_LINE] = np.clip(blur(hole, 5) * 2.2, 0, 1) * (lips > 0)
    masks[..., REDNESS] = _redness()
    masks[..., BEARD], masks[..., MOUSTACHE] = (hair * not_lips * face.valid for hair in _beards(face))
    masks[..., SOCKET_SHADE] = _both_halves(
        _blob(0.36, 0.735, 0.055, 0.018, 0.7)
        + _blob(0.375, 0.695, 0.045, 0.014, 0.6)
        + _blob(0.415, 0.72, 0.02, 0.02, 0.5)
    )
    masks[..., LASH_LINE] = _lash_line(face)
    _paint_wrinkles(masks)
    masks[..., PUCKER_LINES] = _pucker_lines(face) * not_lips
    x, y, z = np.moveaxis(face.place, 2, 0)
    nostrils = ramp(0, 0.25, 0.42 - face.openness) * (np.abs(y + 0.7) < 1.0) * (np.abs(x) < 1.6) * (z > 9)
    masks[..., NOSTRILS] = blur(nostrils * face.valid, 1.5)
    masks[..., EARS] = is_ear(_COLUMNS, _ROWS)
    masks[..., OILY] = (
        _blob(0.5, 0.63, 0.05, 0.07)
        + _blob(0.5, 0.88, 0.15, 0.05, 0.6)
        + _both_halves(_blob(0.33, 0.63, 0.06, 0.04, 0.4))
    )
    return np.round(np.clip(masks, 0, 1) * 255).astype(np.uint8)


def is_ear(u: NDArray, v: NDArray) -> NDArray[np.bool_]:
    """Return whether texture coordinates belong to an ear."""
    return ((u < 0.083) | (u > 0.917)) & (np.abs(v - 0.57) < 0.118)


def _redness() -> NDArray:
    halves = (
        _blob(0.30, 0.58, 0.07, 0.06, 0.8)  # cheek
        + _blob(0.455, 0.575, 0.03, 0.03, 0.5)  # wing of the nose
        + _blob(0.04, 0.58, 0.05, 0.1, 0.9)  # ear
        + _blob(0.37, 0.72, 0.05, 0.02, 0.35)  # lid
    )
    return _both_halves(halves) + _blob(0.5, 0.62, 0.04, 0.05, 0.9) + _blob(0.5, 0.31, 0.06, 0.04, 0.35)


def _beards(face: Unwrapped) -> tuple[NDArray, NDArray]:
    x, y, z = np.moveaxis(face.place, 2, 0)
    x = np.abs(x)
    # Upper edge of a beard: from the sideburn down the cheek to the corner of the mouth.
    edge = np.interp(x, [0, 2.2, 3.2, 4.5, 6.0, 7.0, 8.0], [-2.7, -2.9, -3.2, -2.9, -1.6, 1.2, 2.4])
    beard = blur(ramp(0.0, 1.0, edge - y) * ramp(-1.0, 2.5, z) * (1 - ramp(8.0, 8.6, x)), 9) * ramp(-12, -8.5, y)
    lip_hair = ramp(0, 0.35, -1.35 - y) * ramp(0, 0.5, y + 3.6) * (1 - ramp(2.3, 3.3, x)) * ramp(6, 8, z)
    goatee = ramp(-7.6, -6.6, y) * ramp(4.8, 5.4, -y) * (1 - ramp(1.6, 2.6, x)) * ramp(6, 8, z)
    return beard, blur(np.maximum(lip_hair, blur(goatee, 4)), 5)


def _lash_line(face: Unwrapped) -> NDArray:
    openings = np.zeros((SIDE, SIDE), np.float32)
    for columns in (slice(320, 440), slice(583, 704)):
        openings[715:750, columns] = ~face.valid[715:750, columns]
    edge = (cv2.dilate(openings, np.ones((5, 5))) > 0) & face.valid
    x, y, z = np.moveaxis(face.place, 2, 0)
    near = face.valid & (np.abs(y - 3.5) < 2) & (np.abs(x) > 1) & (np.abs(x) < 5.5) & (z > 7)
    distance = np.full((SIDE, SIDE), 9.0, np.float32)
    distance[near] = cKDTree(face.place[edge][::2]).query(face.place[near])[0]
    return np.exp(-0.5 * (distance / 0.13) ** 2)


def _paint_wrinkles(masks: Floats) -> None:
    rng = np.random.default_rng(3)
    forehead: list[Curve] = []
    for k, v in enumerate([0.848, 0.868, 0.889, 0.910, 0.932]):
        inset = 0.02 * abs(k - 1)
        across = np.linspace(0.30 + inset, 0.70 - inset, 9)
        forehead.append([(u, v - 0.006 * np.cos((u - 0.5) * np.pi / 0.25) + rng.normal(0, 0.0022)) for u in across])
    masks[..., FOREHEAD_LINES] = _lines(forehead, 3, 2.2)
    frown = [
        [(0.479, 0.768), (0.476, 0.782), (0.474, 0.797), (0.472, 0.818)],
        [(0.522, 0.766), (0.525, 0.784), (0.526, 0.799), (0.529, 0.822)],
        [(0.456, 0.785), (0.452, 0.795), (0.450, 0.803), (0.447, 0.812)],
        [(0.544, 0.787), (0.548, 0.797), (0.550, 0.805), (0.552, 0.812)],
    ]
    masks[..., FROWN_LINES] = _lines(frown, 4, 2.5)
    crows_feet = [
        [(0.300, 0.722), (0.285, 0.735), (0.268, 0.748), (0.250, 0.760)],
        [(0.297, 0.715), (0.280, 0.722), (0.260, 0.727), (0.238, 0.730)],
        [(0.299, 0.708), (0.283, 0.705), (0.265, 0.700), (0.243, 0.692)],
        [(0.305, 0.700), (0.292, 0.690), (0.278, 0.680), (0.262, 0.668)],
    ]
    masks[..., CROWS_FEET] = _lines(_mirrored(crows_feet), 3, 2.0)
    bridge = [
        [(0.468, 0.755), (0.485, 0.752), (0.515, 0.752), (0.532, 0.755)],
        [(0.470, 0.742), (0.487, 0.739), (0.513, 0.739), (0.530, 0.742)],
    ]
    nose_sides = [
        [(0.468, 0.705), (0.458, 0.695), (0.450, 0.684), (0.443, 0.672)],
        [(0.473, 0.690), (0.463, 0.680), (0.456, 0.669), (0.450, 0.660)],
        [(0.470, 0.722), (0.456, 0.714), (0.444, 0.702), (0.434, 0.688)],
    ]
    masks[..., NOSE_LINES] = _lines(bridge + _mirrored(nose_sides), 4, 2.8)
    fold = [(0.428, 0.585), (0.412, 0.560), (0.392, 0.528), (0.374, 0.490), (0.362, 0.450), (0.357, 0.415)]
    masks[..., NASOLABIAL] = _lines(_mirrored([fold]), 7, 5.0)
    under_eye = [
        [(0.410, 0.700), (0.390, 0.692), (0.365, 0.690), (0.335, 0.696)],
        [(0.405, 0.688), (0.385, 0.678), (0.360, 0.676), (0.325, 0.684)],
    ]
    masks[..., UNDER_EYE] = _lines(_mirrored(under_eye), 3, 2.0)
    masks[..., CHIN_DIMPLES] = _blob(0.5, 0.305, 0.05, 0.035)
    beside_mouth = [
        [(0.372, 0.425), (0.366, 0.405), (0.364, 0.385), (0.368, 0.362)],
        [(0.392, 0.405), (0.386, 0.385), (0.385, 0.368), (0.390, 0.350)],
    ]
    masks[..., LIP_LINES] = _lines(_mirrored(beside_mouth), 4, 3.0)


def _pucker_lines(face: Unwrapped) -> NDArray:
    """Short lines that stand on the outline of the lips, all around but for the corners."""
    outline = smooth_curve(face.landmarks[48:60] / (SIDE - 1), closed=True)
    middle = outline.mean(0)
    lines: list[Curve] = []
    for point in outline[4::6]:
        outward = point - middle
        if abs(outward[0]) > 0.8 * np.abs(outline[:, 0] - middle[0]).max():
            continue
        outward = np.array([0.35 * outward[0], outward[1]])
        outward *= 0.034 / np.linalg.norm(outward)
        lines.append([(float(u), float(v)) for u, v in (point + share * outward for share in (-0.1, 0.25, 0.6, 1.0))])
    return _lines(lines, 3, 2.2)


def _blob(u: float, v: float, width: float, height: float, strength: float = 1.0) -> NDArray:
    return strength * np.exp(-0.5 * (((_COLUMNS - u) / width) ** 2 + ((_ROWS - v) / height) ** 2))


def _both_halves(mask: NDArray) -> NDArray:
    """Add the mirror image of a mask."""
    return mask + mask[:, ::-1]


def _mirrored(curves: list[Curve]) -> list[Curve]:
    """Add the mirror image of each curve."""
    return curves + [[(1 - u, v) for u, v in curve] for curve in curves]


def _filled(outline: NDArray) -> NDArray:
    mask = np.zeros((SIDE, SIDE), np.uint8)
    cv2.fillPoly(mask, [np.round(outline * 16).astype(np.int32)], 255, cv2.LINE_AA, 4)
    return mask.astype(np.float32) / 255


def _lines(curves: list[Curve], thickness: int, sigma: float) -> NDArray:
    """Paint soft lines that fade out towards their ends."""
    mask = np.zeros((SIDE, SIDE), np.float32)
    for curve in curves:
        points = smooth_curve(np.array(curve) * (SIDE - 1), per_point=14)
        count = len(points)
        for j in range(count - 1):
            strength = float(np.sin(np.pi * (j + 0.5) / (count - 1)) ** 0.6)
            (x0, y0), (x1, y1) = np.round(points[j : j + 2] * 16).astype(int).tolist()
            cv2.line(mask, (x0, y0), (x1, y1), strength, thickness, cv2.LINE_AA, 4)
    mask = blur(mask, sigma)
    return np.clip(mask / mask.max(), 0, 1)

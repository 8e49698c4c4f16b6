"""Blendshapes that ICT-FaceKit lacks, sculpted from its own, and the seal that keeps lips closed."""

import numpy as np
from scipy.spatial import cKDTree

from emotiscan.rendering.head_model import SKIN, Floats, HeadModel
from emotiscan.rendering.rasterizer import vertex_normals
from emotiscan.rendering.skin_masks import FOLD, Unwrapped, ramp

SCULPTED = tuple(f"{name}_{side}" for name in ("cheekLift", "nasolabial", "noseWrinkle", "lipRaise") for side in "LR")
"""Names of the blendshapes that `sculpt` adds, in order."""

LIDS, LIPS = slice(36, 48), slice(48, 68)
"""Positions among the 68 landmarks."""


def sculpt(model: HeadModel, occlusion: Floats, face: Unwrapped) -> tuple[Floats, Floats]:
    """Sculpt the missing shapes, and find how they change the occlusion.

    Args:
        model: the face model.
        occlusion: (s, n) change of openness with each of the model's shapes.
        face: the unwrapped mean face.

    Returns:
        (8, n, 3) shapes and (8, n) changes of openness, in the order of `SCULPTED`.
    """
    cheek = _cheek_lift(model, occlusion)
    fold = _nasolabial_fold(model, face)
    left = ramp(-0.6, 0.6, model.neutral[:, 0])
    halves = (left, 1 - left)
    shapes = [shape * half[:, None] for shape, _ in (cheek, fold) for half in halves]
    openness = [change * half for _, change in (cheek, fold) for half in halves]
    nose, lip = _nose_wrinkle_mask(model), _lip_raise_mask(model)
    for side in "LR":
        index = model.shape_names[f"noseSneer_{side}"]
        shapes.append(model.shapes[index] * nose[:, None])
        openness.append(occlusion[index] * nose)
    shrug = model.shape_names["mouthShrugUpper"]
    for side, half in zip("LR", halves, strict=True):
        index = model.shape_names[f"mouthUpperUp_{side}"]
        shapes.append(0.7 * model.shapes[index] * lip[:, None] + 0.4 * model.shapes[shrug] * half[:, None])
        openness.append(0.7 * occlusion[index] * lip + 0.4 * occlusion[shrug] * half)
    return np.array(shapes, np.float32), np.array(openness, np.float32)


def _nose_wrinkle_mask(model: HeadModel) -> Floats:
    """Return (n,) what to keep of the model's nose sneer for AU9 alone.

    The model raises the lips as far as the nose, and the corners of the mouth most. A wrinkled nose raises the middle
    of the upper lip a little, and the corners hardly at all.
    """
    keep = 0.2 + 0.3 * (1 - ramp(0.4, 2.2, np.abs(model.neutral[:, 0])))
    return np.asarray(keep + (1 - keep) * ramp(0.3, 2.2, _distance_to(model, LIPS)), np.float32)


def _lip_raise_mask(model: HeadModel) -> Floats:
    """Return (n,) what to keep of the model's raised upper lip for AU10: its outer parts rise least."""
    corners = cKDTree(model.neutral[model.landmarks[[48, 54]]]).query(model.neutral)[0]
    keep = 0.25 + 0.75 * ramp(0.2, 1.6, corners.astype(np.float32))
    return np.asarray(keep, np.float32)


def _cheek_lift(model: HeadModel, occlusion: Floats) -> tuple[Floats, Floats]:
    """Sculpt AU6 alone: the model's own cheek shapes also move the lips, so they are masked there.

    The edges of the lids follow a third of the way: a raised cheek narrows the eye a little; the rest is AU7.
    """
    mask = ramp(-2.2, -0.2, model.neutral[:, 1]) * ramp(0.3, 1.6, _distance_to(model, LIPS))
    mask *= 0.35 + 0.65 * ramp(0.1, 1.0, _distance_to(model, LIDS))
    mask[model.layout.skin_end :] = 0
    weights = {"cheekSquint_L": 0.85, "cheekSquint_R": 0.85, "cheekRaiser_L": 0.5, "cheekRaiser_R": 0.5}
    shape = np.sum([w * model.shapes[model.shape_names[name]] for name, w in weights.items()], axis=0)
    change = np.sum([w * occlusion[model.shape_names[name]] for name, w in weights.items()], axis=0)
    return shape * mask[:, None], change * mask


def _nasolabial_fold(model: HeadModel, face: Unwrapped) -> tuple[Floats, Floats]:
    """Sculpt AU11: a groove along the fold, beside which the cheek bulges and is drawn up; the lips stay."""
    face_end = model.layout.face_end
    skin = model.neutral[:face_end]
    normals = np.zeros_like(model.neutral)
    vertex_normals(model.neutral, model.of_part(SKIN)[0], normals)
    along = np.linspace(0, 1, 60)
    knots = np.linspace(0, 1, len(FOLD))
    curve = face.places_along(np.stack([np.interp(along, knots, c) for c in np.transpose(FOLD)], 1))
    shape, change = np.zeros_like(model.neutral), np.zeros(len(model.neutral), np.float32)
    for side in (1, -1):
        points = curve * np.array([side, 1, 1])
        distance, nearest = cKDTree(points).query(skin)
        strength = np.sin(np.pi * np.clip(0.12 + 0.8 * along[nearest], 0, 1))
        outward = (skin[:, 0] - points[nearest, 0]) * np.sign(points[nearest, 0])
        distance = np.minimum(distance, 3.0)
        groove = -0.15 * np.exp(-0.5 * (distance / 0.22) ** 2)
        bulge = 0.26 * np.exp(-0.5 * ((distance - 0.75) / 0.5) ** 2) * (outward > 0) * ramp(0, 0.4, outward)
        shape[:face_end] += normals[:face_end] * ((groove + bulge) * strength)[:, None]
        shape[:face_end, 1] += 0.18 * np.exp(-0.5 * ((distance - 0.5) / 0.6) ** 2) * (outward > -0.1) * strength
        change[:face_end] -= 0.22 * np.exp(-0.5 * (distance / 0.22) ** 2) * strength
    return shape * ramp(0.25, 0.8, _distance_to(model, LIPS))[:, None], change


def _distance_to(model: HeadModel, landmarks: slice) -> Floats:
    return cKDTree(model.neutral[model.landmarks[landmarks]]).query(model.neutral)[0].astype(np.float32)


class LipSeal:
    """Keeps the lips closed when other movements of the mouth would pull them apart.

    Raising the upper lip (AU9, AU10) or stretching the mouth (AU20) bares the teeth in the model even if AU25 (lips
    part) is absent; the gap is measured at several points and closed.
    """

    _PLACES = 13

    def __init__(self, model: HeadModel) -> None:
        face_end = model.layout.face_end
        skin = model.neutral[:face_end]
        drop = -model.shapes[model.shape_names["jawOpen"]][:face_end, 1]
        near = _distance_to(model, LIPS)[:face_end]
        below = ramp(0.35, 0.65, drop / drop[model.landmarks[66]])  # the jaw carries the lower lip
        upper = np.nonzero((near < 0.9) & (below < 0.5))[0]
        lower = np.nonzero((near < 0.9) & (below >= 0.5))[0]
        # Where the lips touch at rest, at points spread evenly from corner to corner.
        apart, partner = cKDTree(skin[lower]).query(skin[upper])
        left, right = skin[model.landmarks[60], 0], skin[model.landmarks[64], 0]
        knots = np.linspace(left, right, self._PLACES + 2)
        pairs = [np.argmin(apart + 0.8 * np.abs(skin[upper, 0] - x)) for x in knots[1:-1]]
        self._upper, self._lower = upper[pairs], lower[partner[pairs]]
        self._vertices = np.nonzero(near < 2.2)[0]
        fade = (1 - ramp(0.5, 2.1, near))[self._vertices]
        below = below[self._vertices]
        # How much of each point's gap a vertex closes: piecewise linear across the mouth, 0 at the corners.
        place = np.clip(skin[self._vertices, 0], left, right)
        across = np.stack([np.interp(place, knots, row) for row in np.eye(len(knots))[1:-1]], 1)
        self._touching = skin[self._upper] - skin[self._lower]
        self._pull = (across * (fade * (0.6 * below - 0.4 * (1 - below)))[:, None]).astype(np.float32)

    def close(self, vertices: Floats, strength: float) -> None:
        """Close the lips of `vertices` (n, 3), in place.

        Args:
            vertices: (n, 3) modified.
            strength: 0 (no change) to 1 (closed as in the mean face).
        """
        gap = vertices[self._upper] - vertices[self._lower] - self._touching
        vertices[self._vertices] += self._pull @ (gap * np.float32(strength))

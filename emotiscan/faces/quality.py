"""Can a face be trusted? Rules for what the pixels and the pose alone tell; other problems are learned by the network.

A rule's score is a number from 0 to 1 that reaches `MIN_SCORE` where the problem begins. The limits are chosen so that
ordinary photos of faces do not reach them.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from emotiscan.faces.alignment import CROP_SIZE, EYE_DISTANCE, Face, apply

MIN_SCORE = 0.5
"""Score from which a rule finds its problem."""

MIN_EYE_DISTANCE = 10.0
"""Eye distance below which a face is small, in photo pixels: that of a frontal face of the same size, so that turning
the head does not count. Faces of FER+, which are read well, have 18; fewer than 1 % of them have less than 11."""

DARK_LUMINANCE = 70.0
"""A face is dark if not even its brightest skin (`BRIGHT_SHARE`) reaches this luminance, 0 to 255. Dark skin in
ordinary light has brighter highlights: 0.2 % of FER+'s faces are below the limit, and none of 139 photos of LFW."""

BRIGHT_SHARE = 0.05
"""Share of the face that may be brighter than its "brightest skin": highlights, teeth, glasses."""

BURNT_LUMINANCE = 250
"""Luminance from which a pixel shows nothing but white, 0 to 255."""

BURNT_SHARE = 0.25
"""A face is overexposed if at least this share of it is burnt out, as in 0.4 % of FER+'s faces."""

MAX_YAW, MAX_PITCH = 40.0, 30.0
"""Degrees from which a face is turned away: beyond them, part of it is hidden by itself."""

MAX_OUTSIDE = 0.25
"""A face is cut off if more than this share of it lies outside the photo, as in 2 % of FER+'s faces."""

CENTER, RADII = (0.5, 0.56), (0.34, 0.42)
"""The face in the canonical crop, from brows to chin: an ellipse, in fractions of the crop's side."""


@dataclass(frozen=True)
class Pose:
    """How a head is held, in degrees; all 0 for a face that looks straight into the camera.

    Attributes:
        pitch: positive looks down.
        yaw: positive turns the face to the image's right.
        roll: positive tilts the top of the head to the image's left.
    """

    pitch: float
    yaw: float
    roll: float


@dataclass(frozen=True)
class Quality:
    """Whether a face's reading can be trusted.

    Attributes:
        problems: why it cannot, in the order of `facs.PROBLEMS`; empty if it can.
        scores: of each problem that was looked for, 0 to 1. Probabilities for the problems that the network has
            learned; for the others, how near the rule's limit is (0.5).
    """

    problems: tuple[str, ...] = ()
    scores: Mapping[str, float] = field(default_factory=dict)

    @property
    def usable(self) -> bool:
        """Whether there is no problem."""
        return not self.problems


def rule_scores(face: Face, crop: Image.Image, size: tuple[int, int], pose: Pose | None = None) -> dict[str, float]:
    """Score the problems that need no learning.

    Args:
        face: in a photo.
        crop: its canonical crop.
        size: width and height of the photo.
        pose: of the face; None if unknown.

    Returns:
        Scores of "small", "dark", "overexposed", "cut off" and, with a pose, "turned away".
    """
    luminance = np.asarray(crop.convert("L").resize((CROP_SIZE, CROP_SIZE)), float)[_face_mask(CROP_SIZE)]
    crop_side = float(np.linalg.norm(face.corners[1] - face.corners[0]))
    scores = {
        "small": _below(EYE_DISTANCE * crop_side, MIN_EYE_DISTANCE),
        "dark": _below(float(np.quantile(luminance, 1 - BRIGHT_SHARE)), DARK_LUMINANCE),
        "overexposed": _above(float((luminance >= BURNT_LUMINANCE).mean()), BURNT_SHARE),
        "cut off": _above(_share_outside(face, size), MAX_OUTSIDE),
    }
    if pose is not None:
        scores["turned away"] = _above(max(abs(pose.yaw) / MAX_YAW, abs(pose.pitch) / MAX_PITCH), 1.0)
    return scores


def _above(value: float, limit: float) -> float:
    """Score that grows with the value and is `MIN_SCORE` at the limit."""
    return value / (value + limit)


def _below(value: float, limit: float) -> float:
    """Score that falls with the value and is `MIN_SCORE` at the limit."""
    return limit / (value + limit)


@lru_cache(maxsize=2)
def _face_mask(size: int) -> NDArray[np.bool_]:
    rows, columns = (np.mgrid[0:size, 0:size] + 0.5) / size
    return ((columns - CENTER[0]) / RADII[0]) ** 2 + ((rows - CENTER[1]) / RADII[1]) ** 2 <= 1


def _share_outside(face: Face, size: tuple[int, int]) -> float:
    """Share of the face that lies outside the photo, 0 to 1."""
    cells = 32
    rows, columns = np.nonzero(_face_mask(cells))
    places = (np.stack([columns, rows], axis=1) + 0.5) / cells
    x, y = apply(face.from_crop, places).T
    return float(((x < 0) | (y < 0) | (x > size[0]) | (y > size[1])).mean())

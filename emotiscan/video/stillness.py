"""Whether anybody can have come into view: has a clip's picture changed, apart from the heads that are known?"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from emotiscan.faces import Face

SAMPLES, CELL = 384, 4
"""Pixels along the longer side of a frame that are looked at, and how many of them a cell of the small picture has: the
smallest face that is found covers at least three cells each way, in frames of any size."""

CHANGE = 10.0
"""Difference of a cell in gray levels, 0 to 255, that is no noise of the camera: that of a cell's mean is below 3."""

MIN_CELLS = 3
"""Cells that change where somebody appears."""

MAX_SHIFT = 0.3
"""Distance, in its sides, that a face moves before what it has uncovered counts as changed."""

_HEAD = np.array([-0.9, -1.0, 0.9, 0.9])
"""A head with its hair, around the center of the face's box, in its longer sides: left, top, right, bottom."""


class StillnessDetector:
    """Compares frames with the one that was searched for faces last."""

    def __init__(self) -> None:
        self._picture: NDArray[np.int16] | None = None
        self._boxes = np.empty((0, 4))

    def remember(self, frame: Image.Image, faces: Sequence[Face]) -> None:
        """Compare later frames with this one.

        Args:
            frame: RGB; it has been searched.
            faces: that were found.
        """
        self._picture, self._boxes = _small(frame), _boxes(faces)

    def is_still(self, frame: Image.Image, faces: Sequence[Face]) -> bool:
        """Whether the frame shows nothing new but movements of known heads.

        Args:
            frame: RGB.
            faces: those of the frame that are known.
        """
        boxes = _boxes(faces)
        if self._picture is None or boxes.shape != self._boxes.shape or _have_moved(boxes, self._boxes):
            return False
        picture = _small(frame)
        if picture.shape != self._picture.shape:
            return False
        changed = np.abs(picture - self._picture) > CHANGE
        scale = picture.shape[1] / frame.width
        for center, side in map(_place, (*boxes, *self._boxes)):
            left, top, right, bottom = np.round(scale * (np.tile(center, 2) + side * _HEAD)).astype(int).clip(0)
            changed[top:bottom, left:right] = False
        return int(changed.sum()) < MIN_CELLS


def _small(frame: Image.Image) -> NDArray[np.int16]:
    """Gray levels of a small copy. Of each cell, some pixels are averaged: enough against noise, and much faster."""
    scale = SAMPLES / max(frame.size)
    width, height = (max(CELL, round(scale * length)) for length in frame.size)
    return np.asarray(frame.resize((width, height), Image.Resampling.NEAREST).convert("L").reduce(CELL), np.int16)


def _boxes(faces: Sequence[Face]) -> NDArray[np.float64]:
    return np.array([face.box for face in faces if face.box], float).reshape(-1, 4)


def _place(box: NDArray[np.float64]) -> tuple[NDArray[np.float64], float]:
    """Center and longer side of a box."""
    return (box[:2] + box[2:]) / 2, float((box[2:] - box[:2]).max())


def _have_moved(boxes: NDArray[np.float64], before: NDArray[np.float64]) -> bool:
    """Whether a box is far from each of those before."""
    known = [_place(box)[0] for box in before]
    return any(all(np.abs(center - at).max() > MAX_SHIFT * side for at in known) for center, side in map(_place, boxes))

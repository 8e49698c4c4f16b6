"""Faces of a photo, and the one canonical crop of each.

MTCNN (Zhang et al., 2016; the facenet-pytorch weights) finds boxes and five landmarks. Two
eyes and the mouth fix a similarity transform: eyes level, brow to chin in a square. Training,
evaluation, app and command line all crop with `warp`, so that the same face always gives the
same crop, and a place of the face is always at the same place of the crop.

Coordinates are continuous: (0, 0) is the top left corner of the top left pixel. Crop
coordinates are fractions of the crop's side, so that one transform serves every crop size.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from PIL import Image

CROP_SIZE = 224
"""Side of the crop that is shown, in pixels."""

EYE_HEIGHT, EYE_DISTANCE, MOUTH_HEIGHT = 0.385, 0.34, 0.753
"""Where the canonical crop has the eyes and the mouth, in fractions of its side."""

FRAMED_EYE_HEIGHT, FRAMED_EYE_DISTANCE, FRAMED_MOUTH_HEIGHT = 0.39, 0.37, 0.79
"""The same in a picture that is one tightly framed face, as FER+ frames them: where no
landmarks are found in such a picture, they are taken to lie here."""

MIN_FACE_SIDE = 32
"""A face whose box is smaller than this, in photo pixels, has too little detail to be read well."""

Transform = NDArray[np.float64]
"""A 2 x 3 affine matrix: photo pixels (x, y, 1) to crop fractions (u, v)."""


@dataclass(frozen=True, eq=False)
class Face:
    """One face of a photo.

    Attributes:
        box: x0, y0, x1, y1 in photo pixels, or None where the whole picture is the face.
        confidence: of the detector, 0 to 1, or None where nothing was detected.
        landmarks: (5, 2) photo pixels: the eyes, the nose, the mouth corners, each pair from
            the viewer's left; None where nothing was detected.
        to_crop: photo pixels to fractions of the canonical crop.
    """

    box: tuple[float, float, float, float] | None
    confidence: float | None
    landmarks: NDArray[np.float64] | None
    to_crop: Transform

    @cached_property
    def corners(self) -> NDArray[np.float64]:
        """(4, 2) photo pixels: the crop's corners, clockwise from its top left."""
        return apply(invert(self.to_crop), np.array([[0, 0], [1, 0], [1, 1], [0, 1]], float))

    @property
    def side(self) -> float:
        """Side of the face in photo pixels: the box's shorter one, or the crop's."""
        if self.box is None:
            return float(np.linalg.norm(self.corners[1] - self.corners[0]))
        x0, y0, x1, y1 = self.box
        return min(x1 - x0, y1 - y0)

    @property
    def too_small(self) -> bool:
        """Whether the face has fewer pixels than a reading should rest on."""
        return self.side < MIN_FACE_SIDE

    def scaled(self, factor: float) -> "Face":
        """The same face where the photo is scaled by a factor."""
        return Face(
            box=self.box and tuple(factor * side for side in self.box),
            confidence=self.confidence,
            landmarks=None if self.landmarks is None else factor * self.landmarks,
            to_crop=compose(self.to_crop, np.array([[1 / factor, 0, 0], [0, 1 / factor, 0]])),
        )

    def crop(self, photo: Image.Image, size: int = CROP_SIZE) -> Image.Image:
        """The canonical crop of this face, `size` pixels square, in the photo's mode."""
        return warp(photo, self.to_crop, size)


def canonical_transform(landmarks: NDArray[np.float64]) -> Transform:
    """Similarity transform that makes the eyes level and fits the canonical face.

    The rotation is that of the eyes; scale and place are the least-squares fit of eye distance
    and eye-to-mouth distance, so that a turned head, whose eyes look closer, is not blown up.

    Args:
        landmarks: (5, 2) photo pixels, in the order of `Face.landmarks`.

    Raises:
        ValueError: the landmarks are no face (eyes coincide, or the mouth lies above them).
    """
    left_eye, right_eye, _, left_mouth, right_mouth = np.asarray(landmarks, float)
    eyes, mouth = (left_eye + right_eye) / 2, (left_mouth + right_mouth) / 2
    across = right_eye - left_eye
    eye_distance = float(np.hypot(*across))
    if not eye_distance > 1e-6:  # "not >" also holds for NaN
        raise ValueError("the eyes coincide")
    cos, sin = across / eye_distance
    rotation = np.array([[cos, sin], [-sin, cos]])
    drop = float((rotation @ (mouth - eyes))[1])
    if not drop > 0.2 * eye_distance:
        raise ValueError("the mouth does not lie below the eyes")
    wanted = np.array([EYE_DISTANCE, MOUTH_HEIGHT - EYE_HEIGHT])
    found = np.array([eye_distance, drop])
    linear = rotation * float(wanted @ found / (found @ found))
    middle = np.array([0.5, (EYE_HEIGHT + MOUTH_HEIGHT) / 2])
    return np.column_stack([linear, middle - linear @ ((eyes + mouth) / 2)])


def framed_transform(width: int, height: int) -> Transform:
    """Canonical transform of a picture that is one tightly framed, upright face."""
    left, right = 0.5 - FRAMED_EYE_DISTANCE / 2, 0.5 + FRAMED_EYE_DISTANCE / 2
    eye, mouth = FRAMED_EYE_HEIGHT, FRAMED_MOUTH_HEIGHT
    # A picture that is not square is taken as a centerd square with more, or less, around it.
    side = min(width, height)
    marks = np.array([[left, eye], [right, eye], [0.5, 0.6], [left, mouth], [right, mouth]]) * side
    return canonical_transform(marks + np.array([width - side, height - side]) / 2)


def warp(photo: Image.Image, to_crop: Transform, size: int) -> Image.Image:
    """Resample the photo into a square crop; outside the photo its edge pixels go on.

    A face larger than the crop is first averaged down, so that fine texture does not alias.

    Args:
        photo: any mode that bicubic resampling takes ("L" and "RGB" here).
        to_crop: photo pixels to fractions of the crop.
        size: side of the crop in pixels.
    """
    from_crop = invert(to_crop)
    corners = apply(from_crop, np.array([[0, 0], [1, 0], [1, 1], [0, 1]], float))
    low = np.floor(corners.min(0)).astype(int) - 2
    high = np.ceil(corners.max(0)).astype(int) + 2
    region = _region(photo, low, high)
    shrink = max(1, int(np.hypot(*from_crop[:, 0]) / size))
    if shrink > 1:
        region = region.reduce(shrink)
    linear = from_crop[:, :2] / (size * shrink)
    offset = (from_crop[:, 2] - low) / shrink
    matrix = (*linear[0], offset[0], *linear[1], offset[1])
    return region.transform((size, size), Image.Transform.AFFINE, matrix, Image.Resampling.BICUBIC)


def _region(photo: Image.Image, low: NDArray[np.int_], high: NDArray[np.int_]) -> Image.Image:
    """The pixels from `low` to before `high`, (x, y) each; outside the photo its edge pixels go on."""
    size = np.array(photo.size)
    first, last = np.clip(low, 0, size - 1), np.clip(high, 1, size)
    inside = photo.crop((*first.tolist(), *last.tolist()))  # a large photo is not copied whole
    before = np.clip(first - low, 0, (high - low) - (last - first))
    after = (high - low) - (last - first) - before
    if not (before.any() or after.any()):
        return inside
    pixels = np.asarray(inside)
    margins = [(int(before[axis]), int(after[axis])) for axis in (1, 0)] + [(0, 0)] * (pixels.ndim - 2)
    return Image.fromarray(np.pad(pixels, margins, mode="edge"))


def invert(transform: Transform) -> Transform:
    """Inverse of a 2 x 3 affine matrix."""
    linear = np.linalg.inv(transform[:, :2])
    return np.column_stack([linear, -linear @ transform[:, 2]])


def apply(transform: Transform, points: NDArray[np.float64]) -> NDArray[np.float64]:
    """Map (n, 2) points through a 2 x 3 affine matrix."""
    return points @ transform[:, :2].T + transform[:, 2]


def compose(after: Transform, before: Transform) -> Transform:
    """The transform that does `before`, then `after`."""
    return np.column_stack([after[:, :2] @ before[:, :2], after[:, :2] @ before[:, 2] + after[:, 2]])

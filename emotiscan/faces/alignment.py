"""A face in a photo, and its canonical crop.

The eyes and the mouth determine a similarity transform that makes the eyes level and fits the face, from brow to chin,
into a square. Training, evaluation, app and command line all crop with `warp`. The same face therefore always gives the
same crop, and each part of the face is always at the same place in the crop.

Coordinates are continuous: (0, 0) is the top left corner of the top left pixel. Crop coordinates are fractions of the
crop's side, so that one transform serves every crop size.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from PIL import Image

CROP_SIZE = 224
"""Side of a crop for display, in pixels."""

DETAILED_SIDE = 192
"""Side of a crop in photo pixels above which neither the network, which sees 128 pixels, nor a viewer misses any."""

EYE_HEIGHT, EYE_DISTANCE, MOUTH_HEIGHT = 0.385, 0.34, 0.753
"""Height and distance of the eyes and height of the mouth in the canonical crop, in fractions of its side."""

FRAMED_EYE_HEIGHT, FRAMED_EYE_DISTANCE, FRAMED_MOUTH_HEIGHT = 0.39, 0.37, 0.79
"""The same in an image of one tightly framed face, as in FER+: the assumed landmarks if none are detected."""

MIN_FACE_SIDE = 32
"""Side of the box, in photo pixels, below which a face has too little detail for reliable predictions."""

Box: TypeAlias = tuple[float, float, float, float]
"""x0, y0, x1, y1 in photo pixels."""

Transform: TypeAlias = NDArray[np.float64]
"""A 2 x 3 affine matrix: maps photo pixels (x, y, 1) to crop fractions (u, v)."""


@dataclass(frozen=True, eq=False)
class Face:
    """One face in a photo.

    Attributes:
        box: x0, y0, x1, y1 in photo pixels; None if no face was detected and the whole image is taken for one.
        confidence: of the detector, 0 to 1; None if no face was detected.
        landmarks: (5, 2) photo pixels: eyes, nose, mouth corners, each pair from the viewer's left; None if no face
            was detected.
        to_crop: maps photo pixels to fractions of the canonical crop.
    """

    box: Box | None
    confidence: float | None
    landmarks: NDArray[np.float64] | None
    to_crop: Transform

    @cached_property
    def from_crop(self) -> Transform:
        """Maps fractions of the canonical crop to photo pixels."""
        return invert(self.to_crop)

    @cached_property
    def corners(self) -> NDArray[np.float64]:
        """Corners of the crop, (4, 2) photo pixels, clockwise from the top left."""
        return apply(self.from_crop, np.array([[0, 0], [1, 0], [1, 1], [0, 1]], float))

    @property
    def tilt(self) -> float:
        """Roll of the line through the eyes, which the crop makes level, in degrees: that of the crop is 0.

        Positive if the top of the head tilts to the photo's left.
        """
        return -float(np.degrees(np.arctan2(self.to_crop[0, 1], self.to_crop[0, 0])))

    @property
    def side(self) -> float:
        """Size of the face in photo pixels: the box's shorter side, or the crop's side if there is no box."""
        if self.box is None:
            return float(np.linalg.norm(self.corners[1] - self.corners[0]))
        x0, y0, x1, y1 = self.box
        return min(x1 - x0, y1 - y0)

    @property
    def has_detail(self) -> bool:
        """Whether the photo has enough pixels for the crop (see `DETAILED_SIDE`): a larger photo would show no more."""
        return float(np.linalg.norm(self.from_crop[:, 0])) >= DETAILED_SIDE

    @property
    def too_small(self) -> bool:
        """Whether the face has too few pixels for reliable predictions (see `MIN_FACE_SIDE`)."""
        return self.side < MIN_FACE_SIDE

    def scaled(self, factor: float) -> "Face":
        """The same face in the photo scaled by a factor."""
        if factor == 1:
            return self
        box = None
        if self.box is not None:
            x0, y0, x1, y1 = self.box
            box = (factor * x0, factor * y0, factor * x1, factor * y1)
        return Face(
            box=box,
            confidence=self.confidence,
            landmarks=None if self.landmarks is None else factor * self.landmarks,
            to_crop=compose(self.to_crop, np.array([[1 / factor, 0, 0], [0, 1 / factor, 0]])),
        )

    def crop(self, photo: Image.Image, size: int = CROP_SIZE) -> Image.Image:
        """Make the canonical crop of this face, `size` pixels square, in the photo's color mode."""
        return warp(photo, self.to_crop, size)


def canonical_transform(landmarks: NDArray[np.float64]) -> Transform:
    """Compute the similarity transform that makes the eyes level and fits the canonical face.

    The eyes determine the rotation. Scale and position are a least-squares fit of the distance between the eyes and the
    distance from eyes to mouth: a turned head, whose eyes appear closer together, is not enlarged much.

    Args:
        landmarks: (5, 2) photo pixels, in the order of `Face.landmarks`.

    Raises:
        ValueError: the landmarks cannot be a face: the eyes coincide, or the mouth is not below them.
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
        raise ValueError("the mouth is not below the eyes")
    target = np.array([EYE_DISTANCE, MOUTH_HEIGHT - EYE_HEIGHT])
    measured = np.array([eye_distance, drop])
    linear = rotation * float(target @ measured / (measured @ measured))
    center = np.array([0.5, (EYE_HEIGHT + MOUTH_HEIGHT) / 2])
    return np.column_stack([linear, center - linear @ ((eyes + mouth) / 2)])


def framed_transform(width: int, height: int) -> Transform:
    """Compute the canonical transform of an image that is one tightly framed, upright face."""
    left, right = 0.5 - FRAMED_EYE_DISTANCE / 2, 0.5 + FRAMED_EYE_DISTANCE / 2
    eye, mouth = FRAMED_EYE_HEIGHT, FRAMED_MOUTH_HEIGHT
    # If the image is not square, its centered square is taken for the face.
    side = min(width, height)
    marks = np.array([[left, eye], [right, eye], [0.5, 0.6], [left, mouth], [right, mouth]]) * side
    return canonical_transform(marks + np.array([width - side, height - side]) / 2)


def warp(photo: Image.Image, to_crop: Transform, size: int) -> Image.Image:
    """Resample the photo into a square crop. Beyond the photo's border, its edge pixels are repeated.

    A face larger than the crop is averaged down first, to avoid aliasing.

    Args:
        photo: any mode that Pillow can resample bicubically ("L" and "RGB" here).
        to_crop: maps photo pixels to fractions of the crop.
        size: side of the crop in pixels.
    """
    from_crop = invert(to_crop)
    corners = apply(from_crop, np.array([[0, 0], [1, 0], [1, 1], [0, 1]], float))
    low = np.floor(corners.min(0)).astype(int) - 2
    high = np.ceil(corners.max(0)).astype(int) + 2
    region = cut_out(photo, low, high)
    shrink = max(1, int(np.hypot(*from_crop[:, 0]) / size))
    if shrink > 1:
        region = region.reduce(shrink)
    linear = from_crop[:, :2] / (size * shrink)
    offset = (from_crop[:, 2] - low) / shrink
    matrix = (*linear[0], offset[0], *linear[1], offset[1])
    return region.transform((size, size), Image.Transform.AFFINE, matrix, Image.Resampling.BICUBIC)


def cut_out(photo: Image.Image, low: NDArray[np.int_], high: NDArray[np.int_]) -> Image.Image:
    """Cut out the pixels from `low` to before `high`, (x, y) each, repeating the edge pixels beyond the border."""
    size = np.array(photo.size)
    first, last = np.clip(low, 0, size - 1), np.clip(high, 1, size)
    inside = photo.crop((*first.tolist(), *last.tolist()))  # without copying all of a large photo
    before = np.clip(first - low, 0, (high - low) - (last - first))
    after = (high - low) - (last - first) - before
    if not (before.any() or after.any()):
        return inside
    pixels = np.asarray(inside)
    margins = [(int(before[axis]), int(after[axis])) for axis in (1, 0)] + [(0, 0)] * (pixels.ndim - 2)
    return Image.fromarray(np.pad(pixels, margins, mode="edge"))


def invert(transform: Transform) -> Transform:
    """Invert a 2 x 3 affine matrix."""
    linear = np.linalg.inv(transform[:, :2])
    return np.column_stack([linear, -linear @ transform[:, 2]])


def apply(transform: Transform, points: NDArray[np.float64]) -> NDArray[np.float64]:
    """Map (n, 2) points through a 2 x 3 affine matrix."""
    return points @ transform[:, :2].T + transform[:, 2]


def compose(after: Transform, before: Transform) -> Transform:
    """Combine two transforms into one that applies `before`, then `after`."""
    return np.column_stack([after[:, :2] @ before[:, :2], after[:, :2] @ before[:, 2] + after[:, 2]])

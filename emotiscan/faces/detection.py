"""Face detection: MTCNN (see `mtcnn`) with this project's sizes and thresholds."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from emotiscan.faces.alignment import Face, canonical_transform, framed_transform
from emotiscan.faces.mtcnn import Cascade

DETECTION_SIDE = 1280
"""Larger photos are scaled down to this longer side, in pixels, before detection."""

MIN_DETECTED_SIDE = 40
"""Side of the smallest face that is detected, in pixels of the scaled photo."""

SMALL_SIDE = 240
"""Smaller images are scaled up to this longer side, in pixels, before detection."""

MIN_CONFIDENCE = 0.92
"""Lowest accepted MTCNN confidence in an ordinary photo, 0 to 1."""

MIN_CONFIDENCE_CROPPED = 0.60
"""Lowest accepted MTCNN confidence in an image that is known to be one face, 0 to 1."""

MARGIN = 0.25
"""Width of the margin around a photo, in fractions of its longer side."""


class FaceDetector:
    """MTCNN with this project's sizes and thresholds. Runs on the CPU; safe to share among threads."""

    def __init__(self) -> None:
        self._cascade = Cascade()

    def detect(self, photo: Image.Image) -> list[Face]:
        """Find all faces in an ordinary photo.

        If no face is found, or one touches the border, detection runs once more with a margin around the photo: MTCNN
        distorts boxes that extend beyond the border, and misplaces their landmarks.

        Returns:
            Faces from left to right; empty if there are none.
        """
        shrunk = self._shrink(photo)
        faces = self._find(shrunk, margin=0.0, min_confidence=MIN_CONFIDENCE)
        if not faces or any(_touches_border(face, photo.size) for face in faces):
            faces = max(self._find(shrunk, MARGIN, MIN_CONFIDENCE), faces, key=len)
        return sorted(faces, key=lambda face: (face.box[0] + face.box[2], face.box[1]) if face.box else (0, 0))

    def locate(self, image: Image.Image) -> Face:
        """Find the face in an image that is known to be one face, e.g. of a data set.

        Returns:
            The most central face. If none is detected, the whole image is taken for the face, and `Face.box` is None.
        """
        faces = self._find(self._shrink(image), MARGIN, MIN_CONFIDENCE_CROPPED)
        if faces:
            center = np.array(image.size) / 2
            return min(faces, key=lambda face: _distance(face, center) / face.side)
        return Face(None, None, None, framed_transform(*image.size))

    @staticmethod
    def _shrink(photo: Image.Image) -> "Shrunk":
        photo = photo if photo.mode == "RGB" else photo.convert("RGB")  # convert would copy even an RGB photo
        ratio = max(photo.size) / DETECTION_SIDE
        if ratio <= 1:
            return Shrunk(photo, 1.0, MIN_DETECTED_SIDE)
        smaller = photo.resize(_scaled(photo.size, 1 / ratio), Image.Resampling.BOX)
        return Shrunk(smaller, 1 / ratio, MIN_DETECTED_SIDE)

    def _find(self, shrunk: "Shrunk", margin: float, min_confidence: float) -> list[Face]:
        photo, scale, min_side = shrunk
        border: float = round(margin * max(photo.size))
        if border:
            photo = Image.fromarray(
                np.pad(np.asarray(photo), ((round(border),) * 2, (round(border),) * 2, (0, 0)), mode="edge")
            )
        if max(photo.size) < SMALL_SIDE:
            enlarge = SMALL_SIDE / max(photo.size)
            photo = photo.resize(_scaled(photo.size, enlarge), Image.Resampling.BICUBIC)
            scale, border = scale * enlarge, border * enlarge
        found = self._cascade.find(np.asarray(photo), min_side, int(border))
        faces = []
        for box, confidence, marks in zip(*found, strict=True):
            if confidence < min_confidence:
                continue
            marks = (np.asarray(marks, float) - border) / scale
            try:
                to_crop = canonical_transform(marks)
            except ValueError:
                continue
            x0, y0, x1, y1 = ((float(side) - border) / scale for side in box)
            faces.append(Face((x0, y0, x1, y1), float(confidence), marks, to_crop))
        return faces


class Shrunk(NamedTuple):
    """A photo in the size in which faces are searched for.

    Attributes:
        photo: RGB.
        scale: its pixels for each pixel of the original photo.
        min_side: side of the smallest face that is detected, in its pixels.
    """

    photo: Image.Image
    scale: float
    min_side: float


def _scaled(size: tuple[int, int], scale: float) -> tuple[int, int]:
    return max(1, round(size[0] * scale)), max(1, round(size[1] * scale))


def _touches_border(face: Face, size: tuple[int, int]) -> bool:
    """Whether the square around a face's box, which is what MTCNN looks at, extends beyond the photo."""
    if face.box is None:
        return False
    (x0, y0, x1, y1), (width, height) = face.box, size
    half = max(x1 - x0, y1 - y0) / 2
    x, y = (x0 + x1) / 2, (y0 + y1) / 2
    return x < half or y < half or x + half > width or y + half > height


def _distance(face: Face, point: NDArray[np.float64]) -> float:
    return float(np.linalg.norm(face.corners.mean(0) - point))

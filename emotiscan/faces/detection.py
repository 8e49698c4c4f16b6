"""Face detection with MTCNN (Zhang et al., 2016), using the weights that come with facenet-pytorch."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from emotiscan.faces.alignment import Face, canonical_transform, framed_transform

if TYPE_CHECKING:  # importing torch takes seconds
    from torch import Tensor

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

CANDIDATE_BATCH = 64
"""Candidate boxes that MTCNN's second and third network process at a time."""


class FaceDetector:
    """MTCNN with this project's sizes and thresholds. Runs on the CPU; safe to share among threads."""

    def __init__(self) -> None:
        from facenet_pytorch import MTCNN  # takes seconds, and cropping does not need it

        self._mtcnn = MTCNN(keep_all=True, post_process=False, min_face_size=MIN_DETECTED_SIDE, device="cpu")
        for network in (self._mtcnn.rnet, self._mtcnn.onet):
            network.forward = _in_batches(network.forward)

    def detect(self, photo: Image.Image) -> list[Face]:
        """Find all faces in an ordinary photo.

        If no face is found, or one touches the border, detection runs once more with a margin around the photo: MTCNN
        distorts boxes that extend beyond the border, and misplaces their landmarks.

        Returns:
            Faces from left to right; empty if there are none.
        """
        faces = self._find(photo, margin=0.0, min_confidence=MIN_CONFIDENCE)
        if not faces or any(_touches_border(face, photo.size) for face in faces):
            faces = max(self._find(photo, margin=0.25, min_confidence=MIN_CONFIDENCE), faces, key=len)
        return sorted(faces, key=lambda face: (face.box[0] + face.box[2], face.box[1]) if face.box else (0, 0))

    def locate(self, image: Image.Image) -> Face:
        """Find the face in an image that is known to be one face, e.g. of a data set.

        Returns:
            The most central face. If none is detected, the whole image is taken for the face, and `Face.box` is None.
        """
        faces = self._find(image, margin=0.25, min_confidence=MIN_CONFIDENCE_CROPPED)
        if faces:
            center = np.array(image.size) / 2
            return min(faces, key=lambda face: _distance(face, center) / face.side)
        return Face(None, None, None, framed_transform(*image.size))

    def _find(self, photo: Image.Image, margin: float, min_confidence: float) -> list[Face]:
        photo = photo if photo.mode == "RGB" else photo.convert("RGB")  # convert would copy even an RGB photo
        scale = min(1.0, DETECTION_SIDE / max(photo.size))
        if scale < 1:
            photo = photo.resize(_scaled(photo.size, scale), Image.Resampling.BOX)
        border: float = round(margin * max(photo.size))
        if border:
            photo = Image.fromarray(
                np.pad(np.asarray(photo), ((round(border),) * 2, (round(border),) * 2, (0, 0)), mode="edge")
            )
        if max(photo.size) < SMALL_SIDE:
            enlarge = SMALL_SIDE / max(photo.size)
            photo = photo.resize(_scaled(photo.size, enlarge), Image.Resampling.BICUBIC)
            scale, border = scale * enlarge, border * enlarge
        if min(photo.size) < MIN_DETECTED_SIDE:  # MTCNN raises an error if no face can fit
            return []
        boxes, confidences, landmarks = self._mtcnn.detect(photo, landmarks=True)
        if boxes is None:
            return []
        faces = []
        for box, confidence, marks in zip(boxes, confidences, landmarks, strict=True):
            if confidence is None or confidence < min_confidence:
                continue
            marks = (np.asarray(marks, float) - border) / scale
            try:
                to_crop = canonical_transform(marks)
            except ValueError:
                continue
            x0, y0, x1, y1 = ((float(side) - border) / scale for side in box)
            faces.append(Face((x0, y0, x1, y1), float(confidence), marks, to_crop))
        return faces


def _in_batches(
    forward: "Callable[[Tensor], tuple[Tensor, ...]]",
) -> "Callable[[Tensor], tuple[Tensor, ...]]":
    """Make a network process a few crops at a time: a crowd would otherwise need hundreds of megabytes."""

    def run(crops: "Tensor") -> "tuple[Tensor, ...]":
        import torch

        outputs = [forward(part) for part in crops.split(CANDIDATE_BATCH)]
        return tuple(torch.cat(parts) for parts in zip(*outputs, strict=True))

    return run


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

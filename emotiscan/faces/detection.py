"""Finding faces with MTCNN (Zhang et al., 2016), by the weights that facenet-pytorch ships."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from emotiscan.faces.alignment import Face, canonical_transform, framed_transform

if TYPE_CHECKING:  # importing torch takes seconds
    from torch import Tensor

DETECTION_SIDE = 1280
"""A larger photo is scaled down to this longer side, in pixels, before faces are looked for."""

MIN_DETECTED_SIDE = 40
"""The smallest face that is looked for, in pixels of the photo so scaled."""

SMALL_SIDE = 240
"""A smaller picture is scaled up to this longer side, in pixels, before faces are looked for."""

MIN_CONFIDENCE = 0.92
"""Least MTCNN confidence of a face in an ordinary photo."""

MIN_CONFIDENCE_CROPPED = 0.60
"""The same where the picture is known to be one face."""

CROWD = 64
"""Possible faces that MTCNN looks at together."""


class FaceDetector:
    """MTCNN with the sizes and thresholds that this project uses; safe to share among threads."""

    def __init__(self) -> None:
        from facenet_pytorch import MTCNN  # imports torch: seconds, and not needed to crop

        self._mtcnn = MTCNN(keep_all=True, post_process=False, min_face_size=MIN_DETECTED_SIDE, device="cpu")
        for network in (self._mtcnn.rnet, self._mtcnn.onet):
            network.forward = _in_parts(network.forward)

    def detect(self, photo: Image.Image) -> list[Face]:
        """Faces of an ordinary photo, from left to right; empty where there is none.

        A photo in which nothing is found, or a face reaches the edge, is tried once more with a
        margin around it: MTCNN squeezes whatever reaches over the edge, and misplaces its landmarks.
        """
        faces = self._find(photo, margin=0.0, least=MIN_CONFIDENCE)
        if not faces or any(_reaches_edge(face, photo.size) for face in faces):
            faces = max(self._find(photo, margin=0.25, least=MIN_CONFIDENCE), faces, key=len)
        return sorted(faces, key=lambda face: (face.box[0] + face.box[2], face.box[1]) if face.box else (0, 0))

    def locate(self, picture: Image.Image) -> Face:
        """The one face of a picture that is known to be a face, e.g. of a data set.

        Where no landmarks are found the whole picture is the crop (`box` is None).
        """
        faces = self._find(picture, margin=0.25, least=MIN_CONFIDENCE_CROPPED)
        if faces:
            middle = np.array(picture.size) / 2
            return min(faces, key=lambda face: _distance(face, middle) / face.side)
        return Face(None, None, None, framed_transform(*picture.size))

    def _find(self, photo: Image.Image, margin: float, least: float) -> list[Face]:
        photo = photo if photo.mode == "RGB" else photo.convert("RGB")  # which copies even what is RGB
        scale = min(1.0, DETECTION_SIDE / max(photo.size))
        if scale < 1:
            photo = photo.resize(_scaled(photo.size, scale), Image.Resampling.BOX)
        border = round(margin * max(photo.size))
        if border:
            photo = Image.fromarray(np.pad(np.asarray(photo), ((border,) * 2, (border,) * 2, (0, 0)), mode="edge"))
        if max(photo.size) < SMALL_SIDE:
            enlarge = SMALL_SIDE / max(photo.size)
            photo = photo.resize(_scaled(photo.size, enlarge), Image.Resampling.BICUBIC)
            scale, border = scale * enlarge, border * enlarge
        if min(photo.size) < MIN_DETECTED_SIDE:  # MTCNN raises where no face can fit
            return []
        boxes, confidences, landmarks = self._mtcnn.detect(photo, landmarks=True)
        if boxes is None:
            return []
        faces = []
        for box, confidence, marks in zip(boxes, confidences, landmarks, strict=True):
            if confidence is None or confidence < least:
                continue
            marks = (np.asarray(marks, float) - border) / scale
            try:
                to_crop = canonical_transform(marks)
            except ValueError:
                continue
            x0, y0, x1, y1 = ((float(side) - border) / scale for side in box)
            faces.append(Face((x0, y0, x1, y1), float(confidence), marks, to_crop))
        return faces


def _in_parts(forward: Callable) -> Callable:
    """A network that takes a few crops at a time: a crowd would else need hundreds of megabytes at once."""

    def run(crops: "Tensor") -> "tuple[Tensor, ...]":
        import torch

        answers = [forward(part) for part in crops.split(CROWD)]
        return tuple(torch.cat(parts) for parts in zip(*answers, strict=True))

    return run


def _scaled(size: tuple[int, int], scale: float) -> tuple[int, int]:
    return max(1, round(size[0] * scale)), max(1, round(size[1] * scale))


def _reaches_edge(face: Face, size: tuple[int, int]) -> bool:
    # MTCNN looks at the square around a box.
    box = np.reshape(face.box, (2, 2))
    half = (box[1] - box[0]).max() / 2
    middle = box.mean(0)
    return bool((middle < half).any() or (middle + half > size).any())


def _distance(face: Face, point: NDArray[np.float64]) -> float:
    return float(np.linalg.norm(face.corners.mean(0) - point))

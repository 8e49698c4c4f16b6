"""Face detection as facenet-pytorch does it, one level and one candidate at a time: the reference for `faces.mtcnn`."""

import numpy as np
from facenet_pytorch import MTCNN
from numpy.typing import NDArray
from PIL import Image

from emotiscan.faces.alignment import Face
from emotiscan.faces.detection import FaceDetector
from emotiscan.faces.mtcnn import Cascade, Detections
from emotiscan.faces.summed_area_table import SummedAreaTable


class FacenetDetector(FaceDetector):
    """The same sizes and thresholds around facenet-pytorch's own `MTCNN.detect`."""

    def __init__(self) -> None:
        self._cascade = FacenetCascade()

    def _is_face_if_turned(self, photo: Image.Image, face: Face, turn: Image.Transpose) -> bool:
        return True  # the whole turned photo is searched


class FacenetCascade(Cascade):
    """Takes the place of `faces.mtcnn.Cascade`. Not safe to share among threads."""

    def __init__(self) -> None:
        self._mtcnn = MTCNN(keep_all=True, post_process=False, device="cpu")

    def find(
        self,
        photo: NDArray[np.uint8] | SummedAreaTable,
        min_side: float,
        margin: int = 0,
        known: NDArray[np.float32] | None = None,
    ) -> Detections:
        """Find faces; everything is searched, the margin as well."""
        if isinstance(photo, SummedAreaTable):
            photo = np.pad(photo.photo, ((photo.border,) * 2, (photo.border,) * 2, (0, 0)), mode="edge")
        self._mtcnn.min_face_size = min_side
        if min(photo.shape[:2]) < min_side:  # MTCNN raises an error if no face can fit
            boxes = None
        else:
            boxes, confidences, landmarks = self._mtcnn.detect(Image.fromarray(photo), landmarks=True)
        if boxes is None:
            return Detections(*(np.empty((0, *shape), np.float32) for shape in ((4,), (), (5, 2))))
        return Detections(*(part.astype(np.float32) for part in (boxes, confidences, landmarks)))

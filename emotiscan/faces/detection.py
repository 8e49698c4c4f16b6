"""Face detection: MTCNN (see `mtcnn`) with this project's sizes and thresholds."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from emotiscan.faces.alignment import Box, Face, canonical_transform, cut_out, framed_transform
from emotiscan.faces.mtcnn import Cascade, Detections
from emotiscan.faces.summed_area_table import SummedAreaTable

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

MIN_CONFIDENCE_FOLLOWED = 0.80
"""Lowest accepted MTCNN confidence of a face near the place where one was just before, 0 to 1."""

MIN_CONFIDENCE_SEEN, MIN_OVERLAP_SEEN = 0.95, 0.5
"""Lowest MTCNN confidence of a followed face, and its overlap with the expected box, at which one look at that box is
enough; otherwise the places around it are searched, too."""

MAX_SHIFT = 0.12
"""Distance of a followed face's edges from those of the expected box, in sides of it, above which it is looked at once
more."""

FOLLOWED_SIDE = 72
"""Side in pixels to which a larger face is averaged down before it is followed; the networks look at 48 pixels."""

_NEARBY = np.array(
    [(0, 0, 1), (0, 0, 1.2), (0, 0, 0.83), (-0.15, 0, 1), (0.15, 0, 1), (0, -0.15, 1), (0, 0.15, 1)], np.float64
)
"""Squares in which a followed face is looked for: shift of the center, right and down, and side, in box sides."""

CERTAIN = 0.995
"""MTCNN confidence of a face, 0 to 1, from which a photo is upright for sure: 94 % of LFW's photos have one."""

MIN_CONFIDENCE_TURNED = 0.99
"""Lowest MTCNN confidence of the most certain face in a photo that has to be turned, 0 to 1."""

TURNED_DOUBT = 1 / 3
"""How much less doubt (1 - confidence) there must be about the most certain face in the turned photo. Of 51 photos of
LFW in all four directions, 96 % of the turned ones are turned back, the others have no face, and no upright one is
turned."""

LIKELY = 0.95
"""MTCNN confidence, 0 to 1, from which a photo's most certain face is likely to be one. It is then enough to turn the
surroundings of the faces: if the photo lies on its side or upside down, these are where its faces are."""

TURNS = {90: Image.Transpose.ROTATE_270, 270: Image.Transpose.ROTATE_90, 180: Image.Transpose.ROTATE_180}
"""By the degrees clockwise; Pillow counts the other way round."""

MARGIN = 0.25
"""Width of the margin around a photo, in fractions of its longer side."""

SAME_FACE = 0.7
"""Share of the smaller box that another one covers, 0 to 1, above which both are of the same face, as for MTCNN."""

SAME_DISTORTED = 0.5
"""The same for a box that touches the border, and so may be distorted."""


class FaceDetector:
    """MTCNN with this project's sizes and thresholds. Runs on the CPU; safe to share among threads."""

    def __init__(self) -> None:
        self._cascade = Cascade()

    def detect(self, photo: Image.Image) -> list[Face]:
        """Find all faces in an ordinary photo.

        If no face is found, or one touches the border, the photo is searched once more, with a margin around it, along
        its edges and near the faces found so far: MTCNN distorts boxes that extend beyond the border, and misplaces
        their landmarks.

        Returns:
            Faces from left to right; empty if there are none.
        """
        return self._detect(self._shrink(photo), photo.size)

    def _detect(self, shrunk: "Shrunk", size: tuple[int, int], thorough: bool = True) -> list[Face]:
        """Find all faces.

        Args:
            shrunk: the photo.
            size: of the original photo.
            thorough: search with a margin also if no face is found without it.
        """
        faces = self._find(shrunk, margin=0.0, min_confidence=MIN_CONFIDENCE)
        touching = [face for face in faces if _touches_border(face, size)]
        if touching or (thorough and not faces):
            found = self._find(shrunk, MARGIN, MIN_CONFIDENCE, known=faces)
            faces = found + self._lost(faces, touching, found)
        return sorted(faces, key=lambda face: (face.box[0] + face.box[2], face.box[1]) if face.box else (0, 0))

    @staticmethod
    def _lost(faces: list[Face], touching: list[Face], found: list[Face]) -> list[Face]:
        """The faces that the search with a margin did not find again.

        A distorted one counts only if too few were found: the same face may have been found somewhere else.
        """
        lost = [
            face for face in faces if face not in touching and not any(_share(face, one) > SAME_FACE for one in found)
        ]
        if len(found) + len(lost) < len(faces):
            lost += [face for face in touching if not any(_share(face, one) > SAME_DISTORTED for one in found)]
        return lost

    def detect_any_way_up(self, photo: Image.Image, is_copy: bool = False) -> tuple[Image.Image, list[Face], int]:
        """Find all faces in a photo that may lie on its side or upside down.

        The other directions are tried if no face is found, or none that is `CERTAIN`: in an upside-down face, MTCNN
        often finds a doubtful upright one. A turned photo must have a much more certain face (`TURNED_DOUBT`). The
        other directions are searched with a margin only where a face touches the border.

        Args:
            photo: to search.
            is_copy: it is a smaller copy of the photo; boxes and landmarks are then nearer to those in the photo.

        Returns:
            The photo with its faces upright, the faces in it from left to right, and the degrees by which it was turned
            clockwise: 0, 90, 180 or 270. Without a face, the photo is as it was.
        """
        shrunk = self._shrink(photo, Image.Resampling.BILINEAR if is_copy else Image.Resampling.BOX)
        faces = self._detect(shrunk, photo.size)
        doubt = _doubt(faces)
        if doubt <= 1 - CERTAIN:
            return photo, faces, 0
        limit, best = min(1 - MIN_CONFIDENCE_TURNED, doubt * TURNED_DOUBT), 0
        for degrees, turn in TURNS.items():
            if doubt <= 1 - LIKELY and not any(self._is_face_if_turned(photo, face, turn) for face in faces):
                continue
            size = photo.size if degrees == 180 else photo.size[::-1]
            found = self._detect(shrunk.turned(turn), size, thorough=False)
            if _doubt(found) <= limit:
                limit, best, faces = _doubt(found), degrees, found
        return photo.transpose(TURNS[best]) if best else photo, faces, best

    def _is_face_if_turned(self, photo: Image.Image, face: Face, turn: Image.Transpose) -> bool:
        """Whether a face is found in turned surroundings of another one."""
        if face.box is None:
            return True
        (x0, y0, x1, y1), side = face.box, face.side
        middle = np.array([x0 + x1, y0 + y1]) / 2
        region = cut_out(photo, np.floor(middle - side).astype(int), np.ceil(middle + side).astype(int)).transpose(turn)
        low, high = region.width / 2 - side / 2, region.width / 2 + side / 2
        return self.follow(region, (low, low, high, high), MIN_CONFIDENCE_TURNED) is not None

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

    def follow_all(self, photo: Image.Image, boxes: Sequence[Box]) -> list[Face | None]:
        """Find the faces that are near boxes (see `follow`). For most, one look at the box itself is enough.

        Args:
            photo: e.g. the next frame of a clip; RGB.
            boxes: where the faces are expected: x0, y0, x1, y1 in photo pixels.

        Returns:
            For each box the face near it; None if there is none.
        """
        found = self._look_at(photo, boxes)
        # Landmarks are less exact in a face that is not in the middle of what the network looks at.
        again = [at for at, face in enumerate(found) if face and face.box and _shift(face.box, boxes[at]) > MAX_SHIFT]
        centered = self._look_at(photo, [face.box for at in again if (face := found[at]) and face.box])
        for at, face in zip(again, centered, strict=True):
            found[at] = face
        return [face or self.follow(photo, box) for face, box in zip(found, boxes, strict=True)]

    def _look_at(self, photo: Image.Image, boxes: Sequence[Box]) -> list[Face | None]:
        """The face at each box; None if it is doubtful, or if the square around the box extends beyond the photo."""
        found: list[Face | None] = [None] * len(boxes)
        inside = [at for at, box in enumerate(boxes) if not _extends_beyond(box, photo.size)]
        if inside:
            seen = self._cascade.look_at(photo, np.array([boxes[at] for at in inside], np.float32))
            for row, at in enumerate(inside):
                one = Detections(*(part[row : row + 1] for part in seen))
                for face in _accepted(one, MIN_CONFIDENCE_SEEN, lambda points: points):
                    found[at] = face if face.box and overlap(face.box, boxes[at]) >= MIN_OVERLAP_SEEN else None
        return found

    def follow(self, photo: Image.Image, box: Box, min_confidence: float = MIN_CONFIDENCE_FOLLOWED) -> Face | None:
        """Find the face that is near a box, without searching the rest of the photo.

        Args:
            photo: e.g. the next frame of a clip.
            box: where the face is expected: x0, y0, x1, y1 in photo pixels.
            min_confidence: lowest accepted confidence, 0 to 1.

        Returns:
            The face that overlaps the box most; None if there is none.
        """
        center, side = np.array([box[0] + box[2], box[1] + box[3]]) / 2, max(box[2] - box[0], box[3] - box[1])
        if not (side >= 8 and (center + side > 0).all() and (center - side < photo.size).all()):
            return None
        low, high = np.floor(center - 1.1 * side).astype(int), np.ceil(center + 1.1 * side).astype(int)
        region = cut_out(photo, low, high)
        shrink = max(1, int(side / FOLLOWED_SIDE))
        region = region.reduce(shrink) if shrink > 1 else region
        squares = (center - low)[None] / shrink + side / shrink * _NEARBY[:, :2]
        halves = side / shrink * _NEARBY[:, 2:] / 2
        found = self._cascade.find_near(np.asarray(region), np.concatenate([squares - halves, squares + halves], 1))
        faces = _accepted(found, min_confidence, lambda points: points * shrink + low)
        return max(faces, key=lambda face: overlap(face.box or box, box), default=None)

    @staticmethod
    def _shrink(photo: Image.Image, by: Image.Resampling = Image.Resampling.BOX) -> "Shrunk":
        photo = photo if photo.mode == "RGB" else photo.convert("RGB")  # convert would copy even an RGB photo
        ratio = max(photo.size) / DETECTION_SIDE
        if ratio <= 1:
            return Shrunk(photo, 1.0, MIN_DETECTED_SIDE, SummedAreaTable(np.asarray(photo)))
        smaller = photo.resize(_scaled(photo.size, 1 / ratio), by)
        return Shrunk(smaller, 1 / ratio, MIN_DETECTED_SIDE, SummedAreaTable(np.asarray(smaller)))

    def _find(
        self, shrunk: "Shrunk", margin: float, min_confidence: float, known: list[Face] | None = None
    ) -> list[Face]:
        """Find faces in a photo with a margin; `known` as for `Cascade.find`, but in pixels of the original photo."""
        photo, scale, min_side, table = shrunk
        border: float = round(margin * max(photo.size))
        if max(photo.size) + 2 * border >= SMALL_SIDE:
            searched = table.with_border(int(border)) if border else table
            boxes = None
            if known is not None:
                boxes = np.array([face.box for face in known], np.float32).reshape(-1, 4) * np.float32(scale) + border
            found = self._cascade.find(searched, min_side, int(border), boxes)
            return _accepted(found, min_confidence, lambda points: (points - border) / scale)
        photo = Image.fromarray(
            np.pad(np.asarray(photo), ((int(border),) * 2, (int(border),) * 2, (0, 0)), mode="edge")
        )
        enlarge = SMALL_SIDE / max(photo.size)
        photo = photo.resize(_scaled(photo.size, enlarge), Image.Resampling.BICUBIC)
        scale, border = scale * enlarge, border * enlarge
        found = self._cascade.find(np.asarray(photo), min_side, int(border))
        return _accepted(found, min_confidence, lambda points: (points - border) / scale)


def _doubt(faces: list[Face]) -> float:
    """1 - confidence of the most certain face; 1 without any."""
    return 1 - max((face.confidence or 0.0 for face in faces), default=0.0)


def _share(one: Face, other: Face) -> float:
    """Share of the smaller face's box that the other one covers, 0 to 1."""
    if one.box is None or other.box is None:
        return 0.0
    low, high = np.maximum(one.box[:2], other.box[:2]), np.minimum(one.box[2:], other.box[2:])
    areas = [(box[2] - box[0]) * (box[3] - box[1]) for box in (one.box, other.box)]
    return float(np.maximum(high - low, 0).prod()) / min(areas)


def _accepted(
    found: Detections, min_confidence: float, to_photo: Callable[[NDArray[np.float64]], NDArray[np.float64]]
) -> list[Face]:
    """Faces with enough confidence; `to_photo` maps (n, 2) points of the searched image to photo pixels."""
    faces = []
    for box, confidence, marks in zip(*found, strict=True):
        if confidence < min_confidence:
            continue
        landmarks = to_photo(np.asarray(marks, float))
        try:
            to_crop = canonical_transform(landmarks)
        except ValueError:
            continue
        (x0, y0), (x1, y1) = to_photo(np.asarray(box, float).reshape(2, 2)).tolist()
        faces.append(Face((x0, y0, x1, y1), float(confidence), landmarks, to_crop))
    return faces


def overlap(one: Box, other: Box) -> float:
    """Intersection of two boxes over their union, 0 to 1."""
    width = min(one[2], other[2]) - max(one[0], other[0])
    height = min(one[3], other[3]) - max(one[1], other[1])
    if width <= 0 or height <= 0:
        return 0.0
    areas = [(box[2] - box[0]) * (box[3] - box[1]) for box in (one, other)]
    return width * height / (sum(areas) - width * height)


class Shrunk(NamedTuple):
    """A photo in the size in which faces are searched for.

    Attributes:
        photo: RGB.
        scale: its pixels for each pixel of the original photo.
        min_side: side of the smallest face that is detected, in its pixels.
        table: its area averages, for all searches in it.
    """

    photo: Image.Image
    scale: float
    min_side: float
    table: SummedAreaTable

    def turned(self, turn: Image.Transpose) -> "Shrunk":
        """The same photo in another direction."""
        photo = self.photo.transpose(turn)
        return self._replace(photo=photo, table=SummedAreaTable(np.asarray(photo)))


def _scaled(size: tuple[int, int], scale: float) -> tuple[int, int]:
    return max(1, round(size[0] * scale)), max(1, round(size[1] * scale))


def _touches_border(face: Face, size: tuple[int, int]) -> bool:
    return face.box is not None and _extends_beyond(face.box, size)


def _extends_beyond(box: Box, size: tuple[int, int]) -> bool:
    """Whether the square around a box, which is what MTCNN looks at, extends beyond a photo of this size."""
    (x0, y0, x1, y1), (width, height) = box, size
    half = max(x1 - x0, y1 - y0) / 2
    x, y = (x0 + x1) / 2, (y0 + y1) / 2
    return x < half or y < half or x + half > width or y + half > height


def _shift(one: Box, other: Box) -> float:
    """Largest distance between the edges of two boxes, in the longer side of the other one."""
    side = max(other[2] - other[0], other[3] - other[1])
    return max(abs(edge - of_other) for edge, of_other in zip(one, other, strict=True)) / max(side, 1e-6)


def _distance(face: Face, point: NDArray[np.float64]) -> float:
    return float(np.linalg.norm(face.corners.mean(0) - point))

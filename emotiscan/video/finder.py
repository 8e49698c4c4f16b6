"""Finding the faces of each frame: a full search every few frames, and in between only near where the faces were."""

from collections.abc import Sequence

from PIL import Image

from emotiscan.faces import Face, FaceDetector
from emotiscan.faces.detection import overlap
from emotiscan.video.stillness import StillnessDetector

SEARCH_INTERVAL = 0.17
"""Longest time between two full searches, in seconds, if frames are not further apart than that and the picture has
changed where no head is known."""

STILL_INTERVAL = 0.5
"""The same for a picture that is still."""

MAX_UNCONFIRMED = 1.0
"""Seconds after which a face that only following finds, but no full search, is given up."""

SAME = 0.4
"""Overlap of two boxes from which they are the same face."""


class FaceFinder:
    """Finds faces in the frames of one clip, one frame after the other."""

    def __init__(self, detector: FaceDetector, interval: float = SEARCH_INTERVAL) -> None:
        """Start a clip.

        Args:
            detector: finds faces in photos.
            interval: longest time between two full searches in seconds; 0 searches every frame.
        """
        self._detector, self._interval = detector, interval
        self._faces: list[tuple[Face, float]] = []  # with the time of the last full search that found it
        self._stillness = StillnessDetector()
        self._searched = self._time = -float("inf")

    def find(self, time: float, image: Image.Image, cut: bool = False) -> list[Face]:
        """Find the faces of the next frame.

        Args:
            time: of the frame in seconds.
            image: the frame, RGB.
            cut: the frame shows another scene than the one before.

        Returns:
            Faces from left to right.
        """
        step, self._time = time - self._time, time
        if cut or step < 0:
            self._faces = []
        search = cut or self._is_due(time, step, image)
        # A search can miss a face, e.g. one that turns away: following still finds it.
        searched = [(face, time) for face in self._detector.detect(image)] if search else []
        known = self._follow(time, image, [one for one in self._faces if not _is_among(one[0], searched)])
        if not search and len(known) < len(self._faces):
            search, searched = True, [(face, time) for face in self._detector.detect(image)]
        if search:
            known = _distinct([*searched, *known], first=len(searched))
            self._searched = time
            self._stillness.remember(image, [face for face, _ in known])
        self._faces = known
        return sorted((face for face, _ in known), key=_left_to_right)

    def _is_due(self, time: float, step: float, image: Image.Image) -> bool:
        """Whether it is time for a full search."""
        # If the search waited for the next frame, it would be too late.
        waited = time + step - self._searched
        if waited <= self._interval + 1e-6 and time >= self._searched:
            return False
        is_doubtful = any(seen < self._searched for _, seen in self._faces)
        if not self._interval or is_doubtful or not 0 <= waited <= STILL_INTERVAL + 1e-6:
            return True
        return not self._stillness.is_still(image, [face for face, _ in self._faces])

    def _follow(self, time: float, image: Image.Image, faces: Sequence[tuple[Face, float]]) -> list[tuple[Face, float]]:
        """The faces, each with the time of its last search, that are still near where they were."""
        recent = [(face.box, seen) for face, seen in faces if face.box and time - seen <= MAX_UNCONFIRMED]
        found = self._detector.follow_all(image, [box for box, _ in recent])
        return _distinct([(face, seen) for face, (_, seen) in zip(found, recent, strict=True) if face])


def _is_among(face: Face, others: Sequence[tuple[Face, float]]) -> bool:
    return any(face.box and other.box and overlap(face.box, other.box) >= SAME for other, _ in others)


def _distinct(faces: Sequence[tuple[Face, float]], first: int = 0) -> list[tuple[Face, float]]:
    """Leave out faces that are the same as another; the `first` ones, or else the most confident ones, stay."""
    order = [*range(first), *sorted(range(first, len(faces)), key=lambda at: -(faces[at][0].confidence or 0))]
    kept: list[tuple[Face, float]] = []
    for at in order:
        box = faces[at][0].box
        if box and all(overlap(box, other.box) < SAME for other, _ in kept if other.box):
            kept.append(faces[at])
    return kept


def _left_to_right(face: Face) -> tuple[float, float]:
    return (face.box[0] + face.box[2], face.box[1]) if face.box else (0.0, 0.0)

"""The pinhole camera: from the head's own space to camera space and the screen."""

import math
from dataclasses import dataclass

import numpy as np

from emotiscan.rendering.anatomy import rotation
from emotiscan.rendering.head_model import Floats
from emotiscan.rendering.scenes import Pose

_PIVOT = np.array([0.0, 1.2, 3.0], np.float32)
_HALF_HEIGHT = 11.5


@dataclass(frozen=True, eq=False)
class View:
    """A pose seen by the camera.

    Attributes:
        turn: (3, 3) rotation of the head.
        distance: from the camera to the head's pivot, cm.
        focal: focal length in pixels.
        center: (2,) where the pivot lies on the screen, pixels.
    """

    turn: Floats
    distance: float
    focal: float
    center: tuple[float, float]

    @classmethod
    def of(cls, pose: Pose, side: int) -> "View":
        """The view of a pose in a square picture of `side` pixels."""
        tangent = math.tan(math.radians(pose.field_of_view) / 2)
        distance = _HALF_HEIGHT / pose.zoom / tangent + 5
        center = (side * (0.5 + pose.shift[0]), side * (0.5 + pose.shift[1]))
        return cls(rotation(pose.yaw, pose.pitch, pose.roll), distance, 0.5 * side / tangent, center)

    def to_camera(self, points: Floats) -> Floats:
        """(…, 3) places of the head in camera space: x right, y up, z towards the camera, which is at 0; cm."""
        posed = (points - _PIVOT) @ self.turn.T
        posed[..., 2] -= np.float32(self.distance)
        return posed

    def to_screen(self, positions: Floats) -> Floats:
        """(…, 3) camera space to screen points: pixels right and down, and nearness (1 / cm)."""
        points = np.empty_like(positions)
        nearness = -1 / positions[..., 2]
        points[..., 0] = np.float32(self.center[0]) + np.float32(self.focal) * positions[..., 0] * nearness
        points[..., 1] = np.float32(self.center[1]) - np.float32(self.focal) * positions[..., 1] * nearness
        points[..., 2] = nearness
        return points

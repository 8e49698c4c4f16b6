"""The pinhole camera: from head space to camera space and the screen."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from emotiscan.rendering.anatomy import rotation
from emotiscan.rendering.head_model import Floats
from emotiscan.rendering.scenes import Pose

_PIVOT = np.array([0.0, 1.2, 3.0], np.float32)
"""Point about which the head turns, head space, cm."""

_HALF_HEIGHT = 11.5
"""Half the height that the image covers at zoom 1, cm."""


@dataclass(frozen=True, eq=False)
class View:
    """A pose as the camera sees it.

    Attributes:
        turn: (3, 3) rotation of the head.
        distance: from the camera to the head's pivot, cm.
        focal: focal length in pixels.
        center: position of the pivot on the screen, pixels.
    """

    turn: Floats
    distance: float
    focal: float
    center: tuple[float, float]

    @classmethod
    def of(cls, pose: Pose, side: int) -> "View":
        """Return the view of a pose in a square image of `side` pixels."""
        tangent = math.tan(math.radians(pose.field_of_view) / 2)
        distance = _HALF_HEIGHT / pose.zoom / tangent + 5
        center = (side * (0.5 + pose.shift[0]), side * (0.5 + pose.shift[1]))
        return cls(rotation(pose.yaw, pose.pitch, pose.roll), distance, 0.5 * side / tangent, center)

    def to_camera(self, points: Floats) -> Floats:
        """Convert (…, 3) points from head space to camera space.

        There, x points right, y up and z towards the camera, which is at 0; lengths are cm.
        """
        posed: NDArray = (points - _PIVOT) @ self.turn.T
        posed[..., 2] -= np.float32(self.distance)
        return posed

    def to_screen(self, positions: Floats) -> Floats:
        """Convert (…, 3) points in camera space to screen points: pixels right and down, and nearness (1 / cm)."""
        points = np.empty_like(positions)
        nearness = -1 / positions[..., 2]
        points[..., 0] = np.float32(self.center[0]) + np.float32(self.focal) * positions[..., 0] * nearness
        points[..., 1] = np.float32(self.center[1]) - np.float32(self.focal) * positions[..., 1] * nearness
        points[..., 2] = nearness
        return points

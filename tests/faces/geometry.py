"""Landmarks of the canonical face, and transforms to move them."""

import numpy as np

from emotiscan import faces

CANONICAL_LANDMARKS = np.array(
    [
        [0.5 - faces.EYE_DISTANCE / 2, faces.EYE_HEIGHT],
        [0.5 + faces.EYE_DISTANCE / 2, faces.EYE_HEIGHT],
        [0.5, 0.57],
        [0.37, faces.MOUTH_HEIGHT],
        [0.63, faces.MOUTH_HEIGHT],
    ]
)
"""(5, 2) in fractions of the crop, in the order of `Face.landmarks`."""


def similarity(degrees: float, scale: float, x: float, y: float) -> faces.Transform:
    """Rotate clockwise (y points down), scale, then move by (x, y)."""
    cos, sin = scale * np.cos(np.radians(degrees)), scale * np.sin(np.radians(degrees))
    return np.array([[cos, -sin, x], [sin, cos, y]])

"""Movement maps: where in an image an action unit moves the skin."""

import cv2
import numpy as np
from numpy.typing import NDArray

from emotiscan.rendering.head_model import GUMS, HEAD, MOUTH, SKIN, TEETH, Floats, Mesh
from emotiscan.rendering.rasterizer import interpolate_scalar

FLOOR = 0.25
"""Movements below this share of the largest one are dropped: there the face as a whole gives way."""


def movement_map(
    lengths: Floats, points: Floats, triangle_at: NDArray[np.int32], mesh: Mesh, cover: Floats, side: int
) -> NDArray[np.float32]:
    """Project movements of the skin into the image.

    Args:
        lengths: (skin vertices,) how far each vertex moves, cm.
        points: (n, 3) screen points.
        triangle_at: (h, w) the triangle that each pixel shows, or -1.
        mesh: the triangles.
        cover: (h, w) how much of the face is hidden by hair or glasses, 0 to 1.
        side: of the map, pixels.

    Returns:
        (side, side) 0 to 1; the maximum is 1 if anything visible moves.
    """
    if not lengths.max() > 0:
        return np.zeros((side, side), np.float32)
    per_vertex = np.zeros(len(points), np.float32)
    per_vertex[: len(lengths)] = lengths
    of_skin = np.isin(mesh.parts, (SKIN, HEAD))
    moved = np.empty(triangle_at.shape, np.float32)
    interpolate_scalar(points, triangle_at, mesh.triangles, per_vertex, of_skin, moved)
    part = np.where(triangle_at >= 0, mesh.parts[triangle_at], 255)
    skin = np.isin(part, (SKIN, HEAD)).astype(np.float32)
    # What shows between parted lips is not skin: it moves as much as the lips around it.
    inside = np.isin(part, (MOUTH, GUMS, TEETH))
    if inside.any():
        sigma = triangle_at.shape[0] / 40
        around = cv2.GaussianBlur(moved, (0, 0), sigma) / np.maximum(cv2.GaussianBlur(skin, (0, 0), sigma), 0.05)
        moved = np.where(inside, around, moved)
    small = cv2.resize(moved * (1 - cover), (side, side), interpolation=cv2.INTER_AREA)
    largest = small.max()
    if not largest > 1e-4:
        return np.zeros((side, side), np.float32)
    kept = np.clip(small / largest - FLOOR, 0, None) / (1 - FLOOR)
    return kept.astype(np.float32)

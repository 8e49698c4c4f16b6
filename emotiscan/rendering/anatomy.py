"""What no blendshape covers: turning eyeballs, and the light that enters the mouth."""

import math

import numpy as np

from emotiscan.rendering.expressions import Gaze
from emotiscan.rendering.head_model import Floats, HeadModel, Ints, Range
from emotiscan.rendering.kernels import kernel
from emotiscan.rendering.rasterizer import vertex_normals


def rotation(yaw: float, pitch: float, roll: float) -> Floats:
    """Return the (3, 3) matrix that turns to the image's right, then down, then tilts; angles in degrees."""
    y, p, r = math.radians(yaw), math.radians(pitch), math.radians(roll)
    about_y = np.array([[math.cos(y), 0, math.sin(y)], [0, 1, 0], [-math.sin(y), 0, math.cos(y)]])
    about_x = np.array([[1, 0, 0], [0, math.cos(p), -math.sin(p)], [0, math.sin(p), math.cos(p)]])
    about_z = np.array([[math.cos(r), -math.sin(r), 0], [math.sin(r), math.cos(r), 0], [0, 0, 1]])
    return (about_z @ about_x @ about_y).astype(np.float32)


def turn_eyes(vertices: Floats, gaze: Gaze, eyeballs: tuple[Range, Range]) -> None:
    """Turn both eyeballs of `vertices` (n, 3), in place."""
    if not gaze.yaw and not gaze.pitch:
        return
    turn = rotation(gaze.yaw, -gaze.pitch, 0)
    for first, end in eyeballs:
        center = vertices[first:end].mean(0) - np.array([0, 0, 0.12], np.float32)
        vertices[first:end] = (vertices[first:end] - center) @ turn.T + center


def surface_normals(vertices: Floats, triangles: Ints) -> Floats:
    """Return (n, 3) unit normals; zero where no triangle touches a vertex."""
    normals = np.zeros_like(vertices)
    vertex_normals(vertices, triangles, normals)
    return normals


def open_mouth(model: HeadModel, vertices: Floats, normals: Floats, openness: Floats) -> None:
    """Set the openness (n,) inside the mouth, in place, to the light that enters between the lips."""
    ring = vertices[model.lip_ring]
    for first, end in (model.layout.mouth_lining, model.layout.teeth_and_gums):
        _open_through(vertices, normals, first, end, ring, openness)


@kernel
def _open_through(vertices: Floats, normals: Floats, first: int, end: int, ring: Floats, openness: Floats) -> None:
    """Set openness to the solid angle (Van Oosterom and Strackee, 1983) of a ring of points, seen from each vertex."""
    corners = ring.shape[0]
    cx, cy, cz = ring[:, 0].mean(), ring[:, 1].mean(), ring[:, 2].mean()
    for i in range(first, end):
        px, py, pz = vertices[i, 0], vertices[i, 1], vertices[i, 2]
        ax, ay, az = cx - px, cy - py, cz - pz
        la = math.sqrt(ax * ax + ay * ay + az * az) + 1e-9
        angle = 0.0
        for j in range(corners):
            k = (j + 1) % corners
            bx, by, bz = ring[j, 0] - px, ring[j, 1] - py, ring[j, 2] - pz
            dx, dy, dz = ring[k, 0] - px, ring[k, 1] - py, ring[k, 2] - pz
            lb = math.sqrt(bx * bx + by * by + bz * bz) + 1e-9
            ld = math.sqrt(dx * dx + dy * dy + dz * dz) + 1e-9
            volume = ax * (by * dz - bz * dy) + ay * (bz * dx - bx * dz) + az * (bx * dy - by * dx)
            edge = la * lb * ld + (ax * bx + ay * by + az * bz) * ld
            edge += (ax * dx + ay * dy + az * dz) * lb + (bx * dx + by * dy + bz * dz) * la
            angle += 2 * math.atan2(volume, edge)
        share = min(1.0, abs(angle) / (2 * math.pi))
        facing = (normals[i, 0] * ax + normals[i, 1] * ay + normals[i, 2] * az) / la
        openness[i] = min(1.0, share**0.75 * 1.38 * max(0.65 + 0.35 * facing, 0.15))

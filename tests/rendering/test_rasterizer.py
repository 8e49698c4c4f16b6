"""The z-buffer rasterizer, on meshes small enough to check by hand."""

import numpy as np
import pytest

from emotiscan.rendering.kernels import angle_of, noise_at, random_at, smoothstep
from emotiscan.rendering.rasterizer import (
    Attributes,
    empty_pixels,
    interpolate,
    interpolate_scalar,
    rasterize,
    vertex_normals,
)

NEAR, FAR = 1 / 50, 1 / 100
TRIANGLES = np.array([[0, 1, 2]], np.int32)


def screen(*points: tuple[float, float, float]) -> np.ndarray:
    return np.array(points, np.float32)


def rasterized(points: np.ndarray, triangles: np.ndarray, cull: bool = False, side: int = 8) -> np.ndarray:
    nearness, triangle_at = np.zeros((side, side), np.float32), np.full((side, side), -1, np.int32)
    rasterize(points, triangles, nearness, triangle_at, 0, cull)
    return triangle_at


def test_a_triangle_covers_the_pixels_whose_centers_lie_in_it():
    at = rasterized(screen((0, 0, NEAR), (0, 8, NEAR), (8, 0, NEAR)), TRIANGLES)
    rows, columns = np.mgrid[0:8, 0:8] + 0.5
    inside = rows + columns < 8
    assert (at[inside] == 0).all()
    assert (at[rows + columns > 8] == -1).all()


def test_the_nearer_triangle_wins_in_any_order():
    points = screen(*[(x, y, z) for z in (FAR, NEAR) for x, y in ((0, 0), (0, 20), (20, 0))])
    both = np.array([[0, 1, 2], [3, 4, 5]], np.int32)
    assert (rasterized(points, both) == 1).all()
    assert (rasterized(points, both[::-1].copy()) == 0).all()


def test_back_faces_are_culled_only_on_request():
    points = screen((0, 0, NEAR), (20, 0, NEAR), (0, 20, NEAR))
    assert (rasterized(points, TRIANGLES) == 0).all()
    assert (rasterized(points, TRIANGLES, cull=True) == -1).all()


def test_triangles_beyond_the_edge_are_clipped():
    assert (rasterized(screen((-500, -500, NEAR), (900, -500, NEAR), (0, 900, NEAR)), TRIANGLES) == 0).all()
    assert (rasterized(screen((100, 100, NEAR), (120, 100, NEAR), (100, 120, NEAR)), TRIANGLES) == -1).all()


def test_interpolation_is_perspective_correct():
    # A strip that recedes from 50 to 100 cm: halfway across the screen lies a third of the way along it.
    points = screen((0, -8, NEAR), (8, -8, FAR), (8, 16, FAR), (0, 16, NEAR))
    triangles = np.array([[0, 1, 2], [0, 2, 3]], np.int32)
    at = rasterized(points, triangles)
    along = np.array([0, 1, 1, 0], np.float32)
    out = np.empty((8, 8), np.float32)
    interpolate_scalar(points, at, triangles, along, np.ones(2, bool), out)
    assert (at >= 0).all()
    assert out[4, 3:5].mean() == pytest.approx(1 / 3, abs=0.01)
    interpolate_scalar(points, at, triangles, along, np.zeros(2, bool), out)
    assert not out.any()


def test_pixels_get_the_attributes_of_the_mesh():
    points = screen((0, 0, NEAR), (0, 20, NEAR), (20, 0, NEAR))
    at = rasterized(points, TRIANGLES)
    corners = np.eye(3, dtype=np.float32)
    normals = np.tile(np.float32([0, 0, 2]), (3, 1))
    attributes = Attributes(corners[:, :2].copy(), corners, normals, corners, np.float32([0.5, 0.5, 0.5]))
    pixels = empty_pixels(8)
    interpolate(points, at, TRIANGLES, TRIANGLES, np.array([3], np.uint8), attributes, pixels)
    assert (pixels.part == 3).all()
    assert np.allclose(pixels.rest.sum(2), 1, atol=1e-5)
    assert np.allclose(pixels.normal, [0, 0, 1], atol=1e-5)
    assert np.allclose(pixels.openness, 0.5, atol=1e-6)


def test_vertex_normals_point_outwards():
    vertices = np.float32([[0, 0, 0], [1, 0, 0], [0, 1, 0], [5, 5, 5]])
    normals = np.ones_like(vertices)
    vertex_normals(vertices, TRIANGLES, normals)
    assert np.allclose(normals[:3], [0, 0, 1])
    assert np.allclose(normals[3], 0)


def test_smoothstep_angle_noise_and_random_kernels():
    assert smoothstep(0.0, 1.0, -3.0) == 0
    assert smoothstep(0.0, 1.0, 3.0) == 1
    assert smoothstep(2.0, 4.0, 3.0) == pytest.approx(0.5)
    angles = np.linspace(-3.1, 3.1, 60)
    assert np.allclose([angle_of(np.sin(a), np.cos(a)) for a in angles], angles, atol=0.005)
    numbers = np.array([random_at(5, i) for i in range(4000)])
    assert numbers.min() >= 0
    assert numbers.max() < 1
    assert abs(numbers.mean() - 0.5) < 0.02
    assert abs(np.corrcoef(numbers[1:], numbers[:-1])[0, 1]) < 0.05
    texture = np.arange(16, dtype=np.float32).reshape(4, 4)
    assert noise_at(texture, 1.0, 2.0) == 9
    assert noise_at(texture, 1.5, 2.0) == 9.5
    assert noise_at(texture, 5.0, -2.0) == 9  # it tiles

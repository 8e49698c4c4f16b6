"""The camera: projection, backgrounds, exposure, and the flaws of an image."""

import numpy as np
import pytest

from emotiscan.rendering import Camera, Pose
from emotiscan.rendering.camera import apply_camera, expose, render_background
from emotiscan.rendering.projection import View
from emotiscan.rendering.scenes import Background


def test_the_view_follows_yaw_and_shift():
    nose = np.float32([[0, 1.2, 12]])
    straight, turned = (View.of(Pose(yaw=yaw), 100) for yaw in (0, 30))
    assert turned.to_screen(turned.to_camera(nose))[0, 0] > straight.to_screen(straight.to_camera(nose))[0, 0] + 3
    assert straight.to_screen(straight.to_camera(nose))[0, :2] == pytest.approx([50, 50], abs=1e-3)
    shifted = View.of(Pose(shift=(0.1, 0)), 100)
    assert shifted.to_screen(shifted.to_camera(nose))[0, 0] == pytest.approx(60, abs=1e-3)


def test_a_perfect_camera_changes_nothing(rng):
    image = rng.integers(0, 256, (40, 40, 3)).astype(np.uint8)
    assert (apply_camera(image, Camera()) == image).all()


@pytest.mark.parametrize(
    "camera",
    [
        Camera(blur=1),
        Camera(resolution=0.3),
        Camera(noise=8),
        Camera(contrast=0.8),
        Camera(jpeg_quality=50),
        Camera(gray=True),
    ],
)
def test_every_flaw_of_a_camera_is_visible_and_reproducible(rng, camera):
    image = rng.integers(0, 256, (64, 64, 3)).astype(np.uint8)
    taken = apply_camera(image, camera)
    assert taken.shape == image.shape
    assert (taken != image).any()
    assert (apply_camera(image, camera) == taken).all()


def test_a_gray_camera_gives_equal_channels(rng):
    taken = apply_camera(
        rng.integers(0, 256, (32, 32, 3)).astype(np.uint8), Camera(gray=True, noise=5, colored_noise=True)
    )
    assert (taken[..., 0] == taken[..., 2]).all()


@pytest.mark.parametrize("kind", ["plain", "wall", "room", "clutter"])
def test_backgrounds_stay_in_the_range_of_light(kind):
    background = render_background(Background(kind, seed=4), 48)
    assert background.shape == (48, 48, 3)
    assert background.min() > 0
    assert background.max() <= 1


def test_exposure_follows_the_camera_and_the_metered_light():
    flat = np.full((4, 4, 3), 0.2, np.float32)
    skin = np.array([0.4, 0.3, 0.2])
    assert expose(flat, 1.0, skin, Camera(exposure=1.5)).mean() > expose(flat, 1.0, skin, Camera()).mean()
    assert expose(flat, 2.0, skin, Camera()).mean() < expose(flat, 1.0, skin, Camera()).mean()

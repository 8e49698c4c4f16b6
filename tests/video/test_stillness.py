"""A picture is still if nobody can have come into view."""

import numpy as np
import pytest
from PIL import Image, ImageDraw

from emotiscan.video.stillness import StillnessDetector
from tests.video.test_track import face_at

SIZE = (640, 360)


def frame(rng: np.random.Generator, head: float = 200, stranger: float | None = None) -> Image.Image:
    """A noisy frame with a head of 100 pixels, and perhaps a small one elsewhere."""
    image = Image.new("RGB", SIZE, (110, 120, 100))
    draw = ImageDraw.Draw(image)
    draw.ellipse((head - 60, 100, head + 60, 260), fill=(60, 40, 30))
    draw.ellipse((head - 40, 130, head + 40, 250), fill=(210, 170, 150))
    if stranger is not None:
        draw.ellipse((stranger - 20, 40, stranger + 20, 80), fill=(150, 120, 100))
    noisy = np.asarray(image).astype(float) + rng.normal(0, 4, (SIZE[1], SIZE[0], 1))
    return Image.fromarray(noisy.clip(0, 255).astype(np.uint8))


@pytest.fixture
def detector(rng) -> StillnessDetector:
    detector = StillnessDetector()
    detector.remember(frame(rng), [face_at(200, 180, 100)])
    return detector


def test_noise_and_a_head_that_moves_a_little_are_still(rng, detector):
    assert detector.is_still(frame(rng), [face_at(200, 180, 100)])
    assert detector.is_still(frame(rng, head=215), [face_at(215, 180, 100)])


def test_somebody_who_appears_is_noticed(rng, detector):
    assert not detector.is_still(frame(rng, stranger=500), [face_at(200, 180, 100)])


def test_what_a_head_uncovers_may_be_somebody(rng, detector):
    assert not detector.is_still(frame(rng, head=260), [face_at(260, 180, 100)])


def test_a_lost_face_is_no_stillness(rng, detector):
    assert not detector.is_still(frame(rng), [])


def test_without_a_frame_to_compare_nothing_is_still(rng, detector):
    assert not StillnessDetector().is_still(frame(rng), [])
    assert not detector.is_still(frame(rng).resize((320, 320)), [face_at(100, 90, 50)])

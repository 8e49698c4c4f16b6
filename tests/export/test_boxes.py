"""Boxes around faces."""

import numpy as np
import pytest
from PIL import Image

from emotiscan.export.boxes import OTHERS, SELECTED, marked_photo
from emotiscan.faces import Face

FACES = [Face((x, 100.0, x + 200, 300.0), 1.0, None, np.eye(2, 3)) for x in (100.0, 500.0)]


@pytest.fixture
def photo() -> Image.Image:
    return Image.new("RGB", (2000, 1000), "gray")


def test_large_photos_are_scaled_down_and_small_ones_are_not(photo):
    assert marked_photo(photo, FACES, side=500).size == (500, 250)
    assert marked_photo(photo.resize((300, 200)), []).size == (300, 200)


def test_boxes_follow_the_scale_of_the_photo(photo):
    marked = np.asarray(marked_photo(photo, FACES[:1], side=1000), int)
    changed = np.nonzero((marked != 128).any(-1))
    assert [axis.min() for axis in changed] == pytest.approx([50, 50], abs=12)
    assert [axis.max() for axis in changed] == pytest.approx([150, 150], abs=12)


def test_only_the_selected_face_is_highlighted(photo):
    def count(marked: Image.Image, color: tuple[int, int, int]) -> int:
        return int((np.asarray(marked) == color).all(-1).sum())

    plain, highlighted = marked_photo(photo, FACES), marked_photo(photo, FACES, selected=1)
    assert count(plain, SELECTED) == 0
    assert count(highlighted, SELECTED) > 100
    assert 0 < count(highlighted, OTHERS) < count(plain, OTHERS)


def test_faces_without_a_box_are_skipped(photo):
    whole = Face(None, None, None, np.eye(2, 3))
    assert marked_photo(photo, [whole], side=2000).tobytes() == photo.tobytes()

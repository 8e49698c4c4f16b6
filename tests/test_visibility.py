"""When a face counts as covered or blurred."""

import math

import numpy as np
import pytest

from emotiscan import faces, facs
from emotiscan.visibility import (
    BLURRED,
    CANONICAL_EYE_DISTANCE,
    GRID,
    blur_label,
    cover_label,
    effective_blur,
    hidden_units,
    motion_sigma,
    region_shares,
)


def covering(rows: slice) -> np.ndarray:
    hidden = np.zeros((GRID, GRID), np.float32)
    hidden[rows] = 1
    return hidden


BELOW, ABOVE = slice(GRID * 55 // 100, None), slice(0, GRID // 2)


def test_the_eye_distance_is_the_canonical_crops():
    assert CANONICAL_EYE_DISTANCE == faces.EYE_DISTANCE


def test_a_cover_over_the_lower_face_hides_the_mouth_only():
    shares = region_shares(covering(BELOW))
    assert shares["lips"] == 1
    assert shares["eyes"] == 0
    assert {"AU12", "AU17", "AU25", "AU26"} <= set(hidden_units(shares))
    assert not {"AU1", "AU4", "AU7"} & set(hidden_units(shares))


def test_a_cover_over_the_upper_face_hides_the_eyes_only():
    shares = region_shares(covering(ABOVE))
    assert shares["eyes"] == 1
    assert shares["lips"] == 0
    assert {"AU1", "AU4", "AU7"} <= set(hidden_units(shares))
    assert not {"AU12", "AU25"} & set(hidden_units(shares))


def test_nothing_over_the_face_hides_nothing():
    shares = region_shares(np.zeros((GRID, GRID)))
    assert shares.keys() == facs.REGIONS.keys()
    assert hidden_units(shares) == ()


def test_cells_outside_the_image_do_not_count():
    seen = np.ones((GRID, GRID), bool)
    seen[BELOW] = False
    assert region_shares(covering(BELOW), seen)["lips"] == 0


def test_a_joined_action_unit_is_hidden_with_all_its_parts():
    assert hidden_units(region_shares(covering(BELOW)), ("AU26_or_AU27", "AU7_or_AU12", "AU99")) == ("AU26_or_AU27",)


def test_labels_are_unknown_between_their_limits():
    assert [cover_label(share) for share in (0.0, 0.1, 0.7, 1.0)] == [0, 0, 1, 1]
    assert math.isnan(cover_label(0.5))  # one eye of two
    assert [blur_label(blur) for blur in (0.01, 0.06, 0.3)] == [0, 1, 1]
    assert math.isnan(blur_label(0.05))


def test_twelve_pixels_between_the_eyes_are_as_blurred_as_the_limit():
    assert effective_blur(0.0, 12) == pytest.approx(BLURRED)
    assert effective_blur(BLURRED, 500) == pytest.approx(BLURRED, rel=1e-3)
    assert blur_label(effective_blur(0.04, 14)) == 1  # each alone would be tolerable
    assert blur_label(effective_blur(0.0, 18)) == 0  # FER+, 48 px


def test_a_motion_blurs_less_than_its_length():
    assert 0.2 < motion_sigma(1.0) < 0.21

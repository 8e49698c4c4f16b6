"""Occluders drawn over crops in training."""

import math

import numpy as np
import pytest
from PIL import Image

from emotiscan import facs
from emotiscan.datasets.occlusion import KINDS, NOTHING, draw_occluder
from tests.support.trees import face

GRAY = Image.new("L", (96, 96), 120)
MIRRORED = np.array([[-1.0, 0, 1.0], [0, 1, 0]])


def drawn(kind, count=40, crop=GRAY, moved=None):
    return [draw_occluder(crop, np.random.default_rng(seed), moved, kind) for seed in range(count)]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("mode", ["L", "RGB"])
def test_every_kind_changes_part_of_the_crop(kind, mode):
    crop = face("happy").convert(mode)
    for changed, covered in drawn(kind, 5, crop):
        assert (changed.mode, changed.size) == (crop.mode, crop.size)
        assert (np.asarray(changed) != np.asarray(crop)).any()
        assert covered.kind == kind
        assert covered.regions.keys() == facs.REGIONS.keys()
        assert all(0 <= share <= 1 for share in covered.regions.values())


@pytest.mark.parametrize(
    ("kind", "mouth", "eyes"),
    [("mask", True, False), ("scarf", True, False), ("dark glasses", False, True), ("hand", True, True)],
)
def test_masks_cover_the_mouth_and_dark_glasses_the_eyes(kind, mouth, eyes):
    covers = [covered for _, covered in drawn(kind)]
    assert any(covered.mouth == 1 for covered in covers) == mouth
    assert any(covered.eyes == 1 for covered in covers) == eyes


@pytest.mark.parametrize("kind", KINDS)
def test_some_of_every_kind_leave_mouth_and_eyes_free(kind):
    assert any(covered.mouth == 0 and covered.eyes == 0 for _, covered in drawn(kind, 60))


def test_a_covered_mouth_hides_its_action_units():
    masks = [covered for _, covered in drawn("mask") if covered.mouth == 1]
    assert all(
        "AU25" in covered.hidden(facs.AU_NAMES) and "AU1" not in covered.hidden(facs.AU_NAMES) for covered in masks
    )
    assert NOTHING.hidden(facs.AU_NAMES) == ()
    assert (NOTHING.mouth, NOTHING.eyes) == (0, 0)


def test_the_shares_are_those_of_the_pixels():
    """The opacity over the mouth is what the report says: a cover of one color leaves nothing of a checkered mouth."""
    board = Image.fromarray(np.uint8(np.indices((96, 96)).sum(0) % 2 * 255))
    lips = slice(70, 76), slice(40, 56)
    for changed, covered in drawn("mask", 20, board):
        contrast = np.abs(np.diff(np.asarray(changed, float)[lips], axis=1)).mean()
        if covered.regions["lips"] == 1:
            assert contrast < 25
        elif covered.regions["lips"] == 0:
            assert contrast > 150


def test_the_occluder_moves_with_the_face():
    shifted = np.array([[1.0, 0, 0], [0, 1, -0.25]])
    for (plain, free), (moved, still) in zip(drawn("mask", 8), drawn("mask", 8, moved=shifted), strict=True):
        assert still.regions["lips"] == pytest.approx(free.regions["lips"], abs=0.1)
        top = [np.argmax(np.abs(np.asarray(image, float)[:, 48] - 120) > 40) for image in (plain, moved)]
        if min(top) > 0:
            assert top[0] - top[1] == pytest.approx(24, abs=3)


def test_a_half_hidden_pair_of_eyes_is_unknown():
    halves = [covered for _, covered in drawn("hand", 120) if 0.4 < covered.regions["eyes"] < 0.55]
    assert halves
    assert all(math.isnan(covered.eyes) for covered in halves)


def test_the_same_seed_draws_the_same():
    for kind in KINDS:
        (one, _), (other, _) = drawn(kind, 2)
        (again, _), *_ = drawn(kind, 1)
        assert one.tobytes() == again.tobytes() != other.tobytes()

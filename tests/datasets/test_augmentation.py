import numpy as np
import pytest
from PIL import Image

from emotiscan import faces
from emotiscan.datasets.augmentation import Augmentation
from tests.support.trees import face

IDENTITY = np.array([[1.0, 0, 0], [0, 1, 0]])
DOT = np.array([[0.75, 0.5]])


def only(**changes):
    """An augmentation with these changes alone."""
    return Augmentation(**{**vars(Augmentation.none()), **changes})


def seeds(count=200):
    return map(np.random.default_rng, range(count))


def test_augmentation_none_changes_nothing(rng):
    crop = face("happy")
    none = Augmentation.none()
    np.testing.assert_array_equal(none.random_transform(rng), IDENTITY)
    np.testing.assert_allclose(none.change_appearance(crop, rng)[0], np.asarray(crop, float) / 255, atol=1e-6)


def test_flip_mirrors_the_crop(rng):
    crop = face("happy")
    placed = only(flip=1.0).random_transform(rng)
    np.testing.assert_allclose(faces.apply(placed, DOT), [[0.25, 0.5]])
    mirrored = np.asarray(faces.warp(crop, faces.compose(placed, np.diag([1 / 96, 1 / 96, 1])[:2]), 96))
    np.testing.assert_array_equal(mirrored, np.asarray(crop)[:, ::-1])


def test_flip_has_its_probability():
    flipped = [only(flip=0.5).random_transform(rng)[0, 0] < 0 for rng in seeds()]
    assert 70 < sum(flipped) < 130


def test_rotation_turns_about_the_center():
    angles = []
    for rng in seeds():
        (x, y), *_ = faces.apply(only(rotation=7.0).random_transform(rng), DOT) - 0.5
        assert np.hypot(x, y) == pytest.approx(0.25)
        angles.append(np.degrees(np.arctan2(y, x)))
    assert np.std(angles) == pytest.approx(7.0, rel=0.15)
    assert abs(np.mean(angles)) < 1.5


def test_shift_goes_both_ways_up_to_its_limit():
    moves = np.array([(faces.apply(only(shift=0.06).random_transform(rng), DOT) - DOT)[0] for rng in seeds()])
    assert (np.abs(moves) <= 0.06).all()
    assert (moves.max(0) > 0.05).all()
    assert (moves.min(0) < -0.05).all()


def test_zoom_goes_in_and_out_up_to_its_limit():
    factors = [(faces.apply(only(zoom=0.12).random_transform(rng), DOT)[0, 0] - 0.5) / 0.25 for rng in seeds()]
    assert 0.88 <= min(factors) < 0.9
    assert 1.1 < max(factors) <= 1.12


def test_shift_shows_in_the_warped_image():
    picture = np.zeros((64, 64), np.uint8)
    picture[30:34, 30:34] = 255
    for rng in seeds(5):
        placed = only(shift=0.2).random_transform(rng)
        crop = faces.warp(Image.fromarray(picture), faces.compose(placed, np.diag([1 / 64, 1 / 64, 1])[:2]), 64)
        rows, columns = np.nonzero(np.asarray(crop) > 100)
        center = np.array([columns.mean() + 0.5, rows.mean() + 0.5]) / 64
        np.testing.assert_allclose(center, faces.apply(placed, np.array([[0.5, 0.5]]))[0], atol=0.02)


@pytest.mark.parametrize("mode", ["L", "RGB"])
def test_values_stay_in_range_and_shape(mode):
    wild = Augmentation(brightness=0.9, contrast=0.9, noise=0.5, blur=1, low_resolution=1, erase=1)
    for rng in seeds(20):
        values = wild.change_appearance(face("happy").convert(mode), rng)
        assert values.shape == ({"L": 1, "RGB": 3}[mode], 96, 96)
        assert values.dtype == np.float32
        assert values.min() >= 0
        assert values.max() <= 1


def test_same_seed_gives_the_same_change():
    for change in (Augmentation().random_transform, lambda rng: Augmentation().change_appearance(face("happy"), rng)):
        first, again, other = (change(np.random.default_rng(seed)) for seed in (3, 3, 4))
        np.testing.assert_array_equal(first, again)
        assert not np.array_equal(first, other)


@pytest.mark.parametrize("name", ["brightness", "contrast", "blur", "low_resolution", "noise", "erase"])
def test_each_change_changes_the_crop(name, rng):
    crop = face("happy")
    changed = only(**{name: 1.0}).change_appearance(crop, rng)
    assert np.abs(changed[0] - np.asarray(crop, float) / 255).max() > 0.02


def test_erasing_covers_at_most_a_tenth():
    crop = Image.new("L", (100, 100), 0)
    hidden = [(only(erase=1.0).change_appearance(crop, rng) > 0).mean() for rng in seeds(50)]
    assert 0.05 < max(hidden) <= 0.11

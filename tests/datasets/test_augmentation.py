import numpy as np
import pytest
from PIL import Image

from emotiscan import faces
from emotiscan.datasets.augmentation import Augmentation
from emotiscan.datasets.occlusion import NOTHING
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


def test_augment_reports_what_it_covers():
    augmented = [only(occlude=1.0).augment(face("happy"), rng) for rng in seeds(60)]
    assert {a.covered.mouth for a in augmented} >= {0.0, 1.0}
    assert {a.covered.eyes for a in augmented} >= {0.0, 1.0}
    assert all(a.values.shape == (1, 96, 96) for a in augmented)
    none = only().augment(face("happy"), np.random.default_rng(0))
    assert none.covered == NOTHING
    assert none.blurred == 0


def test_augment_without_covers_changes_the_appearance_only():
    crop = face("happy")
    one, other = np.random.default_rng(5), np.random.default_rng(5)
    np.testing.assert_array_equal(
        Augmentation().augment(crop, one).values, Augmentation().change_appearance(crop, other)
    )


def test_strong_blur_usually_makes_the_face_blurred():
    augmented = [only(strong_blur=1.0).augment(face("happy"), rng) for rng in seeds(100)]
    assert sum(a.blurred == 1 for a in augmented) > 70
    assert all(a.blur >= 0.03 for a in augmented)


def test_ordinary_blur_and_resolution_do_not_make_a_large_face_blurred():
    augmented = [only(blur=1.0).augment(face("happy").resize((224, 224)), rng) for rng in seeds(50)]
    assert all(a.blurred != 1 for a in augmented)
    assert any(a.blurred == 0 for a in augmented)


def test_a_face_that_is_small_in_the_photo_is_blurred_from_the_start():
    rng = np.random.default_rng(0)
    assert only().augment(face("happy"), rng, eye_distance=8).blurred == 1
    assert only().augment(face("happy"), rng, eye_distance=60).blurred == 0


def test_stronger_blur_leaves_less_detail():
    board = Image.fromarray(np.uint8(np.indices((96, 96)).sum(0) // 4 % 2 * 255))
    augmented = [only(strong_blur=1.0).augment(board, rng) for rng in seeds(60)]
    blur, contrast = np.array([(a.blur, a.values.std()) for a in augmented]).T
    assert np.corrcoef(blur, contrast)[0, 1] < -0.3
    assert contrast.max() < 0.5


def test_any_resolution_makes_faces_of_all_sizes_and_says_which_are_blurred():
    crop = face("happy").resize((224, 224))
    augmented = [only(any_resolution=1.0).augment(crop, rng) for rng in seeds(80)]
    blurred = [a.blurred for a in augmented]
    assert blurred.count(1) > 10
    assert blurred.count(0) > 10
    assert min(a.values.std() for a in augmented) < max(a.values.std() for a in augmented)


def test_photometric_changes_keep_size_and_mode_and_change_the_pixels():
    for crop in (face("happy"), face("happy").convert("RGB")):
        before = only().change_appearance(crop, np.random.default_rng(0))
        changed = [only(photometric=1.0).change_appearance(crop, rng) for rng in seeds(40)]
        assert {values.shape for values in changed} == {before.shape}
        assert all(0 <= values.min() <= values.max() <= 1 for values in changed)
        differences = [np.abs(values - before).mean() for values in changed]
        assert min(differences) > 0
        # The face stays recognizable: light and dark parts stay where they are.
        assert min(np.corrcoef(values.ravel(), before.ravel())[0, 1] for values in changed) > 0.6


def test_large_erasing_covers_up_to_a_third_and_says_what():
    crop = Image.new("L", (100, 100), 255)
    augmented = [only(erase_large=1.0).augment(crop, rng) for rng in seeds(60)]
    hidden = [(a.values < 1).mean() for a in augmented]
    assert 0.25 < max(hidden) <= 0.34
    assert any(a.covered.mouth == 1 for a in augmented)
    assert any(not a.covered.hidden(("AU12", "AU4")) for a in augmented)
    assert any("AU12" in a.covered.hidden(("AU12", "AU4")) for a in augmented)

"""Heat maps against the regions where action units move the skin."""

import numpy as np
import pytest

from emotiscan.evaluation.localization import centered_blob, localization
from emotiscan.reports import Estimate, LocalizationMetrics

AU_NAMES = ("AU1", "AU12", "AU27")


def measure(maps, targets, included=None, subjects=None, **options):
    maps, targets = np.asarray(maps, float), np.asarray(targets, bool)
    included = np.ones(maps.shape[:2], bool) if included is None else np.asarray(included)
    return localization(AU_NAMES, maps, targets, included, subjects or [str(n) for n in range(len(maps))], **options)


@pytest.fixture
def targets():
    """Eight faces: AU1 moves the upper half, AU12 the lower one, AU27 the lowest quarter."""
    targets = np.zeros((8, 3, 8, 8), bool)
    targets[:, 0, :4] = targets[:, 1, 4:] = targets[:, 2, 6:] = True
    return targets


def test_maps_equal_to_the_targets_are_perfect(targets):
    report = measure(targets, targets)
    assert (report.samples, report.subjects) == (8, 8)
    for name, value in (("pointing", 1), ("energy", 1), ("sides", 1), ("area", (0.5 + 0.5 + 0.25) / 3)):
        assert getattr(report.mean, name).value == pytest.approx(value)
    one, quarter = Estimate(1, 1, 1), Estimate(0.25, 0.25, 0.25)
    assert report.action_units["AU27"] == LocalizationMetrics(8, pointing=one, energy=one, sides=one, area=quarter)


def test_a_peak_elsewhere_is_a_miss_however_much_energy_is_inside(targets):
    maps = np.where(targets, 1.0, 0.5)
    maps[:2, 0, 7, 7] = 9
    report = measure(maps, targets).action_units["AU1"]
    assert report.pointing.value == pytest.approx(6 / 8)
    assert report.pointing.low < 6 / 8 < report.pointing.high
    assert report.energy.value == pytest.approx((6 * 32 / 48 + 2 * 32 / (48 + 8.5)) / 8)


def test_several_highest_points_each_count_their_part(targets):
    """Otherwise a map that is cut off at its top would be scored by the corner nearest to its peak."""
    maps = np.zeros(targets.shape)
    maps[:, 0, 3:7, 2] = 1  # one of four rows in the upper half
    maps[:, 1, 3:7, 2] = 1  # three of four in the lower one
    action_units = measure(maps, targets).action_units
    assert action_units["AU1"].pointing.value == pytest.approx(1 / 4)
    assert action_units["AU12"].pointing.value == pytest.approx(3 / 4)


@pytest.mark.parametrize(("left", "wanted"), [(1, 1), (0, 0), (0.25, 0.4), (4, 0.4)])
def test_a_movement_of_both_halves_must_show_on_both(targets, left, wanted):
    maps = np.where(targets, 1.0, 0)
    maps[..., :4] *= left
    report = measure(maps, targets).action_units["AU12"]
    assert report.sides.value == pytest.approx(wanted)
    assert report.energy.value == 1


def test_a_movement_of_one_half_need_not_show_on_the_other(targets):
    targets[..., 4:] = False
    assert measure(targets, targets).mean.sides.value == 1
    assert measure(targets[..., ::-1], targets).mean.sides.value == 0


def test_the_middle_of_the_face_is_part_of_both_halves():
    chin = np.zeros((2, 3, 5, 5), bool)
    chin[..., 4, 1:4] = True
    peak = np.zeros(chin.shape)
    peak[..., 4, 2] = 1
    assert measure(peak, chin).mean.sides.value == 1


def test_an_empty_map_points_nowhere(targets):
    report = measure(np.zeros(targets.shape), targets)
    assert report.mean.pointing.value == report.mean.energy.value == 0


def test_noise_scores_the_area_of_the_targets(targets, rng):
    many = np.repeat(targets, 100, axis=0)
    report = measure(rng.random(many.shape), many, bootstraps=50)
    for metrics in report.action_units.values():
        assert metrics.energy.value == pytest.approx(metrics.area.value, abs=0.02)
        assert metrics.pointing.value == pytest.approx(metrics.area.value, abs=0.07)


def test_only_included_maps_count(targets):
    included = np.zeros((8, 3), bool)
    included[:3, 0] = True
    wrong = 1.0 - targets
    wrong[:3, 0] = targets[:3, 0]
    report = measure(wrong, targets, included)
    assert report.samples == 3
    assert report.mean.pointing.value == 1
    assert list(report.action_units) == ["AU1"]
    assert measure(wrong, targets, np.zeros((8, 3), bool)).mean is None


def test_a_single_subject_has_no_interval(targets):
    assert measure(targets, targets, subjects=["a"] * 8).mean.energy == Estimate(1)


def test_inputs_that_cannot_be_measured_are_refused(targets):
    with pytest.raises(ValueError, match="do not fit"):
        measure(np.zeros((8, 3, 4, 4)), targets)
    with pytest.raises(ValueError, match="finite and 0 or more"):
        measure(targets - 2.0, targets)
    with pytest.raises(ValueError, match="moves no visible skin"):
        measure(np.ones(targets.shape), np.zeros(targets.shape))


def test_the_blob_is_centered():
    blob = centered_blob(9)
    assert np.unravel_index(blob.argmax(), blob.shape) == (4, 4)
    assert blob.max() == 1
    np.testing.assert_allclose(blob, blob[::-1, ::-1])

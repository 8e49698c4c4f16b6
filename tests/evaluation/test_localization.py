"""Heat maps against the places where action units move the skin."""

import numpy as np
import pytest

from emotiscan.evaluation.localization import centerd_blob, localization

AU_NAMES = ("AU1", "AU12", "AU27")


def judge(maps, places, judged=None, subjects=None, **options):
    maps, places = np.asarray(maps, float), np.asarray(places, bool)
    judged = np.ones(maps.shape[:2], bool) if judged is None else np.asarray(judged)
    return localization(AU_NAMES, maps, places, judged, subjects or [str(n) for n in range(len(maps))], **options)


@pytest.fixture
def places():
    """Eight faces: AU1 moves the upper half, AU12 the lower one, AU27 the lowest quarter."""
    places = np.zeros((8, 3, 8, 8), bool)
    places[:, 0, :4] = places[:, 1, 4:] = places[:, 2, 6:] = True
    return places


def test_maps_that_are_the_places_are_perfect(places):
    report = judge(places, places)
    assert (report["samples"], report["subjects"]) == (8, 8)
    for name, value in (("pointing", 1), ("energy", 1), ("sides", 1), ("area", (0.5 + 0.5 + 0.25) / 3)):
        assert report["mean"][name]["value"] == pytest.approx(value)
    assert report["codes"]["AU27"] == {
        "faces": 8,
        "pointing": {"value": 1, "low": 1, "high": 1},
        "energy": {"value": 1, "low": 1, "high": 1},
        "sides": {"value": 1, "low": 1, "high": 1},
        "area": {"value": 0.25, "low": 0.25, "high": 0.25},
    }


def test_a_peak_elsewhere_is_a_miss_however_much_energy_is_inside(places):
    maps = np.where(places, 1.0, 0.5)
    maps[:2, 0, 7, 7] = 9
    report = judge(maps, places)["codes"]["AU1"]
    assert report["pointing"]["value"] == pytest.approx(6 / 8)
    assert report["pointing"]["low"] < 6 / 8 < report["pointing"]["high"]
    assert report["energy"]["value"] == pytest.approx((6 * 32 / 48 + 2 * 32 / (48 + 8.5)) / 8)


def test_of_several_highest_points_each_counts_its_part(places):
    """A map cut off at its top would else be judged by the corner nearest to where it is highest."""
    maps = np.zeros(places.shape)
    maps[:, 0, 3:7, 2] = 1  # one of four rows in the upper half
    maps[:, 1, 3:7, 2] = 1  # three of four in the lower one
    action_units = judge(maps, places)["codes"]
    assert action_units["AU1"]["pointing"]["value"] == pytest.approx(1 / 4)
    assert action_units["AU12"]["pointing"]["value"] == pytest.approx(3 / 4)


@pytest.mark.parametrize(("left", "wanted"), [(1, 1), (0, 0), (0.25, 0.4), (4, 0.4)])
def test_a_movement_of_both_halves_must_show_on_both(places, left, wanted):
    maps = np.where(places, 1.0, 0)
    maps[..., :4] *= left
    report = judge(maps, places)["codes"]["AU12"]
    assert report["sides"]["value"] == pytest.approx(wanted)
    assert report["energy"]["value"] == 1


def test_a_movement_of_one_half_need_not_show_on_the_other(places):
    places[..., 4:] = False
    assert judge(places, places)["mean"]["sides"]["value"] == 1
    assert judge(places[..., ::-1], places)["mean"]["sides"]["value"] == 0


def test_the_middle_of_the_face_is_part_of_both_halves():
    chin = np.zeros((2, 3, 5, 5), bool)
    chin[..., 4, 1:4] = True
    peak = np.zeros(chin.shape)
    peak[..., 4, 2] = 1
    assert judge(peak, chin)["mean"]["sides"]["value"] == 1


def test_a_map_without_evidence_points_nowhere(places):
    report = judge(np.zeros(places.shape), places)
    assert report["mean"]["pointing"]["value"] == report["mean"]["energy"]["value"] == 0


def test_noise_reaches_the_places_area(places, rng):
    many = np.repeat(places, 100, axis=0)
    report = judge(rng.random(many.shape), many, bootstraps=50)
    for figures in report["codes"].values():
        assert figures["energy"]["value"] == pytest.approx(figures["area"]["value"], abs=0.02)
        assert figures["pointing"]["value"] == pytest.approx(figures["area"]["value"], abs=0.07)


def test_only_judged_maps_count(places):
    judged = np.zeros((8, 3), bool)
    judged[:3, 0] = True
    wrong = 1.0 - places
    wrong[:3, 0] = places[:3, 0]
    report = judge(wrong, places, judged)
    assert report["samples"] == 3
    assert report["mean"]["pointing"]["value"] == 1
    assert report["codes"]["AU12"] is report["codes"]["AU27"] is None
    assert judge(wrong, places, np.zeros((8, 3), bool))["mean"] is None


def test_one_person_alone_has_no_interval(places):
    figure = judge(places, places, subjects=["a"] * 8)["mean"]["energy"]
    assert (figure["value"], figure["low"], figure["high"]) == (1, None, None)


def test_what_cannot_be_judged_is_refused(places):
    with pytest.raises(ValueError, match="do not fit"):
        judge(np.zeros((8, 3, 4, 4)), places)
    with pytest.raises(ValueError, match="finite and 0 or more"):
        judge(places - 2.0, places)
    with pytest.raises(ValueError, match="moves no visible skin"):
        judge(np.ones(places.shape), np.zeros(places.shape))


def test_the_blob_lies_in_the_middle():
    blob = centerd_blob(9)
    assert np.unravel_index(blob.argmax(), blob.shape) == (4, 4)
    assert blob.max() == 1
    np.testing.assert_allclose(blob, blob[::-1, ::-1])

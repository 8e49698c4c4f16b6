"""Calibration turns logits into probabilities, and probabilities into decisions."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emotiscan.model.calibration import Calibration

rows = st.lists(st.lists(st.floats(-1e4, 1e4), min_size=3, max_size=3), min_size=1, max_size=4).map(np.array)


@settings(deadline=None, max_examples=50)
@given(rows, st.floats(0.05, 20))
def test_emotions_are_probabilities_and_keep_their_order(logits, temperature):
    emotions = Calibration(temperature).emotions(logits)
    assert np.isfinite(emotions).all()
    assert np.allclose(emotions.sum(-1), 1)
    assert (np.take_along_axis(emotions, logits.argmax(-1)[:, None], -1)[:, 0] == emotions.max(-1)).all()


def test_a_higher_temperature_lowers_confidence():
    logits = np.array([[2.0, 0.0, -1.0]])
    sharp, plain, flat = (Calibration(t).emotions(logits).max() for t in (0.5, 1.0, 4.0))
    assert sharp > plain > flat > 1 / 3
    assert plain == pytest.approx(np.exp(2) / (np.exp(2) + 1 + np.exp(-1)))


@settings(deadline=None, max_examples=50)
@given(rows)
def test_action_unit_probabilities_stay_between_0_and_1(logits):
    action_units = Calibration().action_units(logits, ("AU1", "AU2", "AU4"))
    assert ((action_units >= 0) & (action_units <= 1)).all()


def test_slopes_and_offsets_apply_to_their_own_action_unit():
    calibration = Calibration(slopes={"AU2": 2.0}, offsets={"AU2": -1.0, "AU4": 3.0})
    action_units = calibration.action_units(np.full((1, 3), 0.5), ("AU1", "AU2", "AU4"))
    assert action_units[0] == pytest.approx([1 / (1 + np.exp(-z)) for z in (0.5, 0.0, 3.5)])


def test_the_default_threshold_is_one_half():
    calibration = Calibration(thresholds={"AU1": 0.2})
    assert (calibration.threshold("AU1"), calibration.threshold("AU2")) == (0.2, 0.5)


@pytest.mark.parametrize(
    ("emotions", "clear"),
    [
        ([0.41, 0.38, 0.11, 0.10], False),  # less than one half
        ([0.49, 0.20, 0.16, 0.15], False),
        ([0.52, 0.20, 0.14, 0.14], True),
        ([0.58, 0.42, 0.00, 0.00], False),  # more than one half, but another comes close
        ([0.00, 0.38, 0.00, 0.62], True),
        ([0.97, 0.01, 0.01, 0.01], True),
    ],
)
def test_an_emotion_is_clear_if_it_is_probable_and_well_ahead(emotions, clear):
    assert Calibration().is_clear(np.array([emotions, emotions[::-1]])).tolist() == [clear, clear]


def test_the_rule_for_clear_emotions_can_be_changed():
    emotions = np.array([[0.7, 0.3], [0.8, 0.2], [0.45, 0.55]])
    assert Calibration(clear_from=0.75).is_clear(emotions).tolist() == [False, True, False]
    assert Calibration(clear_margin=0.5).is_clear(emotions).tolist() == [False, True, False]
    assert Calibration(clear_from=0.0, clear_margin=0.0).is_clear(emotions).all()
    assert Calibration().is_clear(np.ones((2, 1))).all()  # a lone emotion has no rival
    assert Calibration().is_clear(np.empty((0, 4))).shape == (0,)


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"temperature": 0.0}, "temperature is 0"),
        ({"temperature": -1.0}, "temperature is -1"),
        ({"temperature": float("nan")}, "temperature is nan"),
        ({"thresholds": {"AU12": 1.2}}, r"threshold of AU12 is 1\.2"),
        ({"thresholds": {"AU12": float("nan")}}, "threshold of AU12 is nan"),
        ({"slopes": {"AU12": 0.0}}, r"slope of AU12 is 0\.0"),
        ({"clear_from": 1.5}, r"clear_from is 1\.5"),
        ({"clear_margin": -0.1}, r"clear_margin is -0\.1"),
    ],
)
def test_invalid_parameters_are_rejected(wrong, words):
    with pytest.raises(ValueError, match=words):
        Calibration(**wrong)


def test_calibration_survives_json():
    calibration = Calibration(1.7, {"AU1": 2.0}, {"AU1": 0.1}, {"AU1": 0.3}, clear_from=0.6, clear_margin=0.3)
    assert Calibration(**json.loads(json.dumps(calibration.as_dict()))) == calibration


def test_older_checkpoints_get_the_default_rule_for_clear_emotions():
    older = {"temperature": 1.0, "slopes": {}, "offsets": {}, "thresholds": {"AU1": 0.3}}
    calibration = Calibration(**older)
    assert (calibration.clear_from, calibration.clear_margin) == (0.5, 0.2)


def test_biases_move_their_own_expression():
    plain, biased = (
        c.emotions(np.zeros((1, 3)), ("a", "b", "c"))[0] for c in (Calibration(), Calibration(biases={"b": 1}))
    )
    assert biased[1] > plain[1]
    assert biased[0] == biased[2] < plain[0]


def test_intensities_stay_on_their_scale():
    calibration = Calibration(intensity_gains={"AU1": 2.0}, intensity_offsets={"AU1": -1.0})
    intensities = calibration.intensities(np.array([[0.2, 0.2], [1.5, 1.5], [4.0, 4.0]]), ("AU1", "AU2"))
    assert np.allclose(intensities, [[0.0, 0.2], [2.0, 1.5], [5.0, 4.0]])


def test_each_half_is_calibrated_like_the_whole_face():
    calibration = Calibration(slopes={"AU1": 2.0}, offsets={"AU2": -1.0})
    logits = np.array([[[0.5, -0.5], [1.0, 0.0]]])
    sides = calibration.sides(logits, ("AU1", "AU2"))
    assert sides.shape == (1, 2, 2)
    for half in (0, 1):
        assert np.allclose(sides[..., half], calibration.action_units(logits[..., half], ("AU1", "AU2")))


def test_the_pose_is_scaled_and_shifted_per_angle():
    calibration = Calibration(pose_gains=[1.0, 2.0, 1.0], pose_offsets=[-3.0, 0.0, 0.0])
    assert calibration.pose(np.array([[3.0, 10.0, -5.0]])).tolist() == [[0.0, 20.0, -5.0]]
    with pytest.raises(ValueError, match="pitch, yaw, roll"):
        Calibration(pose_offsets=(1.0,))

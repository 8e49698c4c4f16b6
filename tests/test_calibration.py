"""Logits to probabilities, probabilities to present or not."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emotiscan.calibration import Calibration

rows = st.lists(st.lists(st.floats(-1e4, 1e4), min_size=3, max_size=3), min_size=1, max_size=4).map(np.array)


@settings(deadline=None, max_examples=50)
@given(rows, st.floats(0.05, 20))
def test_emotions_are_probabilities_and_keep_their_order(logits, temperature):
    emotions = Calibration(temperature).emotions(logits)
    assert np.isfinite(emotions).all()
    assert np.allclose(emotions.sum(-1), 1)
    assert (np.take_along_axis(emotions, logits.argmax(-1)[:, None], -1)[:, 0] == emotions.max(-1)).all()


def test_a_higher_temperature_is_less_sure():
    logits = np.array([[2.0, 0.0, -1.0]])
    sharp, plain, flat = (Calibration(t).emotions(logits).max() for t in (0.5, 1.0, 4.0))
    assert sharp > plain > flat > 1 / 3
    assert plain == pytest.approx(np.exp(2) / (np.exp(2) + 1 + np.exp(-1)))


@settings(deadline=None, max_examples=50)
@given(rows)
def test_codes_are_finite_probabilities(logits):
    codes = Calibration().codes(logits, ("AU1", "AU2", "AU4"))
    assert ((codes >= 0) & (codes <= 1)).all()


def test_each_code_has_its_own_slope_and_offset_and_the_rest_none():
    calibration = Calibration(slopes={"AU2": 2.0}, offsets={"AU2": -1.0, "AU4": 3.0})
    codes = calibration.codes(np.full((1, 3), 0.5), ("AU1", "AU2", "AU4"))
    assert codes[0] == pytest.approx([1 / (1 + np.exp(-z)) for z in (0.5, 0.0, 3.5)])


def test_a_missing_threshold_is_one_half():
    calibration = Calibration(thresholds={"AU1": 0.2})
    assert (calibration.threshold("AU1"), calibration.threshold("AU2")) == (0.2, 0.5)


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"temperature": 0.0}, "temperature is 0"),
        ({"temperature": -1.0}, "temperature is -1"),
        ({"temperature": float("nan")}, "temperature is nan"),
        ({"thresholds": {"AU12": 1.2}}, r"threshold of AU12 is 1\.2"),
        ({"thresholds": {"AU12": float("nan")}}, "threshold of AU12 is nan"),
    ],
)
def test_what_makes_no_sense_is_refused(wrong, words):
    with pytest.raises(ValueError, match=words):
        Calibration(**wrong)


def test_survives_json():
    calibration = Calibration(1.7, {"AU1": 2.0}, {"AU1": 0.1}, {"AU1": 0.3})
    assert Calibration(**json.loads(json.dumps(calibration.as_dict()))) == calibration

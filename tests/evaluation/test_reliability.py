"""The calibration error and its curve, worked by hand and in the report."""

import numpy as np
import pytest

from emotiscan.evaluation import evaluate_predictions
from emotiscan.evaluation.bootstrap import bootstrap_samples
from emotiscan.evaluation.reliability import BINS, bins_of, calibration_error, reliability
from emotiscan.reports import Estimate, ReliabilityBin


def error_of(probabilities, right, subjects=None, bootstraps=0):
    samples = bootstrap_samples(np.arange(len(right)) if subjects is None else subjects, bootstraps, seed=0)
    return calibration_error(np.array(probabilities, float), np.array(right, bool), samples)


def report_on(emotion_probabilities, classes, emotions, action_units=(), scores=None, labels=None, **more):
    n = len(classes)
    return evaluate_predictions(
        emotions=emotions,
        action_units=action_units,
        emotion_probabilities=emotion_probabilities,
        au_probabilities=np.zeros((n, 0)) if scores is None else scores,
        emotion_classes=classes,
        au_labels=np.zeros((n, 0)) if labels is None else labels,
        **{"subjects": np.arange(n), "thresholds": {}, "bootstraps": 50} | more,
    )


def test_worked_by_hand():
    # One bin (0.6 to 0.667) with 0.62 and 0.66, one of them right; one (0.933 to 1) with 0.95 and 0.97, both right.
    first, second = abs(0.64 - 0.5), abs(0.96 - 1.0)
    assert error_of([0.62, 0.95, 0.66, 0.97], [1, 1, 0, 1]) == pytest.approx([(first + second) / 2])
    bins = reliability(np.array([0.62, 0.95, 0.66, 0.97]), np.array([True, True, False, True]))
    assert len(bins) == BINS == 15
    assert list(bins[9].to_dict().values()) == pytest.approx([0.64, 0.5, 2])
    assert list(bins[14].to_dict().values()) == pytest.approx([0.96, 1.0, 2])
    assert set(bins[:9] + bins[10:14]) == {ReliabilityBin(None, None, 0)}


def test_over_and_underconfidence_in_one_bin_cancel_but_not_across_bins():
    assert error_of([0.5, 0.5], [1, 0])[0] == pytest.approx(0)
    assert error_of([0.45, 0.55], [1, 0])[0] == pytest.approx(0.55)


def test_bins_hold_their_upper_edge():
    assert bins_of(np.array([0.0, 0.01, 1 / 15, 0.067, 0.2, 0.9333, 0.94, 1.0])).tolist() == [0, 0, 0, 1, 2, 13, 14, 14]


def test_a_face_sampled_twice_counts_twice():
    samples = bootstrap_samples(["ann", "bob"], 20, seed=0)
    errors = calibration_error(np.array([0.9, 0.6]), np.array([True, False]), samples)
    ann, bob = samples.weights.T
    assert errors == pytest.approx((ann * 0.1 + bob * 0.6) / 2)
    assert len(set(errors.round(6))) == 3


def test_exact_probabilities_have_a_small_error(rng):
    confidence = rng.uniform(0.3, 1, 40_000)
    exact = rng.random(40_000) < confidence
    assert error_of(confidence, exact)[0] < 0.01
    assert error_of(np.clip(confidence + 0.1, 0, 1), exact)[0] == pytest.approx(0.094, abs=0.01)


def test_the_interval_is_around_the_value(rng):
    confidence = rng.uniform(0.3, 1, 600)
    samples = bootstrap_samples(np.arange(600), 300, seed=0)
    replicates = calibration_error(confidence, rng.random(600) < confidence, samples)
    assert np.median(replicates[1:]) > replicates[0]  # which is why it is centered
    estimate = samples.estimate(replicates, centered=True)
    assert 0 <= estimate.low < estimate.value < estimate.high
    plain = samples.estimate(replicates)
    assert estimate.high - estimate.value < plain.high - plain.value


def test_the_report_has_the_calibration_error_with_and_without_neutral():
    four = ("negative", "positive", "surprise", "neutral")
    probabilities = [[0.1, 0.62, 0.08, 0.2], [0.1, 0.66, 0.04, 0.2], [0.15, 0.02, 0.03, 0.8]]
    report = report_on(probabilities, [1, 0, -1], four, clear=[True, False, True]).emotion
    assert report.ece.value == pytest.approx(abs(0.64 - 0.5))
    assert report.ece.low <= report.ece.value <= report.ece.high
    assert [one.count for one in report.reliability] == [0] * 9 + [2] + [0] * 5
    # Without neutral: 0.62 of 0.8 is 0.775, 0.66 of 0.8 is 0.825; they lie in two bins, one right and one wrong.
    assert report.without_neutral.ece.value == pytest.approx((abs(0.775 - 1) + 0.825) / 2)
    assert (report.coverage.value, report.accuracy_clear.value) == (0.5, 1.0)
    assert report.without_neutral.coverage is None


def test_accuracy_if_clear_is_undefined_where_no_face_is_clear():
    report = report_on(np.eye(3), [0, 1, 1], ("a", "b", "c"), clear=[False] * 3).emotion
    assert report.coverage.value == 0
    assert report.accuracy_clear == Estimate()
    assert report_on(np.eye(3), [0, 1, 1], ("a", "b", "c")).emotion.coverage is None
    with pytest.raises(ValueError, match="3 faces, but clear"):
        report_on(np.eye(3), [0, 1, 1], ("a", "b", "c"), clear=[True])


def test_the_error_of_an_action_unit_counts_improbable_faces_too():
    scores = np.array([[0.1, 0.1, 0.5], [0.1, 0.9, 0.5], [0.12, 0.2, 0.5], [0.9, 0.7, 0.5]])
    labels = np.array([[0, 0, np.nan], [1, 1, np.nan], [0, np.nan, np.nan], [1, 0, np.nan]])
    report = report_on(np.full((4, 1), 1.0), [-1] * 4, ("a",), ("AU1", "AU2", "AU4"), scores, labels)
    first = (3 * abs(0.32 / 3 - 1 / 3) + 0.1) / 4
    second = (0.1 + 0.1 + 0.7) / 3
    assert report.action_units["AU1"].ece.value == pytest.approx(first)
    assert report.action_units["AU2"].ece.value == pytest.approx(second)
    assert report.action_units["AU4"].ece.value is None
    assert report.action_units_mean.ece.value == pytest.approx((first + second) / 2)

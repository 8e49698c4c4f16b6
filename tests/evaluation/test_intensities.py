"""Intensities: correlation, ICC(3,1) and error, worked by hand and compared with an analysis of variance."""

import numpy as np
import pytest

from emotiscan.evaluation.bootstrap import bootstrap_samples
from emotiscan.evaluation.intensities import fit_line, intensity_metrics

NAN = float("nan")


def measured(predicted, true, names=("AU12",), bootstraps=0):
    shape = (-1, len(names))
    predicted, true = np.reshape(predicted, shape), np.reshape(true, shape)
    return intensity_metrics(names, predicted, true, bootstrap_samples(np.arange(len(true)), bootstraps, 0))


def icc_by_anova(ratings):
    """ICC(3,1) from the mean squares of a two-way layout (Shrout & Fleiss, 1979)."""
    n, k = ratings.shape
    grand = ratings.mean()
    between = k * ((ratings.mean(1) - grand) ** 2).sum() / (n - 1)
    raters = n * ((ratings.mean(0) - grand) ** 2).sum()
    total = ((ratings - grand) ** 2).sum()
    residual = (total - between * (n - 1) - raters) / ((n - 1) * (k - 1))
    return (between - residual) / (between + (k - 1) * residual)


# Published example: six targets, four judges (Shrout & Fleiss, 1979, table 2); here each pair of judges.
JUDGES = np.array([[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]], float)


@pytest.mark.parametrize("pair", [(0, 1), (0, 2), (1, 3)])
def test_icc_is_that_of_an_analysis_of_variance(pair):
    ratings = JUDGES[:, pair] / 2
    report = measured(ratings[:, 0], ratings[:, 1])[0]["AU12"]
    assert report.icc.value == pytest.approx(icc_by_anova(ratings))
    assert report.pearson.value == pytest.approx(np.corrcoef(ratings.T)[0, 1])


def test_icc_falls_where_the_prediction_uses_less_of_the_scale_but_correlation_does_not():
    true = np.array([0, 1, 2, 3, 4, 5])
    report = measured(true / 2, true)[0]["AU12"]
    assert report.pearson.value == pytest.approx(1)
    assert report.icc.value == pytest.approx(0.8)  # 2 * 0.5 / (0.25 + 1)


def test_faces_that_show_the_unit_are_measured_on_their_own():
    report = measured([0, 0, 3, 1, 4], [0, 0.3, 2, 2, 4])[0]["AU12"]
    assert (report.known, report.shown) == (5, 3)
    assert report.mae_shown.value == pytest.approx(2 / 3)
    assert report.pearson_shown.value == pytest.approx(np.corrcoef([3, 1, 4], [2, 2, 4])[0, 1])


def test_unknown_labels_are_left_out_and_constant_predictions_have_no_correlation():
    true = np.array([[1, NAN], [2, NAN], [3, 1], [NAN, 2]])
    predicted = np.array([[1, 9], [2, 9], [3, 4], [99, 4]])
    reports, mean = measured(predicted, true, ("AU12", "AU4"))
    assert reports["AU12"].known == 3
    assert reports["AU12"].pearson.value == pytest.approx(1)
    assert reports["AU4"].pearson.value is None
    assert reports["AU4"].icc.value == pytest.approx(0)  # it tells nothing of what varies
    assert mean.known == 2
    assert mean.pearson.value == pytest.approx(1)
    assert measured([[1.0], [2.0]], [[NAN], [NAN]]) == ({}, None)


def test_intervals_contain_the_value():
    random = np.random.default_rng(0)
    true = random.uniform(0, 5, 200)
    estimate = measured(true + random.normal(0, 1, 200), true, bootstraps=200)[0]["AU12"].pearson
    assert estimate.low < estimate.value < estimate.high


def test_shapes_must_fit():
    with pytest.raises(ValueError, match="expected 1 columns"):
        intensity_metrics(["AU12"], np.zeros((3, 1)), np.zeros((2, 1)), bootstrap_samples(range(3), 0, 0))


def test_a_line_is_found_with_many_faces_and_hardly_moves_with_none():
    random = np.random.default_rng(0)
    outputs = random.uniform(0, 3, 2000)
    gain, offset = fit_line(outputs, 1.5 * outputs + 0.4, np.ones(2000))
    assert (gain, offset) == (pytest.approx(1.5, abs=0.02), pytest.approx(0.4, abs=0.03))
    assert fit_line(outputs, 1.5 * outputs, np.zeros(2000)) == pytest.approx((1, 0))


def test_a_line_never_turns_the_order_round():
    outputs = np.linspace(0, 5, 500)
    assert fit_line(outputs, 5 - outputs, np.ones(500)) == (1.0, 0.0)

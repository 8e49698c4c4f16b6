"""Sides: one-sided movements against two-sided ones."""

import numpy as np
import pytest

from emotiscan.evaluation.bootstrap import bootstrap_samples
from emotiscan.evaluation.sides import side_metrics

NAN = float("nan")


def measured(probabilities, sides, shown=None, both=None):
    n = len(sides)
    shown = np.nanmax(np.array(sides, float), axis=1) if shown is None else shown
    both = np.ones(n, bool) if both is None else both
    return side_metrics(
        ["AU12"],
        np.reshape(probabilities, (n, 1, 2)),
        np.reshape(sides, (n, 1, 2)),
        np.reshape(shown, (n, 1)),
        np.reshape(both, (n, 1)),
        bootstrap_samples(range(n), 0, 0),
    )


def test_one_sided_movements_are_those_whose_sides_differ():
    probabilities = [[0.9, 0.1], [0.2, 0.7], [0.6, 0.9], [0.9, 0.9], [0.8, 0.4], [0.1, 0.1]]
    sides = [[1, 0], [0, 1], [1, 0], [1, 1], [1, 1], [0, 0]]
    report = measured(probabilities, sides, both=[False, False, True, True, False, False])[0]["AU12"]
    assert (report.one_sided, report.two_sided, report.assumed) == (3, 2, False)
    # Differences 0.8, 0.5 and 0.3 against 0 and 0.4: five of six pairs are in order.
    assert report.auc.value == pytest.approx(5 / 6)
    assert report.right_side.value == pytest.approx(2 / 3)
    assert report.called_both.value == pytest.approx(1 / 2)


def test_photos_without_labels_of_sides_are_taken_for_even():
    report, mean = measured([[0.9, 0.8], [0.9, 0.2], [0.1, 0.1]], [[NAN, NAN]] * 3, [1, 1, 0], [True, False, False])
    assert (report["AU12"].two_sided, report["AU12"].assumed) == (2, True)
    assert report["AU12"].called_both.value == pytest.approx(1 / 2)
    assert report["AU12"].auc.value is None
    assert mean.assumed


def test_nothing_is_measured_where_no_face_shows_the_unit():
    assert measured([[0.5, 0.5]], [[NAN, NAN]], [NAN], [False]) == ({}, None)


def test_shapes_must_fit():
    with pytest.raises(ValueError, match="two values for each of 1 action units"):
        side_metrics(["AU12"], np.zeros((2, 1)), np.zeros((2, 1)), np.zeros(2), np.zeros(2), None)

"""Quality problems: scores against labels, and labels of tables."""

import numpy as np
import pytest

from emotiscan import facs
from emotiscan.evaluation.bootstrap import bootstrap_samples
from emotiscan.evaluation.problems import problem_metrics

NAN = float("nan")


def test_a_problem_is_measured_by_ranking_and_by_what_is_named():
    scores = np.array([[0.9], [0.4], [0.5], [0.1], [0.99]])
    labels = np.array([[1], [1], [0], [0], [NAN]])
    named = scores >= 0.5
    report = problem_metrics(["blurred"], scores, labels, named, bootstrap_samples(range(5), 0, 0))["blurred"]
    assert (report.present, report.absent) == (2, 2)
    assert report.auc.value == pytest.approx(3 / 4)
    assert report.recall.value == pytest.approx(1 / 2)
    assert report.false_alarms.value == pytest.approx(1 / 2)


def test_problems_that_nobody_knows_of_are_left_out():
    unknown = np.full((2, 1), NAN)
    assert (
        problem_metrics(["blurred"], np.zeros((2, 1)), unknown, np.zeros((2, 1)), bootstrap_samples(list("ab"), 0, 0))
        == {}
    )
    with pytest.raises(ValueError, match="expected 1 columns"):
        problem_metrics(["blurred"], np.zeros((2, 2)), unknown, unknown, bootstrap_samples(list("ab"), 0, 0))


def test_the_problems_are_those_of_the_vocabulary():
    from emotiscan.evaluation.quality_report import SPOILERS

    assert set(SPOILERS) <= set(facs.PROBLEMS)

"""Pose: mean absolute errors within the limit."""

import numpy as np
import pytest

from emotiscan.evaluation.bootstrap import bootstrap_samples
from emotiscan.evaluation.face_pose import pose_metrics


def measured(predicted, true):
    return pose_metrics(np.array(predicted, float), np.array(true, float), bootstrap_samples(range(len(true)), 0, 0))


def test_faces_beyond_the_limit_do_not_count():
    report = measured([[1, 2, 3], [0, 0, 0], [5, 0, 0]], [[0, 0, 0], [0, 60, 0], [0, 0, -3]])
    assert report.samples == 2
    assert (report.pitch.value, report.yaw.value, report.roll.value) == pytest.approx((3, 1, 3))
    assert report.mean.value == pytest.approx((2 + 8 / 3) / 2)


def test_a_full_turn_is_no_error():
    assert measured([[0, 0, 179]], [[0, 0, -179]]).roll.value == pytest.approx(2)


def test_unknown_poses_are_left_out():
    assert measured([[0, 0, 0]], [[np.nan] * 3]) is None
    with pytest.raises(ValueError, match="three columns"):
        measured([[0, 0]], [[0, 0]])

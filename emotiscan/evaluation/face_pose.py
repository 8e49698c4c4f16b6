"""Metrics of the head pose."""

import numpy as np
from numpy.typing import ArrayLike

from emotiscan.evaluation.bootstrap import BootstrapSamples
from emotiscan.reports import PoseReport

LIMIT = 45.0
"""Largest pitch and yaw, in degrees, that the metrics include: beyond, half of the face is out of sight."""


def pose_metrics(
    predicted: ArrayLike, true: ArrayLike, samples: BootstrapSamples, limit: float = LIMIT
) -> PoseReport | None:
    """Measure the mean absolute errors of pitch, yaw and roll.

    Args:
        predicted: (n, 3) pitch, yaw and roll in degrees.
        true: (n, 3) likewise; NaN where unknown.
        samples: of the n faces.
        limit: largest true pitch and yaw that count, in degrees.

    Returns:
        The report; None where no pose is known.

    Raises:
        ValueError: the shapes do not fit each other.
    """
    predicted, true = np.asarray(predicted, np.float64), np.asarray(true, np.float64)
    if predicted.shape != true.shape or true.shape[1:] != (3,):
        raise ValueError(f"poses have shape {predicted.shape}, labels {true.shape}; expected three columns")
    known = ~np.isnan(true).any(1)
    known[known] = (np.abs(true[known, :2]) <= limit).all(1)
    if not known.any():
        return None
    error = np.abs((predicted - true + 180) % 360 - 180)[known]  # an angle is the same after a full turn
    own = samples.where(known)
    angles = {name: own.estimate(own.mean(error[:, axis])) for axis, name in enumerate(("pitch", "yaw", "roll"))}
    return PoseReport(int(known.sum()), limit, **angles, mean=own.estimate(own.mean(error.mean(1))))

"""Fit the calibration of expressions, quality problems, intensities and pose.

As in `calibration_fit`, each parameter has a normal prior on “no change”, worth a few faces, and moves only as far as
the labels support.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from emotiscan.datasets.columns import intensity_column
from emotiscan.evaluation.bootstrap import PRESENT, Bools, Floats
from emotiscan.evaluation.face_outputs import quality_labels
from emotiscan.evaluation.intensities import fit_line
from emotiscan.evaluation.maximum_likelihood import LOG_SPREAD, as_faces, fit_platt, minimize_loss
from emotiscan.evaluation.prediction import Predictions
from emotiscan.evaluation.thresholds import choose_thresholds
from emotiscan.model.calibration import Calibration
from emotiscan.model.network import ModelConfig

BIAS_SPREAD = 0.5
"""Prior standard deviation of an expression's bias."""

MAX_FALSE_ALARMS = 0.02
"""Largest share of the faces without a quality problem for which it is named, on the faces that are fitted to."""

INTENSITY_NOISE = 0.7
"""Standard deviation of a true intensity around the fitted line, on the scale from 0 to 5."""

POSE_NOISE, POSE_OFFSET_SPREAD = 5.0, 5.0
"""Standard deviation of a true angle around the fitted line, and prior one of an offset, in degrees."""

POSE_GAIN_SPREAD = 0.3
"""Prior standard deviation of a gain of the pose around 1."""


def fit_expressions(
    logits: ArrayLike, allowed: ArrayLike, weights: ArrayLike, with_biases: bool = False
) -> tuple[float, Floats]:
    """Fit the temperature, and on demand a bias for each class, that maximize the likelihood of the labels.

    A face whose expression is unknown but whose emotion is known still counts: any expression of that emotion is right.

    Args:
        logits: (n, x) of the network.
        allowed: (n, x) whether each class is right; at least one for each face.
        weights: (n,) of the faces, above 0.
        with_biases: also fit biases, which change how often each class wins.

    Returns:
        Temperature, above 0, and (x,) biases, whose mean is 0; all 0 if they are not fitted.
    """
    logits, allowed = np.asarray(logits, np.float64), np.asarray(allowed, bool)
    weights, count = as_faces(np.asarray(weights, np.float64)), logits.shape[1]

    def loss(parameters: Floats) -> tuple[float, Floats]:
        scale = np.exp(-parameters[0])
        scores = logits * scale + (parameters[1:] if with_biases else 0.0)
        everything, right = _softmax(scores), _softmax(np.where(allowed, scores, -np.inf))
        difference = (everything[1] - right[1]) * weights[:, None]  # gradient with respect to the scores
        value = float(weights @ (everything[0] - right[0]))
        by_temperature = -scale * float((difference * logits).sum())
        return value, np.array([by_temperature, *(difference.sum(0) if with_biases else ())])

    spreads = [LOG_SPREAD, *([BIAS_SPREAD] * count if with_biases else [])]
    parameters = minimize_loss(loss, spreads)
    biases = parameters[1:] - parameters[1:].mean() if with_biases else np.zeros(count)
    return float(np.exp(parameters[0])), biases


def _softmax(scores: Floats) -> tuple[Floats, Floats]:
    """(n,) log of the sum of exponentials, and (n, x) probabilities."""
    top = scores.max(1, keepdims=True)
    odds = np.exp(scores - top)
    total = odds.sum(1, keepdims=True)
    return (top + np.log(total))[:, 0], odds / total


def allowed_expressions(config: ModelConfig, expressions: ArrayLike, emotions: ArrayLike) -> Bools:
    """(n, x) which outputs of the emotion head are right for each face; none where nothing is known.

    Args:
        config: of the network.
        expressions: (n,) index of the true expression, -1 where unknown.
        emotions: (n,) index of the true emotion, -1 where unknown.
    """
    expressions, emotions = np.asarray(expressions), np.asarray(emotions)
    members = config.sum_probabilities(np.eye(len(config.emotion_outputs))).T > 0  # (e, x)
    allowed = np.zeros((len(emotions), len(config.emotion_outputs)), bool)
    allowed[emotions >= 0] = members[emotions[emotions >= 0]]
    known = expressions >= 0
    allowed[known] = np.eye(allowed.shape[1], dtype=bool)[expressions[known]]
    return allowed


def fit_further_outputs(
    predictions: Predictions, config: ModelConfig, weights: Floats, before: Calibration
) -> dict[str, Any]:
    """Fit quality problems, intensities and pose, where the network has them and labels are known.

    Args:
        predictions: on labeled faces.
        config: of the network.
        weights: (n,) of the faces, 0 or more.
        before: the calibration so far; kept where there is nothing to fit on.

    Returns:
        New values for the fields of a `Calibration`.
    """
    fields: dict[str, Any] = {}
    if predictions.quality is not None:
        labels = quality_labels(predictions.table, config.quality)
        slopes, offsets, thresholds = fit_problems(predictions.quality, labels, config.quality, weights)
        fields |= {
            "slopes": {**before.slopes, **slopes},
            "offsets": {**before.offsets, **offsets},
            "thresholds": {**before.thresholds, **thresholds},
        }
    if predictions.intensities is not None:
        true = predictions.table.values([intensity_column(au) for au in config.action_units])
        gains, shifts = {}, {}
        for column, au in enumerate(config.action_units):
            known = (weights > 0) & ~np.isnan(true[:, column])
            if known.any():
                outputs = predictions.intensities[known, column]
                faces = as_faces(weights[known])
                gains[au], shifts[au] = fit_line(outputs, true[known, column], faces, INTENSITY_NOISE)
        fields |= {
            "intensity_gains": {**before.intensity_gains, **gains},
            "intensity_offsets": {**before.intensity_offsets, **shifts},
        }
    if predictions.pose is not None and predictions.pose_labels is not None:
        fields |= _fit_pose(predictions.pose, predictions.pose_labels, weights)
    return fields


def _fit_pose(outputs: ArrayLike, true: ArrayLike, weights: Floats) -> dict[str, tuple[float, ...]]:
    outputs, true = np.asarray(outputs, np.float64), np.asarray(true, np.float64)
    known = (weights > 0) & ~np.isnan(true).any(1)
    if not known.any():
        return {}
    weights, spreads = as_faces(weights[known]), (POSE_GAIN_SPREAD, POSE_OFFSET_SPREAD)
    lines = [fit_line(outputs[known, axis], true[known, axis], weights, POSE_NOISE, spreads) for axis in range(3)]
    return {"pose_gains": tuple(gain for gain, _ in lines), "pose_offsets": tuple(offset for _, offset in lines)}


def fit_problems(
    logits: ArrayLike, labels: ArrayLike, problems: tuple[str, ...], weights: Floats
) -> tuple[Mapping[str, float], Mapping[str, float], Mapping[str, float]]:
    """Fit slope, offset and threshold of each quality problem that some faces have and others have not.

    The threshold maximizes F1, but is so high that at most `MAX_FALSE_ALARMS` of the faces without the problem reach
    it: a false alarm on an ordinary photo costs more than a problem that is overlooked.

    Args:
        logits: (n, q) of the network.
        labels: (n, q) in [0, 1], NaN where unknown.
        problems: names of the q columns.
        weights: (n,) of the faces, 0 or more.

    Returns:
        Slopes, offsets and thresholds by problem.
    """
    logits, labels = np.asarray(logits, np.float64), np.asarray(labels, np.float64)
    slopes: dict[str, float] = {}
    offsets: dict[str, float] = {}
    for column, problem in enumerate(problems):
        known = (weights > 0) & ~np.isnan(labels[:, column])
        present = labels[known, column] >= PRESENT
        if present.any() and not present.all():
            slopes[problem], offsets[problem] = fit_platt(logits[known, column], present, weights[known])
    probabilities = Calibration(slopes=slopes, offsets=offsets).quality(logits, problems)
    best = choose_thresholds(probabilities, labels, problems, weights)
    thresholds = {}
    for column, problem in enumerate(problems):
        if problem in slopes:
            without = (weights > 0) & (labels[:, column] < PRESENT)  # NaN is neither
            limit = _quantile(probabilities[without, column], weights[without], 1 - MAX_FALSE_ALARMS)
            thresholds[problem] = float(min(1.0, max(best[problem], np.nextafter(limit, 1.0))))
    return slopes, offsets, thresholds


def _quantile(values: Floats, weights: Floats, share: float) -> float:
    """The smallest value that this share of the weight does not exceed."""
    order = np.argsort(values)
    reached = np.cumsum(weights[order]) / weights.sum()
    return float(values[order][np.searchsorted(reached, share - 1e-12)])

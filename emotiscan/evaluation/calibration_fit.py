"""Fit what turns logits into probabilities that mean something.

Emotions get one temperature (Guo et al., 2017), each action unit a slope and an offset (Platt, 1999), all
by maximum likelihood on faces that the network did not learn from. Labels are hard, the emotion of
the majority and action unit present or not, because that is what the report holds the probabilities
against: a temperature fitted to the annotators' shares would say how they divide, not how often
the named emotion is right.

Each parameter has a normal prior around “leave it as it is”, worth a few faces, so that it moves
only as far as the data can tell. As the prior is highest there, and the search starts there, the
likelihood of the faces that are fitted on never gets worse.
"""

import dataclasses
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import minimize

from emotiscan.evaluation import PRESENT, choose_thresholds
from emotiscan.evaluation.prediction import Predictions, agreed_classes, labels_for
from emotiscan.model.calibration import Calibration
from emotiscan.model.network import ModelConfig

LOG_SPREAD = 0.5
"""Prior standard deviation of a log temperature or log slope: twice or half is already unusual."""

OFFSET_SPREAD = 2.0
"""Prior standard deviation of an offset: losses that favor rare action units shift it by as much."""

Floats = NDArray[np.float64]


def calibrate(predictions: Predictions, config: ModelConfig, before: Calibration | None = None) -> Calibration:
    """Fit a checkpoint's calibration on its predictions, each data set counting as much as another.

    Args:
        before: its calibration so far; kept where there is nothing to fit on.
    """
    return fit_calibration(
        predictions.emotions,
        predictions.action_units,
        agreed_classes(predictions.table, config.emotions),
        labels_for(predictions.table, config.action_units),
        config.action_units,
        equal_weights(predictions.table.frame["source"]),
        before,
    )


def equal_weights(sources: ArrayLike) -> Floats:
    """(n,) names to (n,) weights of mean 1 that sum to the same for each name."""
    names, place, counts = np.unique(np.asarray(sources, str), return_inverse=True, return_counts=True)
    return len(place) / (len(names) * counts[place])


def fit_calibration(
    emotion_logits: ArrayLike,
    au_logits: ArrayLike,
    emotion_classes: ArrayLike,
    au_labels: ArrayLike,
    action_units: Sequence[str],
    weights: ArrayLike | None = None,
    before: Calibration | None = None,
) -> Calibration:
    """Temperature, slopes, offsets, and thresholds of highest F1 on the probabilities that these give.

    Args:
        emotion_logits, au_logits: (n, e) and (n, k) of the network.
        emotion_classes: (n,) index of the true emotion, -1 where unknown.
        au_labels: (n, k) in [0, 1], NaN where unknown; present from 0.5.
        action_units: names of the k columns.
        weights: (n,) how much each face counts, 0 or more; by default all alike. Only their
            proportions matter; 0 leaves a face out.
        before: keeps its temperature where no emotion is known, its numbers of an action unit without a
            present or without an absent face, and its rule of what is clear; by default those of
            a checkpoint that was never calibrated.

    Raises:
        ValueError: the shapes do not fit each other, or a number lies outside its range.
    """
    emotion_logits, au_logits, au_labels = (np.asarray(a, np.float64) for a in (emotion_logits, au_logits, au_labels))
    classes, n = np.asarray(emotion_classes), len(emotion_logits)
    weights = np.ones(n) if weights is None else np.asarray(weights, np.float64)
    if au_logits.shape != (n, len(action_units)) or au_labels.shape != au_logits.shape or classes.shape != (n,):
        raise ValueError(
            f"{n} rows of emotion logits do not fit action unit logits {au_logits.shape}, action unit labels {au_labels.shape} "
            f"and emotion classes {classes.shape}, with {len(action_units)} codes"
        )
    if weights.shape != (n,) or not ((weights >= 0) & np.isfinite(weights)).all():
        raise ValueError(f"weights have shape {weights.shape}; {n} numbers, 0 or more, are wanted")
    if not (np.isfinite(emotion_logits).all() and np.isfinite(au_logits).all()):
        raise ValueError("logits must be finite")

    before = before or Calibration()
    counts, temperature = (weights > 0) & (classes >= 0), before.temperature
    if counts.any():
        temperature = fit_temperature(emotion_logits[counts], classes[counts], weights[counts])
    slopes, offsets = {}, {}
    for column, au in enumerate(action_units):
        known = (weights > 0) & ~np.isnan(au_labels[:, column])
        present = au_labels[known, column] >= PRESENT
        if present.any() and not present.all():
            slopes[au], offsets[au] = fit_platt(au_logits[known, column], present, weights[known])
    fitted = dataclasses.replace(
        before, temperature=temperature, slopes={**before.slopes, **slopes}, offsets={**before.offsets, **offsets}
    )
    best = choose_thresholds(fitted.action_units(au_logits, tuple(action_units)), au_labels, action_units, weights)
    thresholds = {au: best[au] if au in slopes else before.threshold(au) for au in action_units}
    return dataclasses.replace(fitted, thresholds={**before.thresholds, **thresholds})


def fit_temperature(logits: Floats, classes: NDArray[np.integer], weights: Floats) -> float:
    """The temperature under which the true classes are likeliest, above 0.

    Args:
        logits: (n, e).
        classes: (n,) index of the true class, at least one.
        weights: (n,) above 0.
    """
    weights, true = _as_faces(weights), logits[np.arange(len(classes)), classes]

    def loss(parameters: Floats) -> tuple[float, Floats]:
        scaled = logits * np.exp(-parameters[0])
        top = scaled.max(1, keepdims=True)
        odds = np.exp(scaled - top)
        expected = (odds * logits).sum(1) / odds.sum(1)  # logit under the probabilities
        likelihood = top[:, 0] + np.log(odds.sum(1)) - true * np.exp(-parameters[0])
        return weights @ likelihood, np.array([weights @ (true - expected) * np.exp(-parameters[0])])

    (log_temperature,) = _fit(loss, [LOG_SPREAD])
    return float(np.exp(log_temperature))


def fit_platt(logits: Floats, present: NDArray[np.bool_], weights: Floats) -> tuple[float, float]:
    """Slope, above 0, and offset under which one action unit's labels are likeliest.

    Args:
        logits: (n,).
        present: (n,) whether the action unit is there; some are, some are not.
        weights: (n,) above 0.
    """
    weights = _as_faces(weights)

    def loss(parameters: Floats) -> tuple[float, Floats]:
        slope = np.exp(parameters[0])
        scores = slope * logits + parameters[1]
        likelihood = np.logaddexp(0, scores) - present * scores
        error = weights * (np.exp(-np.logaddexp(0, -scores)) - present)
        return weights @ likelihood, np.array([slope * (error @ logits), error.sum()])

    log_slope, offset = _fit(loss, [LOG_SPREAD, OFFSET_SPREAD])
    return float(np.exp(log_slope)), float(offset)


def _as_faces(weights: Floats) -> Floats:
    """The weights, summing to the number of equally weighted faces that would tell as much (Kish, 1965).

    So the prior is worth the same number of faces however the weights are scaled or spread.
    """
    return weights * weights.sum() / (weights**2).sum()


def _fit(loss: Callable[[Floats], tuple[float, Floats]], spreads: Sequence[float]) -> Floats:
    """Parameters that minimize a loss and the prior, from 0 on; `loss` gives value and gradient."""
    precision = 1 / np.square(spreads)

    def objective(parameters: Floats) -> tuple[float, Floats]:
        value, gradient = loss(parameters)
        return value + precision @ parameters**2 / 2, gradient + precision * parameters

    # Within ten prior deviations, so that no trial step overflows.
    bounds = [(-10 * spread, 10 * spread) for spread in spreads]
    options = {"ftol": 1e-14, "gtol": 1e-8, "maxiter": 500}
    return minimize(objective, np.zeros(len(spreads)), jac=True, method="L-BFGS-B", bounds=bounds, options=options).x

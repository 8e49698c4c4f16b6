"""Fit the calibration of a checkpoint.

Emotions get one temperature (Guo et al., 2017), each action unit a slope and an offset (Platt, 1999), all by maximum
likelihood on faces that the network was not trained on. Labels are hard, the majority's emotion and action unit
present or not, because that is what the report compares the probabilities with: a temperature fitted to the
annotators' shares would describe how divided they are, not how often the predicted emotion is right.

Each parameter has a normal prior centered on “no change”, worth a few faces, so that it moves only as far as the data
supports. As the prior is highest there, and the search starts there, the likelihood of the faces that are fitted to
never gets worse.
"""

import dataclasses
from collections.abc import Callable, Sequence

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import minimize

from emotiscan.evaluation.bootstrap import PRESENT, Bools, Floats
from emotiscan.evaluation.prediction import Predictions, agreed_classes, labels_for
from emotiscan.evaluation.thresholds import choose_thresholds
from emotiscan.model.calibration import Calibration
from emotiscan.model.network import ModelConfig

LOG_SPREAD = 0.5
"""Prior standard deviation of a log temperature or log slope: a factor of two is already unusual."""

OFFSET_SPREAD = 2.0
"""Prior standard deviation of an offset: losses that favor rare action units shift it by about as much."""


def calibrate(predictions: Predictions, config: ModelConfig, before: Calibration | None = None) -> Calibration:
    """Fit a checkpoint's calibration on its predictions; each data set counts as much as any other.

    Args:
        predictions: on labeled faces.
        config: of the network.
        before: its calibration so far; kept where there is nothing to fit on.
    """
    return fit_calibration(
        config.sum_logits(torch.from_numpy(predictions.emotions)).numpy(),
        predictions.action_units,
        agreed_classes(predictions.table, config.emotions),
        labels_for(predictions.table, config.action_units),
        config.action_units,
        equal_weights(predictions.table.frame["source"]),
        before,
    )


def equal_weights(sources: ArrayLike) -> Floats:
    """Weights (n,) of mean 1 for (n,) names; they sum to the same for each name."""
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
    """Fit temperature, slopes and offsets, then the thresholds that maximize F1 on the calibrated probabilities.

    Args:
        emotion_logits, au_logits: (n, e) and (n, k) of the network.
        emotion_classes: (n,) index of the true emotion, -1 where unknown.
        au_labels: (n, k) in [0, 1], NaN where unknown; present from 0.5.
        action_units: names of the k columns.
        weights: (n,) weight of each face, 0 or more; by default all count the same. Only their proportions matter;
            0 leaves a face out.
        before: keeps its temperature where no emotion is known, its parameters of an action unit that is never
            present or never absent, and its rule of what is clear; by default those of a checkpoint that was never
            calibrated.

    Raises:
        ValueError: the shapes do not fit each other, or a number lies outside its range.
    """
    emotion_logits, au_logits, au_labels = (np.asarray(a, np.float64) for a in (emotion_logits, au_logits, au_labels))
    classes, n = np.asarray(emotion_classes), len(emotion_logits)
    weights = np.ones(n) if weights is None else np.asarray(weights, np.float64)
    if au_logits.shape != (n, len(action_units)) or au_labels.shape != au_logits.shape or classes.shape != (n,):
        raise ValueError(
            f"{n} rows of emotion logits do not fit action unit logits {au_logits.shape}, action unit labels "
            f"{au_labels.shape} and emotion classes {classes.shape}, with {len(action_units)} action units"
        )
    if weights.shape != (n,) or not ((weights >= 0) & np.isfinite(weights)).all():
        raise ValueError(f"weights have shape {weights.shape}; expected {n} numbers, 0 or more")
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
    """Fit the temperature, above 0, that maximizes the likelihood of the true classes.

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


def fit_platt(logits: Floats, present: Bools, weights: Floats) -> tuple[float, float]:
    """Fit the slope, above 0, and the offset that maximize the likelihood of one action unit's labels.

    Args:
        logits: (n,).
        present: (n,) whether the action unit is present; in some faces it is, in others not.
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
    """Scale weights to sum to the effective number of faces (Kish, 1965).

    So the prior is worth the same number of faces however the weights are scaled or spread.
    """
    return weights * weights.sum() / (weights**2).sum()


def _fit(loss: Callable[[Floats], tuple[float, Floats]], spreads: Sequence[float]) -> Floats:
    """Minimize loss plus prior, starting at 0; `loss` returns value and gradient."""
    precision = 1 / np.square(spreads)

    def objective(parameters: Floats) -> tuple[float, Floats]:
        value, gradient = loss(parameters)
        return float(value + precision @ parameters**2 / 2), gradient + precision * parameters

    # Within ten prior deviations, so that no trial step overflows.
    bounds = [(-10 * spread, 10 * spread) for spread in spreads]
    options = {"ftol": 1e-14, "gtol": 1e-8, "maxiter": 500}
    return minimize(objective, np.zeros(len(spreads)), jac=True, method="L-BFGS-B", bounds=bounds, options=options).x

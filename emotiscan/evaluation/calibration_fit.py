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
from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray

from emotiscan.evaluation.bootstrap import PRESENT, Floats
from emotiscan.evaluation.expressions import agreed_expressions
from emotiscan.evaluation.maximum_likelihood import LOG_SPREAD, as_faces, fit_platt, minimize_loss
from emotiscan.evaluation.output_calibration import allowed_expressions, fit_expressions, fit_further_outputs
from emotiscan.evaluation.prediction import Predictions, agreed_classes, labels_for
from emotiscan.evaluation.thresholds import choose_thresholds
from emotiscan.model.calibration import Calibration
from emotiscan.model.network import ModelConfig


def calibrate(
    predictions: Predictions, config: ModelConfig, before: Calibration | None = None, with_biases: bool = False
) -> Calibration:
    """Fit a checkpoint's calibration on its predictions; each data set counts as much as any other.

    Args:
        predictions: on labeled faces.
        config: of the network.
        before: its calibration so far; kept where there is nothing to fit on.
        with_biases: also fit a bias for each expression.
    """
    table = predictions.table
    weights = equal_weights(table.frame["source"])
    classes = agreed_classes(table, config.emotions)
    fitted = fit_calibration(
        config.sum_logits(torch.from_numpy(predictions.emotions)).numpy(),
        predictions.action_units,
        classes,
        labels_for(table, config.action_units),
        config.action_units,
        weights,
        before,
    )
    if config.expressions:
        allowed = allowed_expressions(config, agreed_expressions(table, config.expressions), classes)
        known = allowed.any(1)
        if known.any():
            logits = predictions.emotions[known]
            temperature, biases = fit_expressions(logits, allowed[known], weights[known], with_biases)
            named = dict(zip(config.expressions, biases.tolist(), strict=True)) if with_biases else {}
            fitted = dataclasses.replace(fitted, temperature=temperature, biases=named)
    return dataclasses.replace(fitted, **fit_further_outputs(predictions, config, weights, fitted))


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
    weights, true = as_faces(weights), logits[np.arange(len(classes)), classes]

    def loss(parameters: Floats) -> tuple[float, Floats]:
        scaled = logits * np.exp(-parameters[0])
        top = scaled.max(1, keepdims=True)
        odds = np.exp(scaled - top)
        expected = (odds * logits).sum(1) / odds.sum(1)  # logit under the probabilities
        likelihood = top[:, 0] + np.log(odds.sum(1)) - true * np.exp(-parameters[0])
        return weights @ likelihood, np.array([weights @ (true - expected) * np.exp(-parameters[0])])

    (log_temperature,) = minimize_loss(loss, [LOG_SPREAD])
    return float(np.exp(log_temperature))

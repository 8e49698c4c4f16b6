"""Decision thresholds: the smallest probability at which an action unit is called present."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from emotiscan.evaluation.bootstrap import PRESENT, Bools, Floats


def choose_thresholds(
    probabilities: ArrayLike, labels: ArrayLike, action_units: Sequence[str], weights: ArrayLike | None = None
) -> dict[str, float]:
    """Find the threshold of each action unit that maximizes F1.

    Thresholds lie halfway between two neighboring probabilities; of equally good ones the one nearest 0.5 is taken.

    Args:
        probabilities: (n, k) in [0, 1].
        labels: (n, k) in [0, 1], NaN where unknown.
        action_units: names of the k columns.
        weights: (n,) weight of each face, 0 or more; by default all count the same.

    Returns:
        Threshold by action unit, in (0, 1); 0.5 for one that is never present or never absent.

    Raises:
        ValueError: the shapes do not fit each other, or a number lies outside its range.
    """
    probabilities, labels = au_arrays(probabilities, labels, action_units)
    weights = np.ones(len(labels)) if weights is None else np.asarray(weights, np.float64)
    if weights.shape != labels.shape[:1] or not ((weights >= 0) & np.isfinite(weights)).all():
        raise ValueError(f"weights have shape {weights.shape}; expected {len(labels)} numbers, 0 or more")
    known = ~np.isnan(labels) & (weights > 0)[:, None]
    return {
        au: _best_threshold(probabilities[rows, column], labels[rows, column] >= PRESENT, weights[rows])
        for column, (au, rows) in enumerate(zip(action_units, known.T, strict=True))
    }


def _best_threshold(probabilities: Floats, present: Bools, weights: Floats) -> float:
    if not present.any() or present.all():
        return 0.5
    values, place = np.unique(probabilities, return_inverse=True)
    below = np.concatenate([[0.0], values[:-1]])
    # Rounding may leave no number between two close neighbors; then the upper one is the threshold.
    candidates = np.where((below + values) / 2 > below, (below + values) / 2, values)
    # Candidate i calls all faces with values[i] or more present.
    called = np.bincount(place, weights)[::-1].cumsum()[::-1]
    hits = np.bincount(place, weights * present)[::-1].cumsum()[::-1]
    f1 = 2 * hits / (called + weights[present].sum())
    f1[(candidates <= 0) | (candidates >= 1)] = -1.0
    best = candidates[f1 >= f1.max() - 1e-12]
    return float(best[np.abs(best - 0.5).argmin()]) if f1.max() >= 0 else 0.5


def check_probabilities(values: ArrayLike, what: str, columns: int) -> Floats:
    """Convert the values to (n, columns) numbers.

    Raises:
        ValueError: another shape, or a number outside [0, 1].
    """
    values = np.asarray(values, np.float64)
    if values.ndim != 2 or values.shape[1] != columns:
        raise ValueError(f"{what} have shape {values.shape}; expected one row per face and {columns} columns")
    if not ((values >= 0) & (values <= 1 + 1e-6)).all():
        raise ValueError(f"{what} must lie between 0 and 1, without NaN")
    return values


def au_arrays(probabilities: ArrayLike, labels: ArrayLike, action_units: Sequence[str]) -> tuple[Floats, Floats]:
    """Convert probabilities and labels of action units to (n, k) numbers.

    Raises:
        ValueError: the shapes do not fit each other, or a number lies outside [0, 1].
    """
    probabilities = check_probabilities(probabilities, "action unit probabilities", len(action_units))
    labels = np.asarray(labels, np.float64)
    if labels.shape != probabilities.shape:
        raise ValueError(
            f"action unit labels have shape {labels.shape}, action unit probabilities {probabilities.shape}"
        )
    if ((labels < 0) | (labels > 1)).any():
        raise ValueError("action unit labels must lie between 0 and 1, or be NaN where unknown")
    return probabilities, labels

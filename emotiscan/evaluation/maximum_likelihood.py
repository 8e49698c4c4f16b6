"""Maximum likelihood with a prior on “no change”, and Platt's scaling of one probability (Platt, 1999)."""

from collections.abc import Callable, Sequence

import numpy as np
from scipy.optimize import minimize

from emotiscan.evaluation.bootstrap import Bools, Floats

LOG_SPREAD = 0.5
"""Prior standard deviation of a log temperature or log slope: a factor of two is already unusual."""

OFFSET_SPREAD = 2.0
"""Prior standard deviation of an offset: losses that favor rare action units shift it by about as much."""


def fit_platt(logits: Floats, present: Bools, weights: Floats) -> tuple[float, float]:
    """Fit the slope, above 0, and the offset that maximize the likelihood of one action unit's labels.

    Args:
        logits: (n,).
        present: (n,) whether the action unit is present; in some faces it is, in others not.
        weights: (n,) above 0.
    """
    weights = as_faces(weights)

    def loss(parameters: Floats) -> tuple[float, Floats]:
        slope = np.exp(parameters[0])
        scores = slope * logits + parameters[1]
        likelihood = np.logaddexp(0, scores) - present * scores
        error = weights * (np.exp(-np.logaddexp(0, -scores)) - present)
        return weights @ likelihood, np.array([slope * (error @ logits), error.sum()])

    log_slope, offset = minimize_loss(loss, [LOG_SPREAD, OFFSET_SPREAD])
    return float(np.exp(log_slope)), float(offset)


def as_faces(weights: Floats) -> Floats:
    """Scale weights to sum to the effective number of faces (Kish, 1965).

    So the prior is worth the same number of faces however the weights are scaled or spread.
    """
    return weights * weights.sum() / (weights**2).sum()


def minimize_loss(loss: Callable[[Floats], tuple[float, Floats]], spreads: Sequence[float]) -> Floats:
    """Minimize loss plus prior, starting at 0; `loss` returns value and gradient."""
    precision = 1 / np.square(spreads)

    def objective(parameters: Floats) -> tuple[float, Floats]:
        value, gradient = loss(parameters)
        return float(value + precision @ parameters**2 / 2), gradient + precision * parameters

    # Within ten prior deviations, so that no trial step overflows.
    bounds = [(-10 * spread, 10 * spread) for spread in spreads]
    options = {"ftol": 1e-14, "gtol": 1e-8, "maxiter": 500}
    return minimize(objective, np.zeros(len(spreads)), jac=True, method="L-BFGS-B", bounds=bounds, options=options).x

"""Metrics of action units' intensities, and the linear map that calibrates them."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from emotiscan.evaluation.bootstrap import Bools, BootstrapSamples, Floats, mean_of_defined
from emotiscan.reports import IntensityMetrics

MIN_SHOWN = 0.5
"""True intensity, 0 to 5, from which a face shows an action unit: the least that rounds to a trace, FACS' letter A."""

GAIN_SPREAD = 0.5
"""Prior standard deviation of a gain around 1."""

OFFSET_SPREAD = 1.0
"""Prior standard deviation of an offset around 0, on the scale from 0 to 5."""

Reports = tuple[dict[str, IntensityMetrics], IntensityMetrics | None]


def intensity_metrics(
    action_units: Sequence[str], predicted: ArrayLike, true: ArrayLike, samples: BootstrapSamples
) -> Reports:
    """Compare intensities with labels, over all faces and among those that show the action unit.

    Args:
        action_units: names of the k columns.
        predicted: (n, k), 0 to 5.
        true: (n, k), 0 to 5; NaN where unknown.
        samples: of the n faces.

    Returns:
        Metrics of the action units whose intensity is known of some face, and their mean; None without any.

    Raises:
        ValueError: the shapes do not fit each other.
    """
    predicted, true = np.asarray(predicted, np.float64), np.asarray(true, np.float64)
    if predicted.shape != true.shape or predicted.shape[1:] != (len(action_units),):
        raise ValueError(
            f"intensities have shape {predicted.shape}, labels {true.shape}; expected {len(action_units)} columns"
        )
    reports: dict[str, IntensityMetrics] = {}
    replicates: dict[str, list[Floats]] = {name: [] for name in IntensityMetrics.ESTIMATES}
    for column, au in enumerate(action_units):
        known = ~np.isnan(true[:, column])
        if not known.any():
            continue
        shown = known & (true[:, column] >= MIN_SHOWN)
        values = _replicates(predicted[:, column], true[:, column], known, shown, samples)
        estimates = _estimates(values, samples.where(known))
        reports[au] = IntensityMetrics(known=int(known.sum()), shown=int(shown.sum()), **estimates)
        for name, of_unit in values.items():
            replicates[name].append(of_unit)
    if not reports:
        return {}, None
    means = {name: mean_of_defined(np.stack(columns, 1)) for name, columns in replicates.items()}
    labeled = samples.where(np.asarray(~np.isnan(true).all(1)))
    return reports, IntensityMetrics(known=len(reports), **_estimates(means, labeled))


def _replicates(
    predicted: Floats, true: Floats, known: Bools, shown: Bools, samples: BootstrapSamples
) -> dict[str, Floats]:
    everywhere = samples.where(known).agreement(predicted[known], true[known])
    among_shown = samples.where(shown).agreement(predicted[shown], true[shown])
    error = samples.where(shown).mean(np.abs(predicted - true)[shown])
    return everywhere | {f"{name}_shown": values for name, values in among_shown.items()} | {"mae_shown": error}


def _estimates(replicates: Mapping[str, Floats], samples: BootstrapSamples) -> dict[str, Any]:
    return {name: samples.estimate(values) for name, values in replicates.items()}


def fit_line(
    outputs: ArrayLike,
    true: ArrayLike,
    weights: ArrayLike,
    noise: float = 1.0,
    spreads: tuple[float, float] = (GAIN_SPREAD, OFFSET_SPREAD),
) -> tuple[float, float]:
    """Fit the gain and offset that map outputs to labels, by least squares with a prior on no change.

    Args:
        outputs: (n,) of the network.
        true: (n,) labels, not NaN.
        weights: (n,) of the faces, 0 or more.
        noise: standard deviation of a label around the line, which weighs labels against the prior.
        spreads: prior standard deviations of the gain around 1 and of the offset around 0.

    Returns:
        Gain and offset. The gain is above 0, so that stronger stays stronger: 1 and 0 where the best one is not.
    """
    outputs, true, weights = (np.asarray(values, np.float64) for values in (outputs, true, weights))
    design = np.stack([outputs, np.ones_like(outputs)], 1)
    precision = np.diag(1 / np.square(spreads))
    normal = design.T @ (design * weights[:, None]) / noise**2 + precision
    target = design.T @ (weights * true) / noise**2 + precision @ [1.0, 0.0]
    gain, offset = np.linalg.solve(normal, target)
    return (float(gain), float(offset)) if gain > 0 else (1.0, 0.0)

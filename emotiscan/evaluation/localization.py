"""Metrics of heat maps: do they land where an action unit moves the skin?

Pointing game (Zhang et al., 2018): does the peak of the map lie in the target region? Energy (Wang et al., 2020):
which share of the map lies there? Both compare with the share of the crop that the region covers, which a map of
noise would reach. A smile that the map shows on one cheek only passes both; hence the third: does each half of the
crop have its share of the map?
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from emotiscan.evaluation.bootstrap import Bools, Floats, bootstrap_samples, mean_of_defined, ratio
from emotiscan.reports import LocalizationMetrics, LocalizationReport

Maps = NDArray[np.float32]

MIN_SIDE_SHARE = 0.05
"""A half of the crop that holds less than this share of the target region need not show in the map."""


def localization(
    action_units: Sequence[str],
    maps: ArrayLike,
    targets: ArrayLike,
    included: ArrayLike,
    subjects: ArrayLike,
    bootstraps: int = 500,
    seed: int = 0,
) -> LocalizationReport:
    """Compare heat maps with the regions where the action units move the skin.

    Args:
        action_units: names of the k action units.
        maps: (n, k, m, m), 0 or more; one that is 0 everywhere points nowhere, which is a miss.
        targets: (n, k, m, m) bool, where each action unit moves the skin.
        included: (n, k) bool, which maps count, e.g. those of action units that are present.
        subjects: (n,) names; the same name for all faces of a subject.
        bootstraps, seed: as in `evaluate_predictions`.

    Raises:
        ValueError: the shapes do not fit, a map is below 0 or not finite, or a target region that counts is empty.
    """
    maps, targets, included = np.asarray(maps, np.float32), np.asarray(targets, bool), np.asarray(included, bool)
    n, k = included.shape
    fits = maps.shape == targets.shape and maps.shape[:2] == (n, k)
    if not fits or k != len(action_units) or len(np.asarray(subjects)) != n:
        raise ValueError(
            f"maps {maps.shape}, targets {targets.shape} and included {included.shape} do not fit "
            f"{len(action_units)} action units"
        )
    if not (np.isfinite(maps[included]).all() and (maps[included] >= 0).all()):
        raise ValueError("heat maps must be finite and 0 or more")
    if not targets[included].any((1, 2)).all():
        raise ValueError("an action unit that moves no visible skin has no target region")
    samples = bootstrap_samples(subjects, bootstraps, seed)
    reports, replicates = {}, []
    for column, au in enumerate(action_units):
        rows = included[:, column]
        if not rows.any():
            continue
        own = samples.where(rows)
        means = [own.mean(values) for values in map_metrics(maps[rows, column], targets[rows, column])]
        replicates.append(means)
        named = (own.estimate(values) for values in means)
        reports[au] = LocalizationMetrics(int(rows.sum()), *named)
    mean = None
    if replicates:
        over_units = [mean_of_defined(np.stack(of_metric, axis=1)) for of_metric in zip(*replicates, strict=True)]
        mean = LocalizationMetrics(None, *map(samples.estimate, over_units))
    shown = included.any(1)
    return LocalizationReport(int(shown.sum()), len(np.unique(samples.owners[shown])), reports, mean)


def map_metrics(maps: Maps, targets: Bools) -> tuple[Floats, Floats, Floats, Floats]:
    """Measure (n, m, m) maps against (n, m, m) target regions.

    A hit is 1 where the peak lies in the region. Several highest points, as in a map that is cut off at 1 near the
    crop's edge, each count their part: taking the first would always favor the one nearest to a corner.

    The sides are even, 1, where each half of the crop has at least the share of the map that it has of the region;
    0.2 where one half has only a fifth of that share.

    Returns:
        Hits, shares of energy, evenness of the sides, and areas, each (n,), 0 to 1.
    """
    flat, inside = maps.reshape(len(maps), -1).astype(np.float64), targets.reshape(len(targets), -1)
    total = flat.sum(1)
    peak = (flat == flat.max(1, keepdims=True)) & (total > 0)[:, None]
    hits = np.nan_to_num(ratio((peak & inside).sum(1), peak.sum(1)))
    shares = np.nan_to_num(ratio((flat * inside).sum(1), total))
    return hits, shares, _evenness(maps, targets), inside.mean(1)


def _evenness(maps: Maps, targets: Bools) -> Floats:
    of_map, of_target = _left_and_right(maps), _left_and_right(targets)
    parts = np.where(of_target >= MIN_SIDE_SHARE, np.nan_to_num(ratio(of_map, of_target)), 1)
    return np.minimum(parts.min(1), 1)


def _left_and_right(values: NDArray) -> Floats:
    """Shares of the left and right half, (n, 2), of (n, m, m); the middle column of an odd m is half in each."""
    columns = values.sum(1, dtype=np.float64)
    left = columns[:, : columns.shape[1] // 2].sum(1)
    if columns.shape[1] % 2:
        left = left + columns[:, columns.shape[1] // 2] / 2
    total = columns.sum(1)
    left = np.nan_to_num(ratio(left, total))
    return np.stack([left, np.where(total > 0, 1 - left, 0)], axis=1)


def centered_blob(side: int, width: float = 0.25) -> Maps:
    """A Gaussian in the middle of the crop: the score of a map that only knows that faces are in the middle.

    Args:
        side: side of the map.
        width: standard deviation as a share of the side.

    Returns:
        (side, side), the peak is 1.
    """
    place = (np.arange(side) + 0.5) / side - 0.5
    line = np.exp(-0.5 * (place / width) ** 2)
    return (line[:, None] * line).astype(np.float32)

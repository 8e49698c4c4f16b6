"""Whether heat maps land where an action unit moves the skin: pointing game and energy, with intervals.

Pointing game (Zhang et al., 2018): does the peak of the map lie in the right place? Energy (Wang et
al., 2020): which share of the map lies there? Both are to be held against the share of the crop that
the place covers, which a map of noise would reach. And since a smile that shows on one cheek alone
passes both: does each half of the crop have its part of the map?
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from emotiscan.evaluation.bootstrap import BootstrapSamples, bootstrap_samples, mean_of_defined, ratio

Maps = NDArray[np.float32]

FIGURES = ("pointing", "energy", "sides", "area")

MIN_PART = 0.05
"""A half of the crop that holds less of a place than this share need not be spoken for."""


def localization(
    action_units: Sequence[str],
    maps: ArrayLike,
    places: ArrayLike,
    judged: ArrayLike,
    subjects: ArrayLike,
    bootstraps: int = 500,
    seed: int = 0,
) -> dict:
    """Measure heat maps against the places where the action units move the skin.

    Args:
        action_units: names of the k action units.
        maps: (n, k, m, m), none below 0; one that is 0 everywhere points nowhere, which is a miss.
        places: (n, k, m, m) bool, where each action unit moves the skin.
        judged: (n, k) bool, which maps count, e.g. those of action units that are present.
        subjects: (n,) names; one person, one name.
        bootstraps, seed: as in `evaluate`.

    Returns:
        A dict that `json.dumps` takes: `samples`, `subjects`; `action_units`: name to `faces`, how many
        maps were judged, and figures (as in `evaluate`) `pointing`, `energy`, `sides` and `area`, the
        place's share of the crop; None where no map was judged; `mean`: the means of these over action units.

    Raises:
        ValueError: the shapes do not fit, a map is below 0 or not finite, or a judged place is empty.
    """
    maps, places, judged = np.asarray(maps, np.float32), np.asarray(places, bool), np.asarray(judged, bool)
    n, k = judged.shape
    if (
        maps.shape != places.shape
        or maps.shape[:2] != (n, k)
        or k != len(action_units)
        or len(np.asarray(subjects)) != n
    ):
        raise ValueError(
            f"maps {maps.shape}, places {places.shape} and judged {judged.shape} do not fit {len(action_units)} codes"
        )
    if not (np.isfinite(maps[judged]).all() and (maps[judged] >= 0).all()):
        raise ValueError("heat maps must be finite and 0 or more")
    if not places[judged].any((1, 2)).all():
        raise ValueError("an action unit that moves no visible skin cannot be judged")
    samples = bootstrap_samples(subjects, bootstraps, seed)
    reports, draws = {}, []
    for column, au in enumerate(action_units):
        rows = judged[:, column]
        if not rows.any():
            reports[au] = None
            continue
        au_metrics = samples.where(rows)
        found = [_means(au_metrics, values) for values in measures(maps[rows, column], places[rows, column])]
        draws.append(found)
        named = zip(FIGURES, found, strict=True)
        reports[au] = {"faces": int(rows.sum())} | {name: au_metrics.figure(values) for name, values in named}
    mean = None
    if draws:
        means = [mean_of_defined(np.stack(of_action_units, axis=1)) for of_action_units in zip(*draws, strict=True)]
        mean = {name: samples.figure(values) for name, values in zip(FIGURES, means, strict=True)}
    people = len(np.unique(samples.owners[judged.any(1)]))
    return {"samples": int(judged.any(1).sum()), "subjects": people, "codes": reports, "mean": mean}


def measures(maps: Maps, places: NDArray[np.bool_]) -> tuple[NDArray[np.float64], ...]:
    """(n, m, m) maps and places to (n,) hits, shares of energy, evenness of sides, and areas, each 0 to 1.

    The sides are even, 1, where each half of the crop has at least the part of the map that it has of the place; where
    one has a fifth of that part, 0.2.

    A hit is 1 where the peak lies in the place. Of several highest points, as where the map is highest at the crop's
    edge and is cut off at 1 there, each counts its part: the first of them would always be the one nearest to a corner.
    """
    flat, inside = maps.reshape(len(maps), -1).astype(np.float64), places.reshape(len(places), -1)
    total = flat.sum(1)
    peak = (flat == flat.max(1, keepdims=True)) & (total > 0)[:, None]
    hits = np.nan_to_num(ratio((peak & inside).sum(1), peak.sum(1)))
    shares = np.nan_to_num(ratio((flat * inside).sum(1), total))
    return hits, shares, _evenness(maps, places), inside.mean(1)


def _evenness(maps: Maps, places: NDArray[np.bool_]) -> NDArray[np.float64]:
    of_map, of_place = _left_and_right(maps), _left_and_right(places)
    parts = np.where(of_place >= MIN_PART, np.nan_to_num(ratio(of_map, of_place)), 1)
    return np.minimum(parts.min(1), 1)


def _left_and_right(values: NDArray) -> NDArray[np.float64]:
    """(n, m, m) to (n, 2), the shares of the left and the right half; the middle column of an odd m is half in each."""
    columns = values.sum(1, dtype=np.float64)
    left = columns[:, : columns.shape[1] // 2].sum(1)
    if columns.shape[1] % 2:
        left = left + columns[:, columns.shape[1] // 2] / 2
    total = columns.sum(1)
    left = np.nan_to_num(ratio(left, total))
    return np.stack([left, np.where(total > 0, 1 - left, 0)], axis=1)


def centerd_blob(side: int, width: float = 0.25) -> Maps:
    """(side, side) a Gaussian in the crop's middle, `width` its standard deviation as a share of the side.

    What a map would score that knows no more than that faces are in the middle.
    """
    place = (np.arange(side) + 0.5) / side - 0.5
    line = np.exp(-0.5 * (place / width) ** 2)
    return (line[:, None] * line).astype(np.float32)


def _means(samples: BootstrapSamples, values: NDArray[np.float64]) -> NDArray[np.float64]:
    """(1 + b,) mean of the faces' values in each sample."""
    one = np.zeros(len(values), np.int64)
    return ratio(samples.sums(one, 1, values)[:, 0], samples.sums(one, 1)[:, 0])

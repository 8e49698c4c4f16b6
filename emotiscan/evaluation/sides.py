"""Metrics of the sides of action units: are one-sided movements told from two-sided ones?"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from emotiscan.evaluation.bootstrap import PRESENT, Bools, BootstrapSamples, Floats, mean_of_defined
from emotiscan.reports import SideMetrics

Reports = tuple[dict[str, SideMetrics], SideMetrics | None]


def side_metrics(
    action_units: Sequence[str],
    probabilities: ArrayLike,
    sides: ArrayLike,
    shown: ArrayLike,
    called_both: ArrayLike,
    samples: BootstrapSamples,
) -> Reports:
    """Compare the probabilities of the two halves of the face with labels.

    Where the sides of an action unit are known of no face, as on photos, the faces that show it are taken for
    two-sided, which most are: then only the share that is called “both” is measured.

    Args:
        action_units: names of the k columns.
        probabilities: (n, k, 2), in [0, 1]: the person's right, then left half.
        sides: (n, k, 2) labels in [0, 1], NaN where unknown; present from 0.5.
        shown: (n, k) labels of the whole face, likewise.
        called_both: (n, k) whether the action unit is called present on both sides.
        samples: of the n faces.

    Returns:
        Metrics of the action units that some face shows, and their mean; None without any.

    Raises:
        ValueError: the shapes do not fit each other.
    """
    probabilities, sides = np.asarray(probabilities, np.float64), np.asarray(sides, np.float64)
    shown, both = np.asarray(shown, np.float64), np.asarray(called_both, bool)
    if probabilities.shape != sides.shape or sides.shape[1:] != (len(action_units), 2):
        raise ValueError(
            f"sides have shape {probabilities.shape}, labels {sides.shape}; expected two values for each of "
            f"{len(action_units)} action units"
        )
    if shown.shape != sides.shape[:2] or both.shape != sides.shape[:2]:
        raise ValueError(f"labels of sides have shape {sides.shape}, those of the face {shown.shape}, {both.shape}")
    reports: dict[str, SideMetrics] = {}
    replicates: dict[str, list[Floats]] = {name: [] for name in SideMetrics.ESTIMATES}
    for column, au in enumerate(action_units):
        known = ~np.isnan(sides[:, column]).any(1)
        present = sides[:, column] >= PRESENT
        one, two = known & (present[:, 0] != present[:, 1]), known & present.all(1)
        assumed = not known.any()
        two = shown[:, column] >= PRESENT if assumed else two
        if not (one.any() or two.any()):
            continue
        values = _replicates(probabilities[:, column], present, one, two, both[:, column], samples)
        estimates = _estimates(values, samples.where(one | two))
        reports[au] = SideMetrics(one_sided=int(one.sum()), two_sided=int(two.sum()), assumed=assumed, **estimates)
        for name, of_unit in values.items():
            replicates[name].append(of_unit)
    if not reports:
        return {}, None
    means = {name: mean_of_defined(np.stack(columns, 1)) for name, columns in replicates.items()}
    assumed = all(report.assumed for report in reports.values())
    return reports, SideMetrics(assumed=assumed, **_estimates(means, samples))


def _estimates(replicates: Mapping[str, Floats], samples: BootstrapSamples) -> dict[str, Any]:
    return {name: samples.estimate(values) for name, values in replicates.items()}


def _replicates(
    probabilities: Floats, present: Bools, one: Bools, two: Bools, both: Bools, samples: BootstrapSamples
) -> dict[str, Floats]:
    rows = one | two
    uneven = np.abs(probabilities[:, 0] - probabilities[:, 1])
    right = (probabilities[:, 0] > probabilities[:, 1]) == present[:, 0]
    return {
        "auc": samples.where(rows).ranking(uneven[rows], one[rows])["auc"],
        "right_side": samples.where(one).share(right[one]),
        "called_both": samples.where(two).share(both[two]),
    }

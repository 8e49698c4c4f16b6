"""Metrics of quality problems: blurred, covered, dark and so on."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from emotiscan.evaluation.bootstrap import PRESENT, BootstrapSamples
from emotiscan.reports import ProblemMetrics


def problem_metrics(
    problems: Sequence[str], scores: ArrayLike, labels: ArrayLike, named: ArrayLike, samples: BootstrapSamples
) -> dict[str, ProblemMetrics]:
    """Compare scores of quality problems with labels.

    Args:
        problems: names of the q columns.
        scores: (n, q), higher where the problem is more likely; NaN where it could not be scored.
        labels: (n, q) in [0, 1], NaN where unknown; present from 0.5.
        named: (n, q) whether the problem is named.
        samples: of the n faces.

    Returns:
        Metrics of the problems that are known of some face.

    Raises:
        ValueError: the shapes do not fit each other.
    """
    scores, labels = np.asarray(scores, np.float64), np.asarray(labels, np.float64)
    named = np.asarray(named, bool)
    if not scores.shape == labels.shape == named.shape or labels.shape[1:] != (len(problems),):
        raise ValueError(
            f"scores have shape {scores.shape}, labels {labels.shape}, named {named.shape}; expected "
            f"{len(problems)} columns"
        )
    reports = {}
    for column, problem in enumerate(problems):
        known = ~np.isnan(labels[:, column]) & ~np.isnan(scores[:, column])
        if not known.any():
            continue
        truth, calls, own = labels[known, column] >= PRESENT, named[known, column], samples.where(known)
        with_it, without = own.where(truth), own.where(~truth)
        reports[problem] = ProblemMetrics(
            present=int(truth.sum()),
            absent=int((~truth).sum()),
            auc=own.estimate(own.ranking(scores[known, column], truth)["auc"]),
            recall=with_it.estimate(with_it.share(calls[truth])),
            false_alarms=without.estimate(without.share(calls[~truth])),
        )
    return reports

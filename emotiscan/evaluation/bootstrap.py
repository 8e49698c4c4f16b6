"""Bootstrap over subjects: estimates of metrics with 95% percentile intervals.

Images of one subject resemble each other, so subjects are resampled with replacement, each with all of their images.
A sample is a weight per subject (how often it was sampled), and each metric is computed for all samples at once.
"""

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from emotiscan.reports import Estimate

PERCENTILES = (2.5, 97.5)
PRESENT = 0.5
"""Smallest label at which an action unit counts as present (labels may be a teacher's probabilities)."""

BLOCK = 4_000_000
"""Upper limit on the numbers in one array of sample weights; keeps the memory for large tables near 200 MB."""

TINY = 1e-12
"""Variance below which all values are the same."""

Floats: TypeAlias = NDArray[np.float64]
Ints: TypeAlias = NDArray[np.int64]
Bools: TypeAlias = NDArray[np.bool_]


@dataclass(frozen=True)
class BootstrapSamples:
    """Faces, and bootstrap samples of their subjects.

    Attributes:
        owners: (n,) column of `weights` that is each face's subject.
        weights: (1 + b, s) how often each subject was sampled; the first row is the data itself, all 1.
    """

    owners: Ints
    weights: Floats

    def where(self, mask: Bools) -> "BootstrapSamples":
        """The same samples, restricted to some of the faces."""
        return BootstrapSamples(self.owners[mask], self.weights)

    def sums(self, cells: Ints, count: int, values: Floats | None = None) -> Floats:
        """Sum the faces' values in each sample, by the cell that each face belongs to.

        Args:
            cells: (n,) each face's cell, 0 to c - 1.
            count: number of cells, c.
            values: (n,) what is summed; None counts the faces.

        Returns:
            (1 + b, c)
        """
        subjects = self.weights.shape[1]
        table = np.bincount(self.owners * count + cells, values, minlength=subjects * count)
        return self.weights @ table.reshape(subjects, count).astype(np.float64)

    def confusions(self, truth: Ints, predicted: Ints, classes: int) -> Floats:
        """(1 + b, c, c) confusion matrix of each sample: true rows, predicted columns."""
        return self.sums(truth * classes + predicted, classes**2).reshape(-1, classes, classes)

    def share(self, mask: Bools) -> Floats:
        """(1 + b,) share of the faces for which the mask is true; NaN in a sample without faces."""
        counts = self.sums(mask.astype(np.int64), 2)
        return ratio(counts[:, 1], counts.sum(1))

    def mean(self, values: Floats) -> Floats:
        """(1 + b,) mean of the faces' (n,) values in each sample; NaN in a sample without faces."""
        one_cell = np.zeros(len(values), np.int64)
        return ratio(self.sums(one_cell, 1, values)[:, 0], self.sums(one_cell, 1)[:, 0])

    def agreement(self, predicted: Floats, true: Floats) -> dict[str, Floats]:
        """Pearson's correlation and ICC(3,1) of two raters in each sample, each (1 + b,); NaN where undefined.

        ICC(3,1) is the intraclass correlation of single ratings by two fixed raters, as consistency: of the mean
        squares between targets and of the residual, (BMS - EMS) / (BMS + EMS) for two raters (Shrout & Fleiss, 1979).
        That is twice the covariance over the sum of the variances: unlike Pearson's correlation, it falls if one rater
        uses more of the scale than the other.
        """
        predicted, true = (values - (values.mean() if len(values) else 0.0) for values in (predicted, true))
        mean_p, mean_t = self.mean(predicted), self.mean(true)
        variance_p, variance_t = self.mean(predicted**2) - mean_p**2, self.mean(true**2) - mean_t**2
        covariance = self.mean(predicted * true) - mean_p * mean_t
        varies = (variance_p > TINY) & (variance_t > TINY)
        scale = np.where(varies, np.sqrt(np.maximum(variance_p * variance_t, 0)), 0.0)
        total = np.where(variance_t > TINY, variance_p + variance_t, 0.0)
        return {"pearson": ratio(covariance, scale), "icc": ratio(2 * covariance, total)}

    def ranking(self, scores: Floats, present: Bools) -> dict[str, Floats]:
        """AUC and average precision of each sample, each (1 + b,); NaN where undefined.

        Equal scores count half in the AUC, and enter the average precision together.
        """
        auc, average_precision = np.full((2, len(self.weights)), np.nan)
        order = np.argsort(-scores, kind="stable")
        present, owners = present[order], self.owners[order]
        starts = np.flatnonzero(np.diff(scores[order], prepend=np.inf))  # of each run of equal scores
        step = max(1, BLOCK // max(1, len(scores)))
        for first in range(0, len(self.weights), step):
            block = slice(first, first + step)
            counts = self.weights[block][:, owners]
            hits = np.add.reduceat(counts * present, starts, axis=1)  # (b, runs), highest score first
            alarms = np.add.reduceat(counts, starts, axis=1) - hits
            all_hits, all_alarms = hits.cumsum(1), alarms.cumsum(1)
            positives, negatives = hits.sum(1), alarms.sum(1)
            outranked = negatives[:, None] - all_alarms + alarms / 2
            auc[block] = ratio((hits * outranked).sum(1), positives * negatives)
            precision = np.nan_to_num(ratio(all_hits, all_hits + all_alarms))
            average_precision[block] = ratio((hits * precision).sum(1), positives)
        return {"auc": auc, "average_precision": average_precision}

    def seen_both_ways(self, present: Bools) -> Bools:
        """(n,) faces of the subjects who have faces both with and without the action unit."""
        return np.isin(self.owners, np.intersect1d(self.owners[present], self.owners[~present]))

    def within_subject_auc(self, scores: Floats, present: Bools) -> Floats:
        """AUC within subjects: (1 + b,), NaN in a sample without a subject who is seen both ways.

        Of all pairs of one subject's faces, one with the action unit and one without, the share in which the first
        scores higher. Equal scores count half; every pair counts the same.
        """
        right, all_pairs = np.zeros((2, self.weights.shape[1]))
        for owner in np.unique(self.owners[self.seen_both_ways(present)]):
            own = self.owners == owner
            shown, others = scores[own & present], np.sort(scores[own & ~present])
            # By sorting: all pairs of a video's thousands of frames would not fit into memory.
            right[owner] = sum(np.searchsorted(others, shown, side).sum() for side in ("left", "right")) / 2
            all_pairs[owner] = len(shown) * len(others)
        return ratio(self.weights @ right, self.weights @ all_pairs)

    def estimate(self, replicates: Floats, centered: bool = False) -> Estimate:
        """Value and interval of a metric from its replicates; no interval where all faces belong to one subject.

        Args:
            replicates: (1 + b,), the first is the value; NaN where undefined, which does not count for the interval.
            centered: shift the replicates so that their median is the value, none below 0: for metrics that resampling
                alone increases, as it does calibration errors.
        """
        others = replicates[1:][~np.isnan(replicates[1:])]
        spread = len(others) > 0 and len(np.unique(self.owners)) > 1 and not np.isnan(replicates[0])
        if spread and centered:
            others = np.maximum(0.0, others - np.median(others) + replicates[0])
        low, high = np.percentile(others, PERCENTILES) if spread else (np.nan, np.nan)
        return Estimate(number(replicates[0]), number(low), number(high))


def bootstrap_samples(subjects: ArrayLike, bootstraps: int, seed: int) -> BootstrapSamples:
    """The data itself and this many bootstrap samples of it.

    Args:
        subjects: (n,) names; the same name for all faces of a subject.
    """
    names, owners = np.unique(np.asarray(subjects).astype(str), return_inverse=True)
    count = max(1, len(names))
    sampled = np.random.default_rng(seed).multinomial(count, np.full(count, 1 / count), size=bootstraps)
    return BootstrapSamples(owners, np.concatenate([np.ones((1, count)), sampled]))


def ratio(part: Floats | Ints, whole: Floats | Ints) -> Floats:
    """The quotient; NaN where the denominator is 0."""
    return np.divide(part, whole, out=np.full(np.shape(whole), np.nan), where=np.asarray(whole) > 0)


def mean_of_defined(scores: Floats) -> Floats:
    """Average (1 + b, c) scores to (1 + b,), leaving out NaN."""
    defined = ~np.isnan(scores)
    return ratio(np.where(defined, scores, 0.0).sum(1), defined.sum(1))


def number(value: float) -> float | None:
    """A number for JSON: None for NaN."""
    return None if np.isnan(value) else float(value)

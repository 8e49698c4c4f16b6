"""Calibration of probabilities: the expected calibration error, and the reliability diagram behind it.

Of the faces for which the network is 80% sure, it should be right about 80%. Faces are sorted by probability into 15
bins of equal width; the error is the mean distance between a bin's mean probability and the share of it that is right,
each bin weighted by its faces (Naeini et al., 2015; the bins are those of Guo et al., 2017, so that the error compares
with published ones).

Chance alone moves each bin, so exact probabilities have an error above 0 too: 0.014 for 3400 simulated faces, 0.04 for
400. Resampling faces moves the bins once more; see `BootstrapSamples.estimate`.
"""

import numpy as np

from emotiscan.evaluation.bootstrap import Bools, BootstrapSamples, Floats, Ints, number, ratio
from emotiscan.reports import ReliabilityBin

BINS = 15


def bins_of(probabilities: Floats) -> Ints:
    """(n,) bin of each probability: bin i holds those above i / 15, up to (i + 1) / 15."""
    return np.clip(np.ceil(probabilities * BINS).astype(np.int64) - 1, 0, BINS - 1)


def calibration_error(probabilities: Floats, right: Bools, samples: BootstrapSamples) -> Floats:
    """Expected calibration error of each sample: (1 + b,), 0 to 1; NaN in a sample without faces.

    Args:
        probabilities: (n,) probability of what is claimed about each face, in [0, 1].
        right: (n,) whether the claim is true.
        samples: of these faces.
    """
    bins = bins_of(probabilities)
    # A bin's share of the faces times the distance of two means is the distance of two sums over all faces.
    gaps = np.abs(samples.sums(bins, BINS, right - probabilities)).sum(1)
    return ratio(gaps, samples.sums(bins, BINS).sum(1))


def reliability(probabilities: Floats, right: Bools) -> tuple[ReliabilityBin, ...]:
    """The bins of a reliability diagram, from the lowest probability to the highest.

    Args:
        probabilities, right: as in `calibration_error`.
    """
    bins = bins_of(probabilities)
    counts = np.bincount(bins, minlength=BINS).astype(np.float64)
    confidence, accuracy = (
        ratio(np.bincount(bins, values, minlength=BINS), counts) for values in (probabilities, right)
    )
    return tuple(ReliabilityBin(number(confidence[i]), number(accuracy[i]), int(counts[i])) for i in range(BINS))

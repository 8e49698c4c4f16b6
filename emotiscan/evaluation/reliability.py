"""Do probabilities mean what they say? Expected calibration error, and the curve behind it.

Of the faces of which the network is 80 % sure, it should be right about 80 %. Faces are sorted by
probability into 15 bins of equal width, and the error is the mean distance between a bin's mean
probability and the share of it that is right, each bin weighted by its faces (Naeini et al., 2015;
Guo et al., 2017, whose bins these are, so that the figure compares with published ones).

Chance alone moves each bin, so that exact probabilities have an error above 0 too: 0.014 of 3400
simulated faces, 0.04 of 400. Drawing faces anew moves the bins once more; see `BootstrapSamples.figure`.
"""

import numpy as np

from emotiscan.evaluation.bootstrap import Bools, BootstrapSamples, Floats, Ints, number, ratio

BINS = 15


def bins_of(probabilities: Floats) -> Ints:
    """(n,) bin of each probability: bin i holds those above i / 15, up to (i + 1) / 15."""
    return np.clip(np.ceil(probabilities * BINS).astype(np.int64) - 1, 0, BINS - 1)


def calibration_error(probabilities: Floats, right: Bools, samples: BootstrapSamples) -> Floats:
    """(1 + b,) expected calibration error of each sample, 0 to 1; NaN in a sample without faces.

    Args:
        probabilities: (n,) of what is claimed of each face, in [0, 1].
        right: (n,) whether that is so.
        samples: of these faces.
    """
    bins = bins_of(probabilities)
    # A bin's share of the faces times the distance of two means is the distance of two sums over all faces.
    gaps = np.abs(samples.sums(bins, BINS, right - probabilities)).sum(1)
    return ratio(gaps, samples.sums(bins, BINS).sum(1))


def reliability(probabilities: Floats, right: Bools) -> list[dict[str, float | int | None]]:
    """The bins from the lowest probability to the highest, for drawing.

    Args:
        probabilities, right: as in `calibration_error`.

    Returns:
        Per bin its mean `confidence`, its `accuracy` (both None where it is empty) and its `count`.
    """
    bins = bins_of(probabilities)
    counts = np.bincount(bins, minlength=BINS)
    confidence, accuracy = (
        ratio(np.bincount(bins, values, minlength=BINS), counts) for values in (probabilities, right)
    )
    return [
        {"confidence": number(confidence[i]), "accuracy": number(accuracy[i]), "count": int(counts[i])}
        for i in range(BINS)
    ]

"""AU masking: which action units are predicted worse where which others are present too.

Movements of the same skin can hide one another: beside a raised cheek (AU6), for example, a tightened lid (AU7) is
harder to see. Such pairs are found by comparing an action unit's AUC among faces with the other one and without it.
"""

from collections.abc import Sequence

import numpy as np
from scipy.stats import false_discovery_control, norm

from emotiscan.evaluation.bootstrap import PRESENT, BootstrapSamples, Floats
from emotiscan.reports import MaskedAU, Masking

MIN_SUPPORT = 20
"""Smallest number of faces with the action unit, and of faces without it, that each AUC of a tested pair rests on."""

MIN_LOSS = 0.05
"""Smallest loss of AUC at which one action unit is said to mask another."""

FALSE_DISCOVERY_RATE = 0.05
"""Expected share of chance findings among those reported; many pairs are tested at once."""


def find_masking(
    action_units: Sequence[str], probabilities: Floats, labels: Floats, samples: BootstrapSamples
) -> Masking:
    """Find the action units whose AUC is lower among faces that show another one.

    A pair is tested where, both among the faces with the other action unit and among those without it, at least
    `MIN_SUPPORT` show the action unit and `MIN_SUPPORT` do not. It is reported where `MIN_LOSS` of AUC or more is
    lost, and more than chance explains (Benjamini and Hochberg, 1995, at `FALSE_DISCOVERY_RATE`, with the spread of
    the bootstrap replicates; nothing is reported without replicates).

    Args:
        action_units: names of the k columns.
        probabilities: (n, k), in [0, 1].
        labels: (n, k) in [0, 1], NaN where unknown; present from 0.5.
        samples: of the n faces.
    """
    pairs, chances = [], []
    present, absent = labels >= PRESENT, labels < PRESENT
    known = present | absent
    for column, au in enumerate(action_units):
        for place, other in enumerate(action_units):
            beside, without = present[:, place] & known[:, column], absent[:, place] & known[:, column]
            truths = present[beside, column], present[without, column]
            fewest = min(count for truth in truths for count in (truth.sum(), (~truth).sum()))
            if place == column or fewest < MIN_SUPPORT:
                continue
            auc, other_auc = (
                samples.where(rows).ranking(probabilities[rows, column], truth)["auc"]
                for rows, truth in zip((beside, without), truths, strict=True)
            )
            lost = other_auc - auc
            pairs.append(
                MaskedAU(
                    au,
                    other,
                    samples.where(beside).estimate(auc),
                    samples.where(beside | without).estimate(lost),
                    support=int(truths[0].sum()),
                    known=len(truths[0]),
                )
            )
            chances.append(_chance(lost))
    likely = false_discovery_control(chances) <= FALSE_DISCOVERY_RATE if chances else []
    losses = [
        (pair.lost.value, pair)
        for pair, sure in zip(pairs, likely, strict=True)
        if sure and pair.lost.value is not None and pair.lost.value >= MIN_LOSS
    ]
    return Masking(len(pairs), tuple(pair for _, pair in sorted(losses, key=lambda loss: -loss[0])))


def _chance(lost: Floats) -> float:
    """How likely chance alone makes a loss as large as the first, by the spread of the replicates after it."""
    replicates = lost[1:][~np.isnan(lost[1:])]
    if not len(replicates):
        return 1.0
    spread = replicates.std()
    return float(norm.sf(lost[0] / spread)) if spread else float(lost[0] <= 0)

"""Which action units are read less surely beside which others: movements of the same skin hide one another."""

from collections.abc import Sequence

import numpy as np
from scipy.stats import false_discovery_control, norm

from emotiscan.evaluation.bootstrap import PRESENT, BootstrapSamples, Floats

MIN_SUPPORT = 20
"""Fewest faces with an action unit, and fewest without it, by which its ranking is measured."""

MASKING = 0.05
"""Least AUC that an action unit loses beside another one which is said to hide it."""

FALSE_SHARE = 0.05
"""Largest share, to be expected, of those found that are chance: many pairs are looked at."""


def masking(action_units: Sequence[str], probabilities: Floats, labels: Floats, samples: BootstrapSamples) -> dict:
    """The action units that others hide: those that are ranked worse among the faces that show the other one.

    A pair is measured where, of the faces with the other action unit and of those without it, at least `MIN_SUPPORT`
    show the action unit and `MIN_SUPPORT` do not.

    Args:
        action_units: names of the k columns.
        probabilities: (n, k), in [0, 1].
        labels: (n, k) in [0, 1], NaN where unknown; present from 0.5.
        samples: of the n faces.

    Returns:
        `pairs`, how many were measured, and `found`: those that lose `MASKING` of AUC or more, by more
        than chance (Benjamini and Hochberg, 1995, at `FALSE_SHARE`, with the draws' spread; none
        without draws), what loses most first, each with `au`, `beside` (the other action unit), figures
        `auc`, among the faces with the other action unit, and `lost`, how much higher it is among those
        without; numbers `known`, of how many faces with the other action unit this one is known, and
        `support`, of how many of these it is present.
    """
    pairs, chances = [], []
    present, absent = labels >= PRESENT, labels < PRESENT
    known = present | absent
    for column, au in enumerate(action_units):
        for place, other in enumerate(action_units):
            beside, without = present[:, place] & known[:, column], absent[:, place] & known[:, column]
            truths = present[beside, column], present[without, column]
            if (
                place == column
                or min(count for truth in truths for count in (truth.sum(), (~truth).sum())) < MIN_SUPPORT
            ):
                continue
            auc, other_auc = (
                samples.where(kind).ranking(probabilities[kind, column], truth)["auc"]
                for kind, truth in zip((beside, without), truths, strict=True)
            )
            lost = other_auc - auc
            figures = {"auc": samples.where(beside).figure(auc), "lost": samples.where(beside | without).figure(lost)}
            counts = {"support": int(truths[0].sum()), "known": len(truths[0])}
            pairs.append({"code": au, "beside": other} | figures | counts)
            chances.append(_chance(lost))
    likely = false_discovery_control(chances) <= FALSE_SHARE if chances else []
    found = [pair for pair, sure in zip(pairs, likely, strict=True) if sure and pair["lost"]["value"] >= MASKING]
    return {"pairs": len(pairs), "found": sorted(found, key=lambda pair: -pair["lost"]["value"])}


def _chance(lost: Floats) -> float:
    """How likely a loss as large as the first is by chance, by the spread of the draws after it."""
    draws = lost[1:][~np.isnan(lost[1:])]
    if not len(draws):
        return 1.0
    spread = draws.std()
    return float(norm.sf(lost[0] / spread)) if spread else float(lost[0] <= 0)

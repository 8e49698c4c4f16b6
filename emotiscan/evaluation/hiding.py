"""Which codes are read less surely beside which others: movements of the same skin hide one another."""

from collections.abc import Sequence

import numpy as np
from scipy.stats import false_discovery_control, norm

from emotiscan.evaluation.samples import PRESENT, Floats, Samples

LEAST = 20
"""Fewest faces with a code, and fewest without it, by which its ranking is measured."""

HIDING = 0.05
"""Least AUC that a code loses beside another one which is said to hide it."""

FALSE_SHARE = 0.05
"""Largest share, to be expected, of those found that are chance: many pairs are looked at."""


def hiding(codes: Sequence[str], probabilities: Floats, labels: Floats, samples: Samples) -> dict:
    """The codes that others hide: those that are ranked worse among the faces that show the other one.

    A pair is measured where, of the faces with the other code and of those without it, at least `LEAST`
    show the code and `LEAST` do not.

    Args:
        codes: names of the k columns.
        probabilities: (n, k), in [0, 1].
        labels: (n, k) in [0, 1], NaN where unknown; present from 0.5.
        samples: of the n faces.

    Returns:
        `pairs`, how many were measured, and `found`: those that lose `HIDING` of AUC or more, by more
        than chance (Benjamini and Hochberg, 1995, at `FALSE_SHARE`, with the draws' spread; none
        without draws), what loses most first, each with `code`, `beside` (the other code), figures
        `auc`, among the faces with the other code, and `lost`, how much higher it is among those
        without; numbers `known`, of how many faces with the other code this one is known, and
        `support`, of how many of these it is present.
    """
    pairs, chances = [], []
    present, absent = labels >= PRESENT, labels < PRESENT
    known = present | absent
    for column, code in enumerate(codes):
        for place, other in enumerate(codes):
            beside, without = present[:, place] & known[:, column], absent[:, place] & known[:, column]
            truths = present[beside, column], present[without, column]
            if place == column or min(count for truth in truths for count in (truth.sum(), (~truth).sum())) < LEAST:
                continue
            auc, other_auc = (
                samples.where(kind).ranking(probabilities[kind, column], truth)["auc"]
                for kind, truth in zip((beside, without), truths, strict=True)
            )
            lost = other_auc - auc
            figures = {"auc": samples.where(beside).figure(auc), "lost": samples.where(beside | without).figure(lost)}
            counts = {"support": int(truths[0].sum()), "known": len(truths[0])}
            pairs.append({"code": code, "beside": other} | figures | counts)
            chances.append(_chance(lost))
    likely = false_discovery_control(chances) <= FALSE_SHARE if chances else []
    found = [pair for pair, sure in zip(pairs, likely, strict=True) if sure and pair["lost"]["value"] >= HIDING]
    return {"pairs": len(pairs), "found": sorted(found, key=lambda pair: -pair["lost"]["value"])}


def _chance(lost: Floats) -> float:
    """How likely a loss as large as the first is by chance, by the spread of the draws after it."""
    draws = lost[1:][~np.isnan(lost[1:])]
    if not len(draws):
        return 1.0
    spread = draws.std()
    return float(norm.sf(lost[0] / spread)) if spread else float(lost[0] <= 0)

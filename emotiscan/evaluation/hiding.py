"""Which codes are read less surely beside which others: movements of the same skin hide one another."""

from collections.abc import Sequence

from emotiscan.evaluation.samples import PRESENT, Floats, Samples

LEAST = 20
"""Fewest faces with a code, and fewest without it, by which its ranking is measured."""

HIDING = 0.05
"""Least AUC that a code loses beside another one which is said to hide it."""


def hiding(codes: Sequence[str], probabilities: Floats, labels: Floats, samples: Samples) -> dict:
    """The codes that others hide: those that are ranked worse among the faces that show the other one.

    A pair is measured where, of the faces with the other code and of those without it, at least `LEAST`
    show the code and `LEAST` do not. Of those measured a few are found by chance.

    Args:
        codes: names of the k columns.
        probabilities: (n, k), in [0, 1].
        labels: (n, k) in [0, 1], NaN where unknown; present from 0.5.
        samples: of the n faces.

    Returns:
        `pairs`, how many were measured, and `found`: those that lose `HIDING` of AUC or more, and
        surely something (the interval lies above 0), what loses most first, each with `code`, `beside`
        (the other code), figures `auc`, among the faces with the other code, and `lost`, how much
        higher it is among those without; numbers `known`, of how many faces with the other code this
        one is known, and `support`, of how many of these it is present.
    """
    pairs, found = 0, []
    present, absent = labels >= PRESENT, labels < PRESENT
    known = present | absent
    for column, code in enumerate(codes):
        for place, other in enumerate(codes):
            beside, without = present[:, place] & known[:, column], absent[:, place] & known[:, column]
            truths = present[beside, column], present[without, column]
            if place == column or min(count for truth in truths for count in (truth.sum(), (~truth).sum())) < LEAST:
                continue
            pairs += 1
            auc, other_auc = (
                samples.where(kind).ranking(probabilities[kind, column], truth)["auc"]
                for kind, truth in zip((beside, without), truths, strict=True)
            )
            lost = samples.where(beside | without).figure(other_auc - auc)
            if lost["value"] >= HIDING and (lost["low"] or 0) > 0:
                figures = {"auc": samples.where(beside).figure(auc), "lost": lost}
                counts = {"support": int(truths[0].sum()), "known": len(truths[0])}
                found.append({"code": code, "beside": other} | figures | counts)
    return {"pairs": pairs, "found": sorted(found, key=lambda pair: -pair["lost"]["value"])}

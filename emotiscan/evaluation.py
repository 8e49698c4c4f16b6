"""Predictions and labels to a report: figures with intervals, and confusion matrices.

The intervals are 95 % percentile intervals of a bootstrap over subjects: pictures of one person
are alike, so persons are drawn with replacement, each with all of their pictures. A sample is a
weight per subject (how often it was drawn), and each figure is computed for all samples at once.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from emotiscan import facs

PERCENTILES = (2.5, 97.5)
PRESENT = 0.5
"""A code whose label is at least this counts as present (labels may be a teacher's probabilities)."""

BLOCK = 4_000_000
"""Most numbers in one array of sample weights; keeps the memory of large tables near 200 MB."""

Floats, Ints = NDArray[np.float64], NDArray[np.int64]


def choose_thresholds(probabilities: ArrayLike, labels: ArrayLike, codes: Sequence[str]) -> dict[str, float]:
    """Per code, the least probability to call present so that F1 is highest.

    Thresholds lie halfway between two neighbouring probabilities; of equally good ones the one
    nearest 0.5 is taken.

    Args:
        probabilities: (n, k) in [0, 1].
        labels: (n, k) in [0, 1], NaN where unknown.
        codes: names of the k columns.

    Returns:
        Code to threshold, in (0, 1); 0.5 for a code without a present or without an absent label.

    Raises:
        ValueError: the shapes do not fit each other, or a number lies outside [0, 1].
    """
    probabilities, labels = _code_arrays(probabilities, labels, codes)
    known = ~np.isnan(labels)
    return {
        code: _best_threshold(probabilities[rows, column], labels[rows, column] >= PRESENT)
        for column, (code, rows) in enumerate(zip(codes, known.T, strict=True))
    }


def evaluate(
    *,
    emotions: Sequence[str],
    codes: Sequence[str],
    emotion_probabilities: ArrayLike,
    code_probabilities: ArrayLike,
    emotion_classes: ArrayLike,
    code_labels: ArrayLike,
    subjects: ArrayLike,
    thresholds: Mapping[str, float],
    bootstraps: int = 500,
    seed: int = 0,
) -> dict:
    """Measure predictions against labels.

    A *figure* below is ``{"value", "low", "high"}``: the value and its 95 % interval over subjects.
    None stands for what is undefined: a ratio of 0 to 0, an F1 or average precision without a face
    of that class, an AUC without both classes, an interval from fewer than two subjects (for a code:
    who show it). Samples in which a figure is undefined do not count for its interval; a mean over
    classes or codes is taken over those that are defined in the sample.

    Args:
        emotions, codes: names of the e and of the k columns.
        emotion_probabilities, code_probabilities: (n, e) and (n, k), in [0, 1].
        emotion_classes: (n,) index of the true emotion, -1 where unknown.
        code_labels: (n, k) in [0, 1], NaN where unknown; present from 0.5.
        subjects: (n,) names; one person, one name.
        thresholds: least probability of each code to call it present; missing: 0.5.
        bootstraps, seed: how many samples to draw (0: no intervals), and the seed of the draws.

    Returns:
        A dict that `json.dumps` takes; confusions have true rows and predicted columns:

        - `samples`, `subjects`: how many.
        - `emotion`: None where no emotion is known, else `samples`, `labels` (order of the
          confusion), figures `accuracy` and `macro_f1`, `confusion`, and `classes`: emotion to
          `precision`, `recall`, `f1` and `support` (faces of that class). If "neutral" is among
          the emotions, also `mission`: the same of the faces that are not neutral, each read as
          the most probable of the other emotions; None without such faces.
        - `codes`: None where no label is known, else code to figures `f1`, `auc` and
          `average_precision`, numbers `precision`, `recall`, `threshold`, `known`, `support`
          (present), and `confusion` [[rightly absent, false alarms], [missed, found]].
        - `codes_mean`: None unless a code has both classes, else `codes` (how many have) and the
          means over these of `f1`, `auc` and `average_precision`, as figures.

    Raises:
        ValueError: the shapes do not fit each other, or a number lies outside its range.
    """
    emotion_probabilities = _probabilities(emotion_probabilities, "emotion probabilities", len(emotions))
    code_probabilities, code_labels = _code_arrays(code_probabilities, code_labels, codes)
    classes, names = np.asarray(emotion_classes), np.asarray(subjects)
    n = len(emotion_probabilities)
    rows = {"code labels": code_labels.shape[:1], "emotion classes": classes.shape, "subjects": names.shape}
    for what, shape in rows.items():
        if shape != (n,):
            raise ValueError(f"there are emotion probabilities of {n} faces, but {what} have shape {shape}")
    if not np.isin(classes, np.arange(-1, len(emotions))).all():
        raise ValueError(f"emotion classes must be whole numbers from -1 (unknown) to {len(emotions) - 1}")
    if bootstraps < 0:
        raise ValueError(f"bootstraps is {bootstraps}; it must be 0 or more")

    people, owners = np.unique(names.astype(str), return_inverse=True)
    samples = _Samples(owners, _draw(max(1, len(people)), bootstraps, seed))
    code_reports, mean = _code_reports(codes, code_probabilities, code_labels, samples, thresholds)
    return {
        "samples": n,
        "subjects": len(people),
        "emotion": _emotion_report(emotions, emotion_probabilities, classes.astype(np.int64), samples),
        "codes": code_reports,
        "codes_mean": mean,
    }


@dataclass(frozen=True)
class _Samples:
    """Faces, and the samples drawn of their subjects.

    Attributes:
        owners: (n,) column of `weights` that is each face's subject.
        weights: (1 + b, s) how often each subject was drawn; the first row is the data, all 1.
    """

    owners: Ints
    weights: Floats

    def where(self, mask: NDArray[np.bool_]) -> "_Samples":
        """The same samples of some of the faces."""
        return _Samples(self.owners[mask], self.weights)

    def confusions(self, truth: Ints, predicted: Ints, classes: int) -> Floats:
        """(1 + b, c, c) counts of each sample, true rows and predicted columns."""
        subjects = self.weights.shape[1]
        cells = np.bincount((self.owners * classes + truth) * classes + predicted, minlength=subjects * classes**2)
        return (self.weights @ cells.reshape(subjects, -1).astype(np.float64)).reshape(-1, classes, classes)

    def ranking(self, scores: Floats, present: NDArray[np.bool_]) -> dict[str, Floats]:
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
            drawn = self.weights[block][:, owners]
            hits = np.add.reduceat(drawn * present, starts, axis=1)  # (b, runs), highest score first
            alarms = np.add.reduceat(drawn, starts, axis=1) - hits
            all_hits, all_alarms = hits.cumsum(1), alarms.cumsum(1)
            positives, negatives = hits.sum(1), alarms.sum(1)
            outranked = negatives[:, None] - all_alarms + alarms / 2
            auc[block] = _ratio((hits * outranked).sum(1), positives * negatives)
            precision = np.nan_to_num(_ratio(all_hits, all_hits + all_alarms))
            average_precision[block] = _ratio((hits * precision).sum(1), positives)
        return {"auc": auc, "average_precision": average_precision}

    def figure(self, draws: Floats) -> dict[str, float | None]:
        """Value and interval of (1 + b,) draws; no interval where all faces are one subject's."""
        others = draws[1:][~np.isnan(draws[1:])]
        spread = len(others) > 0 and len(np.unique(self.owners)) > 1 and not np.isnan(draws[0])
        low, high = np.percentile(others, PERCENTILES) if spread else (np.nan, np.nan)
        return {"value": _number(draws[0]), "low": _number(low), "high": _number(high)}


def _draw(subjects: int, bootstraps: int, seed: int) -> Floats:
    drawn = np.random.default_rng(seed).multinomial(subjects, np.full(subjects, 1 / subjects), size=bootstraps)
    return np.concatenate([np.ones((1, subjects)), drawn])


def _emotion_report(names: Sequence[str], probabilities: Floats, classes: Ints, samples: _Samples) -> dict | None:
    report = _class_report(names, probabilities, classes, samples)
    if report is None or facs.NEUTRAL not in names:
        return report
    kept = [place for place, name in enumerate(names) if name != facs.NEUTRAL]
    # The place among the kept emotions; -1 for neutral, and for unknown (index -1, the last entry).
    places = np.full(len(names) + 1, -1)
    places[kept] = np.arange(len(kept))
    mission = _class_report([names[i] for i in kept], probabilities[:, kept], places[classes], samples)
    return report | {"mission": mission}


def _class_report(names: Sequence[str], probabilities: Floats, classes: Ints, samples: _Samples) -> dict | None:
    known = classes >= 0
    if not known.any():
        return None
    samples = samples.where(known)
    confusions = samples.confusions(classes[known], probabilities[known].argmax(1), len(names))
    scores = _class_scores(confusions)
    return {
        "samples": int(known.sum()),
        "labels": list(names),
        "accuracy": samples.figure(_ratio(np.trace(confusions, axis1=1, axis2=2), confusions.sum((1, 2)))),
        "macro_f1": samples.figure(_mean(scores["f1"])),
        "confusion": confusions[0].astype(int).tolist(),
        "classes": {
            name: {score: _number(draws[0, i]) for score, draws in scores.items()}
            | {"support": int(confusions[0, i].sum())}
            for i, name in enumerate(names)
        },
    }


def _code_reports(
    codes: Sequence[str], probabilities: Floats, labels: Floats, samples: _Samples, thresholds: Mapping[str, float]
) -> tuple[dict | None, dict | None]:
    known = ~np.isnan(labels)
    if not known.any():
        return None, None
    reports, complete = {}, []
    for column, (code, rows) in enumerate(zip(codes, known.T, strict=True)):
        truth, scores, drawn = labels[rows, column] >= PRESENT, probabilities[rows, column], samples.where(rows)
        threshold = float(thresholds.get(code, 0.5))
        confusions = drawn.confusions(truth.astype(np.int64), (scores >= threshold).astype(np.int64), 2)
        decided = {score: draws[:, 1] for score, draws in _class_scores(confusions).items()}
        draws = {"f1": decided["f1"]} | drawn.ranking(scores, truth)
        reports[code] = {name: drawn.where(truth).figure(values) for name, values in draws.items()} | {
            "precision": _number(decided["precision"][0]),
            "recall": _number(decided["recall"][0]),
            "support": int(truth.sum()),
            "known": len(truth),
            "threshold": threshold,
            "confusion": confusions[0].astype(int).tolist(),
        }
        if truth.any() and not truth.all():
            complete.append(draws)
    if not complete:
        return reports, None
    labelled = samples.where(known.any(1))
    mean = {name: labelled.figure(_mean(np.stack([of[name] for of in complete], 1))) for name in complete[0]}
    return reports, {"codes": len(complete)} | mean


def _best_threshold(probabilities: Floats, present: NDArray[np.bool_]) -> float:
    if not present.any() or present.all():
        return 0.5
    values, place = np.unique(probabilities, return_inverse=True)
    below = np.concatenate([[0.0], values[:-1]])
    # Between the closest of neighbours rounding may leave no room; then the upper one is the threshold.
    candidates = np.where((below + values) / 2 > below, (below + values) / 2, values)
    # Candidate i calls present all that lies at values[i] or above.
    called = np.bincount(place)[::-1].cumsum()[::-1]
    hits = np.bincount(place, present)[::-1].cumsum()[::-1]
    f1 = 2 * hits / (called + present.sum())
    f1[(candidates <= 0) | (candidates >= 1)] = -1.0
    best = candidates[f1 >= f1.max() - 1e-12]
    return float(best[np.abs(best - 0.5).argmin()]) if f1.max() >= 0 else 0.5


def _class_scores(confusions: Floats) -> dict[str, Floats]:
    """Precision, recall and F1, each (1 + b, c); NaN where undefined."""
    hits = np.diagonal(confusions, axis1=1, axis2=2)
    true, called = confusions.sum(2), confusions.sum(1)
    f1 = np.where(true > 0, _ratio(2 * hits, true + called), np.nan)
    return {"precision": _ratio(hits, called), "recall": _ratio(hits, true), "f1": f1}


def _ratio(part: Floats, whole: Floats) -> Floats:
    return np.divide(part, whole, out=np.full(np.shape(whole), np.nan), where=np.asarray(whole) > 0)


def _mean(scores: Floats) -> Floats:
    """(1 + b, c) to (1 + b,) means over what is defined."""
    defined = ~np.isnan(scores)
    return _ratio(np.where(defined, scores, 0.0).sum(1), defined.sum(1))


def _number(value: float) -> float | None:
    return None if np.isnan(value) else float(value)


def _probabilities(values: ArrayLike, what: str, columns: int) -> Floats:
    values = np.asarray(values, np.float64)
    if values.ndim != 2 or values.shape[1] != columns:
        raise ValueError(f"{what} have shape {values.shape}; one row a face and {columns} columns are wanted")
    if not ((values >= 0) & (values <= 1 + 1e-6)).all():
        raise ValueError(f"{what} must lie in 0 to 1, without NaN")
    return values


def _code_arrays(probabilities: ArrayLike, labels: ArrayLike, codes: Sequence[str]) -> tuple[Floats, Floats]:
    probabilities = _probabilities(probabilities, "code probabilities", len(codes))
    labels = np.asarray(labels, np.float64)
    if labels.shape != probabilities.shape:
        raise ValueError(f"code labels have shape {labels.shape}, code probabilities {probabilities.shape}")
    if ((labels < 0) | (labels > 1)).any():
        raise ValueError("code labels must lie in 0 to 1, or be NaN where unknown")
    return probabilities, labels

"""Measure predictions against labels: everything that is said of how good a checkpoint is."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import ArrayLike

from emotiscan import facs
from emotiscan.evaluation.hiding import hiding
from emotiscan.evaluation.reliability import calibration_error, reliability
from emotiscan.evaluation.samples import (
    PRESENT,
    Bools,
    Floats,
    Ints,
    Samples,
    draw_samples,
    mean_of_defined,
    number,
    ratio,
)
from emotiscan.evaluation.thresholds import check_probabilities, code_arrays


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
    clear: ArrayLike | None = None,
    called: ArrayLike | None = None,
    bootstraps: int = 500,
    seed: int = 0,
    find_hiding: bool = False,
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
        clear: (n,) whether the emotion is named rather than called unclear (`Calibration.clear`).
        called: (n, k) whether each code is called present, where no one threshold decides it for all
            faces, as in a cross-validation; the report's thresholds then are None.
        bootstraps, seed: how many samples to draw (0: no intervals), and the seed of the draws.
        find_hiding: also find codes that others hide; takes some seconds and many faces.

    Returns:
        A dict that `json.dumps` takes; confusions have true rows and predicted columns:

        - `samples`, `subjects`: how many.
        - `emotion`: None where no emotion is known, else `samples`, `labels` (order of the
          confusion), figures `accuracy` and `macro_f1`, `confusion`, and `classes`: emotion to
          `precision`, `recall`, `f1` and `support` (faces of that class); figure `ece`, the
          expected calibration error of the most probable emotion, and `reliability`, its bins
          (see `reliability`). If "neutral" is among the emotions, also `mission`: the same of the
          faces that are not neutral, each read as the most probable of the other emotions, whose
          probabilities then are shares of their sum; None without such faces. If `clear` is given,
          also figures `coverage`, the share of faces whose emotion is named, and `accuracy_clear`.
        - `codes`: None where no label is known, else code to figures `f1`, `auc`,
          `average_precision`, `ece` and `within_person` (the AUC among pairs of one person's faces;
          undefined where nobody was seen both with the code and without), numbers `precision`,
          `recall`, `threshold`, `known`, `support` (present), and `confusion` [[rightly absent,
          false alarms], [missed, found]].
        - `codes_mean`: None unless a code has both classes, else `codes` (how many have) and the
          means over these of `f1`, `auc`, `average_precision`, `ece` and `within_person`, as figures.
        - `hiding`: with `find_hiding`, what `emotiscan.evaluation.hiding` says of the codes.

        Intervals of calibration errors are those of draws shifted to have their value as median:
        drawing faces adds noise to each bin, so that the draws' errors lie higher than the data's.

    Raises:
        ValueError: the shapes do not fit each other, or a number lies outside its range.
    """
    emotion_probabilities = check_probabilities(emotion_probabilities, "emotion probabilities", len(emotions))
    code_probabilities, code_labels = code_arrays(code_probabilities, code_labels, codes)
    classes, names = np.asarray(emotion_classes), np.asarray(subjects)
    n = len(emotion_probabilities)
    rows = {"code labels": code_labels.shape[:1], "emotion classes": classes.shape, "subjects": names.shape}
    rows |= {} if clear is None else {"clear": np.shape(clear)}
    if called is not None and np.shape(called) != code_probabilities.shape:
        raise ValueError(f"called has shape {np.shape(called)}, code probabilities {code_probabilities.shape}")
    for what, shape in rows.items():
        if shape != (n,):
            raise ValueError(f"there are emotion probabilities of {n} faces, but {what} have shape {shape}")
    if not np.isin(classes, np.arange(-1, len(emotions))).all():
        raise ValueError(f"emotion classes must be whole numbers from -1 (unknown) to {len(emotions) - 1}")
    if bootstraps < 0:
        raise ValueError(f"bootstraps is {bootstraps}; it must be 0 or more")

    samples = draw_samples(names, bootstraps, seed)
    limits = np.array([thresholds.get(code, 0.5) for code in codes])
    calls = code_probabilities >= limits if called is None else np.asarray(called, bool)
    code_reports, mean = _code_reports(codes, code_probabilities, code_labels, calls, samples)
    for code, limit in zip(codes if code_reports else (), limits, strict=False):
        code_reports[code]["threshold"] = float(limit) if called is None else None
    emotion_report = _emotion_report(emotions, emotion_probabilities, classes.astype(np.int64), samples)
    if emotion_report and clear is not None:
        emotion_report |= _clear_report(emotion_probabilities, classes, np.asarray(clear, bool), samples)
    hidden = {"hiding": hiding(codes, code_probabilities, code_labels, samples)} if find_hiding else {}
    return {
        "samples": n,
        "subjects": len(np.unique(samples.owners)),
        "emotion": emotion_report,
        "codes": code_reports,
        "codes_mean": mean,
    } | hidden


def _emotion_report(names: Sequence[str], probabilities: Floats, classes: Ints, samples: Samples) -> dict | None:
    report = _class_report(names, probabilities, classes, samples)
    if report is None or facs.NEUTRAL not in names:
        return report
    kept = [place for place, name in enumerate(names) if name != facs.NEUTRAL]
    # The place among the kept emotions; -1 for neutral, and for unknown (index -1, the last entry).
    places = np.full(len(names) + 1, -1)
    places[kept] = np.arange(len(kept))
    others = probabilities[:, kept]
    others = np.nan_to_num(ratio(others, np.broadcast_to(others.sum(1, keepdims=True), others.shape)))
    mission = _class_report([names[i] for i in kept], others, places[classes], samples)
    return report | {"mission": mission}


def _clear_report(probabilities: Floats, classes: Ints, clear: Bools, samples: Samples) -> dict:
    known, named = classes >= 0, (classes >= 0) & clear
    right = probabilities.argmax(1)[named] == classes[named]
    return {
        "coverage": samples.where(known).figure(samples.where(known).share(clear[known])),
        "accuracy_clear": samples.where(named).figure(samples.where(named).share(right)),
    }


def _class_report(names: Sequence[str], probabilities: Floats, classes: Ints, samples: Samples) -> dict | None:
    known = classes >= 0
    if not known.any():
        return None
    samples, classes, probabilities = samples.where(known), classes[known], probabilities[known]
    predicted, confidence = probabilities.argmax(1), probabilities.max(1)
    confusions = samples.confusions(classes, predicted, len(names))
    scores = _class_scores(confusions)
    return {
        "samples": int(known.sum()),
        "labels": list(names),
        "accuracy": samples.figure(ratio(np.trace(confusions, axis1=1, axis2=2), confusions.sum((1, 2)))),
        "macro_f1": samples.figure(mean_of_defined(scores["f1"])),
        "confusion": confusions[0].astype(int).tolist(),
        "classes": {
            name: {score: number(draws[0, i]) for score, draws in scores.items()}
            | {"support": int(confusions[0, i].sum())}
            for i, name in enumerate(names)
        },
        "ece": samples.figure(calibration_error(confidence, predicted == classes, samples), centred=True),
        "reliability": reliability(confidence, predicted == classes),
    }


def _code_reports(
    codes: Sequence[str], probabilities: Floats, labels: Floats, calls: Bools, samples: Samples
) -> tuple[dict | None, dict | None]:
    known = ~np.isnan(labels)
    if not known.any():
        return None, None
    reports, complete = {}, []
    for column, (code, rows) in enumerate(zip(codes, known.T, strict=True)):
        truth, scores, drawn = labels[rows, column] >= PRESENT, probabilities[rows, column], samples.where(rows)
        confusions = drawn.confusions(truth.astype(np.int64), calls[rows, column].astype(np.int64), 2)
        decided = {score: draws[:, 1] for score, draws in _class_scores(confusions).items()}
        draws = {"f1": decided["f1"]} | drawn.ranking(scores, truth)
        error = calibration_error(scores, truth, drawn)
        paired = drawn.both_ways(truth)
        within = drawn.where(paired).pairs(scores[paired], truth[paired])
        reports[code] = {name: drawn.where(truth).figure(values) for name, values in draws.items()} | {
            "ece": drawn.figure(error, centred=True),
            "within_person": drawn.where(paired).figure(within),
            "precision": number(decided["precision"][0]),
            "recall": number(decided["recall"][0]),
            "support": int(truth.sum()),
            "known": len(truth),
            "confusion": confusions[0].astype(int).tolist(),
        }
        if truth.any() and not truth.all():
            complete.append(draws | {"ece": error, "within_person": within})
    if not complete:
        return reports, None
    labelled = samples.where(known.any(1))
    means = {name: mean_of_defined(np.stack([of[name] for of in complete], 1)) for name in complete[0]}
    mean = {name: labelled.figure(draws, centred=name == "ece") for name, draws in means.items()}
    return reports, {"codes": len(complete)} | mean


def _class_scores(confusions: Floats) -> dict[str, Floats]:
    """Precision, recall and F1, each (1 + b, c); NaN where undefined."""
    hits = np.diagonal(confusions, axis1=1, axis2=2)
    true, called = confusions.sum(2), confusions.sum(1)
    f1 = np.where(true > 0, ratio(2 * hits, true + called), np.nan)
    return {"precision": ratio(hits, called), "recall": ratio(hits, true), "f1": f1}

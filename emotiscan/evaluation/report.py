"""Measure predictions against labels: everything that is said of how good a checkpoint is."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import ArrayLike

from emotiscan import facs
from emotiscan.evaluation.bootstrap import (
    PRESENT,
    Bools,
    BootstrapSamples,
    Floats,
    Ints,
    bootstrap_samples,
    mean_of_defined,
    number,
    ratio,
)
from emotiscan.evaluation.masking import masking
from emotiscan.evaluation.reliability import calibration_error, reliability
from emotiscan.evaluation.thresholds import au_arrays, check_probabilities


def evaluate(
    *,
    emotions: Sequence[str],
    action_units: Sequence[str],
    emotion_probabilities: ArrayLike,
    au_probabilities: ArrayLike,
    emotion_classes: ArrayLike,
    au_labels: ArrayLike,
    subjects: ArrayLike,
    thresholds: Mapping[str, float],
    clear: ArrayLike | None = None,
    called: ArrayLike | None = None,
    bootstraps: int = 500,
    seed: int = 0,
    find_masking: bool = False,
) -> dict:
    """Measure predictions against labels.

    A *figure* below is ``{"value", "low", "high"}``: the value and its 95 % interval over subjects.
    None stands for what is undefined: a ratio of 0 to 0, an F1 or average precision without a face
    of that class, an AUC without both classes, an interval from fewer than two subjects (for an action unit:
    who show it). Samples in which a figure is undefined do not count for its interval; a mean over
    classes or action units is taken over those that are defined in the sample.

    Args:
        emotions, action_units: names of the e and of the k columns.
        emotion_probabilities, au_probabilities: (n, e) and (n, k), in [0, 1].
        emotion_classes: (n,) index of the true emotion, -1 where unknown.
        au_labels: (n, k) in [0, 1], NaN where unknown; present from 0.5.
        subjects: (n,) names; one person, one name.
        thresholds: least probability of each action unit to call it present; missing: 0.5.
        clear: (n,) whether the emotion is named rather than called unclear (`Calibration.clear`).
        called: (n, k) whether each action unit is called present, where no one threshold decides it for all
            faces, as in a cross-validation; the report's thresholds then are None.
        bootstraps, seed: how many samples to draw (0: no intervals), and the seed of the draws.
        find_masking: also find action units that others hide; takes some seconds and many faces.

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
        - `action_units`: None where no label is known, else action unit to figures `f1`, `auc`,
          `average_precision`, `ece` and `within_person` (the AUC among pairs of one person's faces;
          undefined where nobody was seen both with the action unit and without), numbers `precision`,
          `recall`, `threshold`, `known`, `support` (present), and `confusion` [[rightly absent,
          false alarms], [missed, found]].
        - `au_mean`: None unless an action unit has both classes, else `action_units` (how many have) and the
          means over these of `f1`, `auc`, `average_precision`, `ece` and `within_person`, as figures.
        - `hiding`: with `find_masking`, what `emotiscan.evaluation.masking` says of the action units.

        Intervals of calibration errors are those of draws shifted to have their value as median:
        drawing faces adds noise to each bin, so that the draws' errors lie higher than the data's.

    Raises:
        ValueError: the shapes do not fit each other, or a number lies outside its range.
    """
    emotion_probabilities = check_probabilities(emotion_probabilities, "emotion probabilities", len(emotions))
    au_probabilities, au_labels = au_arrays(au_probabilities, au_labels, action_units)
    classes, names = np.asarray(emotion_classes), np.asarray(subjects)
    n = len(emotion_probabilities)
    rows = {"action unit labels": au_labels.shape[:1], "emotion classes": classes.shape, "subjects": names.shape}
    rows |= {} if clear is None else {"clear": np.shape(clear)}
    if called is not None and np.shape(called) != au_probabilities.shape:
        raise ValueError(f"called has shape {np.shape(called)}, action unit probabilities {au_probabilities.shape}")
    for what, shape in rows.items():
        if shape != (n,):
            raise ValueError(f"there are emotion probabilities of {n} faces, but {what} have shape {shape}")
    if not np.isin(classes, np.arange(-1, len(emotions))).all():
        raise ValueError(f"emotion classes must be whole numbers from -1 (unknown) to {len(emotions) - 1}")
    if bootstraps < 0:
        raise ValueError(f"bootstraps is {bootstraps}; it must be 0 or more")

    samples = bootstrap_samples(names, bootstraps, seed)
    limits = np.array([thresholds.get(au, 0.5) for au in action_units])
    calls = au_probabilities >= limits if called is None else np.asarray(called, bool)
    au_reports, mean = _au_reports(action_units, au_probabilities, au_labels, calls, samples)
    for au, limit in zip(action_units if au_reports else (), limits, strict=False):
        au_reports[au]["threshold"] = float(limit) if called is None else None
    emotion_report = _emotion_report(emotions, emotion_probabilities, classes.astype(np.int64), samples)
    if emotion_report and clear is not None:
        emotion_report |= _clear_report(emotion_probabilities, classes, np.asarray(clear, bool), samples)
    hidden = {"hiding": masking(action_units, au_probabilities, au_labels, samples)} if find_masking else {}
    return {
        "samples": n,
        "subjects": len(np.unique(samples.owners)),
        "emotion": emotion_report,
        "codes": au_reports,
        "codes_mean": mean,
    } | hidden


def _emotion_report(
    names: Sequence[str], probabilities: Floats, classes: Ints, samples: BootstrapSamples
) -> dict | None:
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


def _clear_report(probabilities: Floats, classes: Ints, clear: Bools, samples: BootstrapSamples) -> dict:
    known, named = classes >= 0, (classes >= 0) & clear
    right = probabilities.argmax(1)[named] == classes[named]
    return {
        "coverage": samples.where(known).figure(samples.where(known).share(clear[known])),
        "accuracy_clear": samples.where(named).figure(samples.where(named).share(right)),
    }


def _class_report(names: Sequence[str], probabilities: Floats, classes: Ints, samples: BootstrapSamples) -> dict | None:
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
        "ece": samples.figure(calibration_error(confidence, predicted == classes, samples), centerd=True),
        "reliability": reliability(confidence, predicted == classes),
    }


def _au_reports(
    action_units: Sequence[str], probabilities: Floats, labels: Floats, calls: Bools, samples: BootstrapSamples
) -> tuple[dict | None, dict | None]:
    known = ~np.isnan(labels)
    if not known.any():
        return None, None
    reports, complete = {}, []
    for column, (au, rows) in enumerate(zip(action_units, known.T, strict=True)):
        truth, scores, drawn = labels[rows, column] >= PRESENT, probabilities[rows, column], samples.where(rows)
        confusions = drawn.confusions(truth.astype(np.int64), calls[rows, column].astype(np.int64), 2)
        decided = {score: draws[:, 1] for score, draws in _class_scores(confusions).items()}
        draws = {"f1": decided["f1"]} | drawn.ranking(scores, truth)
        error = calibration_error(scores, truth, drawn)
        paired = drawn.both_ways(truth)
        within = drawn.where(paired).pairs(scores[paired], truth[paired])
        reports[au] = {name: drawn.where(truth).figure(values) for name, values in draws.items()} | {
            "ece": drawn.figure(error, centerd=True),
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
    labeled = samples.where(known.any(1))
    means = {name: mean_of_defined(np.stack([of[name] for of in complete], 1)) for name in complete[0]}
    mean = {name: labeled.figure(draws, centerd=name == "ece") for name, draws in means.items()}
    return reports, {"codes": len(complete)} | mean


def _class_scores(confusions: Floats) -> dict[str, Floats]:
    """Precision, recall and F1, each (1 + b, c); NaN where undefined."""
    hits = np.diagonal(confusions, axis1=1, axis2=2)
    true, called = confusions.sum(2), confusions.sum(1)
    f1 = np.where(true > 0, ratio(2 * hits, true + called), np.nan)
    return {"precision": ratio(hits, called), "recall": ratio(hits, true), "f1": f1}

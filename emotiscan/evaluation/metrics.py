"""Compare predictions with labels: every metric that a report names."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

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
from emotiscan.evaluation.masking import find_masking
from emotiscan.evaluation.reliability import calibration_error, reliability
from emotiscan.evaluation.thresholds import au_arrays, check_probabilities
from emotiscan.reports import AUMean, AUReport, ClassMetrics, EmotionReport, EvaluationReport


def evaluate_predictions(
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
    with_masking: bool = False,
) -> EvaluationReport:
    """Compare predictions with labels.

    A metric is undefined, and its value None, where it is a ratio of 0 to 0, an F1 or average precision without a face
    of that class, or an AUC without both classes; it has no interval with fewer than two subjects (for an action unit:
    subjects who show it). Samples in which it is undefined do not count for its interval, and a mean over classes or
    action units is taken over those that are defined in the sample.

    Intervals of calibration errors come from replicates that are shifted to have the value as their median: resampling
    faces adds noise to each bin, so that the replicates' errors lie above that of the data.

    Args:
        emotions, action_units: names of the e and of the k columns.
        emotion_probabilities, au_probabilities: (n, e) and (n, k), in [0, 1].
        emotion_classes: (n,) index of the true emotion, -1 where unknown.
        au_labels: (n, k) in [0, 1], NaN where unknown; present from 0.5.
        subjects: (n,) names; the same name for all faces of a subject.
        thresholds: smallest probability at which each action unit is called present; 0.5 where missing.
        clear: (n,) whether the emotion is called clear (`Calibration.clear`); None leaves out `coverage`.
        called: (n, k) whether each action unit is called present, where no single threshold decides it for all
            faces, as in a cross-validation; the report's thresholds then are None.
        bootstraps, seed: number of bootstrap samples (0: no intervals), and their seed.
        with_masking: also find action units that mask one another; takes some seconds and many faces.

    Raises:
        ValueError: the shapes do not fit each other, or a number lies outside its range.
    """
    emotion_probabilities = check_probabilities(emotion_probabilities, "emotion probabilities", len(emotions))
    au_probabilities, au_labels = au_arrays(au_probabilities, au_labels, action_units)
    classes, names = np.asarray(emotion_classes), np.asarray(subjects)
    n = len(emotion_probabilities)
    shapes = {"action unit labels": au_labels.shape[:1], "emotion classes": classes.shape, "subjects": names.shape}
    _check_rows(n, shapes if clear is None else shapes | {"clear": np.shape(clear)})
    if called is not None and np.shape(called) != au_probabilities.shape:
        raise ValueError(f"called has shape {np.shape(called)}, action unit probabilities {au_probabilities.shape}")
    if not np.isin(classes, np.arange(-1, len(emotions))).all():
        raise ValueError(f"emotion classes must be whole numbers from -1 (unknown) to {len(emotions) - 1}")
    if bootstraps < 0:
        raise ValueError(f"bootstraps is {bootstraps}; it must be 0 or more")

    samples = bootstrap_samples(names, bootstraps, seed)
    limits = np.array([thresholds.get(au, 0.5) for au in action_units])
    calls = au_probabilities >= limits if called is None else np.asarray(called, bool)
    au_reports, mean = _au_reports(action_units, au_probabilities, au_labels, calls, samples)
    if called is None:
        au_reports = {
            au: replace(report, threshold=float(limit))
            for (au, report), limit in zip(au_reports.items(), limits, strict=False)
        }
    emotion = emotion_report(emotions, emotion_probabilities, classes.astype(np.int64), samples)
    if emotion and clear is not None:
        emotion = _with_clear(emotion, emotion_probabilities, classes, np.asarray(clear, bool), samples)
    return EvaluationReport(
        samples=n,
        subjects=len(np.unique(samples.owners)),
        emotion=emotion,
        action_units=au_reports,
        action_units_mean=mean,
        masking=find_masking(action_units, au_probabilities, au_labels, samples) if with_masking else None,
    )


def _check_rows(n: int, shapes: Mapping[str, tuple[int, ...]]) -> None:
    for what, shape in shapes.items():
        if shape != (n,):
            raise ValueError(f"there are emotion probabilities of {n} faces, but {what} have shape {shape}")


def emotion_report(
    names: Sequence[str], probabilities: Floats, classes: Ints, samples: BootstrapSamples
) -> EmotionReport | None:
    """Measure predicted emotions, also without “neutral” if that is one of them; arguments as in `class_report`."""
    report = class_report(names, probabilities, classes, samples)
    if report is None or facs.NEUTRAL not in names:
        return report
    kept = [place for place, name in enumerate(names) if name != facs.NEUTRAL]
    # The place among the kept emotions; -1 for neutral, and for unknown (index -1, the last entry).
    places = np.full(len(names) + 1, -1)
    places[kept] = np.arange(len(kept))
    others = probabilities[:, kept]
    others = np.nan_to_num(ratio(others, np.broadcast_to(others.sum(1, keepdims=True), others.shape)))
    rest = class_report([names[i] for i in kept], others, places[classes], samples)
    return replace(report, without_neutral=rest)


def _with_clear(
    report: EmotionReport, probabilities: Floats, classes: Ints, clear: Bools, samples: BootstrapSamples
) -> EmotionReport:
    known, named = classes >= 0, (classes >= 0) & clear
    right = probabilities.argmax(1)[named] == classes[named]
    of_known, of_named = samples.where(known), samples.where(named)
    return replace(
        report,
        coverage=of_known.estimate(of_known.share(clear[known])),
        accuracy_clear=of_named.estimate(of_named.share(right)),
    )


def class_report(
    names: Sequence[str], probabilities: Floats, classes: Ints, samples: BootstrapSamples
) -> EmotionReport | None:
    """Measure the most probable of classes that exclude each other.

    Args:
        names: of the c classes.
        probabilities: (n, c), in [0, 1].
        classes: (n,) index of the true class, -1 where unknown.
        samples: of the n faces.

    Returns:
        The report; None where no class is known.
    """
    known = classes >= 0
    if not known.any():
        return None
    samples, classes, probabilities = samples.where(known), classes[known], probabilities[known]
    predicted, confidence = probabilities.argmax(1), probabilities.max(1)
    confusions = samples.confusions(classes, predicted, len(names))
    scores = class_scores(confusions)
    return EmotionReport(
        samples=int(known.sum()),
        labels=tuple(names),
        accuracy=samples.estimate(ratio(np.trace(confusions, axis1=1, axis2=2), confusions.sum((1, 2)))),
        macro_f1=samples.estimate(mean_of_defined(scores["f1"])),
        confusion=confusions[0].astype(int).tolist(),
        classes={
            name: ClassMetrics(
                **{score: number(replicates[0, i]) for score, replicates in scores.items()},
                support=int(confusions[0, i].sum()),
            )
            for i, name in enumerate(names)
        },
        ece=samples.estimate(calibration_error(confidence, predicted == classes, samples), centered=True),
        reliability=reliability(confidence, predicted == classes),
    )


def _au_reports(
    action_units: Sequence[str], probabilities: Floats, labels: Floats, calls: Bools, samples: BootstrapSamples
) -> tuple[dict[str, AUReport], AUMean | None]:
    known = ~np.isnan(labels)
    if not known.any():
        return {}, None
    reports, complete_replicates = {}, []
    for column, (au, rows) in enumerate(zip(action_units, known.T, strict=True)):
        truth, scores, own = labels[rows, column] >= PRESENT, probabilities[rows, column], samples.where(rows)
        confusions = own.confusions(truth.astype(np.int64), calls[rows, column].astype(np.int64), 2)
        decided = {score: replicates[:, 1] for score, replicates in class_scores(confusions).items()}
        replicates = {"f1": decided["f1"]} | own.ranking(scores, truth)
        of_present = own.where(truth)
        error = calibration_error(scores, truth, own)
        paired = own.seen_both_ways(truth)
        within = own.where(paired).within_subject_auc(scores[paired], truth[paired])
        reports[au] = AUReport(
            f1=of_present.estimate(replicates["f1"]),
            auc=of_present.estimate(replicates["auc"]),
            average_precision=of_present.estimate(replicates["average_precision"]),
            ece=own.estimate(error, centered=True),
            within_subject=own.where(paired).estimate(within),
            precision=number(decided["precision"][0]),
            recall=number(decided["recall"][0]),
            support=int(truth.sum()),
            known=len(truth),
            confusion=confusions[0].astype(int).tolist(),
        )
        if truth.any() and not truth.all():
            complete_replicates.append(replicates | {"ece": error, "within_subject": within})
    if not complete_replicates:
        return reports, None
    labeled = samples.where(np.asarray(known.any(1)))
    means = {
        name: mean_of_defined(np.stack([replicates[name] for replicates in complete_replicates], 1))
        for name in complete_replicates[0]
    }
    mean = {name: labeled.estimate(replicates, centered=name == "ece") for name, replicates in means.items()}
    return reports, AUMean(len(complete_replicates), **mean)


def class_scores(confusions: Floats) -> dict[str, Floats]:
    """Precision, recall and F1, each (1 + b, c); NaN where undefined."""
    hits = np.diagonal(confusions, axis1=1, axis2=2)
    true, called = confusions.sum(2), confusions.sum(1)
    f1 = np.where(true > 0, ratio(2 * hits, true + called), np.nan)
    return {"precision": ratio(hits, called), "recall": ratio(hits, true), "f1": f1}

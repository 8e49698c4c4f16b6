"""Metrics of groups of faces, how far each group lies behind the best one, and the gap between worst and best.

All groups share one bootstrap over subjects (see `evaluation.bootstrap`): each sample takes the same subjects in every
group, so that the interval of a difference is that of paired measurements.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from emotiscan.evaluation.bootstrap import (
    PRESENT,
    Bools,
    BootstrapSamples,
    Floats,
    Ints,
    bootstrap_samples,
    mean_of_defined,
    ratio,
)
from emotiscan.evaluation.prediction import Predictions, agreed_classes, emotion_probabilities, labels_for
from emotiscan.facs import NEUTRAL
from emotiscan.model.calibration import Calibration
from emotiscan.model.network import ModelConfig
from emotiscan.reports import Estimate, Gap, GroupComparison, GroupReport


@dataclass(frozen=True)
class Metric:
    """A metric's title for display, and its sign: +1 if more is better, -1 if less is."""

    title: str
    sign: int = 1


METRICS = {
    "detected": Metric("face found"),
    "accuracy": Metric("emotion accuracy"),
    "au_auc": Metric("action units' mean AUC"),
    "au_f1": Metric("action units' mean F1"),
    "false_alarms": Metric("false alarms", -1),
}
"""What is measured in each group.

- `detected`: share of the group's faces that were found.
- `accuracy`: share of the predicted faces with a known emotion whose most probable emotion is that one.
- `au_auc`, `au_f1`: of the predicted faces, as in `evaluate_predictions`: means over the action units that are
  present in some of them and absent in others, F1 at the checkpoint's thresholds.
- `false_alarms`: of the predicted faces that are neutral, the mean share of the action units that are called present
  and are not labeled so.
"""

MIN_READ_SHARE = 0.5
"""A group of which a smaller share was predicted is neither best nor worst in anything but `detected`: the faces that
are found in a hard group are not those that are found in an easy one."""

CONFIDENCE = 95
"""Confidence level of all intervals, in percent."""


@dataclass(frozen=True)
class Truth:
    """The true labels of n faces.

    Attributes:
        emotions, action_units: the network's names of both.
        classes: (n,) index of the true emotion, -1 where unknown.
        labels: (n, k) 1 present, 0 absent (or a probability), NaN unknown.
        subjects: (n,) names.
    """

    emotions: tuple[str, ...]
    action_units: tuple[str, ...]
    classes: Ints
    labels: Floats
    subjects: NDArray[np.str_]


@dataclass(frozen=True)
class GroupPredictions:
    """Predictions for one group; all arrays have a row for each of the n faces of the `Truth`.

    Attributes:
        members: (n,) whether the face belongs to the group.
        found: (n,) whether the detector found it; None where detection is not measured.
        read: (n,) whether it was predicted.
        emotions: (n, e) probabilities; any number where not predicted.
        action_units: (n, k) probabilities; any number where not predicted.
    """

    members: Bools
    found: Bools | None
    read: Bools
    emotions: Floats
    action_units: Floats


def compare(
    groups: Mapping[str, GroupPredictions],
    truth: Truth,
    thresholds: Mapping[str, float],
    bootstraps: int = 500,
    seed: int = 0,
) -> GroupComparison:
    """Measure groups of faces and compare them.

    Each metric's gap is the best group's value minus the worst's (the other way round for false alarms), 0 or more;
    None where fewer than two groups can be compared (see `MIN_READ_SHARE`). Because worst and best are picked after
    looking, its interval is a simultaneous one: it holds for all pairs of groups at once (the largest studentized
    deviation of any pair, from the same replicates; Westfall and Young, 1993), and so for the pair picked. It reaches
    to 0 or below where the difference may be chance.

    Bootstrap intervals are a little too narrow where a metric rests on few subjects. For a model that treats all
    groups alike, about one gap in twenty looks significant with 200 subjects and 40 neutral ones (simulated, eight
    groups), but up to one in five for the false alarms of 12 neutral subjects. Where all subjects of a group agree, as
    where every face was found, the interval has no width: the replicates cannot tell how rare an event is that never
    happened.

    Args:
        groups: predictions by group, in the order of the report.
        truth: of all faces.
        thresholds: smallest probability at which each action unit is called present; 0.5 where missing.
        bootstraps, seed: number of bootstrap samples, and their seed.
    """
    samples = bootstrap_samples(truth.subjects, bootstraps, seed)
    replicates = {name: _replicates(predictions, truth, samples, thresholds) for name, predictions in groups.items()}
    reports: dict[str, GroupReport] = {}
    for name, predictions in groups.items():
        own = samples.where(predictions.members)
        reports[name] = GroupReport(
            samples=int(predictions.members.sum()),
            read=int((predictions.members & predictions.read).sum()),
            metrics={metric: own.estimate(values) for metric, values in replicates[name].items()},
        )
    gaps: dict[str, Gap | None] = {}
    behind: dict[str, dict[str, Estimate]] = {name: {} for name in groups}
    for metric, about in METRICS.items():
        signed = {name: about.sign * replicates[name][metric] for name in groups}
        comparable = [
            name
            for name, report in reports.items()
            if report.metrics[metric].value is not None
            and (metric == "detected" or report.read >= MIN_READ_SHARE * report.samples)
        ]
        gaps[metric] = _gap({name: signed[name] for name in comparable}, samples)
        if comparable:
            best = max(comparable, key=lambda name: signed[name][0])
            for name in groups:
                behind[name][metric] = samples.estimate(signed[best] - signed[name])
    return GroupComparison({name: replace(report, behind=behind[name]) for name, report in reports.items()}, gaps)


def by_group(
    predictions: Predictions,
    groups: Sequence[str] | NDArray[np.str_],
    config: ModelConfig,
    calibration: Calibration,
    found: Bools | None = None,
    order: Sequence[str] = (),
    bootstraps: int = 500,
) -> GroupComparison:
    """Compare predictions on a label table, split into groups of its rows.

    Every row was predicted: where no face was found, the whole image.

    Args:
        predictions: n rows.
        groups: (n,) name of each row's group.
        config, calibration: of the checkpoint.
        found: (n,) whether the face was found; None where that is not measured.
        order: groups to report first, in this order, if they have rows; then the rest in order of appearance.
        bootstraps: see `compare`.
    """
    table, groups = predictions.table, np.asarray(groups).astype(str)
    if groups.shape != (len(table),):
        raise ValueError(f"there are {len(table)} rows, but groups have shape {groups.shape}")
    truth = Truth(
        config.emotions,
        config.action_units,
        agreed_classes(table, config.emotions),
        labels_for(table, config.action_units).astype(np.float64),
        table.frame["subject"].to_numpy(str),
    )
    emotions = emotion_probabilities(predictions, config, calibration)
    action_units = calibration.action_units(predictions.action_units, config.action_units)
    everything = np.ones(len(table), bool)
    names = [name for name in dict.fromkeys([*order, *groups.tolist()]) if (groups == name).any()]
    grouped = {name: GroupPredictions(groups == name, found, everything, emotions, action_units) for name in names}
    return compare(grouped, truth, {au: calibration.threshold(au) for au in config.action_units}, bootstraps)


def _replicates(
    predictions: GroupPredictions, truth: Truth, samples: BootstrapSamples, thresholds: Mapping[str, float]
) -> dict[str, Floats]:
    """Each metric's (1 + b,) replicates; NaN where undefined."""
    nothing = np.full(len(samples.weights), np.nan)
    read = predictions.members & predictions.read
    named = read & (truth.classes >= 0)
    neutral = read & np.isin(truth.classes, [place for place, name in enumerate(truth.emotions) if name == NEUTRAL])
    limits = np.array([thresholds.get(au, 0.5) for au in truth.action_units])
    # Rows that were not predicted may hold NaN; they are not used.
    called = np.nan_to_num(predictions.action_units, nan=-1.0) >= limits
    alarms = called & ~(truth.labels >= PRESENT)
    right = np.nan_to_num(predictions.emotions, nan=-1.0).argmax(1) == truth.classes
    scores = _au_replicates(predictions.action_units, called, truth.labels, read, samples)
    return {
        "detected": nothing
        if predictions.found is None
        else samples.where(predictions.members).share(predictions.found[predictions.members]),
        "accuracy": samples.where(named).share(right[named]),
        "au_auc": mean_of_defined(scores["auc"]) if scores["auc"].size else nothing,
        "au_f1": mean_of_defined(scores["f1"]) if scores["f1"].size else nothing,
        "false_alarms": samples.where(neutral).mean(alarms[neutral].mean(1)) if truth.action_units else nothing,
    }


def _au_replicates(
    scores: Floats, called: Bools, labels: Floats, read: Bools, samples: BootstrapSamples
) -> dict[str, Floats]:
    """AUC and F1, each (1 + b, c), of the c action units that are both present and absent."""
    replicates: dict[str, list[Floats]] = {"auc": [], "f1": []}
    for column in range(labels.shape[1]):
        rows = read & ~np.isnan(labels[:, column])
        truth = labels[rows, column] >= PRESENT
        if not truth.any() or truth.all():
            continue
        own = samples.where(rows)
        replicates["auc"].append(own.ranking(scores[rows, column], truth)["auc"])
        confusions = own.confusions(truth.astype(np.int64), called[rows, column].astype(np.int64), 2)
        present, positive = confusions[:, 1].sum(1), confusions[:, :, 1].sum(1)
        replicates["f1"].append(np.where(present > 0, ratio(2 * confusions[:, 1, 1], present + positive), np.nan))
    return {name: np.stack(columns, 1) if columns else np.empty((0, 0)) for name, columns in replicates.items()}


def _gap(replicates: Mapping[str, Floats], samples: BootstrapSamples) -> Gap | None:
    """Worst and best group, and their difference with its simultaneous interval.

    Args:
        replicates: (1 + b,) by group; more is better.
        samples: that the replicates come from.
    """
    if len(replicates) < 2:
        return None
    names, table = list(replicates), np.stack(list(replicates.values()))  # (g, 1 + b)
    worst, best = int(table[:, 0].argmin()), int(table[:, 0].argmax())
    value = float(table[best, 0] - table[worst, 0])
    deviations = table[:, 1:] - table[:, :1]
    deviations = deviations[:, ~np.isnan(deviations).any(0)]  # replicates in which all groups are defined
    if not deviations.shape[1] or samples.weights.shape[1] == 1:
        return Gap(names[worst], names[best], Estimate(value))
    pairs = deviations[:, None] - deviations[None]  # (g, g, b)
    spread = pairs.std(2)
    constant = spread < 1e-9  # the two groups move together; only rounding separates them
    studentized = np.abs(pairs) / np.where(constant, np.inf, spread)[:, :, None]
    reach = float(np.percentile(studentized.max((0, 1)), CONFIDENCE)) * float(spread[best, worst])
    # Rounded, so that a difference that only the order of additions makes counts as 0.
    low, high = (round(value + sign * reach, 9) + 0.0 for sign in (-1, 1))
    return Gap(names[worst], names[best], Estimate(value, low, high))

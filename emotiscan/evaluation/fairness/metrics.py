"""Measures of each group of faces, how far each lies behind the best one, and the gap between worst and best.

All groups share one bootstrap over persons (`evaluation.samples`): in each draw the same persons are
drawn for every group, so that the interval of a difference is that of paired measurements.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

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
from emotiscan.evaluation.prediction import Predictions, agreed_classes, labels_for
from emotiscan.facs import NEUTRAL
from emotiscan.model.calibration import Calibration
from emotiscan.model.network import ModelConfig


@dataclass(frozen=True)
class Measure:
    """Name for people, and +1 where more is better, -1 where less is."""

    title: str
    sign: int = 1


MEASURES = {
    "detected": Measure("face found"),
    "accuracy": Measure("emotion accuracy"),
    "code_auc": Measure("action units' mean AUC"),
    "code_f1": Measure("action units' mean F1"),
    "false_alarms": Measure("false alarms", -1),
}
"""What is measured in each group.

- `detected`: share of the group's faces that were found.
- `accuracy`: share of the read faces with a known emotion whose most probable emotion is that one.
- `au_auc`, `au_f1`: of the read faces, as in `emotiscan.evaluation.evaluate`: means over the
  action units that are both present and absent among them, F1 at the checkpoint's thresholds.
- `false_alarms`: of the read faces that are neutral, the mean share of the action units that are called
  present and are not labeled so.
"""

MIN_READ_SHARE = 0.5
"""A group of which a smaller share was read is neither best nor worst in anything but `detected`: who is
found in a hard group is not who is found in an easy one."""

CONFIDENCE = 95
"""Per cent; of all intervals."""


@dataclass(frozen=True)
class Truth:
    """What is true of n faces.

    Attributes:
        emotions, action_units: the network's names of both.
        classes: (n,) index of the true emotion, -1 where unknown.
        labels: (n, k) 1 present, 0 absent (or a probability), NaN unknown.
        subjects: (n,) names of the persons.
    """

    emotions: tuple[str, ...]
    action_units: tuple[str, ...]
    classes: Ints
    labels: Floats
    subjects: NDArray[np.str_]


@dataclass(frozen=True)
class Readings:
    """What was read of a group; all arrays have a row for each of the n faces of the `Truth`.

    Attributes:
        members: (n,) whether the face belongs to the group.
        found: (n,) whether the detector found it; None where detection is not measured.
        read: (n,) whether it was read.
        emotions: (n, e) probabilities; any number where not read.
        action_units: (n, k) probabilities; any number where not read.
    """

    members: Bools
    found: Bools | None
    read: Bools
    emotions: Floats
    action_units: Floats


def compare(
    groups: Mapping[str, Readings],
    truth: Truth,
    thresholds: Mapping[str, float],
    bootstraps: int = 500,
    seed: int = 0,
) -> dict:
    """Measure groups of faces and compare them.

    A *figure* is ``{"value", "low", "high"}``, as in `emotiscan.evaluation.evaluate`; None stands for
    what is undefined.

    Args:
        groups: by name, in the order of the report.
        truth: of all faces.
        thresholds: least probability of each action unit to call it present; missing: 0.5.
        bootstraps, seed: how many samples of the persons to draw, and the seed of the draws.

    Returns:
        A dict that `json.dumps` takes:

        - `groups`: name to `samples` (its faces), `read` (how many were read), a figure for each of
          `MEASURES`, and `behind`: for each measure, how far the group lies behind the best one,
          0 or more, with the paired interval of this difference.
        - `gap`: for each measure `worst` and `best` (names of groups), and `value`, `low`, `high`:
          the best group's value less the worst's (turned round for false alarms), 0 or more. None
          where fewer than two groups can be compared (see `MIN_READ_SHARE`). As worst and best are
          picked after looking, the interval is a simultaneous one: it holds for all pairs of groups
          at once (the largest studentised deviation of any pair, from the same draws; Westfall and
          Young, 1993), and so for the pair picked. It reaches to 0 or below where the difference
          may be chance.

        Bootstrap intervals are a little too narrow where a figure rests on few persons: of readers
        that treat all alike, about one gap in twenty seems sure with 200 persons and 40 neutral ones
        (simulated, eight groups), but up to one in five of those of 12 neutral persons' false alarms.
        Where all persons of a group agree, as where every face was found, its interval has no width:
        the persons drawn cannot say how rare what did not happen is.
    """
    samples = bootstrap_samples(truth.subjects, bootstraps, seed)
    draws = {name: _draws(readings, truth, samples, thresholds) for name, readings in groups.items()}
    report: dict = {"groups": {}, "gap": {}}
    for name, readings in groups.items():
        own = samples.where(readings.members)
        report["groups"][name] = {
            "samples": int(readings.members.sum()),
            "read": int((readings.members & readings.read).sum()),
            **{measure: own.figure(values) for measure, values in draws[name].items()},
            "behind": {},
        }
    for measure, about in MEASURES.items():
        able = [
            name for name, part in report["groups"].items() if part[measure]["value"] is not None
            and (measure == "detected" or part["read"] >= MIN_READ_SHARE * part["samples"])
        ]  # fmt: skip
        report["gap"][measure] = _gap({name: about.sign * draws[name][measure] for name in able}, samples)
        if able:
            best = max(able, key=lambda name: about.sign * draws[name][measure][0])
            for name, part in report["groups"].items():
                behind = about.sign * (draws[best][measure] - draws[name][measure])
                part["behind"][measure] = samples.figure(behind)
    return report


def by_group(
    predictions: Predictions,
    groups: Sequence[str] | NDArray,
    config: ModelConfig,
    calibration: Calibration,
    found: Bools | None = None,
    order: Sequence[str] = (),
    bootstraps: int = 500,
) -> dict:
    """The comparison (see `compare`) of predictions on a label table, split into groups of its rows.

    Every row was read: where no face was found, the framed picture.

    Args:
        predictions: n rows.
        groups: (n,) name of each row's group.
        config, calibration: of the checkpoint.
        found: (n,) whether the face was found; None where that is not measured.
        order: groups to report first, in this order, as far as they have rows; the rest in theirs.
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
    emotions = calibration.emotions(predictions.emotions)
    action_units = calibration.action_units(predictions.action_units, config.action_units)
    everything = np.ones(len(table), bool)
    names = [name for name in dict.fromkeys([*order, *groups.tolist()]) if (groups == name).any()]
    readings = {name: Readings(groups == name, found, everything, emotions, action_units) for name in names}
    return compare(readings, truth, {au: calibration.threshold(au) for au in config.action_units}, bootstraps)


def _draws(
    readings: Readings, truth: Truth, samples: BootstrapSamples, thresholds: Mapping[str, float]
) -> dict[str, Floats]:
    """Each measure's (1 + b,) draws; NaN where undefined."""
    nothing = np.full(len(samples.weights), np.nan)
    read = readings.members & readings.read
    named = read & (truth.classes >= 0)
    neutral = read & np.isin(truth.classes, [place for place, name in enumerate(truth.emotions) if name == NEUTRAL])
    limits = np.array([thresholds.get(au, 0.5) for au in truth.action_units])
    # What was not read may hold NaN; none of it is used.
    called = np.nan_to_num(readings.action_units, nan=-1.0) >= limits
    alarms = called & ~(truth.labels >= PRESENT)
    right = np.nan_to_num(readings.emotions, nan=-1.0).argmax(1) == truth.classes
    scores = _au_draws(readings.action_units, called, truth.labels, read, samples)
    return {
        "detected": nothing
        if readings.found is None
        else samples.where(readings.members).share(readings.found[readings.members]),
        "accuracy": samples.where(named).share(right[named]),
        "code_auc": mean_of_defined(scores["auc"]) if scores["auc"].size else nothing,
        "code_f1": mean_of_defined(scores["f1"]) if scores["f1"].size else nothing,
        "false_alarms": _mean(alarms[neutral].mean(1), samples.where(neutral)) if truth.action_units else nothing,
    }


def _au_draws(
    scores: Floats, called: Bools, labels: Floats, read: Bools, samples: BootstrapSamples
) -> dict[str, Floats]:
    """AUC and F1, each (1 + b, c), of the c action units that are both present and absent."""
    draws: dict[str, list[Floats]] = {"auc": [], "f1": []}
    for column in range(labels.shape[1]):
        rows = read & ~np.isnan(labels[:, column])
        truth = labels[rows, column] >= PRESENT
        if not truth.any() or truth.all():
            continue
        own = samples.where(rows)
        draws["auc"].append(own.ranking(scores[rows, column], truth)["auc"])
        confusions = own.confusions(truth.astype(np.int64), called[rows, column].astype(np.int64), 2)
        present, positive = confusions[:, 1].sum(1), confusions[:, :, 1].sum(1)
        draws["f1"].append(np.where(present > 0, ratio(2 * confusions[:, 1, 1], present + positive), np.nan))
    return {name: np.stack(columns, 1) if columns else np.empty((0, 0)) for name, columns in draws.items()}


def _mean(values: Floats, samples: BootstrapSamples) -> Floats:
    cells = np.zeros(len(values), np.int64)
    return ratio(samples.sums(cells, 1, values)[:, 0], samples.sums(cells, 1)[:, 0])


def _gap(draws: Mapping[str, Floats], samples: BootstrapSamples) -> dict | None:
    """Worst and best of (1 + b,) draws of which more is better, and their difference with its simultaneous interval."""
    if len(draws) < 2:
        return None
    names, table = list(draws), np.stack(list(draws.values()))  # (g, 1 + b)
    worst, best = int(table[:, 0].argmin()), int(table[:, 0].argmax())
    value = float(table[best, 0] - table[worst, 0])
    gap = {"worst": names[worst], "best": names[best], "value": value, "low": None, "high": None}
    deviations = table[:, 1:] - table[:, :1]
    deviations = deviations[:, ~np.isnan(deviations).any(0)]  # draws in which all groups are defined
    if deviations.shape[1] and samples.weights.shape[1] > 1:
        pairs = deviations[:, None] - deviations[None]  # (g, g, b)
        spread = pairs.std(2)
        certain = spread < 1e-9  # these two move together; only rounding parts them
        studentised = np.abs(pairs) / np.where(certain, np.inf, spread)[:, :, None]
        reach = float(np.percentile(studentised.max((0, 1)), CONFIDENCE)) * float(spread[best, worst])
        # Rounded, so that what is 0 but for the order of additions is 0.
        gap |= {"low": round(value - reach, 9) + 0.0, "high": round(value + reach, 9) + 0.0}
    return gap

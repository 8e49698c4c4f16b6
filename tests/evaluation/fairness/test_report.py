"""Fair and unfair models, and what the report says about them."""

import json

import numpy as np
import pytest
from PIL import Image

from emotiscan.evaluation import evaluate_predictions
from emotiscan.evaluation.fairness.metrics import METRICS, GroupPredictions, Truth, compare
from emotiscan.evaluation.fairness.rendered_faces import truth_of
from emotiscan.evaluation.fairness.scenes import ATTRIBUTES, base_scene
from emotiscan.evaluation.plots.fairness import write_fairness_plots
from emotiscan.evaluation.text import fairness_text
from emotiscan.reports import Estimate, FairnessReport, Gap
from tests.support.oracle import CONFIG, FACES, Oracle, flat_image, report_of


def test_a_model_that_treats_all_alike_has_no_gap():
    report = report_of(Oracle())
    assert report.samples == FACES * 11
    skin = report.attributes["skin_tone"]
    for name in METRICS:
        gap = skin.gap[name].difference
        assert gap.low <= gap.value == 0 <= gap.high
        assert all(group.behind[name].value == 0 for group in skin.groups.values())
    assert skin.groups["0.05"].metrics["au_auc"].value == report.baseline.metrics["accuracy"].value == 1


def test_chance_alone_is_not_a_significant_gap():
    gaps = report_of(Oracle(noise=0.5), faces=200).attributes["skin_tone"].gap
    for name in ("accuracy", "au_auc", "au_f1", "false_alarms"):
        gap = gaps[name].difference
        assert gap.low < 0 < gap.value < gap.high
        assert not gaps[name].is_significant


def test_the_gap_of_an_unfair_model_is_found_and_significant():
    skin = report_of(Oracle(worse_from=0.9)).attributes["skin_tone"]
    assert {name: gap.worst for name, gap in skin.gap.items() if name != "detected"} == dict.fromkeys(
        ("accuracy", "au_auc", "au_f1", "false_alarms"), "0.95"
    )
    for name, value in (("accuracy", 1), ("au_auc", 1), ("false_alarms", 1)):
        assert skin.gap[name].difference.value == pytest.approx(value)
        assert skin.gap[name].is_significant
        assert skin.groups["0.95"].behind[name].value == pytest.approx(value)
    assert skin.gap["detected"].difference.value == 0
    assert skin.groups["0.95"].metrics["false_alarms"].value == 1


def test_faces_that_are_not_found_count_only_as_such():
    skin = report_of(Oracle(worse_from=0.9, blind_from=0.9)).attributes["skin_tone"]
    darkest = skin.groups["0.95"]
    assert (darkest.samples, darkest.read, darkest.metrics["detected"].value) == (FACES, 0, 0)
    assert darkest.metrics["accuracy"] == darkest.metrics["au_auc"] == Estimate()
    assert skin.gap["detected"] == Gap("0.95", "0.05", Estimate(1, 1, 1))
    assert skin.gap["accuracy"].difference.value == 0  # of the others


def test_a_group_of_which_most_were_not_found_is_neither_best_nor_worst():
    truth = Truth(("a", "b"), (), np.zeros(8, np.int64), np.empty((8, 0)), np.arange(8).astype(str))
    everyone, right = np.ones(8, bool), np.eye(2)[[0] * 8]
    few = np.arange(8) < 3
    groups = {
        "easy": GroupPredictions(everyone, everyone, everyone, np.eye(2)[[0] * 6 + [1] * 2], np.empty((8, 0))),
        "hard": GroupPredictions(everyone, few, few, right, np.empty((8, 0))),
    }
    report = compare(groups, truth, {}, bootstraps=20)
    assert report.groups["hard"].metrics["accuracy"].value == 1
    assert report.gap["accuracy"] is None
    assert report.gap["detected"].worst == "hard"


def test_metrics_are_those_of_the_evaluation():
    oracle, truth = Oracle(noise=0.4), truth_of(0, FACES, CONFIG.emotions, CONFIG.action_units)
    predicted = [oracle([flat_image(base_scene(0, face), 32)])[0] for face in range(FACES)]
    emotions, action_units = (np.stack(columns) for columns in zip(*predicted, strict=True))
    everyone = np.ones(FACES, bool)
    limits = dict.fromkeys(CONFIG.action_units, 0.3)
    ours = compare(
        {"all": GroupPredictions(everyone, everyone, everyone, emotions, action_units)}, truth, limits, 100, 3
    ).groups
    theirs = evaluate_predictions(
        emotions=truth.emotions,
        action_units=truth.action_units,
        emotion_probabilities=emotions,
        au_probabilities=action_units,
        emotion_classes=truth.classes,
        au_labels=truth.labels,
        subjects=truth.subjects,
        thresholds=limits,
        bootstraps=100,
        seed=3,
    )
    for name, estimate in (
        ("accuracy", theirs.emotion.accuracy),
        ("au_auc", theirs.action_units_mean.auc),
        ("au_f1", theirs.action_units_mean.f1),
    ):
        assert ours["all"].metrics[name].to_dict() == pytest.approx(estimate.to_dict())


def test_every_group_is_bootstrapped_with_the_same_subjects():
    # The same subjects are wrong in both groups, a few more in the second: unpaired, the difference would be lost.
    rng = np.random.default_rng(0)
    wrong = rng.random(200) < 0.5
    more = wrong | (np.arange(200) % 10 == 0)
    truth = Truth(("a", "b"), (), np.zeros(200, np.int64), np.empty((200, 0)), np.arange(200).astype(str))
    everyone = np.ones(200, bool)
    groups = {
        name: GroupPredictions(everyone, None, everyone, np.eye(2)[misses.astype(int)], np.empty((200, 0)))
        for name, misses in (("first", wrong), ("second", more))
    }
    report = compare(groups, truth, {})
    gap, behind = report.gap["accuracy"].difference, report.groups["second"].behind["accuracy"]
    assert gap.value == behind.value == pytest.approx(more.mean() - wrong.mean())
    assert gap.low > 0
    assert behind.low > 0
    own = report.groups["second"].metrics["accuracy"]
    assert gap.high - gap.low < 0.7 * (own.high - own.low)
    assert report.gap["detected"] is None


def test_the_eye_distance_counts_pixels_of_the_reduced_image():
    groups = report_of(Oracle(), ["resolution"], faces=4, bootstraps=10).attributes["resolution"].groups
    assert (groups["1.00"].eye_distance, groups["0.25"].eye_distance) == (50, 12.5)


def test_the_report_is_printed_plotted_and_small_enough_to_attach(tmp_path):
    report = report_of(Oracle(worse_from=0.9, blind_from=0.94, noise=0.2), tuple(ATTRIBUTES), faces=40, bootstraps=50)
    small = report.compact()
    assert FairnessReport.from_dict(json.loads(json.dumps(report.to_dict()))) == report
    assert small["attributes"]["skin_tone"]["gap"]["au_auc"]["worst"] in ATTRIBUTES["skin_tone"].groups
    assert "behind" not in json.dumps(small)
    assert len(json.dumps(small)) < 60_000
    shown = fairness_text(report)
    assert "Skin tone, 0 (light) to 1 (dark)" in shown
    assert "face found         worst          0.95 0.000" in shown
    assert max(map(len, shown.splitlines())) < 200
    names = {path.name for path in write_fairness_plots(report, tmp_path)}
    assert names == {"fairness.png", *(f"fairness-{name}.png" for name in ATTRIBUTES)}
    assert Image.open(tmp_path / "fairness.png").width == 1280

"""From a network's outputs to the newer parts of a report, and what calibration does to them."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from emotiscan import facs
from emotiscan.datasets.columns import EXPRESSION_COLUMNS, intensity_column, quality_column, side_columns
from emotiscan.datasets.table import LabelTable
from emotiscan.evaluation.calibration_fit import calibrate
from emotiscan.evaluation.face_outputs import shown_intensities
from emotiscan.evaluation.measurement_text import output_lines
from emotiscan.evaluation.output_calibration import MAX_FALSE_ALARMS, fit_expressions, fit_problems
from emotiscan.evaluation.prediction import Predictions, report_on
from emotiscan.model.calibration import Calibration
from emotiscan.reports import EvaluationReport, read_report

UNITS = ("AU12", "AU14")
NEW_PARTS = {"expressions", "intensities", "intensities_mean", "sides", "sides_mean", "pose", "quality"}


@pytest.fixture
def config(full_model):
    """Of a network with every output, but only two action units."""
    return replace(full_model.config, action_units=UNITS)


@pytest.fixture
def predictions(config):
    """Two hundred faces whose outputs fit their labels closely, but not exactly."""
    random, n = np.random.default_rng(0), 200
    classes = random.integers(0, 8, n)
    right, left = random.uniform(0, 5, (2, n, 2)) * (random.random((2, n, 2)) < 0.6)
    strength = np.maximum(right, left)
    pose, problems = random.uniform(-40, 40, (n, 3)), random.random((n, len(config.quality))) < 0.3
    frame = pd.DataFrame(np.eye(8)[classes], columns=list(EXPRESSION_COLUMNS))
    frame = frame.assign(source="mine", root="r", image="i", subject=np.arange(n).astype(str), agreement=np.nan)
    emotions = [facs.EMOTION_OF_EXPRESSION[facs.EXPRESSIONS[c]] for c in classes]
    for name in config.emotions:
        frame[name] = np.array([float(emotion == name) for emotion in emotions])
    for column, au in enumerate(UNITS):
        frame[au] = (strength[:, column] > 0).astype(float)
        frame[intensity_column(au)] = strength[:, column]
        for name, side in zip(side_columns(au), (right, left), strict=True):
            frame[name] = (side[:, column] > 0).astype(float)
    for column, problem in enumerate(config.quality):
        frame[quality_column(problem)] = problems[:, column].astype(float)

    def noisy(values, spread):
        return (values + random.normal(0, spread, np.shape(values))).astype(np.float32)

    order = [facs.EXPRESSIONS.index(name) for name in config.expressions]
    return Predictions(
        LabelTable(frame, config.emotions, UNITS),
        noisy(6 * np.eye(8)[classes][:, order], 2),
        noisy(4 * (strength > 0) - 2, 1),
        sides=noisy(4 * (np.stack([right, left], 2) > 0) - 2, 1),
        intensities=noisy(0.5 * strength, 0.1).clip(0, 5),
        side_intensities=noisy(np.stack([right, left], 2), 0.1),
        pose=noisy(pose * 0.8, 1),
        quality=noisy(4 * problems - 2, 1),
        pose_labels=pose.astype(np.float32),
    )


def test_every_output_has_its_part_and_survives_json(predictions, config):
    report = report_on(predictions, config, Calibration(), bootstraps=20)
    written = report.to_dict()
    assert set(written["outputs"]) == NEW_PARTS
    read = read_report(written)
    assert isinstance(read, EvaluationReport)
    assert read.to_dict() == written
    assert report.outputs.expressions.majority.samples == 200
    assert report.outputs.sides["AU12"].auc.value > 0.9
    text = "\n".join(output_lines(report.outputs))
    for words in ("8 expressions, majority: 200 images", "contempt", "ICC(3,1)", "one : two-sided", "blurred"):
        assert words in text


def test_a_network_without_them_has_no_such_parts(predictions, config):
    plain = replace(config, expressions=(), intensities=False, sides=False, pose=False, quality=())
    emotions = config.sum_probabilities(predictions.emotions)
    before = report_on(
        Predictions(predictions.table, emotions, predictions.action_units), plain, Calibration(), bootstraps=5
    )
    assert before.outputs is None
    assert "outputs" not in before.to_dict()


def test_calibration_improves_what_it_fits(predictions, config):
    calibration = calibrate(predictions, config)
    before, after = (report_on(predictions, config, c, bootstraps=0).outputs for c in (Calibration(), calibration))
    assert after.intensities["AU12"].mae_shown.value < 0.5 * before.intensities["AU12"].mae_shown.value
    assert after.pose.yaw.value < 0.5 * before.pose.yaw.value
    assert calibration.pose_gains == pytest.approx((1.25,) * 3, rel=0.05)
    assert set(config.quality) <= set(calibration.slopes)
    assert calibration.biases == {}
    assert set(calibrate(predictions, config, with_biases=True).biases) == set(facs.EXPRESSIONS)


def test_an_absent_unit_shows_zero_and_a_present_one_at_least_a_trace():
    shown = shown_intensities(np.array([[3.0, 0.1, 2.0]]), np.array([[True, True, False]]))
    assert shown.tolist() == [[3.0, 0.5, 0.0]]


def test_temperature_and_biases_are_found(rng):
    exact = 2 * rng.normal(size=(8000, 4)) + np.array([1.0, 0, 0, -1.0])
    chosen = (exact + rng.gumbel(size=exact.shape)).argmax(1)
    logits = (exact - np.array([1.0, 0, 0, -1.0])) * 1.7
    temperature, biases = fit_expressions(logits, np.eye(4, dtype=bool)[chosen], np.ones(8000), with_biases=True)
    assert temperature == pytest.approx(1.7, rel=0.06)
    assert biases == pytest.approx([1, 0, 0, -1], abs=0.12)
    assert fit_expressions(logits, np.eye(4, dtype=bool)[chosen], np.ones(8000))[1].tolist() == [0, 0, 0, 0]


def test_faces_of_which_only_the_emotion_is_known_teach_the_temperature_of_its_expressions(rng):
    exact = 2 * rng.normal(size=(8000, 4))
    chosen = (exact + rng.gumbel(size=exact.shape)).argmax(1)
    allowed = np.eye(4, dtype=bool)[chosen]
    allowed[chosen >= 2, 2:] = True  # the last two cannot be told apart
    assert fit_expressions(exact * 2, allowed, np.ones(8000))[0] == pytest.approx(2, rel=0.08)


def test_a_problem_is_named_on_few_faces_that_do_not_have_it(rng):
    labels = (rng.random((4000, 1)) < 0.5).astype(float)
    logits = 2 * labels - 1 + rng.normal(size=labels.shape)
    slopes, offsets, thresholds = fit_problems(logits, labels, ("blurred",), np.ones(4000))
    scores = Calibration(slopes=slopes, offsets=offsets).quality(logits, ("blurred",))
    named = scores[:, 0] >= thresholds["blurred"]
    assert named[labels[:, 0] == 0].mean() <= MAX_FALSE_ALARMS
    assert named[labels[:, 0] == 1].mean() > 0.3

"""The parts of an evaluation report beside emotions and action units: from predictions and their table's labels."""

from typing import TYPE_CHECKING

import numpy as np

from emotiscan import facs
from emotiscan.datasets.columns import intensity_column, quality_column, side_columns
from emotiscan.datasets.table import LabelTable
from emotiscan.evaluation.bootstrap import Bools, BootstrapSamples, Floats, bootstrap_samples
from emotiscan.evaluation.expressions import agreed_expressions, expressions_report, majority_classes
from emotiscan.evaluation.face_pose import pose_metrics
from emotiscan.evaluation.intensities import intensity_metrics
from emotiscan.evaluation.problems import problem_metrics
from emotiscan.evaluation.sides import side_metrics
from emotiscan.model.calibration import Calibration
from emotiscan.model.network import ModelConfig
from emotiscan.reading import MIN_INTENSITY, on_both_sides
from emotiscan.reports import FaceOutputs, ProblemMetrics

if TYPE_CHECKING:  # it imports this module
    from emotiscan.evaluation.prediction import Predictions


def measure_face_outputs(
    predictions: "Predictions", config: ModelConfig, calibration: Calibration, bootstraps: int = 500
) -> FaceOutputs | None:
    """Measure expressions, intensities, sides, pose and quality, where the network predicts them and labels say.

    Args:
        predictions: n faces.
        config, calibration: of the checkpoint.
        bootstraps: number of bootstrap samples.

    Returns:
        The parts; None without any.
    """
    table = predictions.table
    samples = bootstrap_samples(table.frame["subject"].to_numpy(str), bootstraps, seed=0)
    present = called_present(predictions, config, calibration)
    parts: dict[str, object] = {}
    if config.expressions:
        parts["expressions"] = expressions_report(
            config.expressions,
            config.emotions,
            calibration.emotions(predictions.emotions, config.emotion_outputs),
            majority_classes(table, config.expressions),
            agreed_expressions(table, config.expressions),
            samples,
        )
    if predictions.intensities is not None:
        shown = shown_intensities(calibration.intensities(predictions.intensities, config.action_units), present)
        true = table.values([intensity_column(au) for au in config.action_units])
        parts["intensities"], parts["intensities_mean"] = intensity_metrics(config.action_units, shown, true, samples)
    if predictions.sides is not None:
        parts["sides"], parts["sides_mean"] = _sides(predictions, config, calibration, samples)
    if predictions.pose is not None and predictions.pose_labels is not None:
        parts["pose"] = pose_metrics(calibration.pose(predictions.pose), predictions.pose_labels, samples)
    if predictions.quality is not None:
        parts["quality"] = _quality(predictions, config, calibration, samples)
    outputs = FaceOutputs(**parts)  # type: ignore[arg-type]  # each part has the type of its field
    return outputs if outputs else None


def called_present(predictions: "Predictions", config: ModelConfig, calibration: Calibration) -> Bools:
    """(n, k) whether each action unit is called present."""
    thresholds = np.array([calibration.threshold(au) for au in config.action_units])
    return calibration.action_units(predictions.action_units, config.action_units) >= thresholds


def shown_intensities(intensities: Floats, present: Bools) -> Floats:
    """(n, k) intensities as a reading shows them: 0 for an absent action unit, at least a trace for a present one."""
    return np.where(present, np.maximum(intensities, MIN_INTENSITY), 0.0)


def _sides(
    predictions: "Predictions", config: ModelConfig, calibration: Calibration, samples: BootstrapSamples
) -> tuple[object, object]:
    """Metrics of the action units that FACS scores on each side."""
    places = [place for place, au in enumerate(config.action_units) if au in facs.SIDED_AUS]
    units = tuple(config.action_units[place] for place in places)
    assert predictions.sides is not None  # the caller checked
    probabilities = calibration.sides(predictions.sides, config.action_units)[:, places]
    table = predictions.table
    labels = table.values([name for au in units for name in side_columns(au)]).reshape(len(table), len(units), 2)
    thresholds = np.array([calibration.threshold(au) for au in units])
    both = on_both_sides(probabilities[..., 0], probabilities[..., 1], thresholds)
    return side_metrics(units, probabilities, labels, table.values(units), both, samples)


def _quality(
    predictions: "Predictions", config: ModelConfig, calibration: Calibration, samples: BootstrapSamples
) -> dict[str, ProblemMetrics]:
    assert predictions.quality is not None  # the caller checked
    scores = calibration.quality(predictions.quality, config.quality)
    named = scores >= np.array([calibration.threshold(problem) for problem in config.quality])
    return problem_metrics(config.quality, scores, quality_labels(predictions.table, config.quality), named, samples)


def quality_labels(table: LabelTable, problems: tuple[str, ...]) -> Floats:
    """(n, q) labels of quality problems, 0 to 1; NaN where unknown."""
    return table.values([quality_column(problem) for problem in problems]).astype(np.float64)

"""Measure a checkpoint: metrics with confidence intervals, calibration, heat map localization, fairness."""

from emotiscan.evaluation.bootstrap import PRESENT
from emotiscan.evaluation.metrics import evaluate_predictions
from emotiscan.evaluation.thresholds import choose_thresholds

__all__ = ["PRESENT", "choose_thresholds", "evaluate_predictions"]

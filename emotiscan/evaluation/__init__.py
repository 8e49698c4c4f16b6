"""Predictions and labels to a report: figures with intervals, confusion matrices, reliability."""

from emotiscan.evaluation.bootstrap import PRESENT
from emotiscan.evaluation.headline import headline
from emotiscan.evaluation.report import evaluate
from emotiscan.evaluation.thresholds import choose_thresholds

__all__ = ["PRESENT", "choose_thresholds", "evaluate", "headline"]

"""Plots as PNG files: of evaluation and fairness reports, label tables and training runs."""

from pathlib import Path

import pandas as pd

from emotiscan.datasets.table import LabelTable
from emotiscan.evaluation.plots.dataset import label_distribution
from emotiscan.evaluation.plots.evaluation import au_confusions, au_scores, emotion_confusion, reliability_diagram
from emotiscan.evaluation.plots.learning_curves import has_curves, learning_curves
from emotiscan.reports import EvaluationReport

__all__ = ["write_plots"]


def write_plots(
    report: EvaluationReport,
    out_dir: str | Path,
    table: LabelTable | None = None,
    history: pd.DataFrame | None = None,
    uncalibrated: EvaluationReport | None = None,
) -> list[Path]:
    """Write all plots for which there is data.

    A plot of an earlier report in the same folder is deleted where this report has no data for it: beside the new
    report it would be mistaken for its own.

    Args:
        report: parts that it lacks get no plot.
        out_dir: folder for the PNG files, made if missing.
        table: the labeled images, for `label_distribution.png`.
        history: metrics per epoch, for `learning_curves.png`.
        uncalibrated: the report before calibration, for `reliability_diagram.png`.

    Returns:
        The files written.
    """
    out_dir, written = Path(out_dir), []
    out_dir.mkdir(parents=True, exist_ok=True)
    if table is not None and len(table):
        written.append(label_distribution(table, out_dir / "label_distribution.png"))
    if history is not None and has_curves(history):
        written.append(learning_curves(history, out_dir / "learning_curves.png"))

    has_action_units = any(au.known for au in report.action_units.values())
    paths = {
        name: out_dir / f"{name}.png"
        for name in ("emotion_confusion", "au_confusions", "au_scores", "reliability_diagram")
    }
    for path in paths.values():
        path.unlink(missing_ok=True)
    if report.emotion:
        written.append(emotion_confusion(report, paths["emotion_confusion"]))
    if has_action_units:
        written.append(au_confusions(report, paths["au_confusions"]))
        written.append(au_scores(report, paths["au_scores"]))
    if report.emotion and report.emotion.reliability:
        written.append(reliability_diagram(report, paths["reliability_diagram"], uncalibrated))
    return written

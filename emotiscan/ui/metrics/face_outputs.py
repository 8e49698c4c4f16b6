"""The newer parts of an evaluation report: expressions, intensities, sides, pose and quality."""

from collections.abc import Mapping

import pandas as pd
import streamlit as st

from emotiscan.reports import ExpressionsReport, FaceOutputs, ProblemMetrics
from emotiscan.ui.charts import show
from emotiscan.ui.metrics import charts
from emotiscan.ui.metrics.formatting import in_words, joined, number

INTENSITY_MEASURES = {
    "Pearson": "pearson",
    "ICC(3,1)": "icc",
    "Pearson where shown": "pearson_shown",
    "ICC(3,1) where shown": "icc_shown",
}
"""Metrics of intensities that can be plotted, by title."""


def show_face_outputs(outputs: FaceOutputs, name: str) -> None:
    """Show each part that was measured."""
    if outputs.expressions:
        _expressions(outputs.expressions, name)
    if outputs.intensities:
        _intensities(outputs, name)
    if outputs.sides:
        _sides(outputs, name)
    if outputs.pose:
        pose = outputs.pose
        st.markdown("**Head pose**")
        st.caption(f"Mean absolute error in degrees, on {pose.samples} faces turned by at most {pose.limit:g}°.")
        for column, title in zip(st.columns(3), ("pitch", "yaw", "roll"), strict=True):
            estimate = getattr(pose, title)
            column.metric(title.capitalize(), "–" if estimate.value is None else f"{estimate.value:.1f}°")
    if outputs.quality:
        st.markdown("**Quality problems**")
        show_problems(outputs.quality, name)


def _expressions(expressions: ExpressionsReport, name: str) -> None:
    st.markdown("**Eight expressions**")
    report = expressions.majority or expressions.agreed
    if report is None:
        return
    rows = []
    for title, one in (
        ("Majority (FER+'s published protocol)", expressions.majority),
        ("Five of ten annotators agree", expressions.agreed),
        ("Majority, summed to the emotions", expressions.emotions_majority),
    ):
        if one:
            scores = {"Accuracy": str(one.accuracy), "Macro F1": str(one.macro_f1), "Calibration error": str(one.ece)}
            rows.append({"Faces that count": title, "Faces": one.samples} | scores)
    st.dataframe(pd.DataFrame(rows), hide_index=True, height="content", key=f"expressions-{name}")
    words = "; ".join(
        f"{truth}: " + ", ".join(f"{label} {count}" for label, count in zip(report.labels, row, strict=True))
        for truth, row in zip(report.labels, report.confusion, strict=True)
    )
    show(
        charts.confusion(report.labels, report.confusion), f"expressions-confusion-{name}", f"Confusion matrix: {words}"
    )
    recalls = ", ".join(f"{label} {number(one.recall)}" for label, one in report.classes.items())
    st.caption(f"Recall of each expression: {recalls}.")


def _intensities(outputs: FaceOutputs, name: str) -> None:
    st.markdown("**Intensities**")
    measure = st.segmented_control(
        "Intensity metric", list(INTENSITY_MEASURES), default="ICC(3,1)", required=True, key=f"intensity-{name}"
    )
    key = INTENSITY_MEASURES[measure]
    st.caption(
        "Agreement of the predicted intensity (0 to 5) with the true one; 1 is perfect. “Where shown” compares only "
        "faces that show the action unit."
    )
    lines = {joined(au): getattr(metrics, key) for au, metrics in outputs.intensities.items()}
    show(charts.dots(lines, measure, (-0.1, 1.02)), f"intensities-{name}-{key}", in_words(measure, lines))
    rows = [
        {
            "Action unit": joined(au),
            "Shown in": f"{metrics.shown} of {metrics.known}",
            **{title: str(getattr(metrics, column)) for title, column in INTENSITY_MEASURES.items()},
            "Mean error where shown": str(metrics.mae_shown),
        }
        for au, metrics in outputs.intensities.items()
    ]
    with st.expander("All metrics of the intensities"):
        st.dataframe(pd.DataFrame(rows), hide_index=True, height="content", key=f"intensity-table-{name}")


def _sides(outputs: FaceOutputs, name: str) -> None:
    st.markdown("**Sides**")
    st.caption(
        "AUC: how often a one-sided movement differs more between the sides than a two-sided one. Even: how often a "
        "two-sided movement is called “both”."
    )
    rows = [
        {
            "Action unit": joined(au),
            "One-sided": metrics.one_sided,
            "Two-sided": f"{metrics.two_sided}{' (taken for even)' if metrics.assumed else ''}",
            "AUC": str(metrics.auc),
            "Right side named": str(metrics.right_side),
            "Even": str(metrics.called_both),
        }
        for au, metrics in outputs.sides.items()
    ]
    st.dataframe(pd.DataFrame(rows), hide_index=True, height="content", key=f"sides-{name}")


def show_problems(problems: Mapping[str, ProblemMetrics], name: str) -> None:
    """Show a table with a row for each quality problem."""
    rows = [
        {
            "Problem": problem.capitalize(),
            "Faces with it": metrics.present,
            "Without": metrics.absent,
            "AUC": str(metrics.auc),
            "Named": str(metrics.recall),
            "False alarms": str(metrics.false_alarms),
        }
        for problem, metrics in problems.items()
    ]
    st.dataframe(pd.DataFrame(rows), hide_index=True, height="content", key=f"problems-{name}")

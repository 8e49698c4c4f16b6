"""A fairness report: how much predictions depend on who is in the image, and on how it was taken."""

from collections.abc import Mapping

import pandas as pd
import streamlit as st

from emotiscan.reports import AttributeReport, FairnessReport
from emotiscan.ui.charts import show
from emotiscan.ui.metrics import charts
from emotiscan.ui.metrics.formatting import in_words, number

COMPARED = {
    "accuracy": "emotion accuracy",
    "au_auc": "mean AUC of the action units",
    "detected": "share of faces found",
}
"""Metrics of a fairness report that are shown, by key."""


def show_fairness(report: FairnessReport, name: str) -> None:
    """Show the groups of each attribute, and the worst one beside the best."""
    st.subheader("Fairness", anchor=False)
    parts = {
        "rendered faces that differ in one attribute at a time": report,
        "photos, by how they were taken": report.photos,
    }
    for place, (what, part) in enumerate(parts.items()):
        rows = [row for attribute in part.attributes.values() for row in _gap_rows(attribute)] if part else []
        if not part or not rows:
            continue
        st.markdown(f"**On {what}** ({part.subjects} subjects, {part.samples} images)")
        _groups(part.attributes, f"{name}-{place}")
        with st.expander("All attributes: worst and best group"):
            st.caption("Gap: best group minus worst group. Where its interval reaches 0, it may be chance.")
            st.dataframe(pd.DataFrame(rows), hide_index=True, height="content", key=f"fairness-{name}-{place}")


def _groups(attributes: Mapping[str, AttributeReport], key: str) -> None:
    """Show the groups of the attribute and metric that the visitor chooses."""
    left, right = st.columns([2, 1], vertical_alignment="bottom")
    attribute = left.selectbox(
        "Attribute", list(attributes), format_func=lambda name: attributes[name].title, key=f"attribute-{key}"
    )
    groups = attributes[attribute].groups
    measures = [measure for measure in COMPARED if any(measure in group.metrics for group in groups.values())]
    measure = right.selectbox(
        "Metric", measures, format_func=lambda name: COMPARED[name].capitalize(), key=f"compared-{key}"
    )
    lines = {name: group.metrics[measure] for name, group in groups.items() if measure in group.metrics}
    lowest = min((estimate.low or estimate.value or 0 for estimate in lines.values()), default=0)
    words = COMPARED[measure].capitalize()
    show(
        charts.dots(lines, words, (max(-0.02, lowest - 0.05), 1.02)),
        f"groups-{key}-{attribute}-{measure}",
        in_words(words, lines),
    )


def _gap_rows(attribute: AttributeReport) -> list[dict[str, str]]:
    rows = []
    for measure, label in COMPARED.items():
        gap = attribute.gap.get(measure)
        if gap:
            worst, best = (
                f"{number(attribute.groups[group].metrics[measure].value)} ({group})" for group in (gap.worst, gap.best)
            )
            titles = {"Attribute": attribute.title, "Metric": label, "Worst group": worst, "Best group": best}
            rows.append(titles | {"Gap": str(gap.difference)})
    return rows

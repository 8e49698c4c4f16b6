"""A fairness report: how much predictions depend on who is in the image, and on how it was taken."""

from collections.abc import Mapping

import pandas as pd
import streamlit as st

from emotiscan.ui.charts import show
from emotiscan.ui.metrics import charts
from emotiscan.ui.metrics.formatting import in_words, number, with_interval

COMPARED = {
    "accuracy": "emotion accuracy",
    "code_auc": "mean AUC of the action units",
    "detected": "share of faces found",
}
"""Metrics of a fairness report that are shown, by key."""

ENDS = ("worst", "best")


def show_fairness(report: Mapping, name: str) -> None:
    """Show the groups of each attribute, and the worst one beside the best."""
    st.subheader("Fairness", anchor=False)
    parts = {
        "rendered faces that differ in one attribute at a time": report,
        "photos, by how they were taken": report.get("photographs") or {},
    }
    for place, (what, part) in enumerate(parts.items()):
        rows = [row for about in (part.get("attributes") or {}).values() for row in _gap_rows(about)]
        if not rows:
            continue
        st.markdown(f"**On {what}** ({part['subjects']} subjects, {part['samples']} images)")
        _groups(part["attributes"], f"{name}-{place}")
        with st.expander("All attributes: worst and best group"):
            st.caption("Gap: best group minus worst group. Where its interval reaches 0, it may be chance.")
            st.dataframe(pd.DataFrame(rows), hide_index=True, height="content", key=f"fairness-{name}-{place}")


def _groups(attributes: Mapping[str, Mapping], key: str) -> None:
    """Show the groups of the attribute and metric that the visitor chooses."""
    left, right = st.columns([2, 1], vertical_alignment="bottom")
    attribute = left.selectbox(
        "Attribute", list(attributes), format_func=lambda name: attributes[name]["title"], key=f"attribute-{key}"
    )
    groups = attributes[attribute]["groups"]
    measures = [measure for measure in COMPARED if any(measure in group for group in groups.values())]
    measure = right.selectbox(
        "Metric", measures, format_func=lambda name: COMPARED[name].capitalize(), key=f"compared-{key}"
    )
    lines = {name: group[measure] for name, group in groups.items() if group.get(measure)}
    lowest = min((figure["low"] or figure["value"] or 0 for figure in lines.values()), default=0)
    words = COMPARED[measure].capitalize()
    show(
        charts.dots(lines, words, (max(-0.02, lowest - 0.05), 1.02)),
        f"groups-{key}-{attribute}-{measure}",
        in_words(words, lines),
    )


def _gap_rows(about: Mapping) -> list[dict[str, str]]:
    rows = []
    for measure, label in COMPARED.items():
        gap = about["gap"].get(measure)
        if gap:
            worst, best = (f"{number(about['groups'][gap[end]][measure]['value'])} ({gap[end]})" for end in ENDS)
            titles = {"Attribute": about["title"], "Metric": label, "Worst group": worst, "Best group": best}
            rows.append(titles | {"Gap": with_interval(gap)})
    return rows

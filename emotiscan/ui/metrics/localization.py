"""A localization report: how often heat maps lie where their action unit moves the skin."""

import pandas as pd
import streamlit as st

from emotiscan.reports import LocalizationMetrics, LocalizationReport
from emotiscan.ui.charts import show
from emotiscan.ui.metrics import charts
from emotiscan.ui.metrics.formatting import in_words
from emotiscan.ui.metrics.report_kinds import note_of

PLACES = {
    "pointing": "Peak in region",
    "energy": "Energy in region",
    "sides": "Left–right balance",
    "area": "Region's share of the face",
}
"""Titles of the metrics of a localization report, by key; reports of earlier versions lack some."""

ABSENT = "absent action units"
"""The one baseline that knows face and action unit: non-empty maps of action units that are not present."""


def show_localization(report: LocalizationReport, name: str) -> None:
    """Show how often each action unit's map peaks, and how much of its energy lies, where the unit moves the skin."""
    st.subheader("Heat map localization", anchor=False)
    st.caption(
        f"{report.samples} faces of {report.subjects} subjects. Peak in region: share of faces whose map is "
        "strongest where the action unit moves the skin. Energy in region: share of the whole map that lies there. "
        "Left–right balance: 1 where each half of the face has its share of the map, less where the map shows a "
        "two-sided movement on one side only."
    )
    if report.note:
        st.caption(note_of(report.note))
    lines = {**report.action_units, "mean of the action units": report.mean, **report.baselines}
    rows = [
        {"Map of": line, "Faces": "" if scores.faces is None else str(scores.faces)} | in_place(scores)
        for line, scores in lines.items()
        if scores
    ]
    peaks = {line: scores.pointing for line, scores in report.action_units.items()}
    words = PLACES["pointing"]
    others = dict(report.baselines)
    absent = others.pop(ABSENT, None)
    reached = [scores.pointing.value for scores in others.values()]
    level = max((value for value in reached if value is not None), default=None)
    show(charts.dots(peaks, words, (-0.02, 1.02), level), f"peaks-{name}", in_words(words, peaks))
    if level is not None:
        st.caption(f"Dotted line: the best of the maps that do not know the action unit ({', '.join(others)}).")
    if absent and absent.pointing.value is not None and report.absent_empty is not None:
        st.caption(
            f"{report.absent_empty:.0%} of the absent action units have an empty map; "
            f"{absent.pointing.value:.0%} of the other maps of absent action units peak where the action unit "
            "would move the skin."
        )
    with st.expander("All localization metrics"):
        st.dataframe(pd.DataFrame(rows), hide_index=True, height="content", key=f"places-{name}")


def in_place(scores: LocalizationMetrics) -> dict[str, str]:
    """A table row: each metric of a map by its title."""
    return {PLACES[key]: str(estimate) for key, estimate in scores.estimates.items()}

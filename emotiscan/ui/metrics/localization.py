"""How often heat maps land where their action unit moves the skin."""

from collections.abc import Mapping

import pandas as pd
import streamlit as st

from emotiscan.ui.charts import show
from emotiscan.ui.metrics import charts
from emotiscan.ui.metrics.formatting import in_words, with_interval

PLACES = {
    "pointing": "Peak in place",
    "energy": "Energy in place",
    "sides": "Even sides",
    "area": "Place's share of the face",
}
"""Measures of a localization report, by key; reports of earlier versions lack some."""

ABSENT = "absent action units"
"""The one baseline that knows face and action unit: maps of action units that are not there, where they show anything."""


def show_localization(report: Mapping, name: str) -> None:
    """For each action unit how often the map's peak, and how much of its energy, lies where the action unit moves the skin."""
    st.subheader("Where heat maps land", anchor=False)
    st.caption(
        f"{report['subjects']} persons, {report['samples']} faces. "
        "Peak in place: share of faces whose map is strongest where the action unit moves the skin. Energy in place: the "
        "share of the whole map there. Even sides: 1 where each half of the face has its part of the map, less where a "
        "movement of both halves shows on one."
    )
    if report.get("note"):
        st.caption(report["note"])
    lines = {**report["codes"], "mean of the action units": report["mean"], **report.get("baselines", {})}
    rows = [
        {"Map of": line, "Faces": str(scores.get("faces", ""))} | in_place(scores)
        for line, scores in lines.items()
        if scores
    ]
    peaks = {line: scores["pointing"] for line, scores in report["codes"].items() if scores}
    words = PLACES["pointing"]
    others = {line: scores for line, scores in report.get("baselines", {}).items() if scores}
    absent = others.pop(ABSENT, None)
    reached = [scores["pointing"]["value"] for scores in others.values()]
    level = max((value for value in reached if value is not None), default=None)
    show(charts.dots(peaks, words, (-0.02, 1.02), level), f"peaks-{name}", in_words(words, peaks))
    if level is not None:
        st.caption(f"Dotted: the best of the maps that know nothing of the action unit ({', '.join(others)}).")
    if absent and absent["pointing"]["value"] is not None and "absent_empty" in report:
        st.caption(
            f"Of the action units that are absent {report['absent_empty']:.0%} have an empty map; of the others' maps "
            f"{absent['pointing']['value']:.0%} are strongest where their action unit would move the skin."
        )
    with st.expander("All figures of the maps"):
        st.dataframe(pd.DataFrame(rows), hide_index=True, height="content", key=f"places-{name}")


def in_place(scores: Mapping) -> dict[str, str]:
    """A line's cells in a table: each measure by its title."""
    return {title: with_interval(scores[key]) for key, title in PLACES.items() if key in scores}

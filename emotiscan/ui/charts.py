"""Plots of readings: the emotion bars, and changes between two readings."""

from collections.abc import Mapping

import plotly.graph_objects as go
import streamlit as st

from emotiscan import facs
from emotiscan.analysis import Reading
from emotiscan.export.text import display_name, percent
from emotiscan.ui import wording

EMOTION_COLORS = {
    facs.POSITIVE: "#2F9E77",
    facs.SURPRISE: "#C98A12",
    facs.NEGATIVE: "#C2554D",
    facs.NEUTRAL: "#7C8B93",
}
FIRST, SECOND, MUTED = "#0F8A96", "#D98A1F", "#8A979C"
"""Colors that can be told apart on light and dark pages and with color blindness."""


def show(figure: go.Figure, key: str, alt: str) -> None:
    """Show a plot; `alt` describes it for screen readers."""
    st.plotly_chart(figure, config={"displayModeBar": False}, alt=alt, key=key)


def emotion_bars(emotions: Mapping[str, float]) -> go.Figure:
    """Plot probabilities of emotions or expressions as horizontal bars, the most probable on top."""
    order = sorted(emotions, key=emotions.__getitem__)
    values = [emotions[emotion] for emotion in order]
    figure = go.Figure(
        go.Bar(
            x=values,
            y=[emotion.capitalize() for emotion in order],
            orientation="h",
            marker_color=[
                EMOTION_COLORS.get(facs.EMOTION_OF_LABEL.get(emotion, emotion), "#0B5E67") for emotion in order
            ],
            text=[percent(value) for value in values],
            textposition="outside",
            textfont_size=14,
            cliponaxis=False,
            hovertemplate="%{y}: %{x:.1%}<extra></extra>",
        )
    )
    figure.update_layout(
        height=44 * len(order) + 16,
        margin={"l": 0, "r": 8, "t": 4, "b": 4},
        bargap=0.35,
        xaxis={"range": [0, 1.18], "visible": False, "fixedrange": True},
        yaxis={"tickfont_size": 14, "ticklabelstandoff": 8, "fixedrange": True},
        dragmode=False,
        showlegend=False,
    )
    return figure


def describe_emotions(emotions: Mapping[str, float], kind: str = "emotion") -> str:
    """Describe the bars of emotions, or of another kind, for screen readers."""
    order = sorted(emotions, key=emotions.__getitem__, reverse=True)
    return f"Probability of each {kind}: " + ", ".join(f"{e} {percent(emotions[e])}" for e in order)


def au_changes(before: Reading, after: Reading) -> go.Figure:
    """Plot each action unit's probability in two readings, joined by a line, with its threshold as a tick.

    The largest change is on top.
    """
    order = wording.most_changed(before, after)
    titles = [display_name(au) for au in order]
    figure = go.Figure()
    for title, au in zip(titles, order, strict=True):
        figure.add_scatter(
            x=[before.action_units[au], after.action_units[au]],
            y=[title, title],
            mode="lines",
            line={"color": MUTED, "width": 3},
            hoverinfo="skip",
        )
    kinds = (
        (
            "decision threshold",
            after.thresholds,
            {"symbol": "line-ns", "size": 12, "line": {"color": MUTED, "width": 1}},
        ),
        (
            "first photo",
            before.action_units,
            {"symbol": "circle-open", "size": 11, "color": MUTED, "line": {"width": 2.5}},
        ),
        ("second photo", after.action_units, {"symbol": "circle", "size": 11, "color": FIRST}),
    )
    for name, values, marker in kinds:
        figure.add_scatter(
            x=[values[au] for au in order],
            y=titles,
            mode="markers",
            name=name,
            marker=marker,
            hovertemplate=f"%{{y}}, {name}: %{{x:.0%}}<extra></extra>",
        )
    figure.update_layout(
        height=26 * len(order) + 50,
        margin={"l": 0, "r": 12, "t": 4, "b": 4},
        showlegend=False,
        dragmode=False,
    )
    figure.update_xaxes(range=[-0.05, 1.04], tickformat=".0%", dtick=0.25, fixedrange=True)
    figure.update_yaxes(autorange="reversed", type="category", tickfont_size=12, fixedrange=True)
    return figure


def describe_au_changes(before: Reading, after: Reading) -> str:
    """Describe the changes for screen readers."""
    return "Each action unit in both photos: " + ", ".join(
        f"{au} {percent(before.action_units[au])} to {percent(after.action_units[au])}"
        for au in wording.most_changed(before, after)
    )

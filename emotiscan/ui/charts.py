"""Plots of readings: changes between two of them; and the colors of emotions."""

from typing import Any

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

MAX_CHANGES = 10
"""Number of action units of which a plot shows the change."""


def show(figure: go.Figure, key: str, alt: str) -> None:
    """Show a plot; `alt` describes it for screen readers."""
    st.plotly_chart(figure, config={"displayModeBar": False}, alt=alt, key=key)


def clickable_layout(height: int) -> dict[str, Any]:
    """Layout of a plot whose points can be clicked, and nothing else: its legend is on top, and only names things.

    Args:
        height: in CSS pixels.
    """
    return {
        "height": height,
        "margin": {"l": 0, "r": 8, "t": 30, "b": 4},
        "legend": {
            "orientation": "h",
            "y": 1.0,
            "yanchor": "bottom",
            "x": 0,
            "itemclick": False,
            "itemdoubleclick": False,
        },
        "hovermode": "closest",
        "clickmode": "event+select",
        "dragmode": False,
    }


def au_changes(before: Reading, after: Reading) -> go.Figure:
    """Plot action units' probabilities in two readings, joined by a line, with the threshold as a tick.

    The largest changes, the largest on top.
    """
    order = wording.most_changed(before, after)[:MAX_CHANGES]
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
    return "The largest changes between both photos: " + ", ".join(
        f"{au} {percent(before.action_units[au])} to {percent(after.action_units[au])}"
        for au in wording.most_changed(before, after)[:MAX_CHANGES]
    )

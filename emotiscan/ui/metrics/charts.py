"""Plots of a checkpoint's reports: confusion matrix, metrics with intervals, and reliability diagram."""

from collections.abc import Mapping, Sequence

import plotly.graph_objects as go

from emotiscan.reports import Estimate, ReliabilityBin
from emotiscan.ui.charts import FIRST, MUTED, SECOND

_MARGIN = {"l": 0, "r": 12, "t": 8, "b": 8}


def confusion(labels: Sequence[str], counts: Sequence[Sequence[int]]) -> go.Figure:
    """Plot a confusion matrix; rows are the labels, each adding up to 100%."""
    shares = [[count / max(1, sum(row)) for count in row] for row in counts]
    words = [
        [f"{share:.0%}<br>{count}" for share, count in zip(*pair, strict=True)]
        for pair in zip(shares, counts, strict=True)
    ]
    names = [label.capitalize() for label in labels]
    figure = go.Figure(
        go.Heatmap(
            z=shares,
            x=names,
            y=names,
            zmin=0,
            zmax=1,
            colorscale="Teal",
            showscale=False,
            xgap=3,
            ygap=3,
            text=words,
            texttemplate="%{text}",
            textfont_size=13,
            hovertemplate="%{y} predicted as %{x}: %{z:.1%}<extra></extra>",
        )
    )
    figure.update_layout(height=70 * len(names) + 60, margin=_MARGIN)
    figure.update_xaxes(title="predicted", side="top", fixedrange=True)
    figure.update_yaxes(title="label", autorange="reversed", fixedrange=True)
    return figure


def dots(
    lines: Mapping[str, Estimate], name: str, limits: tuple[float, float], level: float | None = None
) -> go.Figure:
    """Plot estimates with their intervals, one line each, the first on top.

    Args:
        lines: estimates by name; those without a value are left out.
        name: the metric, as the axis title.
        limits: range of the axis.
        level: where to draw a dotted reference line, e.g. at guessing; None for none.
    """
    values = {line: estimate.value for line, estimate in lines.items() if estimate.value is not None}
    # Distances from the value to the ends of its interval, 0 without one.
    above = [0 if (high := lines[line].high) is None else high - value for line, value in values.items()]
    below = [0 if (low := lines[line].low) is None else value - low for line, value in values.items()]
    figure = go.Figure(
        go.Scatter(
            x=list(values.values()),
            y=list(values),
            mode="markers",
            marker={"size": 11, "color": FIRST},
            error_x={
                "type": "data",
                "symmetric": False,
                "array": above,
                "arrayminus": below,
                "color": MUTED,
                "thickness": 2,
                "width": 5,
            },
            hovertemplate="%{y}: %{x:.3f}<extra></extra>",
        )
    )
    if level is not None:
        figure.add_vline(level, line_dash="dot", line_color=SECOND)
    figure.update_layout(height=26 * len(values) + 70, margin=_MARGIN, showlegend=False)
    figure.update_xaxes(title=name, range=limits, fixedrange=True)
    figure.update_yaxes(autorange="reversed", type="category", fixedrange=True)
    return figure


def reliability(bins: Sequence[ReliabilityBin]) -> go.Figure:
    """Plot a reliability diagram: accuracy against confidence; a calibrated model lies on the diagonal."""
    full = [part for part in bins if part.count]
    largest = max((part.count for part in full), default=1)
    figure = go.Figure(
        go.Scatter(x=[0, 1], y=[0, 1], mode="lines", line={"color": MUTED, "dash": "dot"}, hoverinfo="skip")
    )
    figure.add_scatter(
        x=[part.confidence for part in full],
        y=[part.accuracy for part in full],
        mode="lines+markers",
        line_color=FIRST,
        marker={"size": [8 + 18 * (part.count / largest) ** 0.5 for part in full], "color": FIRST},
        customdata=[part.count for part in full],
        hovertemplate="confidence %{x:.0%}: correct for %{y:.0%} of %{customdata} faces<extra></extra>",
    )
    figure.update_layout(height=360, margin=_MARGIN, showlegend=False)
    figure.update_xaxes(title="confidence (probability of the predicted emotion)", range=[0.2, 1.02], fixedrange=True)
    figure.update_yaxes(title="accuracy", range=[0, 1.04], fixedrange=True)
    return figure

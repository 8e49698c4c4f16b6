"""Pictures of a checkpoint's reports: what is taken for what, how well action units are read, whether to trust the numbers."""

from collections.abc import Mapping, Sequence

import plotly.graph_objects as go

from emotiscan.ui.charts import FIRST, MUTED, SECOND

_MARGIN = {"l": 0, "r": 12, "t": 8, "b": 8}


def confusion(labels: Sequence[str], counts: Sequence[Sequence[int]]) -> go.Figure:
    """What each emotion is taken for: rows are the truth, each adding up to 100 %."""
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
            hovertemplate="%{y} taken for %{x}: %{z:.1%}<extra></extra>",
        )
    )
    figure.update_layout(height=70 * len(names) + 60, margin=_MARGIN)
    figure.update_xaxes(title="read as", side="top", fixedrange=True)
    figure.update_yaxes(title="annotated as", autorange="reversed", fixedrange=True)
    return figure


def dots(lines: Mapping[str, Mapping], name: str, limits: tuple[float, float], level: float | None = None) -> go.Figure:
    """A figure of each line with its interval, the first line on top.

    Args:
        lines: name to figure (`value`, `low`, `high`); those without a value are left out.
        name: of the measure.
        limits: of its axis.
        level: what to hold the lines against, e.g. guessing; None for nothing.
    """
    known = {line: figure for line, figure in lines.items() if figure["value"] is not None}
    values = [figure["value"] for figure in known.values()]
    ends = [(figure["low"], figure["high"]) for figure in known.values()]
    figure = go.Figure(
        go.Scatter(
            x=values,
            y=list(known),
            mode="markers",
            marker={"size": 11, "color": FIRST},
            error_x={
                "type": "data",
                "symmetric": False,
                "array": [0 if high is None else high - value for value, (_, high) in zip(values, ends, strict=True)],
                "arrayminus": [0 if low is None else value - low for value, (low, _) in zip(values, ends, strict=True)],
                "color": MUTED,
                "thickness": 2,
                "width": 5,
            },
            hovertemplate="%{y}: %{x:.3f}<extra></extra>",
        )
    )
    if level is not None:
        figure.add_vline(level, line_dash="dot", line_color=SECOND)
    figure.update_layout(height=26 * len(known) + 70, margin=_MARGIN, showlegend=False)
    figure.update_xaxes(title=name, range=limits, fixedrange=True)
    figure.update_yaxes(autorange="reversed", type="category", fixedrange=True)
    return figure


def reliability(bins: Sequence[Mapping]) -> go.Figure:
    """How often the emotion is right at each probability; on the line they are the same."""
    full = [part for part in bins if part["count"]]
    most = max((part["count"] for part in full), default=1)
    figure = go.Figure(
        go.Scatter(x=[0, 1], y=[0, 1], mode="lines", line={"color": MUTED, "dash": "dot"}, hoverinfo="skip")
    )
    figure.add_scatter(
        x=[part["confidence"] for part in full],
        y=[part["accuracy"] for part in full],
        mode="lines+markers",
        line_color=FIRST,
        marker={"size": [8 + 18 * (part["count"] / most) ** 0.5 for part in full], "color": FIRST},
        customdata=[part["count"] for part in full],
        hovertemplate="said %{x:.0%}, right in %{y:.0%} of %{customdata} faces<extra></extra>",
    )
    figure.update_layout(height=360, margin=_MARGIN, showlegend=False)
    figure.update_xaxes(title="probability of the emotion that was read", range=[0.2, 1.02], fixedrange=True)
    figure.update_yaxes(title="how often it was right", range=[0, 1.04], fixedrange=True)
    return figure

"""Plots of a clip: curves of chosen emotions and action units over time, and events as bands."""

from collections.abc import Mapping, Sequence

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray
from plotly.subplots import make_subplots

from emotiscan import facs
from emotiscan.export.text import display_name, percent
from emotiscan.ui.charts import EMOTION_COLORS, MUTED, clickable_layout
from emotiscan.video.events import Event
from emotiscan.video.timeline import Timeline

COLORS = ("#0F8A96", "#8C6BC0", "#4F86C6", "#B85C9E", "#6E9A3A", "#9A7350", "#5C6BC0", "#3D9A6C")
"""Colors of action units, in this order: visible on light and dark pages, and none is that of an emotion."""

MAX_POINTS = 1500
"""Points of a curve that are drawn."""

ROW, CURVES, LABELS = 26, 150, 40
"""Heights in pixels: of a band's row, of a plot of curves, and of the time's labels."""


def timeline_chart(timeline: Timeline, track: int, names: Sequence[str], time: float | None = None) -> go.Figure:
    """Plot one person's curves and events, one plot below the other with a common time.

    Args:
        timeline: of the clip.
        track: number of the person.
        names: emotions and action units to show.
        time: of the frame that is shown beside, marked by a line; None for none.
    """
    person = timeline.tracks[track]
    emotions = [name for name in names if name in timeline.emotions]
    units = [name for name in names if name in timeline.thresholds]
    events = [event for event in timeline.events if event.track == track and event.au in units]
    parts = [part for part, shown in (("emotions", emotions), ("units", units), ("events", units)) if shown]
    heights = [ROW * (len(units) + 1) if part == "events" else CURVES for part in parts]
    figure = make_subplots(
        rows=max(1, len(parts)),
        shared_xaxes=True,
        vertical_spacing=0.06 if len(parts) > 1 else 0,
        row_heights=heights or None,
    )
    colors = {name: EMOTION_COLORS.get(name, MUTED) for name in emotions}
    colors |= {name: COLORS[index % len(COLORS)] for index, name in enumerate(units)}
    step = -(-len(person.times) // MAX_POINTS) or 1
    for row, part in enumerate(parts, 1):
        if part == "events":
            _add_bands(figure, row, units, events, colors)
            continue
        for name in emotions if part == "emotions" else units:
            _add_curve(figure, row, person.times, person.smoothed[name], person.parts, step, name, colors[name])
        figure.update_yaxes(row=row, range=[-0.02, 1.04], tickformat=".0%", dtick=0.5, fixedrange=True)
    if time is not None:
        figure.add_vline(x=time, line={"color": MUTED, "width": 2, "dash": "dot"})
    figure.update_xaxes(
        fixedrange=True, ticksuffix=" s", range=[0, max(timeline.total, float(person.times[-1])) + 0.05]
    )
    figure.update_layout(clickable_layout(sum(heights) + LABELS + 34))
    return figure


def _add_curve(
    figure: go.Figure,
    row: int,
    times: NDArray[np.floating],
    values: NDArray[np.floating],
    parts: NDArray[np.integer],
    step: int,
    name: str,
    color: str,
) -> None:
    x: list[float | None] = []
    y: list[float | None] = []
    last = None
    for time, value, part in zip(times[::step], values[::step], parts[::step], strict=True):
        if last is not None and part != last:  # the person was out of sight
            x.append(None)
            y.append(None)
        x.append(round(float(time), 3))
        y.append(round(float(value), 3) if value == value else None)
        last = part
    figure.add_scatter(
        row=row,
        col=1,
        x=x,
        y=y,
        name=name.capitalize() if name in EMOTION_COLORS else name,
        mode="lines+markers",  # only markers can be clicked
        line={"color": color, "width": 2},
        marker={"color": color, "size": 5, "opacity": 0.35},
        selected={"marker": {"opacity": 1, "size": 9}},
        unselected={"marker": {"opacity": 0.35}},
        hovertemplate=f"{display_name(name)}: %{{y:.0%}} at %{{x:.2f}} s<extra></extra>",
    )


def _add_bands(
    figure: go.Figure, row: int, units: Sequence[str], events: Sequence[Event], colors: Mapping[str, str]
) -> None:
    for au in units:
        own = [event for event in events if event.au == au]
        widths: list[float | None] = [round(max(event.duration, 0.02), 3) for event in own]
        onsets: list[float | None] = [round(event.onset, 3) for event in own]
        figure.add_bar(
            row=row,
            col=1,
            orientation="h",
            y=[au] * max(1, len(own)),
            x=widths or [None],  # a row without events is there, too
            base=onsets or [None],
            width=0.62,
            marker={"color": colors[au], "opacity": 0.45, "line": {"width": 0}},
            hoverinfo="skip",
            showlegend=False,
        )
        figure.add_scatter(
            row=row,
            col=1,
            x=[round(event.apex, 3) for event in own],
            y=[au] * len(own),
            mode="markers",
            marker={"symbol": "diamond", "size": 11, "color": colors[au]},
            unselected={"marker": {"opacity": 1}},
            text=[describe_event(event) for event in own],
            hovertemplate="%{text}<extra></extra>",
            showlegend=False,
        )
    figure.update_yaxes(
        row=row,
        type="category",
        categoryorder="array",
        categoryarray=list(reversed(units)),
        range=[-0.6, len(units) - 0.4],
        fixedrange=True,
        showgrid=False,
    )
    figure.update_layout(barmode="overlay")


def describe_event(event: Event) -> str:
    """Describe an event, e.g. "AU12 Lip corner puller: 1.20 to 2.80 s, apex at 1.92 s, 97%"."""
    strength = f", intensity {event.intensity:.1f} of 5" if event.intensity == event.intensity else ""
    return (
        f"{display_name(event.au)}: {event.onset:.2f} to {event.offset:.2f} s, apex at {event.apex:.2f} s, "
        f"{percent(event.peak)}{strength}"
    )


def describe_timeline(timeline: Timeline, track: int, names: Sequence[str]) -> str:
    """Describe the chart for screen readers."""
    events = [event for event in timeline.events if event.track == track and event.au in names]
    listed = "; ".join(describe_event(event) for event in events[:12]) or "none"
    return f"Curves over time of {', '.join(map(display_name, names))}. Events: {listed}."


def preview_chart(
    curves: Mapping[int, Sequence[tuple[float, Sequence[float]]]], emotions: Sequence[str], duration: float
) -> go.Figure:
    """Plot the emotions of the person who was seen most, while the clip is being read.

    Args:
        curves: `Clip.preview`.
        emotions: of the network.
        duration: of the clip in seconds; 0 if unknown.
    """
    figure = go.Figure()
    points = max(curves.values(), key=len, default=[])
    points = points[:: -(-len(points) // 300) or 1]
    for index, name in enumerate(emotions):
        figure.add_scatter(
            x=[round(time, 2) for time, _ in points],
            y=[round(values[index], 2) for _, values in points],
            name=name.capitalize(),
            mode="lines",
            line={"color": EMOTION_COLORS.get(name, MUTED), "width": 2},
            hoverinfo="skip",
        )
    figure.update_xaxes(range=[0, duration or None], ticksuffix=" s", fixedrange=True)
    figure.update_yaxes(range=[-0.02, 1.04], tickformat=".0%", dtick=0.5, fixedrange=True)
    figure.update_layout(
        height=CURVES + 110,
        margin={"l": 0, "r": 8, "t": 30, "b": 4},
        legend={"orientation": "h", "y": 1.0, "yanchor": "bottom", "x": 0},
        dragmode=False,
        showlegend=True,
    )
    return figure


def first_choice(timeline: Timeline, track: int, count: int = 6) -> list[str]:
    """The curves to show before the visitor chooses: all emotions, and the action units with the strongest events."""
    strongest: dict[str, float] = {}
    for event in timeline.events:
        if event.track == track:
            strongest[event.au] = max(strongest.get(event.au, 0.0), event.peak * min(1.0, event.duration))
    chosen = sorted(strongest, key=lambda au: -strongest[au])[:count]
    return [*timeline.emotions, *facs.in_facs_order(chosen)]

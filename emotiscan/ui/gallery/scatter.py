"""A scatter plot of many faces."""

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

import plotly.graph_objects as go

from emotiscan import facs
from emotiscan.model.config import ModelConfig
from emotiscan.ui.charts import EMOTION_COLORS, MUTED
from emotiscan.ui.gallery.faces import VALENCE, Face, GalleryFace, describe_target, is_intensity

HEIGHT = 460
SYMBOLS = ("circle", "diamond", "square", "triangle-up", "star")
"""One for each emotion, so that color is not all that tells them apart."""


def first_axes(config: ModelConfig) -> tuple[str, str]:
    """The targets to plot until the visitor chooses others: across, and upward."""
    emotions = config.emotions
    if not {facs.POSITIVE, facs.NEGATIVE} <= set(emotions):
        return emotions[0], emotions[-1]
    return VALENCE, facs.SURPRISE if facs.SURPRISE in emotions else emotions[0]


def groups_of(faces: Sequence[Face], x: str, y: str, config: ModelConfig) -> list[list[Face]]:
    """Group the faces that can be plotted by their emotion: one list for each emotion, and trace of the plot.

    Args:
        faces: all of them.
        x: target across (see `faces.targets_of`); faces in which it is not visible cannot be plotted.
        y: target upward, likewise.
        config: of the checkpoint that read the faces.
    """
    shown = [face for face in faces if face.value(x) is not None and face.value(y) is not None]
    return [[face for face in shown if face.row["emotion"] == emotion] for emotion in config.emotions]


def face_at(groups: Sequence[Sequence[Face]], point: Mapping[str, Any]) -> Face | None:
    """Return the face of a point that the browser names by its trace and its place there; None for nonsense."""
    trace, place = point.get("curve_number"), point.get("point_index")
    if not (isinstance(trace, int) and isinstance(place, int)):
        return None
    return groups[trace][place] if 0 <= trace < len(groups) and 0 <= place < len(groups[trace]) else None


def scatter(groups: Sequence[Sequence[GalleryFace]], x: str, y: str, config: ModelConfig) -> go.Figure:
    """Plot faces; the arguments are those of `groups_of`, and its result."""
    figure = go.Figure()
    for place, (emotion, faces) in enumerate(zip(config.emotions, groups, strict=True)):
        figure.add_scatter(
            x=[face.value(x) for face in faces],
            y=[face.value(y) for face in faces],
            mode="markers",
            name=emotion.capitalize(),
            marker={
                "color": EMOTION_COLORS.get(emotion, MUTED),
                "symbol": SYMBOLS[place % len(SYMBOLS)],
                "size": 13,
                "opacity": 0.8,
            },
            unselected={"marker": {"opacity": 0.8}},
            # Names of files are not ours, and Plotly takes some HTML for markup.
            text=[escape(f"{face.name}: {face.title}") + "<br>" + (face.movements or "no AUs") for face in faces],
            hovertemplate="%{text}<extra></extra>",
            showlegend=bool(faces),
        )
    figure.update_xaxes(title=describe_target(x, config), fixedrange=True, **_axis(x, config))
    figure.update_yaxes(title=describe_target(y, config), fixedrange=True, **_axis(y, config))
    figure.update_layout(
        height=HEIGHT,
        margin={"l": 0, "r": 8, "t": 30, "b": 4},
        legend={
            "orientation": "h",
            "y": 1.0,
            "yanchor": "bottom",
            "x": 0,
            "itemclick": False,
            "itemdoubleclick": False,
        },
        hovermode="closest",
        clickmode="event+select",
        dragmode=False,
    )
    return figure


def _axis(target: str, config: ModelConfig) -> dict[str, Any]:
    if target == VALENCE:
        return {"range": [-1.08, 1.08], "dtick": 0.5, "zeroline": True}
    if is_intensity(target, config):
        letters = [letter or "0" for letter in facs.INTENSITY_LETTERS.values()]
        return {"range": [-0.25, 5.25], "tickvals": list(facs.INTENSITY_LETTERS), "ticktext": letters}
    return {"range": [-0.05, 1.05], "tickformat": ".0%", "dtick": 0.25}


def describe(groups: Sequence[Sequence[GalleryFace]], x: str, y: str, config: ModelConfig) -> str:
    """Describe the plot for screen readers."""
    counts = ", ".join(
        f"{len(faces)} {emotion}" for emotion, faces in zip(config.emotions, groups, strict=True) if faces
    )
    return (
        f"Scatter plot of faces: {describe_target(x, config)} across, {describe_target(y, config)} upward. "
        f"{counts or 'None can be plotted'}. The gallery shows the same faces."
    )

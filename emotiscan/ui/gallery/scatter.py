"""A scatter plot of many faces."""

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Any

import plotly.graph_objects as go

from emotiscan import facs
from emotiscan.model.config import ModelConfig
from emotiscan.ui.charts import EMOTION_COLORS, MUTED, clickable_layout
from emotiscan.ui.gallery.faces import VALENCE, Face, GalleryFace, describe_target, is_intensity

HEIGHT = 460
SYMBOLS = ("circle", "diamond", "square", "triangle-up", "star")
"""One for each emotion, so that color is not all that tells them apart."""


SPOT = (0.02, 0.03)
"""Width and height of a spot, in fractions of the plot: faces in the same spot would cover each other."""

STEP = (0.014, 0.03)
"""How far faces of the same spot are moved apart, likewise; `MAX_SPREAD` of them before they move closer together."""

MAX_SPREAD = 40

GOLDEN_ANGLE = math.pi * (3 - math.sqrt(5))


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


def spread(places: Iterable[tuple[float, float]]) -> list[tuple[float, float]]:
    """Move points that would cover each other apart, the later ones in a spiral around the first.

    Probabilities are often nearly 0 or 1, so that many faces share a place.

    Args:
        places: x and y of each point, in fractions of the plot.

    Returns:
        The places to draw them at, in the same order.
    """
    places = list(places)
    spots = [(round(x / SPOT[0]), round(y / SPOT[1])) for x, y in places]
    crowds, seen = Counter(spots), Counter[tuple[int, int]]()
    moved = []
    for (x, y), spot in zip(places, spots, strict=True):
        turn, radius = seen[spot] * GOLDEN_ANGLE, math.sqrt(seen[spot] * min(1.0, MAX_SPREAD / crowds[spot]))
        moved.append((x + STEP[0] * radius * math.cos(turn), y + STEP[1] * radius * math.sin(turn)))
        seen[spot] += 1
    return moved


def scatter(groups: Sequence[Sequence[GalleryFace]], x: str, y: str, config: ModelConfig) -> go.Figure:
    """Plot faces; the arguments are those of `groups_of`, and its result."""
    figure = go.Figure()
    (left, right), (bottom, top) = _limits(x, config), _limits(y, config)
    values = [[(face.value(x) or 0.0, face.value(y) or 0.0) for face in faces] for faces in groups]
    moved = iter(
        spread(((a - left) / (right - left), (b - bottom) / (top - bottom)) for group in values for a, b in group)
    )
    for place, (emotion, faces) in enumerate(zip(config.emotions, groups, strict=True)):
        places = [next(moved) for _ in faces]
        figure.add_scatter(
            x=[round(left + across * (right - left), 4) for across, _ in places],
            y=[round(bottom + upward * (top - bottom), 4) for _, upward in places],
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
            text=[
                "<br>".join(map(escape, _lines(face, value, x, y, config)))
                for face, value in zip(faces, values[place], strict=True)
            ],
            hovertemplate="%{text}<extra></extra>",
            showlegend=bool(faces),
        )
    figure.update_xaxes(title=describe_target(x, config), fixedrange=True, range=[left, right], **_ticks(x, config))
    figure.update_yaxes(title=describe_target(y, config), fixedrange=True, range=[bottom, top], **_ticks(y, config))
    figure.update_layout(clickable_layout(HEIGHT))
    return figure


def _lines(face: GalleryFace, value: tuple[float, float], x: str, y: str, config: ModelConfig) -> list[str]:
    """What is shown of a face under the pointer."""
    known = [f"{describe_target(target, config)}: {number:.2f}" for target, number in zip((x, y), value, strict=True)]
    return [face.name, face.title, face.movements or "no action units", *known]


def _limits(target: str, config: ModelConfig) -> tuple[float, float]:
    """The ends of an axis, with room for points that are moved apart."""
    if target == VALENCE:
        return -1.3, 1.3
    return (-0.75, 5.75) if is_intensity(target, config) else (-0.15, 1.15)


def _ticks(target: str, config: ModelConfig) -> dict[str, Any]:
    if target == VALENCE:
        return {"tickvals": [-1, -0.5, 0, 0.5, 1]}
    if is_intensity(target, config):
        letters = [letter or "0" for letter in facs.INTENSITY_LETTERS.values()]
        return {"tickvals": list(facs.INTENSITY_LETTERS), "ticktext": letters}
    return {"tickformat": ".0%", "tickvals": [0, 0.25, 0.5, 0.75, 1]}


def describe(groups: Sequence[Sequence[GalleryFace]], x: str, y: str, config: ModelConfig) -> str:
    """Describe the plot for screen readers."""
    counts = ", ".join(
        f"{len(faces)} {emotion}" for emotion, faces in zip(config.emotions, groups, strict=True) if faces
    )
    return (
        f"Scatter plot of faces: {describe_target(x, config)} across, {describe_target(y, config)} upward. "
        f"{counts or 'None can be plotted'}. The gallery shows the same faces."
    )

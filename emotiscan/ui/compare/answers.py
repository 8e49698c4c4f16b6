"""The answers of the Compare page: a sentence, and the heat maps that show it."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import streamlit as st

from emotiscan import explain, facs
from emotiscan.analysis import Reading
from emotiscan.explain import METHODS, Tile, overlays
from emotiscan.export.data_urls import picture_url
from emotiscan.export.text import display_name
from emotiscan.reports import EvaluationReport
from emotiscan.ui import charts, components, wording
from emotiscan.ui import heat_map_views as views
from emotiscan.ui.compare import questions, sentences
from emotiscan.ui.compare.choices import Choice, choose_face, choose_target, choose_two_faces
from emotiscan.ui.links import METHOD_PARAMETER, set_parameters
from emotiscan.ui.method_choice import choose_method
from emotiscan.ui.metrics import report_of
from emotiscan.ui.session import analyzer

MAX_CHANGES = 3
"""Number of action units whose heat maps show what changed, at most."""

MIN_CHANGE = 0.1
"""Least change of the probability of an action unit whose heat maps are shown; the first is always shown."""

FIRST_METHODS = (explain.DEFAULT_METHOD, "gradcam", "gradcam++", "layercam")
"""Methods that are compared until the visitor chooses others."""

METHOD_KEY = "compare-method"
"""Key of the widget in which to choose the heat map method."""


@dataclass(frozen=True)
class Answer:
    """The answer to a question.

    Attributes:
        maps: heat maps that show it; none if something must be chosen first.
        sentence: the answer in words; "" if there is nothing to say.
        pairs: indices of maps of which the first minus the second can be shown.
    """

    maps: Sequence[views.HeatMapView] = ()
    sentence: str = ""
    pairs: Sequence[tuple[int, int]] = field(default=())


def answer(question: str, faces: Sequence[Choice]) -> Answer:
    """Let the visitor choose what a question is about, and answer it.

    Args:
        question: key of `questions.QUESTIONS`.
        faces: of all chosen photos; at least one.
    """
    return {
        questions.UNITS: where_units_are,
        questions.CHANGES: what_changed,
        questions.FACES: who_shows_it_most,
        questions.METHODS: whether_methods_agree,
    }[question](faces)


def where_units_are(faces: Sequence[Choice]) -> Answer:
    """Show where several action units are seen on one face."""
    face = choose_face(faces, "Face")
    chosen = components.choose_targets(_reading(face), f"compare-{face.photo.key}-{face.number}")
    method = choose_method(METHOD_KEY)
    if not chosen:
        st.caption("Choose at least one action unit or expression.")
    maps = [views.make_view(face.photo, face.number, target, method, display_name(target)) for target in chosen]
    return Answer(maps, sentences.places([view.heat_map for view in maps]))


def what_changed(faces: Sequence[Choice]) -> Answer:
    """Show what changed between a face in each of two photos, and heat maps of the largest changes."""
    if all(face.photo is faces[0].photo for face in faces):
        st.info("Choose a second photo of the same person above.", icon=":material/group:")
        return Answer()
    before, after = choose_two_faces(faces)
    readings = [_reading(before), _reading(after)]
    st.header(wording.changes(*readings), anchor=False)
    st.caption("○ first photo · ● second photo · │ decision threshold")
    charts.show(charts.au_changes(*readings), "changes", charts.describe_au_changes(*readings))
    st.caption(_advice_on_changes())
    method = choose_method(METHOD_KEY)
    most_changed = wording.most_changed(*readings)[:MAX_CHANGES]
    changed = [*most_changed[:1], *(au for au in most_changed[1:] if _apart(readings, au) >= MIN_CHANGE)]
    maps = [
        views.make_view(face.photo, face.number, au, method, f"{au}, {face.title}")
        for au in changed
        for face in (after, before)
    ]
    return Answer(maps, pairs=[(place, place + 1) for place in range(0, len(maps), 2)])


def _apart(readings: Sequence[Reading], au: str) -> float:
    return abs(readings[0].action_units[au] - readings[1].action_units[au])


def _advice_on_changes() -> str:
    """Say how to take the photos and, if the checkpoint knows, how well it tells two images of one person apart."""
    advice = "Take both photos of the same person, from the same side and in the same light; other changes count, too."
    report = report_of(analyzer().card, "rendered")
    mean = report.action_units_mean if isinstance(report, EvaluationReport) else None
    if mean is None or mean.within_subject.value is None or mean.auc.value is None:
        return advice
    within, among = mean.within_subject.value, mean.auc.value
    return (
        f"{advice} Of two rendered images of the same person, the one that shows an action unit had the higher "
        f"probability in {100 * within:.0f}% of all pairs; of two different people, in {100 * among:.0f}%."
    )


def who_shows_it_most(faces: Sequence[Choice]) -> Answer:
    """Rank all faces by one action unit, emotion or expression."""
    target = choose_target(faces[0], default=questions.SMILE)
    method = choose_method(METHOD_KEY)
    if len(faces) == 1:
        st.info(
            "This photo has only one face. Choose a second photo above to compare it with.", icon=":material/group:"
        )
    ranked = sorted(faces, key=lambda face: sentences.strength(_reading(face), target), reverse=True)
    maps = [views.make_view(face.photo, face.number, target, method, face.title) for face in ranked]
    named = [(face.title, _reading(face)) for face in ranked]
    return Answer(maps, sentences.ranking(named, target) if len(faces) > 1 else "")


def whether_methods_agree(faces: Sequence[Choice]) -> Answer:
    """Show one action unit on one face by several methods, and where each of them sees it most."""
    face = choose_face(faces, "Face")
    target = choose_target(face)
    key = "compare-methods"
    if key not in st.session_state:
        linked = [name for name in st.query_params.get_all(METHOD_PARAMETER) if name in METHODS]
        st.session_state[key] = linked or list(FIRST_METHODS)
    chosen = st.pills(
        "Methods",
        list(METHODS),
        selection_mode="multi",
        format_func=lambda name: METHODS[name].title,
        wrap=True,
        key=key,
    )
    set_parameters({METHOD_PARAMETER: [] if set(chosen) == set(FIRST_METHODS) else chosen})
    if not chosen:
        st.caption("Choose at least one method.")
    maps = [views.make_view(face.photo, face.number, target, method, METHODS[method].title) for method in chosen]
    maps_by_title = {view.title: view.heat_map for view in maps}
    return Answer(maps, sentences.agreement(maps_by_title, target), [(place, 0) for place in range(1, len(maps))])


def _reading(face: Choice) -> Reading:
    return face.photo.readings[face.number]


def differences(shown: Answer, settings: views.DisplaySettings) -> list[Tile]:
    """Return the differences of the answer's pairs of maps, each on the first map's face."""
    return [_difference(shown.maps[one], shown.maps[other], settings) for one, other in shown.pairs]


def _difference(one: views.HeatMapView, other: views.HeatMapView, settings: views.DisplaySettings) -> Tile:
    change = explain.difference(one.heat_map, other.heat_map)
    picture = explain.overlay_difference(one.photo.readings[one.number].crop, change, min(1.0, settings.opacity + 0.2))
    title = f"{one.title} minus {other.title}"
    if not change.any():
        return Tile(picture, title, "no difference")
    return Tile(picture, title, f"differ by up to {100 * abs(change).max():.0f}% of full color")


def show_difference_legend() -> None:
    """Show the color scale of a difference and what it means."""
    bar = picture_url(overlays.difference_bar(160, 10))
    st.caption(
        f"![Colors from violet over white to orange]({bar}) orange: the map that is named first is stronger; violet: "
        "the second one is. Shown on the first map's face."
    )


def guide_targets(shown: Answer) -> list[str]:
    """Return the action units of the answer's maps, each once."""
    return [
        target for target in dict.fromkeys(view.heat_map.target for view in shown.maps) if target in facs.ACTION_UNITS
    ]

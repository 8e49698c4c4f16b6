"""The Compare page: questions about readings and heat maps, each with a link that restores it."""

import streamlit as st

from emotiscan.images import ImageError
from emotiscan.ui import components
from emotiscan.ui import heat_map_views as views
from emotiscan.ui.compare.answers import answer, differences, guide_targets, show_difference_legend
from emotiscan.ui.compare.choices import choose_photos, faces_of
from emotiscan.ui.compare.questions import CHANGES, FACES, QUESTION, QUESTIONS, UNITS
from emotiscan.ui.links import AU_PARAMETER, METHOD_PARAMETER, set_parameters


def choose_question() -> str:
    """Let the visitor choose a question; the URL holds it."""
    key = f"compare-{QUESTION}"
    if key not in st.session_state:
        linked = st.query_params.get(QUESTION, UNITS)
        st.session_state[key] = linked if linked in QUESTIONS else UNITS
    question = st.pills(
        "What do you want to know?",
        list(QUESTIONS),
        on_change=_forget_details,
        format_func=QUESTIONS.__getitem__,
        required=True,
        wrap=True,
        key=key,
    )
    set_parameters({QUESTION: question})
    return question or UNITS


def _forget_details() -> None:
    """Drop what the URL says about the last question only."""
    set_parameters(dict.fromkeys((AU_PARAMETER, METHOD_PARAMETER)))


def main() -> None:
    """Show the page."""
    st.title("Compare", anchor=False)
    if components.loaded_analyzer() is None:
        return
    question = choose_question()
    try:
        photos = choose_photos(needs_second=question in (CHANGES, FACES))
    except ImageError as error:
        st.error(str(error))
        return
    faces = faces_of(photos)
    if not faces:
        st.warning("No face was found. Choose a photo in which a face looks toward the camera.")
        return
    with st.spinner("Computing heat maps…"):
        shown = answer(question, faces)
    if not shown.maps:
        return
    if shown.sentence:
        st.header(shown.sentence, anchor=False)
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        settings = views.choose_settings("compare")
        with_differences = bool(shown.pairs) and st.toggle("Show differences", key="compare-differences")
    tiles = views.make_tiles(shown.maps, settings)
    if with_differences:
        tiles += differences(shown, settings)
    views.show_grid(tiles, [view.short_caption for view in shown.maps])
    views.show_legend(settings)
    if with_differences:
        show_difference_legend()
    views.show_guide_links(guide_targets(shown))
    title = f"{QUESTIONS[question]} {' and '.join(photo.name for photo in photos)}"
    views.offer_downloads(title, tiles, shown.maps, settings, "compare")


main()

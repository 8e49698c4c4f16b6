"""The questions of the Compare page, and links to them that restore what they are asked about."""

from collections.abc import Sequence

import streamlit as st

from emotiscan import facs
from emotiscan.explain import DEFAULT_METHOD
from emotiscan.ui.links import AU_PARAMETER, METHOD_PARAMETER, PAGES
from emotiscan.ui.samples import samples
from emotiscan.ui.session import Photo

UNITS, CHANGES, FACES, METHODS = "units", "changes", "faces", "methods"

QUESTIONS: dict[str, str] = {
    UNITS: "Which action unit is where?",
    CHANGES: "What changed between two photos?",
    FACES: "Whose smile is stronger?",
    METHODS: "Does another method agree?",
}
"""The questions, by the name that the page's URL has for them."""

ICONS = {
    UNITS: ":material/location_searching:",
    CHANGES: ":material/compare_arrows:",
    FACES: ":material/leaderboard:",
    METHODS: ":material/layers:",
}

SMILE = "AU12"
"""The action unit that “Whose smile is stronger?” is about until the visitor chooses another one."""

QUESTION, PHOTO, SECOND_PHOTO, FACE, SECOND_FACE = "question", "photo", "photo2", "face", "face2"
"""Query parameters: the question's name, a photo (see `photo_id`), and a face's number from 1."""


def photo_id(photo: Photo) -> str:
    """Return the name of a photo in a URL: a sample's own name, or the key of a photo that only this visit has."""
    return next((sample.slug for sample in samples() if sample.title == photo.name), photo.key)


def show_questions(photo: Photo, number: int, targets: Sequence[str], method: str) -> None:
    """Show a link to each question, asked about a face that has just been read.

    Args:
        photo: the photo.
        number: index of the face among its readings.
        targets: action units and expressions whose heat maps are shown, the most interesting first.
        method: key of the heat map method.
    """
    about = {PHOTO: photo_id(photo)} | ({FACE: str(number + 1)} if number else {})
    made_by = {} if method == DEFAULT_METHOD else {METHOD_PARAMETER: method}
    unit = next((target for target in targets if target in facs.ACTION_UNITS), None)
    one = {AU_PARAMETER: unit} if unit else {}
    parameters: dict[str, dict[str, str | list[str]]] = {
        UNITS: {**about, **made_by, AU_PARAMETER: list(targets)},
        CHANGES: {**about, **made_by},
        FACES: {**about, **made_by},
        METHODS: {**about, **one},
    }
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.caption("Compare:", width="content")
        for question, title in QUESTIONS.items():
            query = {QUESTION: question, **parameters[question]}
            st.page_link(PAGES / "compare.py", label=title, icon=ICONS[question], query_params=query)

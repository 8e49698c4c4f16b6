"""The Video page: read a clip, see its curves and events over time, and look at single frames."""

import streamlit as st

from emotiscan.ui import components
from emotiscan.ui.video import reading, results

INTRODUCTION = (
    "Reads a clip frame by frame: who moves what, and when. Your browser takes the clip apart and sends small still "
    "frames, none of which is kept unless you ask for an annotated clip. What remains are numbers and thumbnails of "
    "the faces, in memory, until you leave."
)


@st.fragment
def show() -> None:
    """Show the player beside the results. Only this part of the page runs again with each batch of frames."""
    left, right = st.columns([5, 6], gap="large")
    with left:
        reading.show_player()
    clip = reading.visit_clip()
    with right:
        if clip is None:
            st.caption("Choose a clip to see its curves and events here. A minute of video takes about a minute.")
            return
        if not clip.is_complete:
            results.show_preview(clip)
            return
        results.show_notes(clip)
        track = results.choose_person(clip)
        if track is not None:
            results.show_timeline(clip, track)
    reading.show_frame()
    if track is not None:
        results.show_gallery(clip, track)
    results.offer_downloads(clip)


def main() -> None:
    """Show the page."""
    st.title("Video", anchor=False)
    st.markdown(INTRODUCTION)
    if components.loaded_analyzer() is not None:
        show()


main()

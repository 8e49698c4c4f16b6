"""The Live page: a mirror that reads faces as they move, a frame to inspect, and a recording of the last minute."""

import time
from collections.abc import Mapping
from typing import Any

import streamlit as st

from emotiscan import runtime
from emotiscan.analysis import Analyzer
from emotiscan.export.text import display_name
from emotiscan.images import ImageError
from emotiscan.ui import au_table, components, downloads, log, queue_status, webcam
from emotiscan.ui.charts import EMOTION_COLORS, MUTED
from emotiscan.ui.live_camera import live_camera
from emotiscan.ui.messages import decode_bytes, decode_frame, number_in
from emotiscan.ui.session import Photo, read_photo
from emotiscan.ui.video.live import LiveSession

KEY = "live"
MAX_TIME = 24 * 3600.0
TRIM_EVERY = 100  # frames after which freed memory is returned to the system

INTRODUCTION = (
    "A mirror that reads you as you move. Each frame is read, answered and forgotten; the numbers of the last minute "
    "stay in memory, for you to download, until you leave."
)


def visit_session(analyzer: Analyzer) -> LiveSession:
    """Return the live session of this visit."""
    if "live-session" not in st.session_state:
        st.session_state["live-session"] = LiveSession(analyzer)
    return st.session_state["live-session"]


@st.fragment
def show_camera(analyzer: Analyzer) -> None:
    """Show the camera and answer it. Only this part of the page runs again with each frame."""
    status = st.empty()
    live_camera(KEY, lambda message: handle(analyzer, message, status), lambda: answer(analyzer))
    if st.session_state.pop("live-inspected-now", False):
        st.rerun()  # the rest of the page shows the frame


def handle(analyzer: Analyzer, message: Mapping[str, Any], status: Any) -> None:
    """Read the frame that a message brings, and once more like a photo if the visitor paused at it."""
    session = visit_session(analyzer)
    if message.get("kind") == "stop":
        log_session(analyzer)
        st.session_state["live-faces"] = []
    if message.get("kind") not in ("frame", "inspect"):
        return
    if message.get("first"):
        log_session(analyzer)
        session.restart()
        st.session_state["live-began"] = time.monotonic()
    image = decode_frame(message.get("picture"))
    faces = []
    if image is not None:
        with queue_status.turn():
            faces = session.read(number_in(message, "time", 0, MAX_TIME), image, str(message.get("target")))
    st.session_state["live-faces"] = faces
    if session.frames % TRIM_EVERY == 0:
        runtime.trim_memory()
    if message.get("kind") == "inspect":
        try:
            photo: Photo | str = read_photo(decode_bytes(message.get("large")), "live", status, is_snapshot=True)
        except ImageError as error:
            photo = str(error)
        st.session_state["live-inspected"] = photo
        st.session_state["live-inspected-now"] = True


def log_session(analyzer: Analyzer) -> None:
    """Log once how long the camera ran, and nothing about who was seen."""
    frames, began = visit_session(analyzer).frames, st.session_state.pop("live-began", None)
    if began is not None:
        seconds = round(time.monotonic() - began, 1)
        log.note("live", outcome="read", frames=frames, seconds=seconds, checkpoint=analyzer.card.fingerprint)


def answer(analyzer: Analyzer) -> dict[str, Any]:
    """Say what the browser needs: the labels, the faces of the latest frame, and the movement to try."""
    config, calibration = analyzer.card.config, analyzer.card.calibration
    challenge = st.session_state.get(webcam.KEY)
    return {
        "emotions": [
            {"name": name, "title": name.capitalize(), "color": EMOTION_COLORS.get(name, MUTED)}
            for name in config.emotions
        ],
        "units": [
            {"name": au, "title": display_name(au), "threshold": calibration.threshold(au)}
            for au in config.action_units
        ],
        "faces": st.session_state.get("live-faces", []),
        "challenge": challenge
        and {
            "title": display_name(challenge),
            "units": [au for au in webcam.goals_of(challenge) if au in config.action_units],
        },
    }


def show_inspected(analyzer: Analyzer) -> None:
    """Show the reading of the frame at which the visitor paused, like a photo's."""
    photo = st.session_state.get("live-inspected")
    if photo is None:
        return
    st.subheader("The frame at which you paused", anchor=False)
    if isinstance(photo, str) or not photo.readings:
        st.info(photo if isinstance(photo, str) else "No face was found in this frame.")
        return
    left, right = st.columns([5, 6], gap="large")
    with left:
        number = components.choose_face(photo)
    with right:
        components.show_emotions(photo.readings[number])
        au_table.show_action_units(photo, number, analyzer.card)
    components.show_heat_maps(photo, number)


def main() -> None:
    """Show the page."""
    st.title("Live", anchor=False)
    st.markdown(INTRODUCTION)
    analyzer = components.loaded_analyzer()
    if analyzer is None:
        return
    webcam.restore_goal(analyzer.card.config.action_units)
    show_camera(analyzer)
    left, right = st.columns([6, 5], gap="large", vertical_alignment="bottom")
    with left:
        webcam.link_goal(webcam.choose_challenge(analyzer.card.config.action_units))
    right.download_button(
        "Last 60 seconds (CSV)",
        downloads.held(visit_session(analyzer).csv_text, "emotiscan-live.csv", "text/csv"),
        "emotiscan-live.csv",
        "text/csv",
        icon=":material/download:",
        on_click="ignore",
        key="live-csv",
    )
    show_inspected(analyzer)


main()

"""Webcam snapshots: movements to try, and the latest snapshots side by side."""

from collections.abc import Sequence

import streamlit as st

from emotiscan import facs
from emotiscan.analysis import Reading
from emotiscan.export.text import display_name, percent
from emotiscan.ui import wording
from emotiscan.ui.links import GOAL_PARAMETER, set_parameters
from emotiscan.ui.pictures import show_picture
from emotiscan.ui.samples import au_pictures
from emotiscan.ui.session import recent_photos

CHALLENGES: dict[str, tuple[str, ...]] = {
    "Lift your inner brows": ("AU1",),
    "Lift your whole brows": ("AU1", "AU2"),
    "Frown": ("AU4",),
    "Smile with your eyes": ("AU6", "AU12"),
    "Narrow your eyes": ("AU7",),
    "Press your lips together": ("AU24",),
    "Pull the corners of your mouth down": ("AU15",),
    "Push your chin up": ("AU17",),
    "Let your jaw drop": ("AU25", "AU26"),
}
"""Movements that most people can make, each with its action units."""


KEY = "challenge"
"""Key of the widget in which to choose a movement."""


def goals_of(challenge: str) -> tuple[str, ...]:
    """Return the action units of a movement: of one of `CHALLENGES`, or the action unit that it names itself."""
    return CHALLENGES.get(challenge) or (challenge,)


def restore_goal(action_units: Sequence[str]) -> None:
    """Choose the action unit that the page's URL names, on the page's first run; say so if the model lacks it.

    Args:
        action_units: that the model in use reads.
    """
    goal = st.query_params.get(GOAL_PARAMETER)
    if KEY in st.session_state or goal is None:
        return
    if goal in action_units:
        st.session_state[KEY] = goal
    elif goal in facs.ACTION_UNITS:
        st.info(f"The model in use does not read {display_name(goal)}. Choose another movement below.")


def link_goal(challenge: str | None) -> None:
    """Put a chosen action unit into the page's URL; the movements of `CHALLENGES` have none."""
    set_parameters({GOAL_PARAMETER: None if challenge in CHALLENGES else challenge})


def choose_challenge(action_units: Sequence[str] = ()) -> str | None:
    """Let the visitor choose a movement to try, and show what it looks like.

    Args:
        action_units: to offer one by one, below the movements of `CHALLENGES`.

    Returns:
        A key of `CHALLENGES`, one of the action units, or None.
    """
    chosen = st.selectbox(
        "Try a movement",
        [*CHALLENGES, *facs.in_facs_order(action_units)],
        index=None,
        format_func=display_name,
        placeholder="Optional: choose a movement",
        key=KEY,
    )
    if chosen:
        action_units = goals_of(chosen)
        with st.container(horizontal=True, gap="small"):
            for au in action_units:
                pictures = au_pictures(au)
                if pictures:
                    show_picture(pictures[-1], f"A synthetic face with {au}", width=110, caption=au)
        st.caption(" ".join(facs.ACTION_UNITS[au].appearance for au in action_units))
    return chosen


def show_result(challenge: str, reading: Reading) -> None:
    """Say whether the movement was seen."""
    known = [au for au in goals_of(challenge) if au in reading.action_units]
    action_units = [au for au in known if au not in reading.not_visible]
    if known and not action_units:
        st.info(f"{challenge}: not visible, because that part of the face is covered.")
        return
    seen = [au for au in action_units if au in reading.present]
    numbers = ", ".join(f"{au} {percent(reading.action_units[au])}" for au in action_units)
    if action_units and seen == action_units:
        st.success(f"{challenge}: seen. {numbers}.", icon=":material/check_circle:")
    elif seen:
        st.info(f"{challenge}: partly seen. {numbers}.", icon=":material/contrast:")
    else:
        st.info(
            f"{challenge}: not seen this time. {numbers}. A stronger movement, more light or facing the camera may "
            "help; the model also misses some movements.",
            icon=":material/radio_button_unchecked:",
        )


def show_latest_snapshots() -> None:
    """Show the latest snapshots of this visit, newest first, once there are two."""
    faces = [photo.readings[0] for photo in recent_photos() if photo.is_snapshot and photo.readings]
    if len(faces) < 2:
        return
    st.caption("Your latest snapshots, newest first")
    with st.grid(min_column_width=110, gap="small"):
        for reading in faces:
            with st.container():
                words = " ".join(reading.present) or "no action units"
                emotion = wording.emotion_title(reading.emotion, reading.is_clear)
                show_picture(reading.crop, f"Snapshot: {emotion}; {words}")
                st.caption(f"{emotion}: {words}")

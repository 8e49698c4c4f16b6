"""Snapshots: a movement to try, and the last ones side by side."""

import streamlit as st

from emotiscan import facs
from emotiscan.analysis import Reading
from emotiscan.ui import wording
from emotiscan.ui.samples import au_pictures
from emotiscan.ui.session import photos_of_this_visit

SNAPSHOT = "Your snapshot"
"""Name of every photo that was taken here."""

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
"""Movements that most people can make, each with the action units that tell it."""


def choose_challenge() -> str | None:
    """A movement that the visitor wants to try, with a picture of it."""
    chosen = st.selectbox(
        "Try a movement",
        list(CHALLENGES),
        index=None,
        placeholder="or just take a snapshot",
        key="challenge",
    )
    if chosen:
        action_units = CHALLENGES[chosen]
        with st.container(horizontal=True, gap="small"):
            for au in action_units:
                pictures = au_pictures(au)
                if pictures:
                    st.image(pictures[-1], width=110, caption=au, alt=f"A rendered face with {au}")
        st.caption(" ".join(facs.ACTION_UNITS[au].appearance for au in action_units))
    return chosen


def show_answer(challenge: str, reading: Reading) -> None:
    """Whether the movement was seen."""
    action_units = [au for au in CHALLENGES[challenge] if au in reading.action_units]
    seen = [au for au in action_units if au in reading.present]
    told = ", ".join(f"{au} {wording.percent(reading.action_units[au])}" for au in action_units)
    if action_units and seen == action_units:
        st.success(f"{challenge}: seen. {told}.", icon=":material/check_circle:")
    elif seen:
        st.info(f"{challenge}: half of it is there. {told}.", icon=":material/contrast:")
    else:
        st.info(
            f"{challenge}: not seen this time. {told}. A stronger movement, more light or a face turned to the camera "
            "may help; the model misses some as well.",
            icon=":material/radio_button_unchecked:",
        )


def show_strip() -> None:
    """The last snapshots of this visit, the newest first."""
    faces = [photo.readings[0] for photo in photos_of_this_visit() if photo.name == SNAPSHOT and photo.readings]
    if len(faces) < 2:
        return
    st.caption("Your last snapshots, the newest first")
    with st.grid(min_column_width=110, gap="small"):
        for reading in faces:
            with st.container():
                words = " ".join(reading.present) or "no action unit present"
                emotion = wording.emotion_title(reading.emotion, reading.is_clear)
                st.image(reading.crop, width="stretch", alt=f"A snapshot: {emotion}; {words}")
                st.caption(f"{emotion}: {words}")

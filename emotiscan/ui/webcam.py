"""Snapshots: a movement to try, and the last ones side by side."""

import streamlit as st

from emotiscan import facs
from emotiscan.analysis import Reading
from emotiscan.ui import wording
from emotiscan.ui.samples import code_pictures
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
"""Movements that most people can make, each with the codes that tell it."""


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
        codes = CHALLENGES[chosen]
        with st.container(horizontal=True, gap="small"):
            for code in codes:
                pictures = code_pictures(code)
                if pictures:
                    st.image(pictures[-1], width=110, caption=code, alt=f"A drawn face with {code}")
        st.caption(" ".join(facs.ACTION_UNITS[code].looks for code in codes))
    return chosen


def show_answer(challenge: str, reading: Reading) -> None:
    """Whether the movement was seen."""
    codes = [code for code in CHALLENGES[challenge] if code in reading.codes]
    seen = [code for code in codes if code in reading.present]
    told = ", ".join(f"{code} {wording.percent(reading.codes[code])}" for code in codes)
    if codes and seen == codes:
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
                words = " ".join(reading.present) or "no code present"
                emotion = wording.emotion_title(reading.emotion, reading.clear)
                st.image(reading.crop, width="stretch", alt=f"A snapshot: {emotion}; {words}")
                st.caption(f"{emotion}: {words}")

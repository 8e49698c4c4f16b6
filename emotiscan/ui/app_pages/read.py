"""The main page: choose a photo, see what is read in it."""

import json
from pathlib import Path

import streamlit as st

from emotiscan.checkpoint import CheckpointError
from emotiscan.images import MAX_BYTES, ImageError
from emotiscan.ui import components
from emotiscan.ui.session import analysis_of, analyzer

SAMPLES = Path(__file__).resolve().parents[3] / "samples"
PHOTO, WEBCAM = "Photo", "Webcam"


def choose_picture() -> tuple[bytes | None, str]:
    """Widgets for the picture; returns its bytes and a line on where it comes from."""
    way = st.segmented_control("Picture from", [PHOTO, WEBCAM], default=PHOTO, required=True, key="way")
    if way == WEBCAM:
        shot = st.camera_input("Take a snapshot", resolution="720p", key="camera")
        return (shot.getvalue(), "Your snapshot") if shot else (None, "")
    upload = st.file_uploader(
        "Drop a photo here, or browse",
        type=["jpg", "jpeg", "png", "webp"],
        max_upload_size=MAX_BYTES // 2**20,
        key="upload",
        on_change=_forget_sample,
    )
    samples = {sample["title"]: sample for sample in json.loads((SAMPLES / "samples.json").read_text())}
    if "sample" not in st.session_state:
        st.session_state["sample"] = next(iter(samples))  # the first visit shows a reading at once
    title = st.pills("Or try a drawn sample", list(samples), key="sample", wrap=True)
    if upload and not title:
        return upload.getvalue(), "Your photo"
    sample = samples[title or next(iter(samples))]
    return (SAMPLES / sample["file"]).read_bytes(), f"Sample: {sample['alt']} (Drawn by a computer; no real person.)"


def _forget_sample() -> None:
    if st.session_state["upload"]:
        st.session_state["sample"] = None
    else:  # the photo was taken away again: back to the first visit's sample
        del st.session_state["sample"]


def main() -> None:
    """The page."""
    st.title("EmotiScan", anchor=False)
    st.markdown(
        "Reads visible movements of a face: an overall expression, 15 FACS codes, and where each was seen. "
        "Photos stay in memory and are never stored."
    )
    try:
        analyzer()
    except CheckpointError as error:
        st.error(f"The model cannot be loaded. {error}")
        return
    left, right = st.columns([5, 6], gap="large")
    with left:
        picture, source = choose_picture()
    if picture is None:
        right.caption("Take a snapshot to see its reading.")
        return
    with right, st.spinner("Reading the photo…"):
        try:
            analysis = analysis_of(picture)
        except ImageError as error:
            st.error(str(error))
            return
    with left:
        if not analysis.readings:
            st.image(analysis.photo, width="stretch", alt="Your photo; no face was found in it.")
        else:
            number = components.choose_face(analysis)
        st.caption(source)
    if not analysis.readings:
        right.warning(
            "No face was found in this photo. Try one in which a face looks towards the camera, is well lit and at "
            "least as large as a thumbnail."
        )
        return
    reading = analysis.readings[number]
    with right:
        components.show_emotions(reading)
        components.show_codes(reading)
    components.show_heat_maps(reading, number)


main()

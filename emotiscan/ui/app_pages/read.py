"""The main page: choose a photo, see what is read in it."""

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from emotiscan.images import MAX_BYTES, ImageError
from emotiscan.ui import au_table, components, webcam
from emotiscan.ui.samples import samples
from emotiscan.ui.session import read_photo
from emotiscan.ui.uploader import upload_photos

PHOTO, WEBCAM = "Photo", "Webcam"
NO_FACE = (
    "No face was found in this photo. Try one in which a face looks towards the camera, is well lit and at least as "
    "large as a thumbnail."
)


def choose_picture() -> tuple[bytes | None, str, str]:
    """Widgets for the picture; returns its bytes, its name, and a line on where it comes from."""
    way = st.segmented_control("Picture from", [PHOTO, WEBCAM], default=PHOTO, required=True, key="way")
    if way == WEBCAM:
        st.query_params.pop("sample", None)
        webcam.choose_challenge()
        shot = st.camera_input("Take a snapshot", resolution="720p", key="camera")
        return (shot.getvalue() if shot else None), webcam.SNAPSHOT, webcam.SNAPSHOT
    upload = st.file_uploader(
        "Drop a photo here, or browse",
        type=["jpg", "jpeg", "png", "webp"],
        max_upload_size=MAX_BYTES // 2**20,
        key="upload",
        on_change=_take_upload,
    )
    upload_photos("paste", _take_pasted, paste_only=True)
    titles = [sample.title for sample in samples()]
    if "sample" not in st.session_state:  # the first visit shows a reading at once: that of the address, or the first
        asked = (sample.title for sample in samples() if sample.slug == st.query_params.get("sample"))
        st.session_state["sample"] = next(asked, titles[0])
    title = st.pills("Or try a rendered sample", titles, key="sample", wrap=True)
    own = st.session_state.get("pasted", upload and upload.getvalue())
    if own is not None and not title:
        st.query_params.pop("sample", None)
        return own, "Your photo", "Your photo"
    sample = next(sample for sample in samples() if sample.title == (title or titles[0]))
    st.query_params["sample"] = sample.slug
    return sample.data, sample.title, f"Sample: {sample.alt} (Drawn by a computer; no real person.)"


def _take_pasted(_name: str, data: bytes, _line: DeltaGenerator) -> None:
    st.session_state["pasted"] = data
    st.session_state["sample"] = None


def _take_upload() -> None:
    st.session_state.pop("pasted", None)
    if st.session_state["upload"]:
        st.session_state["sample"] = None
    else:  # the photo was taken away again: back to the first visit's sample
        del st.session_state["sample"]


def main() -> None:
    """The page."""
    st.title("EmotiScan", anchor=False)
    st.markdown(
        "Reads visible movements of a face: an overall expression, 15 action units, and where each was seen. "
        "Photos stay in memory and are never stored."
    )
    analyzer = components.loaded_analyzer()
    if analyzer is None:
        return
    left, right = st.columns([5, 6], gap="large")
    with left:
        picture, name, source = choose_picture()
    if picture is None:
        right.caption("Take a snapshot to see its reading.")
        return
    with right, st.spinner("Reading the photo…"):
        try:
            photo = read_photo(picture, name, st.empty())
        except ImageError as error:
            st.error(str(error))
            return
    with left:
        if not photo.readings:
            st.image(photo.picture, width="stretch", alt="Your photo; no face was found in it.")
        else:
            number = components.choose_face(photo)
        st.caption(source)
        if name == webcam.SNAPSHOT:
            webcam.show_strip()
    if not photo.readings:
        right.warning(NO_FACE)
        return
    challenge = st.session_state.get("challenge") if name == webcam.SNAPSHOT else None
    with right:
        if challenge:
            webcam.show_answer(challenge, photo.readings[number])
        components.show_emotions(photo.readings[number])
        au_table.show_action_units(photo, number, analyzer.card)
    components.show_heat_maps(photo, number)


main()

"""The main page: choose a photo and see the reading of each face."""

from dataclasses import dataclass

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from emotiscan.images import MAX_BYTES, ImageError
from emotiscan.ui import au_table, components, webcam
from emotiscan.ui.pictures import show_picture
from emotiscan.ui.samples import samples
from emotiscan.ui.session import read_photo
from emotiscan.ui.uploader import FILE_TYPES, upload_photos

PHOTO, WEBCAM = "Photo", "Webcam"
NO_FACE = (
    "No face was found in this photo. Try a well-lit photo in which a face looks toward the camera and is at least as "
    "large as a thumbnail."
)


@dataclass(frozen=True)
class Choice:
    """The picture that the visitor chose.

    Attributes:
        file: its bytes; None before the first snapshot.
        name: its name on the pages.
        source: a line that says where it comes from.
        is_snapshot: whether it comes from the camera.
    """

    file: bytes | None
    name: str
    source: str
    is_snapshot: bool = False


def choose_picture() -> Choice:
    """Let the visitor choose a picture."""
    source = st.segmented_control("Source", [PHOTO, WEBCAM], default=PHOTO, required=True, key="source")
    if source == WEBCAM:
        st.query_params.pop("sample", None)
        webcam.choose_challenge()
        shot = st.camera_input("Take a snapshot", resolution="720p", key="camera")
        return Choice(shot.getvalue() if shot else None, "Your snapshot", "Your snapshot", is_snapshot=True)
    upload = st.file_uploader(
        "Upload a photo",
        type=FILE_TYPES,
        max_upload_size=MAX_BYTES // 2**20,
        key="upload",
        on_change=_take_upload,
    )
    upload_photos("paste", _take_pasted, paste_only=True)
    titles = [sample.title for sample in samples()]
    if "sample" not in st.session_state:  # a visit starts with a reading: of the sample in the URL, or the first
        linked = (sample.title for sample in samples() if sample.slug == st.query_params.get("sample"))
        st.session_state["sample"] = next(linked, titles[0])
    title = st.pills("Or try a synthetic sample", titles, key="sample", wrap=True)
    own = st.session_state.get("pasted", upload and upload.getvalue())
    if own is not None and not title:
        st.query_params.pop("sample", None)
        return Choice(own, "Your photo", "Your photo")
    sample = next(sample for sample in samples() if sample.title == (title or titles[0]))
    st.query_params["sample"] = sample.slug
    return Choice(sample.data, sample.title, f"Sample (synthetic face, not a real person): {sample.alt}")


def _take_pasted(_name: str, data: bytes, _placeholder: DeltaGenerator) -> None:
    st.session_state["pasted"] = data
    st.session_state["sample"] = None


def _take_upload() -> None:
    st.session_state.pop("pasted", None)
    if st.session_state["upload"]:
        st.session_state["sample"] = None
    else:  # the upload was removed: show the first sample again
        del st.session_state["sample"]


def main() -> None:
    """Show the page."""
    st.title("EmotiScan", anchor=False)
    st.markdown(
        "Reads visible movements in photos of faces, not feelings: the overall expression, 15 facial action units "
        "(FACS), and heat maps of where the model saw each one. Photos stay in memory and are never stored."
    )
    analyzer = components.loaded_analyzer()
    if analyzer is None:
        return
    left, right = st.columns([5, 6], gap="large")
    with left:
        choice = choose_picture()
    if choice.file is None:
        right.caption("Take a snapshot to see the reading.")
        return
    with right, st.spinner("Reading the photo…"):
        try:
            photo = read_photo(choice.file, choice.name, st.empty(), choice.is_snapshot)
        except ImageError as error:
            st.error(str(error))
            return
    with left:
        if not photo.readings:
            show_picture(photo.picture, "The photo, in which no face was found.")
        else:
            number = components.choose_face(photo)
        st.caption(choice.source)
        if choice.is_snapshot:
            webcam.show_latest_snapshots()
    if not photo.readings:
        right.warning(NO_FACE)
        return
    challenge = st.session_state.get("challenge") if choice.is_snapshot else None
    with right:
        if challenge:
            webcam.show_result(challenge, photo.readings[number])
        components.show_emotions(photo.readings[number])
        au_table.show_action_units(photo, number, analyzer.card)
    components.show_heat_maps(photo, number)


main()

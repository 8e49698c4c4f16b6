"""The main page: choose a photo and see the reading of each face."""

from dataclasses import dataclass

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from emotiscan.images import MAX_BYTES, ImageError
from emotiscan.ui import components, webcam
from emotiscan.ui.pictures import show_picture
from emotiscan.ui.samples import samples
from emotiscan.ui.session import Photo, read_photo, recent_photos
from emotiscan.ui.uploader import FILE_TYPES, upload_photos

PHOTO, WEBCAM = "Photo", "Webcam"
INTRODUCTION = "Reads visible movements in a face, not feelings. Photos stay in memory and are never stored."
NO_FACE = (
    "No face was found in this photo. Try a well-lit photo in which a face looks toward the camera and is at least as "
    "large as a thumbnail."
)
NO_SNAPSHOT = (
    "Take a snapshot to see the reading. No camera picture? Allow this page to use the camera in your browser, close "
    "other programs that use it, or choose “Photo” instead."
)
OWN_PHOTO = "read-photo"  # session key of the visitor's own photo that was shown last (`Photo.key`)

STYLE = """
<style>
@media (max-width: 640px) { /* on a phone, photo and samples take less room, so that the reading is near */
  .st-key-photo img { max-height: 40vh; width: auto !important; max-width: 100%; }
  .st-key-sample [role=radiogroup] { flex-wrap: nowrap; overflow-x: auto; }
  .st-key-sample button { flex: none; }
}
</style>
"""


@dataclass(frozen=True)
class Choice:
    """The picture that the visitor chose.

    Attributes:
        file: its bytes; None before the first snapshot.
        name: its name on the pages.
        source: a line that says where it comes from.
        is_snapshot: whether it comes from the camera.
        kept: the photo, if this visit has read it before and its file is no longer at hand.
    """

    file: bytes | None
    name: str
    source: str
    is_snapshot: bool = False
    kept: Photo | None = None


def choose_source() -> str:
    """Let the visitor choose between a photo and the camera."""
    source = st.segmented_control(
        "Source", [PHOTO, WEBCAM], default=PHOTO, required=True, key="source", label_visibility="collapsed"
    )
    return source or PHOTO


def take_snapshot() -> Choice:
    """Let the visitor take a snapshot."""
    st.query_params.pop("sample", None)
    webcam.choose_challenge()
    shot = st.camera_input("Take a snapshot", resolution="720p", key="camera")
    return Choice(shot.getvalue() if shot else None, "Your snapshot", "Your snapshot", is_snapshot=True)


def choose_photo(samples_place: DeltaGenerator) -> Choice:
    """Let the visitor choose a photo, or a sample in `samples_place`."""
    upload = st.file_uploader(
        "Upload a photo",
        type=FILE_TYPES,
        max_upload_size=MAX_BYTES // 2**20,
        key="upload",
        on_change=_take_upload,
        label_visibility="collapsed",
    )
    upload_photos("paste", _take_pasted, paste_only=True)
    kept = next((photo for photo in recent_photos() if photo.key == st.session_state.get(OWN_PHOTO)), None)
    titles = [sample.title for sample in samples()]
    if "sample" not in st.session_state:  # the page opens with a sample, or with the photo that it showed last
        linked = next((sample.title for sample in samples() if sample.slug == st.query_params.get("sample")), None)
        st.session_state["sample"] = linked if linked or kept else titles[0]
    title = samples_place.pills("Or try a synthetic sample", titles, key="sample", wrap=True)
    own = st.session_state.get("pasted", upload and upload.getvalue())
    if not title and (own is not None or kept):
        st.query_params.pop("sample", None)
        return Choice(own, "Your photo", "Your photo", kept=kept if own is None else None)
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
        st.session_state.pop(OWN_PHOTO, None)
        del st.session_state["sample"]


def read_choice(choice: Choice) -> Photo | None:
    """Read the chosen picture; returns None after saying on the page why it cannot be read."""
    if choice.kept:
        return choice.kept
    if choice.file is None:
        st.info(NO_SNAPSHOT, icon=":material/photo_camera:")
        return None
    with st.spinner("Reading the photo…"):
        try:
            photo = read_photo(choice.file, choice.name, st.empty(), choice.is_snapshot)
        except ImageError as error:
            st.error(str(error))
            return None
    if choice.name == "Your photo":
        st.session_state[OWN_PHOTO] = photo.key
    return photo


def main() -> None:
    """Show the page."""
    st.html(STYLE)
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        st.title("EmotiScan", anchor=False, width="content")
        st.markdown(INTRODUCTION, width="content")
    if components.loaded_analyzer() is None:
        return
    left, right = st.columns([5, 9], gap="large")
    with left:
        source = choose_source()
        inputs, picture_place, samples_place = st.container(), st.container(key="photo"), st.container()
    with inputs:
        choice = take_snapshot() if source == WEBCAM else choose_photo(samples_place)
    with right:
        photo = read_choice(choice)
    if photo is None:
        return
    with picture_place:
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
        components.show_reading(photo, number)


main()

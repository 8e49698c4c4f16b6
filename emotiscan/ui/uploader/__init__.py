"""Many photos from a visitor's device, one after another, each made small before it leaves the device.

Streamlit's own uploader brings every file to the server's memory before the page may look at the first one, and keeps
it there until the visit ends: a hundred photos of a phone are half a gigabyte. Here the browser scales and encodes each
photo, drops what the camera wrote about place and time, and sends the next one when the last one is read.
"""

import base64
import binascii
from collections.abc import Callable
from pathlib import Path
from secrets import token_hex

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from emotiscan.images import MAX_BYTES

SIDE = 2048
"""Longer side, in pixels, of a photo that is sent."""

MAX_NAME_LENGTH = 120
"""Characters of a file's name that are kept."""

_FOLDER = Path(__file__).parent
_component = st.components.v2.component(
    "emotiscan_uploader", **{kind: (_FOLDER / f"uploader.{kind}").read_text() for kind in ("html", "css", "js")}
)


def upload_photos(key: str, read: Callable[[str, bytes, DeltaGenerator], None], paste_only: bool = False) -> None:
    """A place for photos: to choose, drop or paste any number of them.

    Args:
        key: of the widget.
        read: called with each photo's name and file, one a run of the page, and with an `st.empty` above the place,
            for a line to read while it takes long. What is no picture comes as it is.
        paste_only: show no more than a line that says so; photos are chosen or dropped elsewhere.
    """
    answered, arrived = f"{key}-answered", f"{key}-arrived"
    visit = st.session_state.setdefault(f"{key}-visit", token_hex(4))

    def take() -> None:
        st.session_state[arrived] = st.session_state[key].photo

    line = st.empty()
    photo = st.session_state.get(arrived)
    if photo is not None:
        try:
            read(*unpacked(photo), line)
        except Exception:
            del st.session_state[arrived]  # or every other run would fail too
            raise
        del st.session_state[arrived]  # not before: a run that is cut short while it waits leaves it to the next one
        st.session_state[answered] = photo["number"]
    data = {
        "answered": st.session_state.get(answered),
        "visit": visit,
        "side": SIDE,
        "most": MAX_BYTES + 1,
        "pasteOnly": paste_only,
    }
    _component(key=key, data=data, on_photo_change=take)


def unpacked(photo: dict) -> tuple[str, bytes]:
    """Name and file of what a browser sent; what is no base64 becomes an empty file."""
    name = str(photo.get("name") or "Pasted picture")[:MAX_NAME_LENGTH]
    try:
        return name, base64.b64decode(photo.get("picture", ""), validate=True)
    except (binascii.Error, TypeError, ValueError):
        return name, b""

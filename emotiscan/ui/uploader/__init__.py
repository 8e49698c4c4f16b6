"""Upload many photos one after another, each scaled down in the browser before it is sent.

Streamlit's own uploader loads every file into the server's memory before the page can look at the first one, and keeps
it there until the visit ends: a hundred phone photos are half a gigabyte. Here the browser scales and encodes each
photo, drops its metadata (place, time, camera), and sends the next one only when the last one has been read. Photos
that the browser cannot decode (HEIC, except in Safari) are sent as they are.
"""

import base64
import binascii
from collections.abc import Callable, Mapping
from pathlib import Path
from secrets import token_hex
from typing import Any

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from emotiscan.images import MAX_BYTES

FILE_TYPES = ("jpg", "jpeg", "png", "webp", "heic", "heif", "avif")
"""File name extensions of photos that the pages' upload fields take."""

SIDE = 2048
"""Longer side of the photos that are sent, in pixels."""

MAX_NAME_LENGTH = 120
"""Maximum length of a file name; the rest is cut off."""

_FOLDER = Path(__file__).parent
_component = st.components.v2.component(
    "emotiscan_uploader",
    html=(_FOLDER / "uploader.html").read_text(encoding="utf-8"),
    css=(_FOLDER / "uploader.css").read_text(encoding="utf-8"),
    js=(_FOLDER / "uploader.js").read_text(encoding="utf-8"),
)


def upload_photos(key: str, read: Callable[[str, bytes, DeltaGenerator], None], paste_only: bool = False) -> None:
    """Show a widget in which to choose, drop or paste any number of photos.

    Args:
        key: key of the widget.
        read: called with the name and the bytes of each photo, one per run of the page, and with an `st.empty` above
            the widget for status messages. Files that are not images are passed on unchanged.
        paste_only: only listen for pasted images and show a line that says so.
    """
    answered, arrived = f"{key}-answered", f"{key}-arrived"
    visit = st.session_state.setdefault(f"{key}-visit", token_hex(4))

    def take() -> None:
        st.session_state[arrived] = st.session_state[key].photo

    placeholder = st.empty()
    photo = st.session_state.get(arrived)
    if photo is not None:
        try:
            read(*decode_photo(photo), placeholder)
        except Exception:
            del st.session_state[arrived]  # otherwise every later run would fail, too
            raise
        # Not earlier: if this run is interrupted while it waits, the next one reads the photo.
        del st.session_state[arrived]
        st.session_state[answered] = photo["number"]
    data = {
        "answered": st.session_state.get(answered),
        "visit": visit,
        "side": SIDE,
        "maxBytes": MAX_BYTES + 1,
        "pasteOnly": paste_only,
    }
    _component(key=key, data=data, on_photo_change=take)


def decode_photo(photo: Mapping[str, Any]) -> tuple[str, bytes]:
    """Return name and bytes of a photo as a browser sent it; invalid base64 becomes an empty file."""
    name = str(photo.get("name") or "Pasted image")[:MAX_NAME_LENGTH]
    try:
        return name, base64.b64decode(photo.get("picture", ""), validate=True)
    except (binascii.Error, TypeError, ValueError):
        return name, b""

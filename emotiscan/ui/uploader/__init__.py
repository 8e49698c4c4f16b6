"""Upload many photos one after another, each scaled down in the browser before it is sent.

Streamlit's own uploader loads every file into the server's memory before the page can look at the first one, and keeps
it there until the visit ends: a hundred phone photos are half a gigabyte. Here the browser scales and encodes each
photo, drops its metadata (place, time, camera), and sends the next one only when the last one has been read. Photos
that the browser cannot decode (HEIC, except in Safari) are sent as they are.
"""

from collections.abc import Callable, Mapping
from typing import Any

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from emotiscan.images import MAX_BYTES
from emotiscan.ui.browser import component
from emotiscan.ui.messages import decode_bytes, exchange

FILE_TYPES = ("jpg", "jpeg", "png", "webp", "heic", "heif", "avif")
"""File name extensions of photos that the pages' upload fields take."""

SIDE = 2048
"""Longer side of the photos that are sent, in pixels."""

MAX_NAME_LENGTH = 120
"""Maximum length of a file name; the rest is cut off."""

_component = component(__file__, "files.js", "files.css")


def upload_photos(key: str, read: Callable[[str, bytes, DeltaGenerator], None], paste_only: bool = False) -> None:
    """Show a widget in which to choose, drop or paste any number of photos.

    Args:
        key: key of the widget.
        read: called with the name and the bytes of each photo, one per run of the page, and with an `st.empty` above
            the widget for status messages. Files that are not images are passed on unchanged.
        paste_only: only listen for pasted images and show a line that says so.
    """
    placeholder = st.empty()
    settings = {"side": SIDE, "maxBytes": MAX_BYTES + 1, "pasteOnly": paste_only}
    exchange(_component, key, lambda photo: read(*decode_photo(photo), placeholder), lambda: settings)


def decode_photo(photo: Mapping[str, Any]) -> tuple[str, bytes]:
    """Return name and bytes of a photo as a browser sent it; invalid base64 becomes an empty file."""
    name = str(photo.get("name") or "Pasted image")[:MAX_NAME_LENGTH]
    return name, decode_bytes(photo.get("picture", ""))

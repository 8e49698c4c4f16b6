"""One message at a time between a component in the browser and the script of its page.

The browser sends a message, and the next one only when the server has answered the last. A run of the script can be
interrupted while it waits for its turn; the message is kept until it has been handled, and handled once.
"""

import base64
import binascii
import io
from collections.abc import Callable, Mapping
from secrets import token_hex
from typing import Any

import streamlit as st
from PIL import Image, UnidentifiedImageError

MAX_PIXELS = 4_000_000
"""Frames with more pixels are not decoded; browsers are asked for far smaller ones."""


def exchange(
    component: Callable[..., Any],
    key: str,
    handle: Callable[[Mapping[str, Any]], None],
    data: Callable[[], Mapping[str, Any]],
) -> None:
    """Handle the message that has arrived, if any, and show the component with the answer.

    Args:
        component: mounts the component; its trigger is called `message` and carries a `number`.
        key: key of the component.
        handle: called with the message.
        data: called afterwards; returns what the component needs to know, beside the number of the answered message.
    """
    answered, arrived = f"{key}-answered", f"{key}-arrived"
    visit = st.session_state.setdefault(f"{key}-visit", token_hex(4))

    def take() -> None:
        st.session_state[arrived] = st.session_state[key].message

    message = st.session_state.get(arrived)
    if isinstance(message, Mapping) and message.get("number") != st.session_state.get(answered):
        try:
            handle(message)
        except Exception:
            del st.session_state[arrived]  # otherwise every later run would fail, too
            raise
        # Not earlier: if this run is interrupted while it waits, the next one handles the message.
        st.session_state[answered] = message.get("number")
    st.session_state.pop(arrived, None)
    component(
        key=key,
        data={"visit": visit, "answered": st.session_state.get(answered), **data()},
        on_message_change=take,
    )


def decode_bytes(text: object) -> bytes:
    """Decode base64 as a browser sent it; what is invalid becomes an empty file."""
    try:
        return base64.b64decode(text, validate=True)  # type: ignore[arg-type]
    except (binascii.Error, TypeError, ValueError):
        return b""


def decode_frame(text: object) -> Image.Image | None:
    """Decode a frame, a JPEG file in base64, to RGB; None if it cannot be decoded."""
    try:
        with Image.open(io.BytesIO(decode_bytes(text)), formats=("JPEG",)) as image:
            if image.width * image.height > MAX_PIXELS:
                return None
            return image.convert("RGB")
    except (OSError, UnidentifiedImageError, ValueError, SyntaxError):
        return None


def number_in(message: Mapping[str, Any], name: str, low: float, high: float) -> float:
    """Return a number of a message within limits; `low` if it is missing or no number."""
    value = message.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float) or value != value:
        return low
    return min(max(float(value), low), high)

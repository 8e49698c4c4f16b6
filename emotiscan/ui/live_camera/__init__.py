"""A camera whose frames are sent one by one, the next when the last is answered, and drawn over with the answers.

No WebRTC: the frames travel through Streamlit's own connection, so it works wherever the page itself works.
"""

from collections.abc import Callable, Mapping
from typing import Any

from emotiscan.ui.browser import component
from emotiscan.ui.messages import exchange

SIDE = 480
"""Longer side of the frames that are sent, in pixels: enough for the crop of a face that fills a quarter of the
frame, and half the work of 640."""

INSPECTED_SIDE = 1280
"""Longer side of a frame that the visitor pauses at, in pixels."""

_component = component(__file__, "files.js", "frames.js")


def live_camera(key: str, handle: Callable[[Mapping[str, Any]], None], answer: Callable[[], Mapping[str, Any]]) -> None:
    """Show the camera.

    Args:
        key: key of the widget.
        handle: called with each message of the browser. Its `kind` is "frame" (`time` in seconds since the camera
            started, `picture`, `target` of the heat map, `first`), "inspect", a frame at which the visitor paused
            (with a `large` picture as well), or "stop": the camera was stopped.
        answer: called afterwards; returns what `video.live` says of the latest frame, and what the page shows.
    """
    exchange(_component, key, handle, lambda: {"side": SIDE, "inspectedSide": INSPECTED_SIDE, **answer()})

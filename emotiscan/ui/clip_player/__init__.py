"""Choose or record a clip, which the browser decodes, sends frame by frame, and plays from the visitor's own file."""

from collections.abc import Callable, Mapping
from typing import Any

from emotiscan.ui.browser import component
from emotiscan.ui.messages import exchange
from emotiscan.ui.video.clip import SIDE
from emotiscan.ui.video.server_decoding import MAX_BYTES, too_large

FRAMES_PER_MESSAGE = 4
"""Frames that are sent together; as many as pass through the network together."""

INSPECTED_SIDE = 1280
"""Longer side of a single frame that the visitor looks at, in pixels."""

MAX_RECORDING = 30
"""Longest clip that the camera records, in seconds."""

_component = component(__file__, "files.js", "frames.js", "files.css")


def clip_player(
    key: str,
    handle: Callable[[Mapping[str, Any]], None],
    answer: Callable[[], Mapping[str, Any]],
    fps: float,
    chart: str = "",
) -> None:
    """Show the player.

    Args:
        key: key of the widget.
        handle: called with each message of the browser. Its `kind` is "frames" (`clip`, `name`, `duration`, `frames`
            with `time` and `picture` each, `last`), "file" (`clip`, `name`, `part`, `last`) and then "step" if the
            browser cannot decode the clip, "frame" (`time`, `picture`) for a single frame to look at, or "stop".
        answer: called afterwards; may return `error`, `progress` (0 to 1) and `done` of a clip that is decoded here,
            and `seek` (`id`, `time`), a place to show.
        fps: frames per second to send.
        chart: key of a plotly chart over the clip's time, in which to mark the place that the player shows.
    """
    settings = {
        "fps": fps,
        "chart": chart,
        "side": SIDE,
        "batch": FRAMES_PER_MESSAGE,
        "inspectedSide": INSPECTED_SIDE,
        "maxBytes": MAX_BYTES,
        "tooLarge": too_large(),
        "maxRecording": MAX_RECORDING,
    }
    exchange(_component, key, handle, lambda: {**settings, **answer()})

"""The player of the Video page and what it sends: frames or a file to read, and single frames to look at."""

import io
import math
import time
from collections.abc import Mapping
from typing import Any

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from emotiscan import runtime
from emotiscan.images import ImageError
from emotiscan.ui import au_table, components, log, queue_status
from emotiscan.ui.clip_player import FRAMES_PER_MESSAGE, clip_player
from emotiscan.ui.messages import decode_bytes, decode_frame, number_in
from emotiscan.ui.session import Photo, analyzer, read_photo
from emotiscan.ui.video.annotated_clip import AnnotatedClip, can_annotate
from emotiscan.ui.video.clip import Clip
from emotiscan.ui.video.server_decoding import UploadedClip
from emotiscan.video.decode import VideoFrame
from emotiscan.video.errors import VideoError

KEY = "clip"
CHART = "clip-chart"
"""Key of the chart over time, in which the player marks its place."""

RATES = (5, 10, 25)
"""Frames per second that a visitor can choose."""

NO_DECODER = "This browser cannot play the clip, and the server cannot decode it because PyAV is not installed there."

MAX_NAME_LENGTH = 120
MAX_DURATION = 24 * 3600.0


def visit_clip() -> Clip | None:
    """Return the clip of this visit."""
    return st.session_state.get("clip-read")


def show_player() -> None:
    """Show the player and handle what it has sent."""
    # Above the choice of the rate, but in place: a player that moves or disappears for a moment would start anew.
    fps = float(st.session_state.get("clip-fps") or RATES[1])
    status = st.empty()
    clip_player(KEY, lambda message: _handle(message, status), _answer, fps, CHART)
    st.segmented_control(
        "Frames per second to read",
        RATES,
        default=RATES[1],
        required=True,
        key="clip-fps",
        help="More show shorter movements, such as blinks, and take longer. Applies to the next clip.",
    )
    if can_annotate():
        st.toggle(
            "Make an annotated clip",
            key="clip-annotate",
            help="Draws boxes and bars into the frames that are read, for you to download as MP4, without sound. The "
            "server holds this file in memory until you leave. Applies to the next clip.",
        )


def show_at(seconds: float) -> None:
    """Ask the browser to show a place of the clip, and to send its frame."""
    state = st.session_state
    if "clip-file" in state:
        _look_at_uploaded(seconds)
    else:
        state["clip-seek"] = {"id": state.get("clip-seek", {}).get("id", 0) + 1, "time": round(seconds, 3)}


def shown_time() -> float | None:
    """Time of the frame that is shown, in seconds."""
    return st.session_state.get("clip-frame", (None, None))[0]


def show_frame() -> None:
    """Show the reading of the frame that the visitor looks at, if there is one, like a photo's."""
    seconds, photo = st.session_state.get("clip-frame", (None, None))
    if seconds is None:
        return
    st.subheader(f"The frame at {seconds:.2f} s", anchor=False)
    if not isinstance(photo, Photo):
        st.info(photo)
        return
    left, right = st.columns([5, 6], gap="large")
    with left:
        number = components.choose_face(photo)
    with right:
        components.show_emotions(photo.readings[number])
        au_table.show_action_units(photo, number, analyzer().card)
    components.show_heat_maps(photo, number)


def _answer() -> dict[str, Any]:
    state = st.session_state
    clip = visit_clip()
    answer: dict[str, Any] = {"error": state.get("clip-error"), "done": clip is not None and clip.is_complete}
    if clip is not None and clip.duration:
        answer["progress"] = clip.time / clip.duration
    if "clip-seek" in state:
        answer["seek"] = state["clip-seek"]
    return answer


def _handle(message: Mapping[str, Any], status: DeltaGenerator) -> None:
    kinds = {"frames": _read_frames, "file": _take_part, "step": _read_step, "frame": _look_at, "stop": _stop}
    handle = kinds.get(str(message.get("kind")))
    if handle is None:
        return
    try:
        handle(message, status)
    except (VideoError, ModuleNotFoundError) as error:
        st.session_state["clip-error"] = NO_DECODER if isinstance(error, ModuleNotFoundError) else str(error)
        _log("refused")
        _forget()


def _forget() -> None:
    """Drop the clip of this visit and what belongs to it."""
    for name in ("clip-read", "clip-file", "clip-frame", "clip-number", "clip-began"):
        st.session_state.pop(name, None)
    runtime.trim_memory()


def _clip_of(message: Mapping[str, Any]) -> Clip:
    """Return the clip that a message belongs to, a new one if it is the first message of it."""
    state = st.session_state
    visit = str(message.get("number")).partition("-")[0]
    number = visit, message.get("clip")
    clip = visit_clip()
    if clip is None or state.get("clip-number") != number:
        _forget()
        state.pop("clip-error", None)
        name = str(message.get("name") or "Clip")[:MAX_NAME_LENGTH]
        duration = number_in(message, "duration", 0.0, MAX_DURATION)
        fps = number_in(message, "fps", RATES[0], RATES[-1])
        annotated = AnnotatedClip(fps) if can_annotate() and state.get("clip-annotate") else None
        clip = Clip(analyzer(), name, duration, fps, annotated)
        state["clip-read"], state["clip-number"], state["clip-began"] = clip, number, time.monotonic()
    return clip


def _read_frames(message: Mapping[str, Any], status: DeltaGenerator) -> None:
    clip = _clip_of(message)
    frames: list[VideoFrame] = []
    for entry in list(message.get("frames") or ())[:FRAMES_PER_MESSAGE]:
        image = decode_frame(entry.get("picture")) if isinstance(entry, Mapping) else None
        if image is not None:
            frames.append(VideoFrame(clip.frames + len(frames), number_in(entry, "time", 0.0, MAX_DURATION), image))
    _read(clip, frames, status)
    if message.get("last"):
        _finish(clip)


def _take_part(message: Mapping[str, Any], status: DeltaGenerator) -> None:
    clip = _clip_of(message)
    if message.get("first") or "clip-file" not in st.session_state:
        st.session_state["clip-file"] = UploadedClip(clip.fps)
    file: UploadedClip = st.session_state["clip-file"]
    file.add(decode_bytes(message.get("part")))
    if message.get("last"):
        file.open()
        if file.video and file.video.duration and math.isfinite(file.video.duration):
            clip.duration = file.video.duration


def _read_step(message: Mapping[str, Any], status: DeltaGenerator) -> None:
    clip = visit_clip()
    file: UploadedClip | None = st.session_state.get("clip-file")
    if clip is None or file is None or file.video is None or clip.is_complete:
        return
    frames = file.next_frames(FRAMES_PER_MESSAGE)
    _read(clip, frames, status)
    if len(frames) < FRAMES_PER_MESSAGE:
        clip.notes += file.video.notes
        _finish(clip)


def _read(clip: Clip, frames: list[VideoFrame], status: DeltaGenerator) -> None:
    """Read frames when it is this visitor's turn."""
    if frames:
        with queue_status.turn(status):
            clip.read(frames)
    if clip.is_complete:
        _finish(clip)


def _stop(_message: Mapping[str, Any], _status: DeltaGenerator) -> None:
    clip = visit_clip()
    if clip is not None:
        _finish(clip)


def _finish(clip: Clip) -> None:
    """Note that the clip has been read, or as much of it as was wanted."""
    clip.finish()
    _log("read")
    runtime.trim_memory()


def _log(outcome: str) -> None:
    """Log once how long the clip of this visit took, and nothing about what it shows."""
    clip, began = visit_clip(), st.session_state.pop("clip-began", None)
    if clip is not None and began is not None:
        log.note(
            "clip",
            outcome=outcome,
            frames=clip.frames,
            faces=clip.faces,
            seconds=round(time.monotonic() - began, 1),
            checkpoint=analyzer().card.fingerprint,
        )


def _look_at(message: Mapping[str, Any], status: DeltaGenerator) -> None:
    """Read a single frame like a photo."""
    _show_photo(number_in(message, "time", 0.0, MAX_DURATION), decode_bytes(message.get("picture")), status)


def _look_at_uploaded(seconds: float) -> None:
    file: UploadedClip = st.session_state["clip-file"]
    image = file.frame_at(seconds)
    if image is not None:
        jpeg = io.BytesIO()
        image.save(jpeg, "JPEG", quality=92)
        _show_photo(seconds, jpeg.getvalue(), None)


def _show_photo(seconds: float, file: bytes, status: DeltaGenerator | None) -> None:
    try:
        photo: Photo | str = read_photo(file, f"frame at {seconds:.2f} s", status)
    except ImageError as error:
        photo = str(error)
    if isinstance(photo, Photo) and not photo.readings:
        photo = "No face was found in this frame."
    st.session_state["clip-frame"] = seconds, photo

"""A visitor's turn with the network: the page says how long it will take, and leaving gives the place up."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

import streamlit as st
from streamlit import runtime as streamlit_runtime
from streamlit.delta_generator import DeltaGenerator
from streamlit.runtime.scriptrunner import get_script_run_ctx

from emotiscan import runtime
from emotiscan.ui.request_queue import QueuePosition, RequestQueue

MAX_AT_ONCE = 2
"""Most photos that are read at the same time. Each needs memory for all its pixels, and a container may see more cores
than it gets."""


def at_once() -> int:
    """How many photos this host can read at the same time: one if its memory is small."""
    return 1 if runtime.is_small_host() else min(MAX_AT_ONCE, _cores())


def _cores() -> int:
    """How many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


QUEUE = RequestQueue(at_once())
"""The queue of this process. Decoding a photo and finding its faces uses one core, so that one photo for each core
keeps all of them busy."""


@contextmanager
def turn(placeholder: DeltaGenerator | None = None) -> Iterator[bool]:
    """Wait for this visitor's turn, and hold it inside the `with` block.

    If the visitor has closed the page, the script ends and the place is given up. If the visitor has clicked something
    else meanwhile, the script ends too, but its next run keeps the place if it needs a turn.

    Args:
        placeholder: an `st.empty` in which to say how long it will take; None to say nothing.

    Yields:
        Whether others have a turn at the same time, or wait for one.
    """

    def on_progress(position: QueuePosition | None) -> None:
        if not _still_here():
            st.stop()
        if placeholder is not None:  # writing to it also ends the script if a new run was requested
            if position:
                placeholder.caption(describe(position))
            else:
                placeholder.empty()

    context = get_script_run_ctx()
    with QUEUE.turn(on_progress, name=context.session_id if context else None):
        yield len(QUEUE) > 1


def describe(position: QueuePosition) -> str:
    """Describe a place in the queue, e.g. “3 photos are ahead of yours: about 4 seconds.”."""
    ahead = "One photo is" if position.ahead == 1 else f"{position.ahead} photos are"
    if position.seconds is None:
        return f"{ahead} ahead of yours."
    seconds = max(1, round(position.seconds))
    if seconds >= 90:
        return f"{ahead} ahead of yours: about {round(seconds / 60)} minutes."
    return f"{ahead} ahead of yours: about {seconds} second{'s' if seconds > 1 else ''}."


def _still_here() -> bool:
    """Whether this script's page is still open in a browser."""
    context = get_script_run_ctx()
    return (
        context is None
        or not streamlit_runtime.exists()
        or streamlit_runtime.get_instance().is_active_session(context.session_id)
    )

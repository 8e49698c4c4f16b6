"""A visitor's turn with the network: told on the page while it is awaited, given up by whoever leaves."""

from collections.abc import Iterator
from contextlib import contextmanager

import streamlit as st
from streamlit import runtime
from streamlit.delta_generator import DeltaGenerator
from streamlit.runtime.scriptrunner import get_script_run_ctx

from emotiscan.ui.request_queue import QueuePosition, RequestQueue

QUEUE = RequestQueue()
"""The queue of this process: one photo at a time. The network keeps all cores busy with one already."""


@contextmanager
def turn(line: DeltaGenerator | None = None) -> Iterator[None]:
    """Wait for this visitor's turn, and hold it inside the `with` block.

    A visitor who closed the page gives up the place, and the script ends; so does one who asked for something else
    meanwhile, but whose next run of the script, if it wants a turn too, stands where this one stood.

    Args:
        line: an `st.empty` that says how long it will take; None where nothing may be drawn.
    """

    def on_progress(place: QueuePosition | None) -> None:
        if not _still_here():
            st.stop()
        if line is not None:  # drawing also ends the script where another run of it was asked for
            if place:
                line.caption(in_words(place))
            else:
                line.empty()

    context = get_script_run_ctx()
    with QUEUE.turn(on_progress, who=context.session_id if context else None):
        yield


def in_words(place: QueuePosition) -> str:
    """Where somebody stands, e.g. “3 photos come before yours: about 4 seconds.”."""
    who = "One photo comes" if place.ahead == 1 else f"{place.ahead} photos come"
    if place.seconds is None:
        return f"{who} before yours."
    seconds = max(1, round(place.seconds))
    if seconds >= 90:
        return f"{who} before yours: about {round(seconds / 60)} minutes."
    return f"{who} before yours: about {seconds} second{'s' if seconds > 1 else ''}."


def _still_here() -> bool:
    """Whether the page of this script is still open in a browser."""
    context = get_script_run_ctx()
    return context is None or not runtime.exists() or runtime.get_instance().is_active_session(context.session_id)

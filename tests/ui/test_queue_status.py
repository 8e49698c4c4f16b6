"""A visitor waits for the network in turn, is told so, and gives the place up by leaving."""

import threading

import pytest
from streamlit.testing.v1 import AppTest

from emotiscan.ui import queue_status
from emotiscan.ui.request_queue import QueuePosition, RequestQueue
from tests.support.pages import texts

PATIENCE = 20


def script() -> None:
    import streamlit as st

    from emotiscan.ui import queue_status

    with queue_status.turn(st.empty()):
        st.write("It is read.")


@pytest.fixture
def request_queue(monkeypatch) -> RequestQueue:
    """An empty queue in the place of the process's own."""
    monkeypatch.setattr(queue_status, "QUEUE", RequestQueue())
    return queue_status.QUEUE


@pytest.fixture
def somebody(request_queue):
    """Somebody whose turn it is, until the returned event is set."""
    begun, over = threading.Event(), threading.Event()

    def hold() -> None:
        with request_queue.turn(lambda place: None):
            begun.set()
            over.wait(PATIENCE)

    thread = threading.Thread(target=hold)
    thread.start()
    assert begun.wait(PATIENCE)
    yield over
    over.set()
    thread.join(PATIENCE)


@pytest.mark.parametrize(
    ("place", "words"),
    [
        (QueuePosition(1, None), "One photo comes before yours."),
        (QueuePosition(1, 0.2), "One photo comes before yours: about 1 second."),
        (QueuePosition(7, 12.4), "7 photos come before yours: about 12 seconds."),
        (QueuePosition(99, 150.0), "99 photos come before yours: about 2 minutes."),
    ],
)
def test_the_wait_in_words(place, words):
    assert queue_status.in_words(place) == words


def test_who_has_not_to_wait_is_not_told_to(request_queue):
    at = AppTest.from_function(script).run()
    assert "It is read." in texts(at)
    assert "yours" not in texts(at)


def test_who_waits_is_told_and_then_served(request_queue, somebody, monkeypatch):
    told = []

    def in_words(place: QueuePosition) -> str:
        told.append(place.ahead)
        somebody.set()  # the other's turn ends once this visitor was told of it
        return "wait"

    monkeypatch.setattr(queue_status, "in_words", in_words)
    at = AppTest.from_function(script, default_timeout=PATIENCE).run()
    assert told[0] == 1
    assert "It is read." in texts(at)
    assert "wait" not in texts(at)  # the line is gone
    assert len(request_queue) == 0


def test_who_has_closed_the_page_costs_nothing(request_queue, monkeypatch):
    monkeypatch.setattr(queue_status, "_still_here", lambda: False)
    at = AppTest.from_function(script).run()
    assert not at.exception
    assert "It is read." not in texts(at)
    assert len(request_queue) == 0


def test_a_photo_that_cannot_be_read_holds_nobody_up(app, request_queue):
    at = app.run()
    at.file_uploader[0].upload("broken.jpg", b"not a picture", "image/jpeg").run()
    assert len(at.error) == 1
    assert len(request_queue) == 0
    at.file_uploader[0].upload("none.jpg", b"no picture either", "image/jpeg").run()
    assert len(at.error) == 1

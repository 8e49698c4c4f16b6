"""A visitor waits in the queue, sees how long it will take, and gives the place up by leaving."""

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
    """An empty queue instead of the process's own."""
    monkeypatch.setattr(queue_status, "QUEUE", RequestQueue())
    return queue_status.QUEUE


@pytest.fixture
def other_visitor(request_queue):
    """Another visitor whose turn is in progress until the returned event is set."""
    begun, over = threading.Event(), threading.Event()

    def hold() -> None:
        with request_queue.turn(lambda position: None):
            begun.set()
            over.wait(PATIENCE)

    thread = threading.Thread(target=hold)
    thread.start()
    assert begun.wait(PATIENCE)
    yield over
    over.set()
    thread.join(PATIENCE)


@pytest.mark.parametrize(
    ("position", "words"),
    [
        (QueuePosition(1, None), "One photo is ahead of yours."),
        (QueuePosition(1, 0.2), "One photo is ahead of yours: about 1 second."),
        (QueuePosition(7, 12.4), "7 photos are ahead of yours: about 12 seconds."),
        (QueuePosition(99, 150.0), "99 photos are ahead of yours: about 2 minutes."),
    ],
)
def test_wait_is_described_in_words(position, words):
    assert queue_status.describe(position) == words


def test_visitor_without_a_wait_sees_no_queue_message(request_queue):
    at = AppTest.from_function(script).run()
    assert "It is read." in texts(at)
    assert "yours" not in texts(at)


def test_waiting_visitor_sees_the_queue_and_is_then_served(request_queue, other_visitor, monkeypatch):
    ahead = []

    def describe(position: QueuePosition) -> str:
        ahead.append(position.ahead)
        other_visitor.set()  # the other turn ends once this visitor has seen the message
        return "wait"

    monkeypatch.setattr(queue_status, "describe", describe)
    at = AppTest.from_function(script, default_timeout=PATIENCE).run()
    assert ahead[0] == 1
    assert "It is read." in texts(at)
    assert "wait" not in texts(at)  # the message is gone
    assert len(request_queue) == 0


def test_a_visitor_learns_whether_others_are_served_too(monkeypatch):
    monkeypatch.setattr(queue_status, "QUEUE", RequestQueue(2))
    with queue_status.turn() as first_busy, queue_status.turn() as second_busy:
        assert (first_busy, second_busy) == (False, True)
        assert len(queue_status.QUEUE) == 2


def test_closed_page_leaves_the_queue(request_queue, monkeypatch):
    monkeypatch.setattr(queue_status, "_still_here", lambda: False)
    at = AppTest.from_function(script).run()
    assert not at.exception
    assert "It is read." not in texts(at)
    assert len(request_queue) == 0


def test_unreadable_photo_releases_the_queue(app, request_queue):
    at = app.run()
    at.file_uploader[0].upload("broken.jpg", b"not a picture", "image/jpeg").run()
    assert len(at.error) == 1
    assert len(request_queue) == 0
    at.file_uploader[0].upload("none.jpg", b"no picture either", "image/jpeg").run()
    assert len(at.error) == 1


def test_a_host_with_little_memory_reads_one_photo_at_a_time(monkeypatch):
    monkeypatch.setattr(queue_status, "_cores", lambda: 8)
    monkeypatch.setenv("EMOTISCAN_MEMORY", "4096")
    assert queue_status.at_once() == queue_status.MAX_AT_ONCE == 2
    monkeypatch.setenv("EMOTISCAN_MEMORY", "1024")
    assert queue_status.at_once() == 1

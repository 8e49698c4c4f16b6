"""A visitor waits for the network in turn, is told so, and gives the place up by leaving."""

import threading

import pytest
from pages import texts
from streamlit.testing.v1 import AppTest

from emotiscan.ui import waiting
from emotiscan.ui.turns import Place, Turns

PATIENCE = 20


def script() -> None:
    import streamlit as st

    from emotiscan.ui import waiting

    with waiting.turn(st.empty()):
        st.write("It is read.")


@pytest.fixture
def turns(monkeypatch) -> Turns:
    """An empty queue in the place of the process's own."""
    monkeypatch.setattr(waiting, "TURNS", Turns())
    return waiting.TURNS


@pytest.fixture
def somebody(turns):
    """Somebody whose turn it is, until the returned event is set."""
    begun, over = threading.Event(), threading.Event()

    def hold() -> None:
        with turns.turn(lambda place: None):
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
        (Place(1, None), "One photo comes before yours."),
        (Place(1, 0.2), "One photo comes before yours: about 1 second."),
        (Place(7, 12.4), "7 photos come before yours: about 12 seconds."),
        (Place(99, 150.0), "99 photos come before yours: about 2 minutes."),
    ],
)
def test_the_wait_in_words(place, words):
    assert waiting.in_words(place) == words


def test_who_has_not_to_wait_is_not_told_to(turns):
    at = AppTest.from_function(script).run()
    assert "It is read." in texts(at)
    assert "yours" not in texts(at)


def test_who_waits_is_told_and_then_served(turns, somebody, monkeypatch):
    told = []

    def in_words(place: Place) -> str:
        told.append(place.ahead)
        somebody.set()  # the other's turn ends once this visitor was told of it
        return "wait"

    monkeypatch.setattr(waiting, "in_words", in_words)
    at = AppTest.from_function(script, default_timeout=PATIENCE).run()
    assert told[0] == 1
    assert "It is read." in texts(at)
    assert "wait" not in texts(at)  # the line is gone
    assert len(turns) == 0


def test_who_has_closed_the_page_costs_nothing(turns, monkeypatch):
    monkeypatch.setattr(waiting, "_still_here", lambda: False)
    at = AppTest.from_function(script).run()
    assert not at.exception
    assert "It is read." not in texts(at)
    assert len(turns) == 0


def test_a_photo_that_cannot_be_read_holds_nobody_up(app, turns):
    at = app.run()
    at.file_uploader[0].upload("broken.jpg", b"not a picture", "image/jpeg").run()
    assert len(at.error) == 1
    assert len(turns) == 0
    at.file_uploader[0].upload("none.jpg", b"no picture either", "image/jpeg").run()
    assert len(at.error) == 1

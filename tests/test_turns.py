"""The queue in front of the network: fair, and never stuck."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from emotiscan.ui.turns import Place, Turns

PATIENCE = 20


def nobody(_place: Place | None) -> None:
    """Listens to nothing."""


class Visitor(threading.Thread):
    """Takes a turn, and holds it until told to go on."""

    def __init__(self, turns: Turns, name: str, served: list[str]) -> None:
        super().__init__(name=name, daemon=True)
        self.turns, self.served, self.told = turns, served, []
        self.waits, self.leaves, self.done = threading.Event(), threading.Event(), threading.Event()
        self.error: BaseException | None = None

    def listen(self, place: Place | None) -> None:
        self.told.append(place)
        self.waits.set()
        if self.leaves.is_set():
            raise ConnectionError("left")

    def run(self) -> None:
        try:
            with self.turns.turn(self.listen, every=0.01):
                self.served.append(self.name)
                self.done.wait(PATIENCE)
        except ConnectionError as error:
            self.error = error


@pytest.fixture
def line() -> Callable[..., tuple[Turns, list[Visitor], list[str]]]:
    """A queue in which so many stand, each come after the last."""

    def stand(count: int, at_once: int = 1) -> tuple[Turns, list[Visitor], list[str]]:
        turns, served = Turns(at_once), []
        visitors = [Visitor(turns, str(number), served) for number in range(count)]
        for visitor in visitors:
            visitor.start()
            assert visitor.waits.wait(PATIENCE)
        return turns, visitors, served

    return stand


def finish(visitors: list[Visitor]) -> None:
    for visitor in visitors:
        visitor.done.set()
    for visitor in visitors:
        visitor.join(PATIENCE)
        assert not visitor.is_alive()


def test_who_comes_first_is_served_first(line):
    turns, visitors, served = line(6)
    assert served == ["0"]
    finish(visitors)
    assert served == ["0", "1", "2", "3", "4", "5"]
    assert len(turns) == 0


def test_one_at_a_time_or_as_many_as_wanted():
    for at_once in (1, 3):
        turns, inside, most = Turns(at_once), [], []

        def work(number: int, turns: Turns = turns, inside: list[int] = inside, most: list[int] = most) -> None:
            with turns.turn(nobody, every=0.01):
                inside.append(number)
                most.append(len(inside))
                inside.remove(number)

        with ThreadPoolExecutor(16) as pool:
            list(pool.map(work, range(200)))
        assert max(most) <= at_once
        assert len(most) == 200


def test_a_waiter_is_told_its_place_and_then_that_its_turn_has_come(line):
    _, visitors, _ = line(3)
    assert [visitor.told[0] and visitor.told[0].ahead for visitor in visitors] == [None, 1, 2]
    finish(visitors)
    assert visitors[2].told[-1] is None


def test_who_leaves_is_passed_over(line):
    turns, visitors, served = line(4)
    visitors[1].leaves.set()
    visitors[1].join(PATIENCE)
    assert isinstance(visitors[1].error, ConnectionError)
    assert len(turns) == 3
    finish(visitors)
    assert served == ["0", "2", "3"]


def test_who_left_unnoticed_costs_no_turn():
    turns, served = Turns(), []
    first = Visitor(turns, "0", served)
    first.start()
    assert first.waits.wait(PATIENCE)

    def gone_when_called(place: Place | None) -> None:
        if place is None:
            raise ConnectionError("left")
        first.done.set()

    with pytest.raises(ConnectionError), turns.turn(gone_when_called, every=60):
        served.append("ghost")
    with turns.turn(nobody):
        served.append("next")
    assert served == ["0", "next"]


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, SystemExit, GeneratorExit])
def test_whatever_ends_a_turn_the_next_one_begins(error):
    turns = Turns()
    with pytest.raises(error), turns.turn(nobody):
        raise error
    with turns.turn(nobody):
        assert len(turns) == 1
    assert len(turns) == 0


def test_streamlits_own_exceptions_give_the_place_free():
    from streamlit.runtime.scriptrunner import RerunData, RerunException, StopException

    turns = Turns()
    for error in (RerunException(RerunData()), StopException()):
        with pytest.raises(type(error)), turns.turn(nobody):
            raise error
    assert len(turns) == 0


def test_the_wait_is_estimated_from_the_last_turns():
    now = [0.0]
    turns = Turns(clock=lambda: now[0])
    for seconds in (1.0, 3.0):
        with turns.turn(nobody):
            now[0] += seconds
    told: list[Place] = []

    def listen(place: Place | None) -> None:
        told.append(place)
        raise ConnectionError

    with turns.turn(nobody), pytest.raises(ConnectionError), turns.turn(listen):
        pass
    assert told == [Place(ahead=1, seconds=2.0)]


def test_before_anybody_was_served_no_wait_is_claimed():
    turns, told = Turns(), []

    def listen(place: Place | None) -> None:
        told.append(place)
        raise ConnectionError

    with turns.turn(nobody), pytest.raises(ConnectionError), turns.turn(listen):
        pass
    assert told == [Place(ahead=1, seconds=None)]

"""The queue in front of the network: fair, and never stuck."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from emotiscan.ui.request_queue import RETURN, QueuePosition, RequestQueue

PATIENCE = 20


def nobody(_place: QueuePosition | None) -> None:
    """Listens to nothing."""


class Visitor(threading.Thread):
    """Takes a turn, and holds it until told to go on."""

    def __init__(self, turns: RequestQueue, name: str, served: list[str]) -> None:
        super().__init__(name=name, daemon=True)
        self.turns, self.served, self.told = turns, served, []
        self.waits, self.leaves, self.begins, self.done = (threading.Event() for _ in range(4))
        self.error: BaseException | None = None

    def listen(self, place: QueuePosition | None) -> None:
        self.told.append(place)
        self.waits.set()
        if self.leaves.is_set():
            raise ConnectionError("left")

    def run(self) -> None:
        try:
            with self.turns.turn(self.listen, every=0.01):
                self.served.append(self.name)
                self.begins.set()
                self.done.wait(PATIENCE)
        except ConnectionError as error:
            self.error = error


@pytest.fixture
def line() -> Callable[..., tuple[RequestQueue, list[Visitor], list[str]]]:
    """A queue in which so many stand, each come after the last."""

    def stand(count: int, at_once: int = 1) -> tuple[RequestQueue, list[Visitor], list[str]]:
        turns, served = RequestQueue(at_once), []
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
        turns, inside, most = RequestQueue(at_once), [], []

        def work(number: int, turns: RequestQueue = turns, inside: list[int] = inside, most: list[int] = most) -> None:
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
    turns, served = RequestQueue(), []
    first = Visitor(turns, "0", served)
    first.start()
    assert first.waits.wait(PATIENCE)

    def gone_when_called(place: QueuePosition | None) -> None:
        if place is None:
            raise ConnectionError("left")
        first.done.set()

    with pytest.raises(ConnectionError), turns.turn(gone_when_called, every=60):
        served.append("ghost")
    with turns.turn(nobody):
        served.append("next")
    assert served == ["0", "next"]


def leaves(place: QueuePosition | None) -> None:
    """Goes away as soon as it has to wait."""
    raise ConnectionError("left")


class Line:
    """A queue whose clock is set by hand, and in which somebody has their turn until the end of the `with` block."""

    def __init__(self) -> None:
        self.now, self.served = 0.0, []
        self.turns = RequestQueue(clock=lambda: self.now)
        self.first = Visitor(self.turns, "first", self.served)
        self.visitors = [self.first]

    def __enter__(self) -> "Line":
        self.first.start()
        assert self.first.waits.wait(PATIENCE)
        return self

    def __exit__(self, *_: object) -> None:
        finish(self.visitors)

    def joins(self, name: str) -> Visitor:
        self.visitors.append(Visitor(self.turns, name, self.served))
        self.visitors[-1].start()
        assert self.visitors[-1].waits.wait(PATIENCE)
        return self.visitors[-1]

    def place_of(self, who: str) -> int:
        told: list[QueuePosition] = []

        def asks(place: QueuePosition | None) -> None:
            told.append(place)
            leaves(place)

        with pytest.raises(ConnectionError), self.turns.turn(asks, who=who):
            pass
        return told[0].ahead


def test_who_clicks_while_waiting_keeps_the_place():
    with Line() as line:
        assert line.place_of("ann") == 1
        line.joins("later")
        line.now += RETURN
        assert line.place_of("ann") == 1
        line.now += RETURN + 0.1
        assert line.place_of("ann") == 2, "it was away for too long"
        assert len(line.turns) == 2, "who is away is not counted"
    assert line.served == ["first", "later"]


def test_nobody_waits_for_who_is_away_nor_shares_a_turn_with_who_comes_back():
    line = Line()
    with line:
        assert line.place_of("ann") == 1
        second = line.joins("second")
        line.first.done.set()
        assert second.begins.wait(PATIENCE)
        assert line.place_of("ann") == 1, "the turn that goes on is ended first"
    assert line.served == ["first", "second"]


def test_the_place_of_one_is_not_given_to_another():
    with Line() as line:
        line.place_of("ann")
        line.joins("later")
        assert line.place_of("bob") == 2


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, SystemExit, GeneratorExit])
def test_whatever_ends_a_turn_the_next_one_begins(error):
    turns = RequestQueue()
    with pytest.raises(error), turns.turn(nobody):
        raise error
    with turns.turn(nobody):
        assert len(turns) == 1
    assert len(turns) == 0


def test_streamlits_own_exceptions_give_the_place_free():
    from streamlit.runtime.scriptrunner import RerunData, RerunException, StopException

    turns = RequestQueue()
    for error in (RerunException(RerunData()), StopException()):
        with pytest.raises(type(error)), turns.turn(nobody):
            raise error
    assert len(turns) == 0


def test_the_wait_is_estimated_from_the_last_turns():
    now = [0.0]
    turns = RequestQueue(clock=lambda: now[0])
    for seconds in (1.0, 3.0):
        with turns.turn(nobody):
            now[0] += seconds
    told: list[QueuePosition] = []

    def listen(place: QueuePosition | None) -> None:
        told.append(place)
        raise ConnectionError

    with turns.turn(nobody), pytest.raises(ConnectionError), turns.turn(listen):
        pass
    assert told == [QueuePosition(ahead=1, seconds=2.0)]


def test_before_anybody_was_served_no_wait_is_claimed():
    turns, told = RequestQueue(), []

    def listen(place: QueuePosition | None) -> None:
        told.append(place)
        raise ConnectionError

    with turns.turn(nobody), pytest.raises(ConnectionError), turns.turn(listen):
        pass
    assert told == [QueuePosition(ahead=1, seconds=None)]

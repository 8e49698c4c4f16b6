"""The queue in front of the network: fair, and never stuck."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from emotiscan.ui.request_queue import GRACE_PERIOD, QueuePosition, RequestQueue

PATIENCE = 20


def ignore(_position: QueuePosition | None) -> None:
    """Ignores all progress."""


def leave(_position: QueuePosition | None) -> None:
    """Leaves as soon as it has to wait."""
    raise ConnectionError("left")


class Visitor(threading.Thread):
    """Takes a turn and holds it until `done` is set."""

    def __init__(self, queue: RequestQueue, name: str, served: list[str]) -> None:
        super().__init__(name=name, daemon=True)
        self.queue, self.served = queue, served
        self.positions: list[QueuePosition | None] = []
        self.waits, self.leaves, self.begins, self.done = (threading.Event() for _ in range(4))
        self.error: BaseException | None = None

    def on_progress(self, position: QueuePosition | None) -> None:
        self.positions.append(position)
        self.waits.set()
        if self.leaves.is_set():
            raise ConnectionError("left")

    def run(self) -> None:
        try:
            with self.queue.turn(self.on_progress, every=0.01):
                self.served.append(self.name)
                self.begins.set()
                self.done.wait(PATIENCE)
        except ConnectionError as error:
            self.error = error


@pytest.fixture
def line() -> Callable[..., tuple[RequestQueue, list[Visitor], list[str]]]:
    """Makes a queue in which a number of visitors wait, in order of their names."""

    def stand(count: int, at_once: int = 1) -> tuple[RequestQueue, list[Visitor], list[str]]:
        queue, served = RequestQueue(at_once), []
        visitors = [Visitor(queue, str(number), served) for number in range(count)]
        for visitor in visitors:
            visitor.start()
            assert visitor.waits.wait(PATIENCE)
        return queue, visitors, served

    return stand


def finish(visitors: list[Visitor]) -> None:
    for visitor in visitors:
        visitor.done.set()
    for visitor in visitors:
        visitor.join(PATIENCE)
        assert not visitor.is_alive()


def test_first_come_first_served(line):
    queue, visitors, served = line(6)
    assert served == ["0"]
    finish(visitors)
    assert served == ["0", "1", "2", "3", "4", "5"]
    assert len(queue) == 0


def test_at_most_the_given_number_of_turns_run_at_once():
    for at_once in (1, 3):
        queue, inside, counts = RequestQueue(at_once), [], []

        def work(
            number: int, queue: RequestQueue = queue, inside: list[int] = inside, counts: list[int] = counts
        ) -> None:
            with queue.turn(ignore, every=0.01):
                inside.append(number)
                counts.append(len(inside))
                inside.remove(number)

        with ThreadPoolExecutor(16) as pool:
            list(pool.map(work, range(200)))
        assert max(counts) <= at_once
        assert len(counts) == 200


def test_waiting_requests_see_their_position_and_then_the_start_of_their_turn(line):
    _, visitors, _ = line(3)
    assert [visitor.positions[0] and visitor.positions[0].ahead for visitor in visitors] == [None, 1, 2]
    finish(visitors)
    assert visitors[2].positions[-1] is None


def test_requests_that_leave_are_passed_over(line):
    queue, visitors, served = line(4)
    visitors[1].leaves.set()
    visitors[1].join(PATIENCE)
    assert isinstance(visitors[1].error, ConnectionError)
    assert len(queue) == 3
    finish(visitors)
    assert served == ["0", "2", "3"]


def test_requests_that_left_unnoticed_release_their_turn():
    queue, served = RequestQueue(), []
    first = Visitor(queue, "0", served)
    first.start()
    assert first.waits.wait(PATIENCE)

    def gone_when_called(position: QueuePosition | None) -> None:
        if position is None:
            raise ConnectionError("left")
        first.done.set()

    with pytest.raises(ConnectionError), queue.turn(gone_when_called, every=60):
        served.append("ghost")
    with queue.turn(ignore):
        served.append("next")
    assert served == ["0", "next"]


class Line:
    """A queue with a manual clock, in which one visitor has a turn until the end of the `with` block."""

    def __init__(self) -> None:
        self.now, self.served = 0.0, []
        self.queue = RequestQueue(clock=lambda: self.now)
        self.first = Visitor(self.queue, "first", self.served)
        self.visitors = [self.first]

    def __enter__(self) -> "Line":
        self.first.start()
        assert self.first.waits.wait(PATIENCE)
        return self

    def __exit__(self, *_: object) -> None:
        finish(self.visitors)

    def join(self, name: str) -> Visitor:
        self.visitors.append(Visitor(self.queue, name, self.served))
        self.visitors[-1].start()
        assert self.visitors[-1].waits.wait(PATIENCE)
        return self.visitors[-1]

    def look_and_leave(self, name: str) -> int:
        """Wait under a name, leave at once, and return how many were ahead."""
        positions: list[QueuePosition | None] = []

        def on_progress(position: QueuePosition | None) -> None:
            positions.append(position)
            leave(position)

        with pytest.raises(ConnectionError), self.queue.turn(on_progress, name=name):
            pass
        return positions[0].ahead


def test_named_requests_keep_their_place_for_a_while():
    with Line() as line:
        assert line.look_and_leave("ann") == 1
        line.join("later")
        line.now += GRACE_PERIOD
        assert line.look_and_leave("ann") == 1
        line.now += GRACE_PERIOD + 0.1
        assert line.look_and_leave("ann") == 2, "it was away for too long"
        assert len(line.queue) == 2, "absent requests are not counted"
    assert line.served == ["first", "later"]


def test_kept_places_delay_no_one_and_never_share_a_turn():
    line = Line()
    with line:
        assert line.look_and_leave("ann") == 1
        second = line.join("second")
        line.first.done.set()
        assert second.begins.wait(PATIENCE)
        assert line.look_and_leave("ann") == 1, "the turn in progress ends first"
    assert line.served == ["first", "second"]


def test_kept_places_are_not_given_to_other_names():
    with Line() as line:
        line.look_and_leave("ann")
        line.join("later")
        assert line.look_and_leave("bob") == 2


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, SystemExit, GeneratorExit])
def test_any_exception_releases_the_turn(error):
    queue = RequestQueue()
    with pytest.raises(error), queue.turn(ignore):
        raise error
    with queue.turn(ignore):
        assert len(queue) == 1
    assert len(queue) == 0


def test_streamlit_exceptions_release_the_turn():
    from streamlit.runtime.scriptrunner import RerunData, RerunException, StopException

    queue = RequestQueue()
    for error in (RerunException(RerunData()), StopException()):
        with pytest.raises(type(error)), queue.turn(ignore):
            raise error
    assert len(queue) == 0


def test_wait_is_estimated_from_the_latest_turns():
    now = [0.0]
    queue = RequestQueue(clock=lambda: now[0])
    for seconds in (1.0, 3.0):
        with queue.turn(ignore):
            now[0] += seconds
    positions: list[QueuePosition | None] = []

    def on_progress(position: QueuePosition | None) -> None:
        positions.append(position)
        leave(position)

    with queue.turn(ignore), pytest.raises(ConnectionError), queue.turn(on_progress):
        pass
    assert positions == [QueuePosition(ahead=1, seconds=2.0)]


def test_no_wait_is_estimated_before_the_first_turn_has_ended():
    queue = RequestQueue()
    positions: list[QueuePosition | None] = []

    def on_progress(position: QueuePosition | None) -> None:
        positions.append(position)
        leave(position)

    with queue.turn(ignore), pytest.raises(ConnectionError), queue.turn(on_progress):
        pass
    assert positions == [QueuePosition(ahead=1, seconds=None)]

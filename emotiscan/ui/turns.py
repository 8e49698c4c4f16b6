"""A fair queue: who comes first is served first, a few at a time, and who waits is told where they stand.

Knows nothing of pages or photos. Reading a photo keeps all cores busy, so two at once take longer than one after the
other, and twice the memory.
"""

import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from statistics import fmean

RECENT = 20
"""Turns that the estimated wait is drawn from: the last ones."""


@dataclass(frozen=True)
class Place:
    """Where somebody stands in the queue.

    Attributes:
        ahead: others that come before, with those whose turn it is.
        seconds: estimated wait; None before the first turn has ended.
    """

    ahead: int
    seconds: float | None


class Turns:
    """The queue; safe to share among threads."""

    def __init__(self, at_once: int = 1, clock: Callable[[], float] = time.monotonic) -> None:
        """Make an empty queue.

        Args:
            at_once: turns that go on at the same time.
            clock: seconds, for the estimate.
        """
        self._at_once, self._clock = at_once, clock
        self._line: list[object] = []  # first those whose turn it is, then those who wait, as they came
        self._moved = threading.Condition()
        self._recent: deque[float] = deque(maxlen=RECENT)

    @contextmanager
    def turn(self, tell: Callable[[Place | None], None], every: float = 0.5) -> Iterator[None]:
        """Wait for a turn, and hold it inside the `with` block.

        However the block or the waiting ends, by an exception too, the place is given free at once.

        Args:
            tell: called in the waiter's own thread with its place, at once if it has to wait, then again and again;
                and with None when the turn has come. What it raises ends the waiting: that is how one leaves.
            every: seconds between two calls.
        """
        ticket = object()
        with self._moved:
            self._line.append(ticket)
        began = None
        try:
            while place := self._place(ticket):
                tell(place)
                with self._moved:
                    self._moved.wait_for(lambda: self._is_up(ticket), every)
            tell(None)
            began = self._clock()
            yield
        finally:
            with self._moved:
                self._line.remove(ticket)
                if began is not None:
                    self._recent.append(self._clock() - began)
                self._moved.notify_all()

    def __len__(self) -> int:
        """How many wait or have their turn."""
        return len(self._line)

    def _is_up(self, ticket: object) -> bool:
        return ticket in self._line[: self._at_once]

    def _place(self, ticket: object) -> Place | None:
        """The ticket's place; None if it is its turn."""
        with self._moved:
            if self._is_up(ticket):
                return None
            ahead = self._line.index(ticket)
            # The next turn begins when one of those now going on ends: about a whole turn away at worst.
            rounds = 1 + (ahead - self._at_once) // self._at_once
            return Place(ahead, fmean(self._recent) * rounds if self._recent else None)

"""A fair queue: who comes first is served first, a few at a time, and who waits is told where they stand.

Knows nothing of pages or photos. Reading a photo keeps all cores busy, so two at once take longer than one after the
other, and twice the memory.
"""

import threading
import time
from collections import deque
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from statistics import fmean

RECENT = 20
"""Turns that the estimated wait is drawn from: the last ones."""

RETURN = 3.0
"""Seconds for which the place of somebody known is kept who left while waiting: a click elsewhere on the page."""


@dataclass(frozen=True)
class QueuePosition:
    """Where somebody stands in the queue.

    Attributes:
        ahead: others that come before, with those whose turn it is.
        seconds: estimated wait; None before the first turn has ended.
    """

    ahead: int
    seconds: float | None


@dataclass(eq=False)
class _Ticket:
    """A place in the line: whose it is, and since when nobody stands there (None: somebody does)."""

    who: Hashable | None
    left: float | None = None


class RequestQueue:
    """The queue; safe to share among threads."""

    def __init__(self, at_once: int = 1, clock: Callable[[], float] = time.monotonic) -> None:
        """Make an empty queue.

        Args:
            at_once: turns that go on at the same time.
            clock: seconds, for the estimate and for places that are kept.
        """
        self._at_once, self._clock = at_once, clock
        self._line: list[_Ticket] = []  # who waits, as they came
        self._served: set[_Ticket] = set()  # whose turn it is
        self._moved = threading.Condition()
        self._recent: deque[float] = deque(maxlen=RECENT)

    @contextmanager
    def turn(
        self, on_progress: Callable[[QueuePosition | None], None], every: float = 0.5, who: Hashable | None = None
    ) -> Iterator[None]:
        """Wait for a turn, and hold it inside the `with` block.

        However the block or the waiting ends, by an exception too, the place is given free at once: nobody ever waits
        for somebody who is not there.

        Args:
            tell: called in the waiter's own thread with its place, at once if it has to wait, then again and again;
                and with None when the turn has come. What it raises ends the waiting: that is how one leaves.
            every: seconds between two calls.
            who: whoever leaves while waiting and comes back within `RETURN` seconds under the same name stands where
                they stood. None for somebody who has no name.
        """
        ticket = self._join(who)
        began = None
        try:
            while place := self._place(ticket):
                on_progress(place)
                with self._moved:
                    self._moved.wait_for(lambda: self._is_up(ticket), every)
            on_progress(None)
            began = self._clock()
            yield
        finally:
            with self._moved:
                if ticket in self._served:
                    self._served.remove(ticket)
                elif who is None:
                    self._line.remove(ticket)
                else:
                    ticket.left = self._clock()
                if began is not None:
                    self._recent.append(self._clock() - began)
                self._moved.notify_all()

    def __len__(self) -> int:
        """How many wait or have their turn."""
        with self._moved:
            return len(self._served) + len(self._waiting())

    def _join(self, who: Hashable | None) -> _Ticket:
        with self._moved:
            now = self._clock()
            self._line = [kept for kept in self._line if kept.left is None or now - kept.left <= RETURN]
            for kept in self._line:
                if who is not None and kept.who == who and kept.left is not None:
                    kept.left = None
                    return kept
            self._line.append(_Ticket(who))
            return self._line[-1]

    def _waiting(self) -> list[_Ticket]:
        """Who stands in the line now."""
        return [ticket for ticket in self._line if ticket.left is None]

    def _is_up(self, ticket: _Ticket) -> bool:
        return ticket in self._waiting()[: max(0, self._at_once - len(self._served))]

    def _place(self, ticket: _Ticket) -> QueuePosition | None:
        """The ticket's place; None if it is its turn, which then has begun."""
        with self._moved:
            if self._is_up(ticket):
                self._line.remove(ticket)
                self._served.add(ticket)
                return None
            ahead = len(self._served) + self._waiting().index(ticket)
            # The next turn begins when one of those now going on ends: about a whole turn away at worst.
            rounds = 1 + (ahead - self._at_once) // self._at_once
            return QueuePosition(ahead, fmean(self._recent) * rounds if self._recent else None)

"""A fair queue: first come, first served, a few at a time, with regular updates for those who wait.

It knows nothing about pages or photos. A few at a time keep all cores busy; more would take no less time in all, would
make everybody wait for the last one, and would need more memory.
"""

import threading
import time
from collections import deque
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from statistics import fmean

RECENT_TURNS = 20
"""How many of the latest turns the estimated wait is averaged over."""

GRACE_PERIOD = 3.0
"""Seconds for which a named requester who stopped waiting keeps the place: a click elsewhere on the page."""


@dataclass(frozen=True)
class QueuePosition:
    """A place in the queue.

    Attributes:
        ahead: requests that come first, including those in progress.
        seconds: estimated wait; None before the first turn has ended.
    """

    ahead: int
    seconds: float | None


@dataclass(eq=False)
class _Ticket:
    """A request in the queue: whose it is, and since when nobody waits on it (None: somebody does)."""

    name: Hashable | None
    left_at: float | None = None


class RequestQueue:
    """The queue; safe to share among threads."""

    def __init__(self, at_once: int = 1, clock: Callable[[], float] = time.monotonic) -> None:
        """Make an empty queue.

        Args:
            at_once: how many turns may be in progress at the same time.
            clock: returns seconds, for the estimate and for places that are kept.
        """
        self._at_once, self._clock = at_once, clock
        self._line: list[_Ticket] = []  # in order of arrival
        self._served: set[_Ticket] = set()  # in progress
        self._changed = threading.Condition()
        self._recent: deque[float] = deque(maxlen=RECENT_TURNS)

    @contextmanager
    def turn(
        self, on_progress: Callable[[QueuePosition | None], None], every: float = 0.5, name: Hashable | None = None
    ) -> Iterator[None]:
        """Wait for a turn, and hold it inside the `with` block.

        However the block or the wait ends, including by an exception, the turn is released at once: no one ever waits
        for a requester who is gone.

        Args:
            on_progress: called in the waiting thread with its position: immediately if it has to wait, then again and
                again; and with None when the turn begins. Raising an exception in it is the way to stop waiting.
            every: seconds between two calls.
            name: a requester who stops waiting and returns under the same name within `GRACE_PERIOD` seconds keeps the
                place. None keeps no place.
        """
        ticket = self._join(name)
        began = None
        try:
            while position := self._position(ticket):
                on_progress(position)
                with self._changed:
                    self._changed.wait_for(lambda: self._is_next(ticket), every)
            on_progress(None)
            began = self._clock()
            yield
        finally:
            with self._changed:
                if ticket in self._served:
                    self._served.remove(ticket)
                elif name is None:
                    self._line.remove(ticket)
                else:
                    ticket.left_at = self._clock()
                if began is not None:
                    self._recent.append(self._clock() - began)
                self._changed.notify_all()

    def __len__(self) -> int:
        """How many requests wait or are in progress."""
        with self._changed:
            return len(self._served) + len(self._waiting())

    def _join(self, name: Hashable | None) -> _Ticket:
        with self._changed:
            now = self._clock()
            self._line = [kept for kept in self._line if kept.left_at is None or now - kept.left_at <= GRACE_PERIOD]
            for kept in self._line:
                if name is not None and kept.name == name and kept.left_at is not None:
                    kept.left_at = None
                    return kept
            self._line.append(_Ticket(name))
            return self._line[-1]

    def _waiting(self) -> list[_Ticket]:
        """The tickets that somebody waits on right now."""
        return [ticket for ticket in self._line if ticket.left_at is None]

    def _is_next(self, ticket: _Ticket) -> bool:
        return ticket in self._waiting()[: max(0, self._at_once - len(self._served))]

    def _position(self, ticket: _Ticket) -> QueuePosition | None:
        """Return the ticket's position, or begin its turn and return None."""
        with self._changed:
            if self._is_next(ticket):
                self._line.remove(ticket)
                self._served.add(ticket)
                return None
            ahead = len(self._served) + self._waiting().index(ticket)
            # The next turn begins when one of those in progress ends: at worst about a whole turn away.
            rounds = 1 + (ahead - self._at_once) // self._at_once
            return QueuePosition(ahead, fmean(self._recent) * rounds if self._recent else None)

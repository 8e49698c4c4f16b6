"""Reading ahead: a thread prepares the next items while the caller works on the last ones."""

import queue
import threading
from collections.abc import Generator, Iterable
from typing import TypeVar

Item = TypeVar("Item")


def read_ahead(items: Iterable[Item], count: int = 2) -> Generator[Item, None, None]:
    """Yield the items, which a thread takes from the iterable in advance.

    The thread stops when the generator is closed.

    Args:
        items: used by the thread alone.
        count: items that may wait, beside the one in work.

    Raises:
        Exception: what the iterable raised, in its place.
    """
    waiting: queue.Queue[tuple[Item | None, BaseException | None, bool]] = queue.Queue(count)
    stopped = threading.Event()

    def put(entry: tuple[Item | None, BaseException | None, bool]) -> bool:
        while not stopped.is_set():
            try:
                waiting.put(entry, timeout=0.1)
                return True
            except queue.Full:
                continue
        return False

    def work() -> None:
        iterator = iter(items)
        try:
            for item in iterator:
                if not put((item, None, False)):
                    return
            put((None, None, True))
        except BaseException as error:  # belongs to the caller's thread
            put((None, error, True))
        finally:
            close = getattr(iterator, "close", None)
            if close:
                close()

    thread = threading.Thread(target=work, name="read-ahead", daemon=True)
    thread.start()
    try:
        while True:
            item, error, last = waiting.get()
            if error is not None:
                raise error
            if last:
                return
            yield item  # type: ignore[misc]
    finally:
        stopped.set()
        thread.join(timeout=5)

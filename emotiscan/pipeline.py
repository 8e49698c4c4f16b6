"""A map in two steps: the first in threads, one item each; the second in the caller's thread, many items at a time."""

import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor, Future
from queue import Empty, SimpleQueue
from typing import TypeVar

Item = TypeVar("Item")
Prepared = TypeVar("Prepared")
Result = TypeVar("Result")


def pipeline_map(
    prepare: Callable[[Item], Prepared],
    finish: Callable[[list[Prepared]], list[Result]],
    items: Iterable[Item],
    *,
    pool: Executor,
    look_ahead: int,
    batch_size: int,
    size: Callable[[Prepared], int] = lambda prepared: 1,
) -> Iterator[Result]:
    """Apply two functions to every item, so that both are at work at the same time.

    A batch waits for items that are being prepared, to be a full one, but never for items that have not arrived yet: a
    program that sends one item at a time gets each answer at once.

    Args:
        prepare: first step; called in the pool's threads.
        finish: second step: maps a batch of prepared items to as many results. Called in the thread that takes the
            results.
        items: taken in a thread of their own, at most `look_ahead` of them before their results are.
        pool: threads for the first step.
        look_ahead: number of items that may be in progress, or wait for the second step.
        batch_size: size from which a batch is full; it holds whole items.
        size: of a prepared item; a batch also counts at least 1 for each.

    Yields:
        The results, in the order of the items.

    Raises:
        Exception: what `items`, `prepare` or `finish` raised.
    """
    queue: SimpleQueue[Future[Prepared] | None] = SimpleQueue()  # None: no more items
    room, stopped = threading.Semaphore(look_ahead), threading.Event()

    def feed() -> None:
        try:
            iterator = iter(items)
            while room.acquire() and not stopped.is_set():
                try:
                    item = next(iterator)
                except StopIteration:
                    break
                queue.put(pool.submit(prepare, item))
        except BaseException as error:  # belongs to the thread that takes the results
            if not stopped.is_set():
                failed: Future[Prepared] = Future()
                failed.set_exception(error)
                queue.put(failed)
        queue.put(None)

    # A daemon: it may wait for the next item for ever.
    threading.Thread(target=feed, name="feed", daemon=True).start()
    try:
        more = True
        while more:
            batch: list[Prepared] = []
            total = 0
            try:
                while total < batch_size:
                    future = queue.get(block=not batch)
                    if future is None:
                        more = False
                        break
                    batch.append(future.result())
                    total += max(1, size(batch[-1]))
            except Empty:
                pass
            if batch:
                for result in finish(batch):
                    room.release()
                    yield result
    finally:
        stopped.set()
        room.release()
        while not queue.empty():
            if waiting := queue.get():
                waiting.cancel()


def remembered(items: Iterable[Item], waiting: deque[Item]) -> Iterator[Item]:
    """Pass items on to `pipeline_map`, and append each to `waiting`, so that the results can be matched with them."""
    for item in items:
        waiting.append(item)
        yield item

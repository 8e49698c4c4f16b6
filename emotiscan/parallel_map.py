"""A map over several processes of this machine: results in order, and a long or growing input read only as needed."""

import itertools
import os
import pickle
import sys
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")

THREAD_VARIABLES = tuple(f"{library}_NUM_THREADS" for library in ("OMP", "MKL", "OPENBLAS", "NUMBA"))
"""Environment variables that numeric libraries read once, when they are loaded."""


class WorkerError(RuntimeError):
    """A worker process died; the message says why and what to do."""


def parallel_map(
    make_function: Callable[[], Callable[[Item], Result]],
    items: Iterable[Item],
    workers: int,
    *,
    task: str,
    chunk_size: int = 1,
    look_ahead: int = 4,
) -> Iterator[Result]:
    """Apply a function to every item, in several processes.

    Args:
        make_function: makes the function, once in each process, with its first item: load there what the function
            needs. Must be picklable, e.g. a class or a `functools.partial` of one.
        items: read as results are taken, at most `workers * look_ahead * chunk_size` of them in advance.
        workers: number of processes, each computing on one thread. With 0 or 1 everything runs in this process, on as
            many threads as its libraries use.
        task: the work of the processes, for the message of a `WorkerError`: "read images".
        chunk_size: items sent to a process at a time; more than one pays where an item takes milliseconds.
        look_ahead: chunks queued for each process.

    Yields:
        The results, in the order of the items.

    Raises:
        WorkerError: a process died, e.g. because memory ran out.
        Exception: what `make_function` or the function itself raised.
    """
    if workers <= 1:
        function = None
        for item in items:
            if function is None:  # with the first item: what it loads is not needed if there is none
                function = make_function()
            yield function(item)
        return
    chunks = _chunks(items, chunk_size)
    # Spawned, because forked processes would inherit the locks of this process's threads.
    pool = ProcessPoolExecutor(
        workers, mp_context=get_context("spawn"), initializer=_start, initargs=(pickle.dumps(make_function),)
    )
    try:
        pending = deque(pool.submit(_call, chunk) for chunk in itertools.islice(chunks, workers * look_ahead))
        while pending:
            yield from pending.popleft().result()
            pending.extend(pool.submit(_call, chunk) for chunk in itertools.islice(chunks, 1))
    except BrokenProcessPool:
        raise WorkerError(
            f"a process that was to {task} died, most likely because memory ran out; try fewer --workers"
        ) from None
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _chunks(items: Iterable[Item], size: int) -> Iterator[list[Item]]:
    iterator = iter(items)
    while chunk := list(itertools.islice(iterator, size)):
        yield chunk


_pickled_maker = b""
_function: Callable | None = None
"""A worker process's own function; made with its first item, so that an error reaches the caller."""


def _start(pickled_maker: bytes) -> None:
    global _pickled_maker
    # The processes already share the cores; threads within them would only get in each other's way. The maker is
    # unpickled later because that imports the libraries that read these variables.
    os.environ.update(dict.fromkeys(THREAD_VARIABLES, "1"))
    _pickled_maker = pickled_maker


def _call(items: list) -> list:
    global _function
    if _function is None:
        make_function = pickle.loads(_pickled_maker)
        if torch := sys.modules.get("torch"):
            torch.set_num_threads(1)
        _function = make_function()
    return [_function(item) for item in items]

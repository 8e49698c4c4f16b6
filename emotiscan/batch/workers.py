"""Pictures read by several processes of this machine, and given back in their order."""

import itertools
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context

from emotiscan.batch.inputs import Picture
from emotiscan.batch.scorer import Job, Scorer

AHEAD = 4
"""Pictures that each process may be ahead of the one whose turn it is: a stream is not read to its end first."""

Scored = tuple[Picture, list[dict]]

_scorer: Scorer | None = None


class WorkerError(RuntimeError):
    """A process that read pictures died; the message says what to do."""


def score(pictures: Iterable[Picture], job: Job, workers: int = 1) -> Iterator[Scored]:
    """Each picture with its records, in order.

    Args:
        workers: processes; with 1 it is done in this one, by all the threads there are. Each has the checkpoint in its
            own memory, about 0.5 GB in all.

    Raises:
        CheckpointError: the checkpoint cannot be used.
        WorkerError: a process died, e.g. because memory ran out.
    """
    if workers == 1:
        scorer = Scorer(job)
        yield from ((picture, scorer(picture)) for picture in pictures)
        return
    pool = ProcessPoolExecutor(workers, mp_context=get_context("spawn"), initializer=_start, initargs=(job,))
    pictures = iter(pictures)
    try:
        first = itertools.islice(pictures, workers * AHEAD)
        waiting = deque((picture, pool.submit(_score, picture)) for picture in first)
        while waiting:
            picture, rows = waiting.popleft()
            yield picture, rows.result()
            waiting.extend((picture, pool.submit(_score, picture)) for picture in itertools.islice(pictures, 1))
    except BrokenProcessPool:
        raise WorkerError(
            "a process that read pictures ended before its time, most likely for lack of memory; try fewer --workers"
        ) from None
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _start(job: Job) -> None:
    import torch

    global _scorer
    torch.set_num_threads(1)  # the processes share the processor's cores already
    _scorer = Scorer(job)


def _score(picture: Picture) -> list[dict]:
    assert _scorer
    return _scorer(picture)

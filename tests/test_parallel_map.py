"""The map over processes: order, laziness, errors."""

import functools
import itertools
import os
import sys

import pytest

from emotiscan.parallel_map import WorkerError, parallel_map


class Doubler:
    """Doubles numbers; says in which process and on how many OpenMP threads."""

    def __call__(self, number: int) -> tuple[int, int, str | None]:
        return 2 * number, os.getpid(), os.environ.get("OMP_NUM_THREADS")


class Failing:
    def __init__(self, error: type[Exception] | None = None) -> None:
        if error:
            raise error("cannot start")

    def __call__(self, number: int) -> int:
        if number == 3:
            raise ValueError("three")
        if number == 4:
            os._exit(1)
        return number


@pytest.mark.parametrize("workers", [0, 1, 2])
@pytest.mark.parametrize("chunk_size", [1, 4])
def test_results_come_in_order(workers, chunk_size):
    results = list(parallel_map(Doubler, range(11), workers, task="count", chunk_size=chunk_size))
    assert [result for result, *_ in results] == [2 * number for number in range(11)]
    processes = {process for _, process, _ in results}
    assert (processes == {os.getpid()}) == (workers < 2)


def test_each_process_computes_on_one_thread():
    assert {threads for *_, threads in parallel_map(Doubler, range(3), 2, task="count")} == {"1"}


def test_endless_items_are_taken_only_as_needed():
    taken = []

    def endless():
        for number in itertools.count():
            taken.append(number)
            yield number

    results = parallel_map(Doubler, endless(), 2, task="count", look_ahead=3)
    assert next(results)[0] == 0
    assert len(taken) <= 7
    results.close()


@pytest.mark.parametrize("workers", [1, 2])
def test_the_function_is_not_made_without_items(workers):
    assert list(parallel_map(functools.partial(Failing, LookupError), [], workers, task="count")) == []


def test_an_error_in_the_function_reaches_the_caller():
    results = parallel_map(Failing, range(4), 2, task="count")
    assert [next(results) for _ in range(3)] == [0, 1, 2]
    with pytest.raises(ValueError, match="three"):
        next(results)


def test_an_error_while_the_function_is_made_reaches_the_caller():
    with pytest.raises(LookupError, match="cannot start"):
        list(parallel_map(functools.partial(Failing, LookupError), range(3), 2, task="count"))


def test_a_process_that_dies_is_reported_with_what_to_do():
    with pytest.raises(WorkerError, match=r"a process that was to count died.*fewer --workers"):
        list(parallel_map(Failing, [4], 2, task="count"))


def test_the_helper_itself_loads_no_numeric_library():
    assert "torch" not in vars(sys.modules["emotiscan.parallel_map"])

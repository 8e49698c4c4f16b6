"""The map in two steps: order, batches, laziness, errors."""

import itertools
import time
from concurrent.futures import ThreadPoolExecutor
from queue import SimpleQueue

import pytest

from emotiscan.pipeline import pipeline_map


def double(number: int) -> int:
    time.sleep(0.001 * (number % 3))
    return 2 * number


def negatives(numbers: list[int]) -> list[int]:
    return [-number for number in numbers]


@pytest.fixture(scope="module", params=[1, 4])
def pool(request):
    """Threads for the first step."""
    with ThreadPoolExecutor(request.param) as pool:
        yield pool


@pytest.mark.parametrize(("look_ahead", "batch_size"), [(1, 1), (6, 4), (4, 100)])
def test_results_come_in_order(pool, look_ahead, batch_size):
    found = pipeline_map(double, negatives, range(50), pool=pool, look_ahead=look_ahead, batch_size=batch_size)
    assert list(found) == [-2 * number for number in range(50)]


def test_no_items_give_no_results(pool):
    assert list(pipeline_map(double, negatives, [], pool=pool, look_ahead=4, batch_size=2)) == []


def test_batches_are_full_while_there_are_items(pool):
    """All items are there from the beginning, so that no batch depends on the threads' speed."""
    sizes: list[int] = []

    def finish(numbers: list[int]) -> list[int]:
        sizes.append(len(numbers))
        time.sleep(0.05)
        return numbers

    list(pipeline_map(double, finish, range(12), pool=pool, look_ahead=12, batch_size=8, size=lambda number: 2))
    assert sum(sizes) == 12
    assert max(sizes) == 4


def test_an_item_is_answered_before_the_next_one_arrives(pool):
    arriving: SimpleQueue = SimpleQueue()
    answers = pipeline_map(double, negatives, iter(arriving.get, None), pool=pool, look_ahead=4, batch_size=8)
    for number in range(5):
        arriving.put(number)
        assert next(answers) == -2 * number
    arriving.put(None)
    assert list(answers) == []


def test_endless_items_are_taken_only_as_needed(pool):
    taken = []

    def endless():
        for number in itertools.count():
            taken.append(number)
            yield number

    results = pipeline_map(double, negatives, endless(), pool=pool, look_ahead=5, batch_size=3)
    for _ in range(20):
        next(results)
    assert len(taken) <= 20 + 5 + 1
    results.close()
    after = len(taken)
    time.sleep(0.05)
    assert len(taken) <= after + 1


def fail(_: object) -> list[int]:
    raise ValueError("no")


@pytest.mark.parametrize("at", ["items", "prepare", "finish"])
def test_an_error_of_any_step_reaches_the_caller(pool, at):
    def items():
        yield 1
        if at == "items":
            raise ValueError("no")

    steps = (fail if at == "prepare" else double), (fail if at == "finish" else negatives)
    with pytest.raises(ValueError, match="no"):
        list(pipeline_map(*steps, items(), pool=pool, look_ahead=2, batch_size=1))

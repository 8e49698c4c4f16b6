"""Batches are split among threads, without side effects on the rest of torch."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import torch
from torch import Tensor, nn

from emotiscan.model.parallel import ThreadedBatch


class RecordingDouble(nn.Module):
    """Doubles a batch; records the thread it ran in and how many threads torch could use there."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[tuple[str, int, int, bool]] = []

    def forward(self, batch: Tensor) -> Tensor:
        inference = torch.is_inference_mode_enabled()
        self.seen.append((threading.current_thread().name, torch.get_num_threads(), len(batch), inference))
        return batch * 2


@contextmanager
def torch_threads(count: int) -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)


@pytest.fixture
def two_threads() -> Iterator[None]:
    with torch_threads(2):
        yield


def threads_of_a_new_thread() -> int:
    counts: list[int] = []
    thread = threading.Thread(target=lambda: counts.append(torch.get_num_threads()))
    thread.start()
    thread.join()
    return counts[0]


@pytest.mark.usefixtures("two_threads")
class TestOnTwoThreads:
    @pytest.mark.parametrize("rows", [1, 2, 5])
    def test_rows_keep_their_order(self, rows):
        batch = torch.arange(3.0 * rows).reshape(rows, 3)
        assert torch.equal(ThreadedBatch(nn.Identity())(batch), batch)

    def test_each_part_runs_in_a_thread_of_its_own(self):
        recorder = RecordingDouble()
        ThreadedBatch(recorder)(torch.ones(5, 3))
        assert sorted(rows for _, _, rows, _ in recorder.seen) == [2, 3]
        assert {threads for _, threads, _, _ in recorder.seen} == {1}
        assert threading.current_thread().name not in {name for name, _, _, _ in recorder.seen}

    def test_the_caller_and_new_threads_keep_all_of_torchs_threads(self):
        ThreadedBatch(nn.Identity())(torch.ones(2, 3))
        assert torch.get_num_threads() == 2
        assert threads_of_a_new_thread() == 2  # a web server runs each request in a new thread

    def test_gradient_and_inference_mode_follow_the_caller(self):
        recorder = RecordingDouble()
        batch = torch.ones(2, 3, requires_grad=True)
        ThreadedBatch(recorder)(batch).sum().backward()
        assert torch.equal(batch.grad, torch.full((2, 3), 2.0))
        with torch.inference_mode():
            assert ThreadedBatch(recorder)(batch).is_inference()
        assert [inference for _, _, _, inference in recorder.seen] == [False, False, True, True]

    def test_an_error_reaches_the_caller_and_the_next_batch_works(self):
        layer = ThreadedBatch(nn.Linear(3, 1))
        with pytest.raises(RuntimeError):
            layer(torch.ones(2, 4))
        assert layer(torch.ones(2, 3)).shape == (2, 1)

    def test_simultaneous_callers_get_their_own_results(self):
        layer, results = ThreadedBatch(nn.Identity()), {}

        def call(number: int) -> None:
            results[number] = layer(torch.full((4, 2), float(number)))

        callers = [threading.Thread(target=call, args=(number,)) for number in range(16)]
        for caller in callers:
            caller.start()
        for caller in callers:
            caller.join()
        assert all((results[number] == number).all() for number in range(16))


def test_a_single_thread_runs_the_whole_batch():
    recorder = RecordingDouble()
    with torch_threads(1):
        ThreadedBatch(recorder)(torch.ones(5, 3))
    assert recorder.seen == [(threading.current_thread().name, 1, 5, False)]

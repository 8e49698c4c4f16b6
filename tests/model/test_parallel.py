"""Parts of a batch are computed side by side, and nothing else of torch is changed by that."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import torch
from torch import Tensor, nn

from emotiscan.model.parallel import ThreadedBatch


class Watched(nn.Module):
    """Doubles a batch, and keeps in which thread it did, of how many threads."""

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

    def test_each_part_has_a_thread_to_itself(self):
        watched = Watched()
        ThreadedBatch(watched)(torch.ones(5, 3))
        assert sorted(rows for _, _, rows, _ in watched.seen) == [2, 3]
        assert {threads for _, threads, _, _ in watched.seen} == {1}
        assert threading.current_thread().name not in {name for name, _, _, _ in watched.seen}

    def test_who_finds_the_faces_keeps_all_threads(self):
        ThreadedBatch(nn.Identity())(torch.ones(2, 3))
        assert torch.get_num_threads() == 2
        assert threads_of_a_new_thread() == 2  # each visit of a page is a new thread

    def test_gradients_and_inference_are_as_the_caller_wants_them(self):
        watched = Watched()
        batch = torch.ones(2, 3, requires_grad=True)
        ThreadedBatch(watched)(batch).sum().backward()
        assert torch.equal(batch.grad, torch.full((2, 3), 2.0))
        with torch.inference_mode():
            assert ThreadedBatch(watched)(batch).is_inference()
        assert [inference for _, _, _, inference in watched.seen] == [False, False, True, True]

    def test_an_error_reaches_the_caller_and_the_next_batch_is_read(self):
        layer = ThreadedBatch(nn.Linear(3, 1))
        with pytest.raises(RuntimeError):
            layer(torch.ones(2, 4))
        assert layer(torch.ones(2, 3)).shape == (2, 1)

    def test_many_visitors_at_once_each_get_their_own(self):
        layer, answers = ThreadedBatch(nn.Identity()), {}

        def visit(number: int) -> None:
            answers[number] = layer(torch.full((4, 2), float(number)))

        visitors = [threading.Thread(target=visit, args=(number,)) for number in range(16)]
        for visitor in visitors:
            visitor.start()
        for visitor in visitors:
            visitor.join()
        assert all((answers[number] == number).all() for number in range(16))


def test_on_one_thread_there_is_nothing_to_divide():
    watched = Watched()
    with torch_threads(1):
        ThreadedBatch(watched)(torch.ones(5, 3))
    assert watched.seen == [(threading.current_thread().name, 1, 5, False)]

"""A network that computes the parts of a batch side by side, one thread a part.

One crop's pass through a DenseNet is a thousand short operations. Where threads share each of them, all wait a thousand
times for the slowest; on two cores one thread alone took half as long (`benchmarks/reading.py` measures the reading).
"""

import functools
import threading
from concurrent.futures import ThreadPoolExecutor

import torch
from torch import Tensor, nn

_beginning = threading.Lock()
"""Held while threads begin, so that visitors who come together get the same."""


class ThreadedBatch(nn.Module):
    """Computes what a network does; torch's modes (gradients, inference) are those of the calling thread."""

    def __init__(self, network: nn.Module) -> None:
        """Wrap one.

        Args:
            network: from a batch (b, …) to values (b, …), each row by itself, as in evaluation mode.
        """
        super().__init__()
        self.network = network

    def forward(self, batch: Tensor) -> Tensor:
        """The network's values; the batch is divided among as many threads as torch may use."""
        threads = torch.get_num_threads()
        if threads == 1 or batch.device.type != "cpu":
            return self.network(batch)
        inference, gradients = torch.is_inference_mode_enabled(), torch.is_grad_enabled()

        def alone(part: Tensor) -> Tensor:
            with torch.inference_mode(inference), torch.set_grad_enabled(gradients):
                return self.network(part)

        with _beginning:
            pool = _threads(threads)
        return torch.cat(list(pool.map(alone, batch.tensor_split(min(threads, len(batch))))))


@functools.lru_cache(maxsize=1)
def _threads(count: int) -> ThreadPoolExecutor:
    """Threads in each of which torch uses that thread alone; all readings of the process share them."""

    def begin() -> None:
        torch.get_num_threads()  # else torch would set the process's number in this thread at its first operation
        torch.set_num_threads(1)

    pool = ThreadPoolExecutor(count, thread_name_prefix="reading", initializer=begin)
    all_begun = threading.Barrier(count + 1)
    for _ in range(count):
        pool.submit(all_begun.wait)
    all_begun.wait()
    torch.set_num_threads(count)  # what they set for themselves had become the number of threads yet to come, too
    return pool

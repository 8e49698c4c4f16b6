"""A network that splits each batch among threads.

One crop's pass through a DenseNet is a thousand short operations. If threads share each operation, all of them wait a
thousand times for the slowest one. On two cores, giving each thread crops of its own took half as long
(`benchmarks/engines.py` measures the time now).
"""

import functools
import threading
from concurrent.futures import ThreadPoolExecutor

import torch
from torch import Tensor, nn

_pool_lock = threading.Lock()
"""Held while the pool starts, so that simultaneous first calls share one."""


class ThreadedBatch(nn.Module):
    """Runs a network on parts of a batch in parallel, one thread per part.

    Gradients and inference mode are on or off as in the calling thread.
    """

    def __init__(self, network: nn.Module) -> None:
        """Wrap a network.

        Args:
            network: maps a batch (b, …) to values (b, …), each row independently, as in evaluation mode.
        """
        super().__init__()
        self.network = network

    def forward(self, batch: Tensor) -> Tensor:
        """The network's output. On the CPU, the batch is split among as many threads as torch may use."""
        threads = torch.get_num_threads()
        if threads == 1 or len(batch) < 2 or batch.device.type != "cpu":
            return self.network(batch)
        inference, gradients = torch.is_inference_mode_enabled(), torch.is_grad_enabled()

        def run(part: Tensor) -> Tensor:
            with torch.inference_mode(inference), torch.set_grad_enabled(gradients):
                return self.network(part)

        pool = single_thread_pool(threads, "inference")
        return torch.cat(list(pool.map(run, batch.tensor_split(min(threads, len(batch))))))


def single_thread_pool(count: int, name: str) -> ThreadPoolExecutor:
    """Threads in each of which torch uses only that thread.

    Args:
        count: number of threads.
        name: of their purpose; the whole process shares the pool of each name and number.
    """
    with _pool_lock:
        return _start_pool(count, name)


@functools.lru_cache(maxsize=4)
def _start_pool(count: int, name: str) -> ThreadPoolExecutor:
    default = torch.get_num_threads()
    all_started = threading.Barrier(count + 1)

    def start() -> None:
        torch.get_num_threads()  # otherwise torch sets the process's number in this thread at its first operation
        torch.set_num_threads(1)

    pool = ThreadPoolExecutor(count, thread_name_prefix=name, initializer=start)
    for _ in range(count):
        pool.submit(all_started.wait)
    all_started.wait()
    torch.set_num_threads(default)  # the initializers also changed the default for threads that start later
    return pool

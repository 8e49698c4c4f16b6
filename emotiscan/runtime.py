"""Threads and memory of the whole process. The entry points configure them; importing the package changes nothing.

Imports nothing but the standard library, so that `configure` can run before torch is loaded.
"""

import contextlib
import ctypes
import os

WAIT_POLICY = "OMP_WAIT_POLICY"
"""Environment variable that the OpenMP runtime reads once, when torch is loaded."""

ARENAS = 2
"""Number of memory pools that all threads share."""

LARGE_BLOCK = 4 * 1024 * 1024
"""Size in bytes from which the GNU C library maps a block separately and returns it to the system when it is freed."""

_M_MMAP_THRESHOLD, _M_ARENA_MAX = -3, -8  # from glibc's malloc.h


def configure(*, training: bool = False) -> None:
    """Choose how torch's threads wait for work. Call it before anything imports torch.

    A variable that is already set in the environment stays as it is.

    Args:
        training: False lets idle threads sleep. Otherwise they spin, and take the cores from the web server's threads
            and the loaders' processes: one request took 4 to 16 s instead of 0.5 s. True lets them spin, which is
            faster where torch has the cores to itself, as in training.
    """
    os.environ.setdefault(WAIT_POLICY, "ACTIVE" if training else "PASSIVE")


def limit_malloc_arenas() -> None:
    """Make the GNU C library return large blocks to the system as soon as they are freed. No effect elsewhere.

    For servers that run every request in a thread of its own: by default each thread keeps what was freed in it for its
    next request. After photos of sixteen visitors, the app held twice the memory it needed.
    """
    with contextlib.suppress(AttributeError, OSError, TypeError):  # another C library
        library = ctypes.CDLL(None)
        library.mallopt(_M_ARENA_MAX, ARENAS)
        library.mallopt(_M_MMAP_THRESHOLD, LARGE_BLOCK)


def trim_memory() -> None:
    """Return freed memory to the operating system. This takes milliseconds, and works with the GNU C library only.

    The process would otherwise keep 65 MB after the network has been loaded, and half as much after a large photo.
    """
    with contextlib.suppress(AttributeError, OSError, TypeError):  # another C library
        ctypes.CDLL(None).malloc_trim(0)

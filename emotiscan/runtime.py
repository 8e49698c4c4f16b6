"""Threads and memory of the whole process. The entry points configure them; importing the package changes nothing.

Imports nothing but the standard library, so that `configure` can run before torch is loaded.
"""

import contextlib
import ctypes
import gc
import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path

WAIT_POLICY = "OMP_WAIT_POLICY"
"""Environment variable that the OpenMP runtime reads once, when torch is loaded."""

ARENAS = 2
"""Number of memory pools that all threads share."""

LARGE_BLOCK = 4 * 1024 * 1024
"""Size in bytes from which the GNU C library maps a block separately and returns it to the system when it is freed."""

LARGE_BLOCK_SMALL_HOST = 512 * 1024
"""The same where memory is short. It keeps 45 MiB less for a photo of one face and 70 less for one of 24, which takes
half as long again; a single face takes no longer."""

SMALL_MEMORY = 1.5 * 2**30
"""Bytes of memory below which a host is small: it has none to spare for speed."""

MEMORY_VARIABLE = "EMOTISCAN_MEMORY"
"""Environment variable with the memory in MiB that this process may use, for hosts whose limit it cannot see."""

COLLECTION_INTERVAL = 60.0
"""Seconds after which garbage is looked for among the exempt objects, too (see `spare_garbage_collector`)."""

_starting = threading.Lock()

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
        library.mallopt(_M_MMAP_THRESHOLD, LARGE_BLOCK_SMALL_HOST if is_small_host() else LARGE_BLOCK)


def trim_memory() -> None:
    """Return freed memory to the operating system. This takes milliseconds, and works with the GNU C library only.

    The process would otherwise keep 65 MB after the network has been loaded, and half as much after a large photo.
    """
    with contextlib.suppress(AttributeError, OSError, TypeError):  # another C library
        ctypes.CDLL(None).malloc_trim(0)


def spare_garbage_collector() -> None:
    """Exempt the objects that exist now from garbage collection, but for once a minute, as long as the process lives.

    Call it when all that is shared has been loaded. Streamlit looks for garbage after every run of a page. The third of
    a million objects of torch and other libraries, which are never freed, made that a fifth of a second each time.
    What a visitor leaves behind may be among the exempt objects: hence once a minute.
    """
    collect_all_garbage()
    with _starting:
        if "garbage" not in {thread.name for thread in threading.enumerate()}:
            threading.Thread(target=_collect_regularly, name="garbage", daemon=True).start()


def collect_all_garbage() -> None:
    """Free all garbage, also among the exempt objects, and exempt what is left (see `spare_garbage_collector`)."""
    gc.unfreeze()
    gc.collect()
    gc.freeze()


def _collect_regularly() -> None:
    while True:
        time.sleep(COLLECTION_INTERVAL)
        collect_all_garbage()


def is_small_host() -> bool:
    """Whether this process may use less than `SMALL_MEMORY`."""
    return usable_memory() < SMALL_MEMORY


def usable_memory(root: Path = Path("/")) -> float:
    """Return how many bytes this process may use: the machine's memory, or the limit of its container if that is lower.

    The environment variable `EMOTISCAN_MEMORY` overrules what can be seen. Infinite if nothing is known.

    Args:
        root: the folder that holds `proc` and `sys`; for tests.
    """
    with contextlib.suppress(ValueError):
        if (stated := float(os.environ.get(MEMORY_VARIABLE, ""))) > 0:
            return stated * 2**20
    return min(_memory_limits(root), default=float("inf"))


def _memory_limits(root: Path) -> Iterator[int]:
    """Yield the machine's memory and the limits of all control groups (Linux) that this process is in."""
    with contextlib.suppress(AttributeError, OSError, ValueError):  # another system
        yield os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    try:
        lines = (root / "proc/self/cgroup").read_text().splitlines()
    except OSError:
        return
    for line in lines:
        _, controllers, group = line.split(":", 2)
        if controllers and "memory" not in controllers.split(","):
            continue
        version = ("memory", "memory.limit_in_bytes") if controllers else ("", "memory.max")
        top = root / "sys/fs/cgroup" / version[0]
        folder = top / group.lstrip("/")
        for place in (folder, *folder.parents):  # some are not visible from inside a container
            with contextlib.suppress(OSError, ValueError):  # "max": no limit
                yield int((place / version[1]).read_text())
            if place == top:
                break

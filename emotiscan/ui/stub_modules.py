"""Loading the libraries without what the pages never use of them: 180 MB of memory, and two seconds of the start.

Measured on a server with one gigabyte in mind: torchvision loads torch's compiler only to ask whether it may be used,
and grad-cam loads scikit-learn and matplotlib for functions that nobody calls here.
"""

import contextlib
import ctypes
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType

UNUSED = {
    "torch._dynamo": (),
    "torch._dynamo.utils": ("is_compile_supported",),
    "sklearn": (),
    "sklearn.decomposition": ("KernelPCA", "NMF"),
    "matplotlib": ("pyplot",),
    "matplotlib.pyplot": (),
    "matplotlib.lines": ("Line2D",),
}
"""Modules that torchvision and grad-cam load for features that the pages do not use, and what they take from them."""

NEVER = ("triton", "cuda")
"""Packages for graphics cards, which torch does without: its compiler for them, and the driver's bindings."""


ARENAS = 2
LARGE = 4 * 1024 * 1024
_M_ARENA_MAX, _M_MMAP_THRESHOLD = -8, -3  # of glibc's malloc.h


def limit_malloc_arenas() -> None:
    """Let the GNU C library return each large block to the system as soon as it is freed.

    Each run of a page has a thread of its own. By default each thread keeps what was freed in it, for its next
    photo: after photos of sixteen visitors the server held twice the memory that it needed.
    """
    with contextlib.suppress(AttributeError, OSError, TypeError):  # another C library
        library = ctypes.CDLL(None)
        library.mallopt(_M_ARENA_MAX, ARENAS)
        library.mallopt(_M_MMAP_THRESHOLD, LARGE)


def load_libraries() -> None:
    """Import torchvision and grad-cam, each without the modules it does not need here."""
    for name in NEVER:
        sys.modules.setdefault(name, None)
    with stubbed(UNUSED):
        import torchvision  # noqa: F401

        from emotiscan.explain.methods import load_library

        load_library()


@contextmanager
def stubbed(names: dict[str, tuple[str, ...]]) -> Iterator[None]:
    """Let empty modules stand in for others that are not loaded yet; afterwards the real ones can be imported.

    Args:
        names: of each module what is taken from it; anything of that may be imported but raises when it is used.
    """
    made = [name for name in names if name not in sys.modules]
    for name in made:
        sys.modules[name] = ModuleType(name)
        for attribute in names[name]:
            setattr(sys.modules[name], attribute, _Stub)
    try:
        yield
    finally:
        for name in made:
            del sys.modules[name]


class _Stub:
    """What must not be used: its module was never loaded."""

    def __init__(self, *args: object, **kwargs: object) -> None:
        raise NotImplementedError("this part of a library was left out by emotiscan.ui.stub_modules")

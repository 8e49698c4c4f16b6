"""Import torchvision and grad-cam without the libraries they load but the app never uses.

Saves 180 MB of memory and two seconds at start-up, measured with hosts of one gigabyte in mind: torchvision loads
torch's compiler only to ask whether it may be used, and grad-cam loads scikit-learn and matplotlib for functions that
are never called here. `tests/ui/test_stubbed_imports.py` fails once the libraries no longer do that; then delete
this module.
"""

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import ModuleType

UNUSED: dict[str, tuple[str, ...]] = {
    "torch._dynamo": (),
    "torch._dynamo.utils": ("is_compile_supported",),
    "sklearn": (),
    "sklearn.decomposition": ("KernelPCA", "NMF"),
    "matplotlib": ("pyplot",),
    "matplotlib.pyplot": (),
    "matplotlib.lines": ("Line2D",),
}
"""Modules that torchvision and grad-cam import for features the app does not use, with the names taken from each."""

BLOCKED = ("triton", "cuda")
"""GPU packages that torch does without: the Triton compiler and the CUDA driver's Python bindings."""


def import_without_unused() -> None:
    """Import torchvision and grad-cam with stubs in place of `UNUSED`, and block `BLOCKED`."""
    for name in BLOCKED:
        sys.modules.setdefault(name, None)  # type: ignore[arg-type]  # None makes `import` fail, by Python's own rules
    with stubbed(UNUSED):
        import torchvision  # noqa: F401

        from emotiscan.explain.methods import load_library

        load_library()


@contextmanager
def stubbed(modules: Mapping[str, tuple[str, ...]]) -> Iterator[None]:
    """Put empty modules in the place of those that are not loaded yet; after the block the real ones can be imported.

    Args:
        modules: module names, each with the attributes that may be imported from its stub. Using one raises
            NotImplementedError.
    """
    added = [name for name in modules if name not in sys.modules]
    for name in added:
        stub = sys.modules[name] = ModuleType(name)
        for attribute in modules[name]:
            setattr(stub, attribute, _Stub)
    try:
        yield
    finally:
        for name in added:
            del sys.modules[name]


class _Stub:
    """Stands for an attribute of a stubbed module."""

    def __init__(self, *args: object, **kwargs: object) -> None:
        raise NotImplementedError("emotiscan.ui.stubbed_imports left this part of a library out")

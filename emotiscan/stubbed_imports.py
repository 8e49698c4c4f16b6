"""Import torchvision and grad-cam without the libraries they load for features that are not used here.

torchvision loads torch's compiler only to ask whether it may be used: 1.5 s and 110 MB, measured in every command that
reads or evaluates. Grad-cam loads scikit-learn and matplotlib for functions that are never called here: 0.5 s and 70 MB
in the app, which has to fit into one gigabyte. Code that does use such a feature imports the real library then.
`tests/test_stubbed_imports.py` fails once the libraries no longer load all this; then delete this module.

Imports nothing of this project.
"""

import importlib
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import ModuleType
from typing import Any

COMPILER: dict[str, tuple[str, ...]] = {
    "torch._dynamo": (),
    "torch._dynamo.utils": ("is_compile_supported",),
}
"""Modules that torchvision imports for features that are not used here, with the names taken from each."""

PLOTTING: dict[str, tuple[str, ...]] = {
    "sklearn": (),
    "sklearn.decomposition": ("KernelPCA", "NMF"),
    "matplotlib": ("pyplot",),
    "matplotlib.pyplot": (),
    "matplotlib.lines": ("Line2D",),
}
"""The same of grad-cam."""

GPU_PACKAGES = ("triton", "cuda")
"""Packages that torch does without: the Triton compiler and the CUDA driver's Python bindings."""

_importing = threading.RLock()


def block_gpu_packages() -> None:
    """Make `GPU_PACKAGES` impossible to import in this process. Call it before anything imports torch."""
    for name in GPU_PACKAGES:
        sys.modules.setdefault(name, None)  # type: ignore[arg-type]  # None makes `import` fail, by Python's own rules


def import_torchvision() -> ModuleType:
    """Import torchvision with stubs in place of `COMPILER`, unless it or they are loaded already."""
    with stubbed(COMPILER):
        return importlib.import_module("torchvision")


@contextmanager
def stubbed(modules: Mapping[str, tuple[str, ...]]) -> Iterator[None]:
    """Put stubs in the place of modules that are not loaded yet; after the block the real ones can be imported.

    Args:
        modules: module names, each with the names that may be imported from its stub. What stands for them loads the
            real one when it is first used.
    """
    with _importing:
        added = [name for name in modules if name not in sys.modules]
        for name in added:
            stub = sys.modules[name] = ModuleType(name)
            for attribute in modules[name]:
                setattr(stub, attribute, _Deferred(name, attribute))
        try:
            yield
        finally:
            for name in added:
                del sys.modules[name]


class _Deferred:
    """Stands for a function, class or module, and imports it when it is called or an attribute of it is read."""

    def __init__(self, module: str, name: str) -> None:
        self._module, self._name = module, name

    def _load(self) -> Any:
        importlib.import_module(self._module)
        try:
            real = getattr(sys.modules[self._module], self._name)
        except AttributeError:  # a submodule
            real = importlib.import_module(f"{self._module}.{self._name}")
        if real is self:
            raise ImportError(f"{self._module}.{self._name} was used while its module was stubbed")
        return real

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self._load()(*args, **kwargs)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):  # which Python asks for while it imports
            raise AttributeError(name)
        return getattr(self._load(), name)

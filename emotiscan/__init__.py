"""EmotiScan reads emotions and facial action units (FACS) from faces in photos.

    from emotiscan import Analyzer

    analysis = Analyzer().analyze("photo.jpg")
    analysis.to_frame()  # a pandas table with one row per face

Everything is imported when it is first used: importing the package itself loads no library and changes no setting.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from emotiscan.analysis import Analysis, Analyzer
    from emotiscan.explain import HeatMap, heat_maps, overlay
    from emotiscan.faces import Pose, Quality
    from emotiscan.images import ImageError
    from emotiscan.model.checkpoint import CheckpointError
    from emotiscan.model.device import DeviceError
    from emotiscan.model.engines import EngineError
    from emotiscan.reading import Reading, Sides

__version__ = "0.2.0"

__all__ = [
    "Analysis",
    "Analyzer",
    "CheckpointError",
    "DeviceError",
    "EngineError",
    "HeatMap",
    "ImageError",
    "Pose",
    "Quality",
    "Reading",
    "Sides",
    "__version__",
    "heat_maps",
    "overlay",
]

_MODULES = {
    "Analysis": "emotiscan.analysis",
    "Analyzer": "emotiscan.analysis",
    "CheckpointError": "emotiscan.model.checkpoint",
    "DeviceError": "emotiscan.model.device",
    "EngineError": "emotiscan.model.engines",
    "HeatMap": "emotiscan.explain",
    "ImageError": "emotiscan.images",
    "Pose": "emotiscan.faces",
    "Quality": "emotiscan.faces",
    "Reading": "emotiscan.reading",
    "Sides": "emotiscan.reading",
    "heat_maps": "emotiscan.explain",
    "overlay": "emotiscan.explain",
}
"""Module of each name that is imported lazily (PEP 562)."""


def __getattr__(name: str) -> object:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(_MODULES[name]), name)
    globals()[name] = value  # the next access does not come here
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})

"""Files that come with the package: the shipped checkpoint and the rendered samples.

In a checkout they are in `weights/` and `samples/` beside the package; in a wheel they are inside it.
"""

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent


def _folder(name: str) -> Path:
    packaged = _PACKAGE / "_resources" / name
    return packaged if packaged.is_dir() else _PACKAGE.parent / name


WEIGHTS = _folder("weights") / "emotiscan.safetensors"
"""The shipped checkpoint."""

SAMPLES = _folder("samples")
"""Rendered sample images, their descriptions in `samples.json`, and pictures of each action unit in `action_units/`."""

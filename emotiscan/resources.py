"""Files that come with the package: the shipped checkpoint and the rendered samples.

In a checkout they lie in `weights/` and `samples/` beside the package; a wheel carries them inside it.
"""

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent


def _folder(name: str) -> Path:
    inside = _PACKAGE / "_resources" / name
    return inside if inside.is_dir() else _PACKAGE.parent / name


WEIGHTS = _folder("weights") / "emotiscan.safetensors"
"""The shipped checkpoint."""

SAMPLES = _folder("samples")
"""Rendered sample images, `samples.json` that describes them, and the FACS guide's pictures in `action_units/`."""

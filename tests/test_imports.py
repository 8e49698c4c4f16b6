"""Imports point one way, as the table of rooms says."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.places import ROOT

CORE = {
    "facs",
    "visibility",
    "files",
    "resources",
    "reports",
    "images",
    "faces",
    "model",
    "explain",
    "reading",
    "analysis",
    "export",
}

MAY_IMPORT: dict[str, set[str]] = {
    "__init__": {"images", "faces", "model", "explain", "reading", "analysis"},  # when a name is first used, not before
    "facs": set(),
    "visibility": {"facs"},
    "files": set(),
    "resources": set(),
    "runtime": set(),
    "stubbed_imports": set(),
    "reports": set(),
    "images": set(),
    "faces": {"stubbed_imports"},
    "model": {"faces", "facs", "files", "resources", "stubbed_imports"},
    "explain": {"facs", "faces", "model"},
    "reading": {"facs", "faces", "model", "explain", "export"},  # of export only inside functions: tables, HTML
    "analysis": CORE | {"runtime", "pipeline", "video"},  # of export and video only inside functions
    "export": {"facs", "faces", "model", "explain", "reading", "analysis"},  # of the last two only the types
    "parallel_map": set(),
    "pipeline": set(),
    "video": CORE | {"parallel_map"},
    "batch": CORE | {"parallel_map", "pipeline"},
    "__main__": {"cli"},
    "ui": CORE | {"runtime", "stubbed_imports", "video"},
    "rendering": {"facs", "visibility", "files", "images", "faces", "parallel_map"},
    "datasets": {"facs", "visibility", "files", "images", "faces", "model", "explain", "rendering", "parallel_map"},
    "evaluation": CORE - {"export"} | {"datasets", "rendering", "parallel_map"},
    "training": CORE - {"analysis", "export"} | {"datasets", "evaluation"},
    "cli": CORE
    | {"__init__", "runtime", "stubbed_imports", "batch", "training", "evaluation", "datasets", "rendering", "video"},
    "streamlit_app": {"ui", "__init__"},
    "train": {"cli"},
}
"""Rooms of the house that each room may use, beside itself."""

HEAVY = {
    "streamlit": {"ui", "streamlit_app"},
    "lightning": {"training"},
    "torchmetrics": {"training"},
    "facenet_pytorch": {"faces"},
    "pytorch_grad_cam": {"explain"},
    "numba": {"rendering"},
    "ray": {"batch", "video"},
    "cv2": {"rendering"},
    "av": {"video", "rendering"},
    "pillow_heif": {"images"},
}
"""The only rooms that may import a package."""


def files() -> list[Path]:
    return sorted([*(ROOT / "emotiscan").rglob("*.py"), *(ROOT / name for name in ("streamlit_app.py", "train.py"))])


def room_of(file: Path) -> str:
    parts = file.relative_to(ROOT).with_suffix("").parts
    return parts[1] if parts[0] == "emotiscan" else parts[0]


def imported(file: Path) -> Iterator[tuple[int, str]]:
    """Line and full dotted name of everything that a file imports, in functions too."""
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"), file)):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{file}:{node.lineno}: imports are absolute in this project"
            yield from ((node.lineno, f"{node.module}.{alias.name}") for alias in node.names)


def offence(room: str, name: str) -> str | None:
    """Why a room may not import a name, or None."""
    package, _, rest = name.partition(".")
    if package == "emotiscan":
        first = rest.partition(".")[0]
        target = first if first in MAY_IMPORT else "__init__"  # whose own names are no rooms
        if target not in {room, "__init__"} | MAY_IMPORT[room]:
            return f"{room} may import {', '.join(sorted(MAY_IMPORT[room])) or 'nothing'} of emotiscan, not {target}"
    elif package in ("train", "streamlit_app"):
        return f"nothing imports {package}"
    elif room not in HEAVY.get(package, {room}):
        return f"only {', '.join(sorted(HEAVY[package]))} may import {package}"
    return None


@pytest.mark.parametrize("file", files(), ids=lambda file: str(file.relative_to(ROOT)))
def test_imports_point_one_way(file):
    room = room_of(file)
    assert room in MAY_IMPORT, f"{room} is a new room: say in MAY_IMPORT what it may import"
    found = [f"{file.relative_to(ROOT)}:{line}: {why}" for line, name in imported(file) if (why := offence(room, name))]
    assert not found, "\n" + "\n".join(found)


def test_the_table_itself_has_no_circle():
    left = {
        room: uses - {room}
        for room, uses in MAY_IMPORT.items()
        if room not in ("reading", "analysis", "__main__", "ui")
    }
    while left:
        free = [room for room, uses in left.items() if not uses & left.keys()]
        assert free, f"these import one another: {', '.join(left)}"
        for room in free:
            del left[room]


@pytest.mark.parametrize(
    ("room", "name"),
    [
        ("model", "emotiscan.training.fit"),
        ("analysis", "emotiscan.ui"),
        ("analysis", "emotiscan.evaluation"),
        ("faces", "streamlit"),
        ("model", "lightning.pytorch.Trainer"),
        ("ui", "emotiscan.rendering.renderer"),
        ("ui", "emotiscan.training"),
        ("datasets", "emotiscan.evaluation.report"),
        ("evaluation", "torchmetrics.functional"),
        ("facs", "emotiscan.faces.warp"),
        ("training", "emotiscan.ui.session"),
    ],
)
def test_the_rule_would_notice(room, name):
    assert offence(room, name)

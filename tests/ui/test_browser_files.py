"""Components get the files they share, then their own."""

import re

import pytest
import streamlit as st

from emotiscan.ui import clip_player, live_camera, uploader
from emotiscan.ui.browser import component


@pytest.fixture
def declared(monkeypatch) -> dict[str, str]:
    """What the next component is declared with."""
    found: dict[str, str] = {}
    monkeypatch.setattr(st.components.v2, "component", lambda name, **files: found.update(files, name=name))
    return found


def test_shared_files_come_before_a_components_own(declared, tmp_path):
    folder = tmp_path / "mirror"
    folder.mkdir()
    for name in ("mirror.html", "mirror.css", "mirror.js", "drawing.js"):
        (folder / name).write_text(name)
    component(str(folder / "__init__.py"), "files.js", "files.css")
    assert declared["name"] == "emotiscan_mirror"
    assert declared["html"] == "mirror.html"
    assert declared["css"].endswith("mirror.css")
    assert ".zone" in declared["css"]
    assert declared["js"].endswith("drawing.js\nmirror.js")
    assert "function toBase64" in declared["js"]


@pytest.mark.parametrize(
    ("module", "shared"),
    [
        (uploader, ("files.js", "files.css")),
        (clip_player, ("files.js", "frames.js", "files.css")),
        (live_camera, ("files.js", "frames.js")),
    ],
)
def test_no_function_is_defined_twice(declared, module, shared):
    """The files of a component are one module: the browser would refuse it."""
    component(module.__file__, *shared)
    names = re.findall(r"^(?:async )?(?:function\*?|class|const|let) (\w+)", declared["js"], re.MULTILINE)
    assert len(names) == len(set(names))
    assert {"toBase64"} < set(names)

"""What outlives one run of a page, and what outlives a visit."""

import ast
import gc
import io

import pytest
from PIL import Image
from streamlit.testing.v1 import AppTest

from emotiscan import runtime
from emotiscan.ui import session
from emotiscan.ui.session import Photo
from tests.support.places import ROOT, SAMPLES

SHARED = {("session.py", "_load")}
"""The only Streamlit cache that all visitors share: the model's."""


def test_no_shared_cache_can_hold_a_photo():
    """Photos live in the session state; a cached function would show one visitor's photos to another."""
    found = set()
    for file in (ROOT / "emotiscan/ui").rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef):
                decorators = [ast.unparse(decorator) for decorator in node.decorator_list]
                if any("cache_data" in words or "cache_resource" in words for words in decorators):
                    found.add((file.name, node.name))
                    assert any("max_entries" in words for words in decorators), f"{node.name} may grow without bound"
    assert found == SHARED


def photos_alive() -> list[Photo]:
    """Visitors' photos in memory, without the samples, which are shared and stay."""
    runtime.collect_all_garbage()  # as the app does once a minute
    gc.unfreeze()  # only then are all objects listed
    everything = [thing for thing in gc.get_objects() if type(thing) is Photo]
    return [photo for photo in everything if photo.key not in session._sample_keys()]


def test_visit_keeps_few_small_photos_and_frees_them_at_its_end(monkeypatch, tiny_weights):
    monkeypatch.chdir(ROOT)
    monkeypatch.setenv("EMOTISCAN_WEIGHTS", str(tiny_weights))
    monkeypatch.setattr(session, "KEPT_PHOTOS", 1)
    before = {id(photo) for photo in photos_alive()}
    at = AppTest.from_file(str(ROOT / "streamlit_app.py"), default_timeout=120).run()
    large = Image.open(SAMPLES / "smile.jpg").resize((1300, 1300))
    for quality in (70, 80):
        file = io.BytesIO()
        large.save(file, "JPEG", quality=quality)
        at.file_uploader[0].upload("me.jpg", file.getvalue(), "image/jpeg").run()
    kept = [photo for photo in photos_alive() if id(photo) not in before]
    assert [photo.name for photo in kept] == ["Your photo"]
    assert {photo.picture.size for photo in kept} == {(session.KEPT_SIDE,) * 2}
    del at, kept
    assert {id(photo) for photo in photos_alive()} <= before


@pytest.mark.parametrize("setting", ["enableXsrfProtection = true", "enableCORS = true", "gatherUsageStats = false"])
def test_server_settings_protect_visitors(setting):
    assert setting in (ROOT / ".streamlit/config.toml").read_text()

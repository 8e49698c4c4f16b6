"""What visitors send is not stored, logged or interpreted."""

import json

import pytest

from tests.support.chromium import open_page, wait_for_reading, wait_until_settled
from tests.support.places import SAMPLES
from tests.ui.browser.conftest import DESKTOP


@pytest.mark.parametrize("page", [DESKTOP], indirect=True)
def test_no_photo_is_written_to_disk_and_the_log_names_no_one(page, notes):
    """By now the first reading is over, and so is what libraries write while they are loaded."""
    written = (notes / "writes").read_text()
    name, small = "Erika Mustermann.jpg", (SAMPLES / "surprise.jpg").read_bytes()
    large = small + bytes(3_000_000)  # web servers tend to spool uploads over one megabyte to disk
    picker = page.locator("[data-testid=stFileUploader] input[type=file]")
    picker.set_input_files({"name": name, "mimeType": "image/jpeg", "buffer": large})
    wait_for_reading(page, "a surprised expression")
    open_page(page, "Album")
    files = [{"name": name, "mimeType": "image/jpeg", "buffer": data} for data in (small, b"nothing")]
    page.locator(".uploader input[type=file]").set_input_files(files)
    page.get_by_text("1 of 1 faces").wait_for()
    page.get_by_text("1 of 2 photos could not be read").wait_for()
    wait_until_settled(page)
    assert (notes / "writes").read_text() == written
    lines = (notes / "log").read_text().splitlines()
    facts = [json.loads(line) for line in lines if line.startswith("{")]
    assert {fact["outcome"] for fact in facts} >= {"loaded", "read", "refused"}
    assert {key for fact in facts for key in fact} <= {"event", "outcome", "seconds", "faces", "size", "checkpoint"}
    for word in ("Mustermann", ".jpg", "surprise", "AU1", "Traceback"):
        assert not [line for line in lines if word in line], word


HOSTILE = (
    "<img src=x onerror=document.title='taken'>.jpg",
    "![](http://elsewhere.example/a.png) [b](http://elsewhere.example) $x$ **c** `d`.jpg",
    ":red[e] :face: :material/face: www.elsewhere.example a@elsewhere.example.jpg",
)


@pytest.mark.parametrize("page", [DESKTOP], indirect=True)
def test_file_names_are_shown_but_never_interpreted(page):
    open_page(page, "Album")
    pictures = [(SAMPLES / name).read_bytes() for name in ("smile.jpg", "surprise.jpg", "calm.jpg")]
    both = zip(HOSTILE, pictures, strict=True)
    files = [{"name": name, "mimeType": "image/jpeg", "buffer": data} for name, data in both]
    files += [{"name": name, "mimeType": "image/jpeg", "buffer": name.encode()} for name in HOSTILE]
    page.locator(".uploader input[type=file]").set_input_files(files)
    page.get_by_text("3 of 6 photos could not be read").click()
    page.get_by_text("This file is not an image").last.wait_for()
    wait_until_settled(page)
    said = page.get_by_test_id("stMain").inner_text().replace("\u2060", "")
    for name in HOSTILE:
        assert f"{name}, face 1" in said
        assert f"{name}: This file is not an image" in said
    assert page.title() == "EmotiScan"
    assert not page.locator("img[src*='elsewhere'], a[href*='elsewhere'], img[onerror]").count()

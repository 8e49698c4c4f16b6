"""What visitors send is not stored, logged or interpreted."""

import json
import re

import numpy as np
import pytest
from PIL import Image

from tests.support.chromium import PATIENCE, open_page, wait_for_reading, wait_until_settled
from tests.support.places import SAMPLES
from tests.ui.browser.conftest import DESKTOP

KEYS = {  # of the log's lines, by event
    "model": {"event", "outcome", "seconds", "checkpoint"},
    "reading": {"event", "outcome", "seconds", "faces", "size", "checkpoint"},
    "clip": {"event", "outcome", "seconds", "frames", "faces", "checkpoint"},
    "live": {"event", "outcome", "seconds", "frames", "checkpoint"},
}


def facts(log: str) -> list[dict]:
    """What the log's lines say, having checked that none says more than is allowed."""
    lines = log.splitlines()
    found = [json.loads(line) for line in lines if line.startswith("{")]
    for fact in found:
        assert set(fact) <= KEYS[fact["event"]], fact
    for word in ("Mustermann", ".jpg", ".webm", ".avi", "surprise", "positive", "AU1", "/9j/", "Traceback"):
        assert not [line for line in lines if word in line], word
    return found


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
    assert {fact["outcome"] for fact in facts((notes / "log").read_text())} >= {"loaded", "read", "refused"}


def wait_for_line(page, notes, event: str, outcome: str = "read", count: int = 1) -> None:
    """Wait until the log has a number of lines of an event."""
    for _ in range(PATIENCE // 200):
        found = facts((notes / "log").read_text())
        if sum((fact["event"], fact["outcome"]) == (event, outcome) for fact in found) >= count:
            return
        page.wait_for_timeout(200)
    raise AssertionError(f"the log has no {count} lines of {event}, {outcome}")


@pytest.mark.parametrize("page", [DESKTOP], indirect=True)
def test_no_clip_or_frame_is_written_to_disk_and_the_log_names_no_one(page, notes):
    pytest.importorskip("av")
    from tests.support.clips import encode

    written, logged = (notes / "writes").read_text(), (notes / "log").read_text()
    smile = np.asarray(Image.open(SAMPLES / "smile.jpg").convert("RGB").resize((320, 320)))
    webm = encode([smile] * 8, format="webm", codec="libvpx", options={"crf": "10", "b": "1M"})
    # No browser decodes this one; its title is data of the visitor, too, and it is sent in several parts.
    avi = encode([smile] * 8, format="avi", codec="mpeg4", title="Erika Mustermann") + bytes(1_500_000)
    open_page(page, "Video")
    picker = page.locator(".player input[type=file]")
    for name, data in (("webm", webm), ("avi", avi)):
        picker.set_input_files({"name": f"Erika Mustermann.{name}", "mimeType": f"video/{name}", "buffer": data})
        page.get_by_text(f"of “Erika Mustermann.{name}”").wait_for()
        page.locator("[class*=st-key-clip-apex] button").first.click()
        page.get_by_role("heading", name="The frame at").wait_for()
        wait_until_settled(page)
        download(page, "Readings (CSV)", "Erika Mustermann")
    picker.set_input_files({"name": "Erika Mustermann.avi", "mimeType": "video/avi", "buffer": b"Erika Mustermann"})
    page.locator(".player .message").get_by_text("video").wait_for()
    wait_for_line(page, notes, "clip", count=2)
    wait_for_line(page, notes, "clip", "refused")

    open_page(page, "Live")
    page.get_by_role("button", name="Start the camera").click()
    page.locator(".headline").get_by_text("positive expression").wait_for()
    page.get_by_role("button", name="Pause and inspect").click()
    page.get_by_role("heading", name="The frame at which you paused").wait_for()
    page.get_by_role("button", name="Stop", exact=True).click()
    page.get_by_text("The camera is off.").wait_for()
    wait_until_settled(page)
    download(page, "Last 60 seconds (CSV)", "AU12")
    wait_for_line(page, notes, "live")

    assert (notes / "writes").read_text() == written
    printed = (notes / "log").read_text().removeprefix(logged)
    assert not re.sub(r"^\{.*\}$", "", printed, flags=re.MULTILINE).strip()  # libraries print nothing, either


def download(page, label: str, word: str) -> None:
    """Download a file, which holds a word."""
    with page.expect_download() as waiting:
        page.get_by_role("button", name=label).click()
    page.asked_for.append(".csv")
    assert word in waiting.value.path().read_text()


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

"""The Video and Live pages in a browser: a clip from a file, and a fake camera."""

import numpy as np
import pytest
from PIL import Image

from tests.support.chromium import assert_accessible, open_clip, open_page, overflow, wait_until_settled
from tests.support.places import SAMPLES
from tests.ui.browser.conftest import DESKTOP


def test_clip_is_read_in_the_browser_and_an_apex_shows_its_frame(page, clip):
    open_clip(page, clip)
    page.get_by_role("heading", name="Download").wait_for()
    page.get_by_text("me.webm", exact=True).wait_for()
    page.locator("[class*=st-key-clip-apex] button").first.click()
    page.get_by_role("heading", name="The frame at").wait_for()
    page.get_by_role("img", name="Heat map of").first.wait_for()
    wait_until_settled(page)
    assert page.locator(".player video").evaluate("(video) => video.currentTime") > 0
    assert overflow(page) <= 0
    assert_accessible(page)


def test_faces_of_a_clip_are_browsed_like_an_album(page, clip):
    open_clip(page, clip)
    page.get_by_role("heading", name="All faces").wait_for()
    page.get_by_text("Scatter plot", exact=True).click()
    page.get_by_label("Scatter plot of faces").wait_for()
    wait_until_settled(page)
    assert overflow(page) <= 0
    assert_accessible(page)
    page.get_by_text("Gallery", exact=True).click()
    opener = page.locator("[class*=st-key-clip-faces-1-open] button").last
    opener.focus()
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="The frame at").wait_for()
    wait_until_settled(page)


@pytest.mark.parametrize("page", [DESKTOP], indirect=True)
def test_clip_that_the_browser_cannot_decode_is_sent_to_the_server(page):
    pytest.importorskip("av")
    from tests.support.clips import encode

    smile = np.asarray(Image.open(SAMPLES / "smile.jpg").convert("RGB").resize((320, 320)))
    data = encode([smile] * 10, format="avi", codec="mpeg4")
    open_page(page, "Video")
    picker = page.locator(".player input[type=file]")
    picker.set_input_files({"name": "old.avi", "mimeType": "video/x-msvideo", "buffer": b"no video"})
    page.locator(".player .message").get_by_text("video").wait_for()
    picker.set_input_files({"name": "old.avi", "mimeType": "video/x-msvideo", "buffer": data})
    page.get_by_role("heading", name="Download").wait_for()
    page.get_by_text("old.avi", exact=True).wait_for()


def test_live_camera_reads_pauses_and_stops(page):
    open_page(page, "Live")
    assert overflow(page) <= 0
    page.get_by_role("button", name="Start the camera").click()
    page.locator(".headline").get_by_text("positive expression").wait_for()
    page.locator(".units .present").get_by_text("AU12").wait_for()
    assert page.locator(".overlay").evaluate(
        "(canvas) => canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data.some(Boolean)"
    )
    page.get_by_role("button", name="Pause and inspect").click()
    page.get_by_role("heading", name="The frame at which you paused").wait_for()
    page.get_by_role("button", name="Go on").click()
    page.get_by_text("readings a second").wait_for()
    page.get_by_role("button", name="Stop", exact=True).click()
    page.get_by_text("The camera is off.").wait_for()
    assert page.locator(".live video").evaluate("(video) => video.srcObject === null")
    wait_until_settled(page)
    assert_accessible(page)


HIDE = """() => {
  Object.defineProperty(document, "hidden", { value: true, configurable: true });
  document.dispatchEvent(new Event("visibilitychange"));
}"""
REFUSE = """() => {
  navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException("", "NotAllowedError"));
}"""
UNPLUG = """(video) => video.srcObject.getVideoTracks()[0].dispatchEvent(new Event("ended"))"""


@pytest.mark.parametrize("page", [DESKTOP], indirect=True)
def test_camera_that_is_lost_hidden_or_refused_says_so_and_stops(page):
    open_page(page, "Live")
    start = page.get_by_role("button", name="Start the camera")
    video = page.locator(".live video")
    start.click()
    page.locator(".headline").get_by_text("positive expression").wait_for()
    video.evaluate(UNPLUG)
    page.get_by_text("The camera was disconnected.").wait_for()
    start.click()
    page.locator(".live .stop:enabled").wait_for()
    page.evaluate(HIDE)
    page.get_by_text("stopped because this tab was hidden").wait_for()
    assert video.evaluate("(video) => video.srcObject === null")
    page.evaluate("() => delete document.hidden")
    page.evaluate(REFUSE)
    start.click()
    page.get_by_text("The camera was refused").wait_for()

"""The Album page."""

import io
import json
import re
from pathlib import Path

import pillow_heif
from PIL import Image

from tests.support.chromium import assert_accessible, open_page, overflow, wait_until_settled
from tests.support.places import SAMPLES


def fill_album(page) -> None:
    """Read three photos with six faces."""
    open_page(page, "Album")
    files = [SAMPLES / name for name in ("smile.jpg", "surprise.jpg", "group.jpg")]
    page.locator(".uploader input[type=file]").set_input_files(files)
    page.get_by_text("6 of 6 faces").wait_for()
    page.get_by_role("button", name="Choose photos").wait_for()
    wait_until_settled(page)


def test_album_is_filled_filtered_and_downloaded(page):
    fill_album(page)
    page.get_by_role("button", name="Surprise", exact=True).click()
    page.get_by_text(re.compile("[1-3] of 6 faces")).wait_for()
    wait_until_settled(page)
    assert page.get_by_role("img", name="surprise.jpg, face 1").is_visible()
    assert not page.get_by_role("img", name="smile.jpg, face 1").is_visible()
    assert_accessible(page)
    with page.expect_download() as download:
        page.get_by_role("button", name="Records (JSON)").click()
    records = json.loads(Path(download.value.path()).read_text())
    assert [record["image"] for record in records] == ["smile.jpg", "surprise.jpg"] + ["group.jpg"] * 4
    page.asked_for.append("json")
    page.get_by_role("button", name="Empty the album").click()
    page.get_by_role("button", name="Try it with the synthetic samples").wait_for()
    wait_until_settled(page)


def test_face_is_opened_and_closed_with_the_keyboard(page):
    fill_album(page)
    page.get_by_role("button", name="surprise.jpg, face 1", exact=True).focus()
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("heading", name="a surprised expression").wait_for()
    dialog.get_by_role("img", name="Heat map of").first.wait_for()
    wait_until_settled(page)
    assert overflow(page) <= 0
    assert_accessible(page)
    page.keyboard.press("Escape")
    dialog.wait_for(state="hidden")
    wait_until_settled(page)
    assert page.get_by_text("6 of 6 faces").is_visible()


POINT = """() => {
  const point = document.querySelector(".js-plotly-plot .points path");
  point?.scrollIntoView({ block: "center" });
  const box = point?.getBoundingClientRect();
  const place = box?.width && [box.x + box.width / 2, box.y + box.height / 2];
  const rests = place && window.point === point && String(window.place) === String(place);
  [window.point, window.place] = [point, place];
  return rests && place;
}"""
"""Place of the first point in the window, once it rests: Plotly draws a new one when the page runs."""


def test_point_of_the_scatter_plot_opens_its_face(page):
    fill_album(page)
    page.get_by_text("Scatter plot", exact=True).click()
    plot = page.get_by_label("Scatter plot of faces")
    plot.wait_for()
    wait_until_settled(page)
    assert overflow(page) <= 0
    assert_accessible(page)
    points = page.locator(".js-plotly-plot .points path")
    assert points.count() == 6
    for _ in range(2):  # the same point opens twice
        x, y = page.wait_for_function(POINT, polling=500).json_value()
        page.mouse.move(x - 3, y)
        page.mouse.click(x, y)
        page.get_by_role("dialog").get_by_role("img", name="Heat map of").first.wait_for()
        wait_until_settled(page)
        page.keyboard.press("Escape")
        page.get_by_role("dialog").wait_for(state="hidden")
        wait_until_settled(page)


def test_photos_of_phones_are_read_and_videos_are_sent_elsewhere(page):
    """Chromium cannot decode HEIC and sends it as it is; it shrinks AVIF like any other photo."""
    pillow_heif.register_heif_opener()
    with Image.open(SAMPLES / "smile.jpg") as photo:
        photos = {format: io.BytesIO() for format in ("HEIF", "AVIF")}
        for format, file in photos.items():
            photo.save(file, format)
    open_page(page, "Album")
    page.locator(".uploader input[type=file]").set_input_files(
        [
            {"name": "IMG_1.HEIC", "mimeType": "image/heic", "buffer": photos["HEIF"].getvalue()},
            {"name": "2.avif", "mimeType": "image/avif", "buffer": photos["AVIF"].getvalue()},
            {"name": "IMG_3.MOV", "mimeType": "video/quicktime", "buffer": b"\0\0\0\x14ftypqt  " + bytes(100_000)},
        ]
    )
    page.get_by_text("2 of 2 faces").wait_for()
    page.get_by_text("1 of 3 photos could not be read").click()
    page.get_by_text("IMG_3.MOV: This file is a video, not a photo.").wait_for()
    for name in ("IMG_1.HEIC", "2.avif"):
        assert page.get_by_role("img", name=f"{name}, face 1").is_visible()
    wait_until_settled(page)


def test_unreadable_files_are_named_and_the_others_are_read(page):
    open_page(page, "Album")
    broken = {"name": "broken.jpg", "mimeType": "image/jpeg", "buffer": b"nothing"}
    whole = {"name": "smile.jpg", "mimeType": "image/jpeg", "buffer": (SAMPLES / "smile.jpg").read_bytes()}
    page.locator(".uploader input[type=file]").set_input_files([broken, whole])
    page.get_by_text("1 of 1 faces").wait_for()
    page.get_by_text("1 of 2 photos could not be read").click()
    page.get_by_text("broken.jpg: This file is not an image").wait_for()
    wait_until_settled(page)

"""The main flows in a real Chromium, as a visitor goes through them.

Needs Debian's `chromium` (or another one named by EMOTISCAN_CHROMIUM). Without a browser the tests
are skipped, unless EMOTISCAN_BROWSER=required.
"""

import base64
import io
import json
import os
import re
from pathlib import Path
from urllib.parse import urlparse

import pytest
from PIL import Image

from tests.support.places import ROOT, SAMPLES
from tests.support.running_app import CHROMIUM_FLAGS, chromium_path, running_app

pytestmark = pytest.mark.browser
CHROMIUM = chromium_path()
PATIENCE = int(os.environ.get("EMOTISCAN_PATIENCE", 90_000))
"""Milliseconds that an answer may take on a slow, busy machine."""


@pytest.fixture(scope="session")
def notes(tmp_path_factory):
    """A folder in which the running app's log lies, and the list of files that it wrote to."""
    return tmp_path_factory.mktemp("notes")


@pytest.fixture(scope="session")
def server(notes):
    """Address of the running app."""
    watched = {"PYTHONPATH": str(ROOT / "tests/watched"), "EMOTISCAN_WRITES": str(notes / "writes")}
    with running_app(notes / "log", watched | {"PYTHONDONTWRITEBYTECODE": "1"}) as app:
        yield app.address


@pytest.fixture(scope="session")
def fake_camera(tmp_path_factory):
    """A film of one sample portrait, in which Chromium's fake camera can look: 30 JPEGs in a row."""
    frame = Image.new("RGB", (640, 480), (120, 125, 130))
    portrait = Image.open(SAMPLES / "smile.jpg")
    frame.paste(portrait, (80, 0))
    buffer = io.BytesIO()
    frame.save(buffer, "JPEG", quality=90, subsampling="4:2:0")
    film = tmp_path_factory.mktemp("camera") / "camera.mjpeg"
    film.write_bytes(buffer.getvalue() * 30)
    return film


@pytest.fixture(scope="session")
def chromium(fake_camera):
    """A headless Chromium with a fake camera."""
    if not CHROMIUM:
        if os.environ.get("EMOTISCAN_BROWSER") == "required":
            pytest.fail("no Chromium was found; install Debian's chromium")
        pytest.skip("no Chromium was found; install Debian's chromium to run the browser tests")
    from playwright.sync_api import sync_playwright

    flags = [*CHROMIUM_FLAGS, "--use-fake-ui-for-media-stream"]
    flags += ["--use-fake-device-for-media-stream", f"--use-file-for-fake-video-capture={fake_camera}"]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=flags)
        yield browser
        browser.close()


@pytest.fixture(params=[(1280, 900), (390, 844)], ids=["desktop", "phone"])
def page(request, chromium, server):
    """The app after its first reading, dark on the phone; fails on console errors, foreign hosts, unasked downloads."""
    width, height = request.param
    scheme = "dark" if width < 600 else "light"
    context = chromium.new_context(
        viewport={"width": width, "height": height}, color_scheme=scheme, permissions=["camera"]
    )
    page = context.new_page()
    page.set_default_timeout(PATIENCE)
    errors, hosts, downloads = [], set(), []
    page.on("console", lambda message: errors.append(message.text) if is_error(message) else None)
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("request", lambda request: hosts.add(urlparse(request.url).hostname))
    page.on("download", lambda download: downloads.append(download.suggested_filename))
    page.goto(server)
    page.get_by_role("heading", name="Where it was seen").wait_for()
    wait_until_settled(page)
    page.asked_for = []  # endings of the files that a test downloads on purpose
    yield page
    context.close()
    assert not errors
    assert hosts <= {"127.0.0.1", None}, "the page asked other hosts"
    assert [name[-4:] for name in downloads] == page.asked_for


def is_error(message) -> bool:
    """Whether the console tells of a fault.

    None is a picture that the next run of the script took away while the browser still fetched it: nobody misses it.
    That those on the page have loaded is for `wait_until_settled` to see.
    """
    path = urlparse(message.location["url"]).path
    picture = path.startswith("/media/") and path.endswith((".jpg", ".png", ".webp"))
    return message.type == "error" and not (picture and "404" in message.text)


def wait_until_settled(page) -> None:
    """Wait until the script has run and every picture is there."""
    page.locator("[data-testid=stApp][data-test-script-state=notRunning]").wait_for()
    page.wait_for_function("[...document.images].every((image) => image.complete && image.naturalWidth > 0)")


def wait_for_reading(page, sentence: str) -> None:
    page.get_by_text(sentence).first.wait_for()
    page.get_by_role("img", name="Heat map of").first.wait_for()
    wait_until_settled(page)


def is_seen(page, au: str) -> bool:
    """Whether the table of action units calls one seen, as a screen reader hears it."""
    words = page.get_by_role("row", name=re.compile(rf"{au}\b")).inner_text()
    assert "counts from" in words
    return "not seen" not in words


def test_an_uploaded_portrait_is_read(page):
    data = pytest.importorskip("skimage.data")
    buffer = io.BytesIO()
    Image.fromarray(data.astronaut()).save(buffer, "JPEG", quality=92)
    picker = page.locator("[data-testid=stFileUploader] input[type=file]")
    picker.set_input_files({"name": "portrait.jpg", "mimeType": "image/jpeg", "buffer": buffer.getvalue()})
    page.get_by_text("Your photo", exact=True).wait_for()
    wait_for_reading(page, "a positive expression")
    assert is_seen(page, "AU12")
    assert is_seen(page, "AU6") or is_seen(page, "AU25")
    assert not is_seen(page, "AU4")


PASTE = """(base64) => {
  const bytes = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
  const clipboardData = new DataTransfer();
  clipboardData.items.add(new File([bytes], "image.jpg", { type: "image/jpeg" }));
  document.dispatchEvent(new ClipboardEvent("paste", { clipboardData }));
}"""


def test_a_pasted_picture_is_read(page):
    page.get_by_text("You can also paste").wait_for()  # by then the page listens
    page.evaluate(PASTE, base64.b64encode((SAMPLES / "surprise.jpg").read_bytes()).decode())
    page.get_by_text("Your photo", exact=True).wait_for()
    wait_for_reading(page, "a surprised expression")
    page.get_by_text("Anger", exact=True).click()
    page.get_by_text("Sample: ").wait_for()
    wait_until_settled(page)


def test_heat_maps_differ_from_code_to_code(page):
    wait_for_reading(page, "a positive expression")
    for au in ("AU1", "AU4"):
        page.get_by_role("button", name=au, exact=True).click()
        page.get_by_role("img", name=re.compile(rf"Heat map of {au}\b")).wait_for()
        wait_until_settled(page)
    maps = page.get_by_role("img", name="Heat map of")
    shown = [maps.nth(number) for number in range(maps.count())]
    # Two action units without any evidence both show the bare face, and say so.
    shown = [image for image in shown if "no place of the face" not in (image.get_attribute("alt") or "")]
    sources = [image.get_attribute("src") for image in shown]
    assert len(sources) >= 3
    assert len(set(sources)) == len(sources)


def test_pointing_at_a_code_shows_where_it_was_seen(page):
    wait_for_reading(page, "a positive expression")
    line = page.locator("tr[data-code=AU12]")
    line.hover()
    place = line.locator(".peek").bounding_box()
    assert place, "the picture is hidden"
    assert place["x"] >= 0
    assert place["x"] + place["width"] <= page.viewport_size["width"]
    page.get_by_role("heading", name="Emotion").hover()
    assert not line.locator(".peek").is_visible()


def test_a_snapshot_is_read(page):
    page.get_by_role("radio", name="Webcam").or_(page.get_by_role("button", name="Webcam")).first.click()
    page.wait_for_function("document.querySelector('[data-testid=stCameraInput] video')?.videoWidth > 0")
    page.get_by_role("button", name="Take photo").click()
    page.get_by_text("Your snapshot").wait_for()
    wait_for_reading(page, "a positive expression")


def test_nothing_is_wider_than_the_screen(page):
    wait_for_reading(page, "a positive expression")
    overflow = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert overflow <= 0


def open_page(page, name: str) -> None:
    """Choose a page from the menu, which is folded away on a phone."""
    on_phone = page.viewport_size["width"] < 600
    if on_phone:
        page.get_by_test_id("stExpandSidebarButton").click()
    page.get_by_role("link", name=name).click()
    page.get_by_role("heading", name=name, exact=True).first.wait_for()
    if on_phone:
        page.get_by_test_id("stSidebarCollapseButton").get_by_role("button").click()
    wait_until_settled(page)


def assert_accessible(page) -> None:
    """No element without a label, and none whose text is hard to read (WCAG 2, levels A and AA)."""
    from axe_playwright_python.sync_playwright import Axe

    page.wait_for_timeout(500)  # charts and tables are drawn after their elements appear
    found = Axe().run(page, options={"runOnly": ["wcag2a", "wcag2aa"]}).response["violations"]
    faults = [(fault["id"], node["target"], node["failureSummary"]) for fault in found for node in fault["nodes"]]
    assert not faults


def test_every_page_opens_from_the_menu_and_is_accessible(page):
    assert_accessible(page)
    for name, words in (
        ("Album", "drop them here"),
        ("Compare", "What to compare"),
        ("FACS guide", "Often mistaken for"),
        ("Model", "What each emotion is taken for"),
        ("About", "Privacy"),
    ):
        open_page(page, name)
        page.get_by_text(words).first.wait_for()
        overflow = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert overflow <= 0, name
        assert_accessible(page)


def test_two_faces_are_compared_and_taken_along(page):
    open_page(page, "Compare")
    page.get_by_text("Faces by one action unit").click()
    page.get_by_text("Choose a second photo").wait_for()
    wait_until_settled(page)
    page.get_by_role("combobox", name="Second photo").click()
    page.get_by_role("option", name="Surprise").click()
    page.get_by_role("img", name="Heat map of Surprise").wait_for()
    wait_until_settled(page)
    assert page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") <= 0
    for button, ending in (("Picture with all maps", ".png"), ("Maps as arrays", ".npz")):
        with page.expect_download() as download:
            page.get_by_role("button", name=button).click()
        assert download.value.suggested_filename.endswith(ending)
        assert Path(download.value.path()).stat().st_size > 500
        wait_until_settled(page)
    page.asked_for.extend([".png", ".npz"])
    page.get_by_text("Before and after", exact=True).click()
    page.get_by_label("Each action unit in both photos").wait_for()
    wait_until_settled(page)
    assert page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") <= 0


def test_an_album_is_filled_filtered_and_taken_along(page):
    open_page(page, "Album")
    files = [SAMPLES / name for name in ("smile.jpg", "surprise.jpg", "group.jpg")]
    page.locator(".uploader input[type=file]").set_input_files(files)
    page.get_by_text("6 of 6 faces").wait_for()
    page.get_by_role("button", name="Choose photos").wait_for()
    wait_until_settled(page)
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
    page.get_by_role("button", name="Try it with the rendered samples").wait_for()
    wait_until_settled(page)


def test_what_is_no_photo_is_said_and_the_others_are_read(page):
    open_page(page, "Album")
    broken = {"name": "broken.jpg", "mimeType": "image/jpeg", "buffer": b"nothing"}
    whole = {"name": "smile.jpg", "mimeType": "image/jpeg", "buffer": (SAMPLES / "smile.jpg").read_bytes()}
    page.locator(".uploader input[type=file]").set_input_files([broken, whole])
    page.get_by_text("1 of 1 faces").wait_for()
    page.get_by_text("1 of 2 photos could not be read").click()
    page.get_by_text("broken.jpg: This file is not an image").wait_for()
    wait_until_settled(page)


def test_the_guide_shows_a_code_from_calm_to_strong(page):
    open_page(page, "FACS guide")
    page.get_by_role("radio", name="AU12", exact=True).click()
    page.get_by_role("heading", name="AU12 Lip corner puller").wait_for()
    wait_until_settled(page)
    assert "code=AU12" in page.url
    strong = page.get_by_role("img", name="A rendered face with AU12 Lip corner puller at 100 %")
    before = strong.get_attribute("src")
    page.get_by_role("slider").focus()
    page.keyboard.press("Home")
    calm = page.get_by_role("img", name="A rendered face with AU12 Lip corner puller at 0 %")
    calm.wait_for()
    wait_until_settled(page)
    assert calm.get_attribute("src") != before
    assert_accessible(page)


def test_an_address_opens_a_sample_with_its_codes(page):
    page.goto(f"{page.url.split('?')[0]}?sample=surprise&code=AU1&code=AU2")
    wait_for_reading(page, "a surprised expression")
    assert page.get_by_role("img", name="Heat map of").count() == 2


@pytest.mark.parametrize("page", [(1280, 900)], indirect=True)
def test_no_photo_is_written_and_the_log_knows_nobody(page, notes):
    """The first reading is over by now, and with it what libraries write when they are loaded."""
    written = (notes / "writes").read_text()
    name, small = "Erika Mustermann.jpg", (SAMPLES / "surprise.jpg").read_bytes()
    large = small + bytes(3_000_000)  # servers like to put uploads of more than a megabyte on disk
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


@pytest.mark.parametrize("page", [(1280, 900)], indirect=True)
def test_a_files_name_is_shown_and_never_obeyed(page):
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

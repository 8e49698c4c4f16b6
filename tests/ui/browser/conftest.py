"""The running app and a headless Chromium with a fake camera.

The tests need Debian's `chromium`, or another one named by EMOTISCAN_CHROMIUM. Without a browser they are skipped,
unless EMOTISCAN_BROWSER=required.
"""

import io
import os
from urllib.parse import urlparse

import numpy as np
import pytest
from PIL import Image

from tests.support.chromium import PATIENCE, is_error, wait_until_settled
from tests.support.places import ROOT, SAMPLES
from tests.support.running_app import CHROMIUM_FLAGS, chromium_path, running_app

DESKTOP, PHONE = (1280, 900), (390, 844)


def pytest_collection_modifyitems(items):
    """Mark every test of this folder."""
    for item in items:
        if "tests/ui/browser" in item.path.as_posix():
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="session")
def notes(tmp_path_factory):
    """A folder with the running app's log and the list of files that it wrote to."""
    return tmp_path_factory.mktemp("notes")


@pytest.fixture(scope="session")
def server(notes):
    """Address of the running app."""
    watched = {"PYTHONPATH": str(ROOT / "tests/watched"), "EMOTISCAN_WRITES": str(notes / "writes")}
    with running_app(notes / "log", watched | {"PYTHONDONTWRITEBYTECODE": "1"}) as app:
        yield app.address


@pytest.fixture(scope="session")
def fake_camera(tmp_path_factory):
    """A film of one sample portrait for Chromium's fake camera: the same JPEG thirty times."""
    frame = Image.new("RGB", (640, 480), (120, 125, 130))
    portrait = Image.open(SAMPLES / "smile.jpg")
    frame.paste(portrait, (80, 0))
    buffer = io.BytesIO()
    frame.save(buffer, "JPEG", quality=90, subsampling="4:2:0")
    film = tmp_path_factory.mktemp("camera") / "camera.mjpeg"
    film.write_bytes(buffer.getvalue() * 30)
    return film


@pytest.fixture(scope="session")
def clip() -> bytes:
    """A woman who smiles for half a second."""
    pytest.importorskip("av")
    from tests.support.clips import encode

    smile = np.asarray(Image.open(SAMPLES / "smile.jpg").convert("RGB").resize((320, 320)))
    return encode([smile] * 12, format="webm", codec="libvpx", options={"crf": "10", "b": "1M"})


@pytest.fixture(scope="session")
def chromium(fake_camera):
    """A headless Chromium with a fake camera."""
    path = chromium_path()
    if not path:
        if os.environ.get("EMOTISCAN_BROWSER") == "required":
            pytest.fail("no Chromium was found; install Debian's chromium")
        pytest.skip("no Chromium was found; install Debian's chromium to run the browser tests")
    from playwright.sync_api import sync_playwright

    flags = [*CHROMIUM_FLAGS, "--use-fake-ui-for-media-stream"]
    flags += ["--use-fake-device-for-media-stream", f"--use-file-for-fake-video-capture={fake_camera}"]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=flags)
        yield browser
        browser.close()


@pytest.fixture(params=[DESKTOP, PHONE], ids=["desktop", "phone"])
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
    page.get_by_role("heading", name="Grad-CAM heat maps").wait_for()
    wait_until_settled(page)
    page.asked_for = []  # endings of the files that a test downloads on purpose
    yield page
    context.close()
    assert not errors
    assert hosts <= {"127.0.0.1", None}, "the page asked other hosts"
    assert [name[-4:] for name in downloads] == page.asked_for

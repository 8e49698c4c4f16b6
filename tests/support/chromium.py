"""Helpers for tests that drive the app in Chromium."""

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # the tests are skipped where it is not installed
    from playwright.sync_api import ConsoleMessage, Page

PATIENCE = int(os.environ.get("EMOTISCAN_PATIENCE", 90_000))
"""Milliseconds that an answer may take on a slow, busy machine."""


def is_error(message: "ConsoleMessage") -> bool:
    """Whether a console message reports a fault."""
    return message.type == "error"


def wait_until_settled(page: "Page") -> None:
    """Wait until the script has run and every picture has loaded."""
    page.locator("[data-testid=stApp][data-test-script-state=notRunning]").wait_for()
    page.wait_for_function("[...document.images].every((image) => image.complete && image.naturalWidth > 0)")


def wait_for_reading(page: "Page", sentence: str) -> None:
    """Wait until a reading with this sentence and its heat maps are shown."""
    page.get_by_text(sentence).first.wait_for()
    page.get_by_role("img", name="Heat map of").first.wait_for()
    wait_until_settled(page)


def is_present(page: "Page", au: str) -> bool:
    """Whether the table calls an action unit present, in words for screen readers."""
    words = page.locator(f"tr[data-au={au}]").text_content()  # also of a row that is folded away
    assert "threshold" in words
    return "not present" not in words


def open_page(page: "Page", name: str) -> None:
    """Choose a page from the menu, which is folded away on a phone."""
    on_phone = page.viewport_size["width"] < 600
    if on_phone:
        page.get_by_test_id("stExpandSidebarButton").click()
    page.get_by_role("link", name=name).click()
    page.get_by_role("heading", name=name, exact=True).first.wait_for()
    if on_phone:
        page.get_by_test_id("stSidebarCollapseButton").get_by_role("button").click()
    wait_until_settled(page)


def open_clip(page, clip: bytes):
    """Open the Video page and choose a clip there."""
    open_page(page, "Video")
    page.locator(".player input[type=file]").set_input_files(
        {"name": "me.webm", "mimeType": "video/webm", "buffer": clip}
    )


def overflow(page: "Page") -> int:
    """Pixels by which the page is wider than the screen."""
    return page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")


def assert_accessible(page: "Page") -> None:
    """Fail on elements without a label and on text that is hard to read (WCAG 2, levels A and AA)."""
    from axe_playwright_python.sync_playwright import Axe

    page.wait_for_timeout(500)  # charts and tables render after their elements appear
    found = Axe().run(page, options={"runOnly": ["wcag2a", "wcag2aa"]}).response["violations"]
    faults = [(fault["id"], node["target"], node["failureSummary"]) for fault in found for node in fault["nodes"]]
    assert not faults

"""Take the screenshots of the documentation from the running app: `python -m scripts.screenshots [--clip CLIP]`.

Needs the packages of requirements-dev.txt and Debian's chromium. That of the Video page is taken with a clip, e.g. a
rendered one (`emotiscan render --clips`: acting00.mp4); without one it stays as it is.
"""

import argparse
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Literal, TypeAlias

from playwright.sync_api import Page, sync_playwright

from tests.support.running_app import CHROMIUM_FLAGS, ROOT, chromium_path, running_app


def open_reading(page: Page) -> None:
    """Wait for the reading that the first page shows."""
    page.get_by_role("img", name="Heat map of").first.wait_for()


def compare_photos(page: Page) -> None:
    """Compare two photos of one person."""
    page.get_by_text("What changed between two photos?", exact=True).click()
    page.get_by_role("combobox", name="Second photo").wait_for()
    for box, option in (("First photo", "Calm face"), ("Second photo", "Faint smile")):
        page.get_by_role("combobox", name=box).click()
        page.get_by_role("option", name=option).first.click()
        page.wait_for_timeout(3000)
    page.get_by_role("img", name="Heat map of AU12, Faint smile").wait_for()


def open_album(page: Page) -> None:
    """Read the samples as an album."""
    page.get_by_role("button", name="Try it with the synthetic samples").click()
    page.get_by_text("faces").last.wait_for()
    page.get_by_role("button", name="Empty the album").wait_for()


def read_clip(page: Page, clip: Path) -> None:
    """Read a clip and open the apex of one of its events."""
    page.locator(".player input[type=file]").set_input_files(clip)
    page.get_by_role("heading", name="Download").wait_for()
    page.locator("[class*=st-key-clip-apex] button").first.click()
    page.get_by_role("img", name="Heat map of").first.wait_for()


def open_page(page: Page) -> None:
    """Wait for the page to open."""
    page.get_by_role("heading").first.wait_for()


Scheme: TypeAlias = Literal["light", "dark"]

SHOTS: tuple[tuple[str, str, int, Scheme, Callable[[Page], None]], ...] = (
    # file, path of the page, width in pixels, color scheme, what to do there
    ("read.png", "/", 1280, "light", open_reading),
    ("read-dark.png", "/", 1280, "dark", open_reading),
    ("read-phone.png", "/", 390, "light", open_reading),
    ("compare.png", "/compare", 1280, "light", compare_photos),
    ("album.png", "/album", 1280, "light", open_album),
    ("guide.png", "/guide?au=AU12", 1280, "dark", open_page),
    ("model.png", "/model", 1280, "light", open_page),
)


MAX_HEIGHTS = {"video.png": 960}
"""Height in pixels at which a screenshot ends: here, below the timeline."""


def main() -> None:
    """Start the app, visit each page, and save each screenshot."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--out", type=Path, default=ROOT / "docs", help="folder for the screenshots (default: docs)")
    parser.add_argument("--only", nargs="*", metavar="FILE", help="take only these screenshots, e.g. read.png")
    parser.add_argument("--chromium", default=chromium_path(), help="browser to use (default: the installed one)")
    parser.add_argument("--clip", type=Path, help="clip for video.png")
    options = parser.parse_args()
    shots = list(SHOTS)
    if options.clip:
        shots.append(("video.png", "/video", 1280, "light", partial(read_clip, clip=options.clip)))
    options.out.mkdir(parents=True, exist_ok=True)
    with running_app() as app, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=options.chromium, args=CHROMIUM_FLAGS)
        for file, path, width, scheme, prepare in shots:
            if options.only and file not in options.only:
                continue
            page = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)
            page.set_default_timeout(120_000)
            page.goto(app.address + path)
            prepare(page)
            take_screenshot(page, options.out / file, width)
            print(options.out / file)
            page.close()
        browser.close()


def take_screenshot(page: Page, file: Path, width: int) -> None:
    """Save the page, not just the visible part, without hover or focus."""
    page.mouse.move(0, 0)
    page.evaluate("document.activeElement.blur()")
    page.locator("[data-testid=stMain]").evaluate("(main) => main.scrollTo(0, 0)")
    page.wait_for_timeout(3000)  # charts and tables render after their elements appear
    height = page.evaluate("document.querySelector('[data-testid=stMain]').scrollHeight")
    height = min(height, MAX_HEIGHTS.get(file.name, height))
    page.set_viewport_size({"width": width, "height": height})
    page.wait_for_timeout(2000)
    page.screenshot(path=file)


if __name__ == "__main__":
    main()

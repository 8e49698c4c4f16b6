"""Make the README's pictures from the running app: `python -m scripts.screenshots`.

Needs the packages of requirements-dev.txt and Debian's chromium.
"""

import argparse
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from tests.support.running_app import CHROMIUM_FLAGS, ROOT, chromium_path, running_app


def a_reading(page: Page) -> None:
    """The first visit's reading."""
    page.get_by_role("img", name="Heat map of").first.wait_for()


def before_and_after(page: Page) -> None:
    """What changed between two photos of one person."""
    page.get_by_text("Before and after", exact=True).click()
    for box, option in (("First photo", "Calm face"), ("Second photo", "Faint smile")):
        page.get_by_role("combobox", name=box).click()
        page.get_by_role("option", name=option).first.click()
        page.wait_for_timeout(3000)
    page.get_by_role("img", name="Heat map of AU12, Faint smile").wait_for()


def an_album(page: Page) -> None:
    """The samples as an album."""
    page.get_by_role("button", name="Try it with the synthetic samples").click()
    page.get_by_text("faces").last.wait_for()
    page.get_by_role("button", name="Empty the album").wait_for()


def its_title(page: Page) -> None:
    """A page as it opens."""
    page.get_by_role("heading").first.wait_for()


SHOTS: tuple[tuple[str, str, int, str, Callable[[Page], None]], ...] = (
    # file, path of the page, width in px, color scheme, what is done there
    ("read.png", "/", 1280, "light", a_reading),
    ("read-dark.png", "/", 1280, "dark", a_reading),
    ("read-phone.png", "/", 390, "light", a_reading),
    ("compare.png", "/compare", 1280, "light", before_and_after),
    ("album.png", "/album", 1280, "light", an_album),
    ("guide.png", "/guide?au=AU12", 1280, "dark", its_title),
    ("model.png", "/model", 1280, "light", its_title),
)


def main() -> None:
    """Start the app, visit each page, save each picture."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--out", type=Path, default=ROOT / "docs", help="folder for the pictures (default: docs)")
    parser.add_argument("--only", nargs="*", metavar="FILE", help="make only these pictures, e.g. read.png")
    parser.add_argument("--chromium", default=chromium_path(), help="browser to drive (default: the one installed)")
    parsed = parser.parse_args()
    parsed.out.mkdir(parents=True, exist_ok=True)
    with running_app() as app, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=parsed.chromium, args=CHROMIUM_FLAGS)
        for file, path, width, scheme, act in SHOTS:
            if parsed.only and file not in parsed.only:
                continue
            page = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)
            page.set_default_timeout(120_000)
            page.goto(app.address + path)
            act(page)
            shoot(page, parsed.out / file, width)
            print(parsed.out / file)
            page.close()
        browser.close()


def shoot(page: Page, file: Path, width: int) -> None:
    """Save the whole page, not only what fits the window, with nothing pointed at or in focus."""
    page.mouse.move(0, 0)
    page.evaluate("document.activeElement.blur()")
    page.wait_for_timeout(3000)  # charts and tables are drawn after their elements appear
    height = page.evaluate("document.querySelector('[data-testid=stMain]').scrollHeight")
    page.set_viewport_size({"width": width, "height": height})
    page.wait_for_timeout(2000)
    page.screenshot(path=file)


if __name__ == "__main__":
    main()

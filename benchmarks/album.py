"""Memory used by an album of many photos: `python -m benchmarks.album [--photos 100] [--megapixels 12] [--clip CLIP]`.

Starts the app, drops many camera-sized photos (enlarged samples with sensor noise) into the album in a real Chromium,
waits until all are read, and prints the time and the server's memory before, at the peak and after. With --clip, the
same for a clip on the Video page, in a new server.
Needs the packages of requirements-dev.txt and Debian's chromium.
"""

import argparse
import re
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image
from playwright.sync_api import Page, sync_playwright

from emotiscan.cli.options import whole_number
from tests.support.process_monitor import MemoryWatch, memory_of
from tests.support.running_app import CHROMIUM_FLAGS, ROOT, chromium_path, running_app

MEBIBYTE = 2**20


def write_photos(folder: Path, count: int, megapixels: float) -> list[Path]:
    """Write photos of a camera's size, all different, and return their paths."""
    rng = np.random.default_rng(0)
    samples = sorted((ROOT / "samples").glob("*.jpg"))
    side = round((megapixels * 1e6) ** 0.5)
    files = []
    for number in range(count):
        photo = Image.open(samples[number % len(samples)]).convert("RGB").resize((side, side))
        noise = rng.integers(-6, 7, (side, side, 1), np.int16)
        noisy = Image.fromarray(np.clip(np.asarray(photo) + noise, 0, 255).astype(np.uint8))
        files.append(folder / f"photo-{number:03d}.jpg")
        noisy.save(files[-1], quality=90)
    return files


def read_album(page: Page, files: list[Path]) -> str:
    """Read photos on the Album page; returns what it says of their number."""
    page.locator(".uploader input[type=file]").set_input_files(files)
    page.get_by_role("progressbar", name="Photos read so far").wait_for()
    page.get_by_role("button", name="Choose photos").wait_for()
    page.locator("[data-testid=stApp][data-test-script-state=notRunning]").wait_for()
    return page.get_by_text(re.compile(r"\d+ of \d+ faces")).inner_text()


def read_clip(page: Page, clip: Path) -> str:
    """Read a clip on the Video page; returns what it says of the frames."""
    page.locator(".player input[type=file]").set_input_files(clip)
    page.get_by_role("heading", name="Download").wait_for()
    return page.get_by_text(re.compile(r"\d+ frames of")).inner_text()


def measure(path: str, ready: str, read: Callable[[Page], str]) -> None:
    """Start the app and print the time and memory of reading something on one of its pages.

    Args:
        path: of the page.
        ready: CSS selector of an element that is there when the page is ready.
        read: reads it, and returns what the page says afterwards.
    """
    with running_app() as app, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium_path(), args=CHROMIUM_FLAGS)
        page = browser.new_page()
        page.set_default_timeout(900_000)
        page.goto(app.address + path)
        page.locator(ready).wait_for(state="attached")
        before = memory_of(app.process)
        with MemoryWatch(app.process) as watch:
            start = time.monotonic()
            said = read(page)
            seconds = time.monotonic() - start
        print(f"{said} after {seconds:.0f} s")
        after = memory_of(app.process)
        print(f"server's memory: {before:.0f} MiB before, {watch.peak:.0f} MiB at the peak, {after:.0f} MiB after")
        browser.close()


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--photos", type=whole_number(1), default=100, help="number of photos (default: 100)")
    parser.add_argument("--megapixels", type=float, default=12, help="size of each photo (default: 12)")
    parser.add_argument("--clip", type=Path, help="also read this clip")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        files = write_photos(Path(folder), options.photos, options.megapixels)
        size = sum(file.stat().st_size for file in files) / MEBIBYTE
        print(f"{len(files)} photos of {options.megapixels:g} megapixels, {size:.0f} MiB in all")
        measure("/album", ".uploader input[type=file]", lambda page: read_album(page, files))
    if options.clip:
        measure("/video", ".player input[type=file]", lambda page: read_clip(page, options.clip))


if __name__ == "__main__":
    main()

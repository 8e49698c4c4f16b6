"""What many visitors at once do to the app: `python -m benchmarks.load [--sessions 1 4 16 32] [--steady 500]`.

Starts the app on this machine and opens that many sessions, each of which uploads photos as large as a phone's, one
after the other, and fetches every picture of its page. Prints throughput, times, errors and the server's memory; then,
over that many photos more, whether memory stays; then what visitors cost who leave while they wait. Each session's
photos have a frame and a name of their own, and no session may ever be sent another one's. Ends by itself, at the
latest after --minutes, and with status 1 after any error. The visitors run on the same processor as the server.
"""

import argparse
import io
import statistics
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from PIL import Image

from emotiscan.cli.options import whole_number
from tests.support.process_monitor import MemoryWatch, memory_of, processor_seconds
from tests.support.running_app import ROOT, RunningApp, running_app
from tests.support.visitor import Visitor

SAMPLES = ("smile", "surprise", "anger", "calm", "laugh", "fear", "disgust", "sadness")
SHADES = (40, 110, 180, 250)
FRAMES = [(red, green, blue) for red in SHADES for green in SHADES for blue in SHADES]
"""Colors of the frames, one a session."""

WAITING = "before yours"
"""Words of the line that tells a visitor to wait, and of no other text of the page."""

PATIENCE = 600
"""Seconds that a visitor waits for any answer."""


@dataclass
class Results:
    """What a number of sessions met with.

    Attributes:
        seconds: of each photo, from the upload's begin to the last picture of the page.
        errors: in words.
        waited: photos whose visitor was told to wait.
        took: seconds from the first upload to the last answer.
        processor: the server's processor seconds meanwhile.
    """

    seconds: list[float] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    waited: int = 0
    took: float = 0.0
    processor: float = 0.0

    @property
    def throughput(self) -> float:
        """Photos a second."""
        return len(self.seconds) / self.took if self.took else 0.0


def photo(number: int, megapixels: float) -> bytes:
    """A session's photo: a sample with a camera's grain in a frame of the session's color, as a JPEG file."""
    side = round((megapixels * 1e6) ** 0.5)
    photo = Image.new("RGB", (side, side), FRAMES[number % len(FRAMES)])
    inner = round(0.8 * side)
    sample = Image.open(ROOT / "samples" / f"{SAMPLES[number % len(SAMPLES)]}.jpg").convert("RGB")
    grain = np.random.default_rng(number).integers(-6, 7, (inner, inner, 1), np.int16)
    grainy = np.clip(np.asarray(sample.resize((inner, inner))) + grain, 0, 255).astype(np.uint8)
    photo.paste(Image.fromarray(grainy), ((side - inner) // 2,) * 2)
    file = io.BytesIO()
    photo.save(file, "JPEG", quality=90)
    return file.getvalue()


def another(photo: bytes, mark: str) -> bytes:
    """The same photo as another file: with a comment in it."""
    comment = mark.encode()
    return photo[:2] + b"\xff\xfe" + (len(comment) + 2).to_bytes(2, "big") + comment + photo[2:]


class Load:
    """Sessions that upload at the same time."""

    def __init__(self, app: RunningApp, photos: Sequence[bytes], until: float) -> None:
        """Prepare.

        Args:
            app: the running app.
            photos: one a session.
            until: time on the monotonic clock after which nothing more is sent.
        """
        self.app, self.photos, self.until = app, photos, until

    def run(self, sessions: int, requests: int) -> Results:
        """Let a number of sessions upload, all beginning at once.

        Args:
            sessions: how many.
            requests: photos in all, the same number by each session.
        """
        results, ready, done = Results(), threading.Barrier(sessions + 1), threading.Barrier(sessions + 1)
        each = -(-requests // sessions)
        threads = [
            threading.Thread(target=self._visit, args=(number, each, results, ready, done), daemon=True)
            for number in range(sessions)
        ]
        for thread in threads:
            thread.start()
        ready.wait()
        began, used = time.monotonic(), processor_seconds(self.app.process)
        done.wait()
        results.took = time.monotonic() - began
        results.processor = processor_seconds(self.app.process) - used
        for thread in threads:
            thread.join()
        return results

    def _visit(
        self, number: int, photos: int, results: Results, ready: threading.Barrier, done: threading.Barrier
    ) -> None:
        visitor = None
        try:
            visitor = Visitor(self.app.address, PATIENCE)
            visitor.open()
        except Exception as error:  # whatever it was, it is what is counted here
            results.errors.append(f"session {number}, opening: {error!r}")
        ready.wait()
        try:
            for turn in range(photos if visitor and not results.errors else 0):
                if time.monotonic() > self.until:
                    break
                self._upload(visitor, number, turn, results)
        except Exception as error:
            results.errors.append(f"session {number}: {error!r}")
        done.wait()
        if visitor:
            visitor.leave()

    def _upload(self, visitor: Visitor, number: int, turn: int, results: Results) -> None:
        data = another(self.photos[number], f"{number}-{turn}-{time.monotonic_ns()}")
        began = time.monotonic()
        page = visitor.upload(name_of(number), data)
        pictures = [visitor.picture(picture.url) for picture in page.pictures]
        results.seconds.append(time.monotonic() - began)
        results.waited += any(WAITING in text for text in page.texts)
        if not page.of("plotly_chart"):
            results.errors.append(f"session {number}: no reading on the page, but {page.texts[:3]}")
        results.errors += [f"session {number}: {words}" for words in strangers(page.raw, pictures, number)]


def name_of(number: int) -> str:
    """The file name of a session's photos."""
    return f"private-{number:03d}-of-one-visitor.jpg"


def strangers(raw: Sequence[bytes], pictures: Sequence[bytes], number: int) -> list[str]:
    """What of other sessions is among the messages and the pictures that one session was sent."""
    traffic = b"".join(raw)
    found = [name_of(other) for other in range(len(FRAMES)) if other != number and name_of(other).encode() in traffic]
    photo = Image.open(io.BytesIO(pictures[0])).convert("RGB")
    color = photo.getpixel((photo.width // 2, photo.height // 50))
    if max(abs(a - b) for a, b in zip(color, FRAMES[number % len(FRAMES)], strict=True)) > max(SHADES) // 10:
        found.append(f"a photo with a frame of color {color} instead of {FRAMES[number % len(FRAMES)]}")
    return found


def leavers(app: RunningApp, photos: Sequence[bytes], count: int) -> float:
    """Seconds that one visitor's photo takes right after so many others uploaded theirs and left."""
    with Visitor(app.address, PATIENCE) as stays:
        stays.open()
        others = [Visitor(app.address) for _ in range(count)]
        for number, other in enumerate(others):
            other.open()
            other.upload(name_of(number), another(photos[number], f"left-{time.monotonic_ns()}"), wait=False)
        for other in others:
            other.leave()
        began = time.monotonic()
        stays.upload("stays.jpg", another(photos[0], f"stays-{time.monotonic_ns()}"))
        return time.monotonic() - began


def line(sessions: int, results: Results, watch: MemoryWatch) -> str:
    """A row of the table."""
    seconds = sorted(results.seconds) or [float("nan")]
    late = seconds[min(len(seconds) - 1, round(0.95 * len(seconds)))]
    cost = results.processor / max(1, len(results.seconds))
    return (
        f"{sessions:8d}{len(results.seconds):8d}{len(results.errors):8d}{results.throughput:10.2f}"
        f"{statistics.median(seconds):9.2f}{late:9.2f}{cost:11.2f}{results.waited:9d}{watch.peak:10.0f}"
    )


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--sessions", type=whole_number(1), nargs="+", default=[1, 4, 16, 32], help="at once, in turn")
    parser.add_argument("--requests", type=whole_number(1), default=64, help="photos in each round (default: 64)")
    parser.add_argument("--steady", type=whole_number(0), default=500, help="photos of the long round (default: 500)")
    parser.add_argument("--megapixels", type=float, default=12, help="of each photo (default: 12)")
    parser.add_argument("--minutes", type=float, default=30, help="after which it ends (default: 30)")
    options = parser.parse_args()
    most = max(max(options.sessions), 16)
    if most > len(FRAMES):
        parser.error(f"at most {len(FRAMES)} sessions can be told apart")
    photos = [photo(number, options.megapixels) for number in range(most)]
    print(f"photos of {options.megapixels:g} megapixels, {statistics.fmean(map(len, photos)) / 2**20:.1f} MiB each")
    errors: list[str] = []
    with running_app() as app:
        load = Load(app, photos, time.monotonic() + 60 * options.minutes)
        load.run(1, 2)  # loads the model
        print(f"server's memory before: {memory_of(app.process):.0f} MiB, after its first photos")
        print("sessions  photos  errors  photos/s   median     95 %  CPU s/photo  waited  peak MiB")
        throughput: dict[int, float] = {}
        for sessions in options.sessions:
            with MemoryWatch(app.process) as watch:
                results = load.run(sessions, options.requests)
            throughput[sessions] = results.throughput
            errors += results.errors
            print(line(sessions, results, watch), flush=True)
        alone = throughput[min(throughput)]
        for sessions, photos_a_second in throughput.items():
            print(f"throughput with {sessions}: {photos_a_second / alone if alone else 0:.2f} of the first")
        steady = range(0, options.steady, 100)
        for _ in steady:
            with MemoryWatch(app.process) as watch:
                results = load.run(4, min(100, options.steady))
            errors += results.errors
            print(f"{line(4, results, watch)}, {memory_of(app.process):.0f} after", flush=True)
        if time.monotonic() > load.until:
            print("the time was over: not all photos were sent")
        elif options.steady:
            print(f"one photo after 15 visitors left: {leavers(app, photos, 15):.2f} s")
    for error in errors[:20]:
        print(error, file=sys.stderr)
    return 1 if errors else 0


if __name__ == "__main__":
    sys.exit(main())

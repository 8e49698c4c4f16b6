"""Load test of the app: `python -m benchmarks.load [--sessions 1 4 16 32] [--steady 500]`.

Starts the app on this machine and opens the given numbers of sessions, each of which uploads phone-sized photos one
after another and fetches every image of its page. Prints throughput, latency, errors and the server's memory; then
whether memory stays constant over many more photos (--steady), and what visitors cost who leave while they wait. Each
session's photos have their own frame and name, and no session may ever receive those of another. Ends after --minutes
at the latest, with status 1 after any error. The visitors share the processor with the server.

Beside each median stands what the plain way would take (torch and facenet-pytorch's own detection, one photo after the
other, without a page), measured in the same run before the server starts, and the processor's limit: decoding and the
network's arithmetic on all cores.
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
"""Colors of the frames, one per session."""

WAITING = "ahead of yours"
"""Words in the message about the queue, and in no other text of the page."""

BARS = 'class="es-emotions"'
"""The bars of a reading (`emotiscan.ui.emotion_bars`), in no other text of the page."""

TIMEOUT = 600
"""Seconds that a visitor waits for any answer."""


@dataclass
class Results:
    """Results of simultaneous sessions.

    Attributes:
        seconds: for each photo, from the start of its upload to the last image of the page.
        errors: messages.
        waited: number of photos that were queued.
        duration: seconds from the first upload to the last answer.
        processor: CPU seconds of the server during that time.
    """

    seconds: list[float] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    waited: int = 0
    duration: float = 0.0
    processor: float = 0.0

    @property
    def throughput(self) -> float:
        """Photos per second."""
        return len(self.seconds) / self.duration if self.duration else 0.0


def photo(number: int, megapixels: float) -> bytes:
    """Return a session's photo as JPEG: a sample with sensor noise in a frame of the session's color."""
    side = round((megapixels * 1e6) ** 0.5)
    photo = Image.new("RGB", (side, side), FRAMES[number % len(FRAMES)])
    inner = round(0.8 * side)
    sample = Image.open(ROOT / "samples" / f"{SAMPLES[number % len(SAMPLES)]}.jpg").convert("RGB")
    noise = np.random.default_rng(number).integers(-6, 7, (inner, inner, 1), np.int16)
    noisy = np.clip(np.asarray(sample.resize((inner, inner))) + noise, 0, 255).astype(np.uint8)
    photo.paste(Image.fromarray(noisy), ((side - inner) // 2,) * 2)
    file = io.BytesIO()
    photo.save(file, "JPEG", quality=90)
    return file.getvalue()


def with_comment(photo: bytes, text: str) -> bytes:
    """Return the same photo as a different file, with a JPEG comment."""
    comment = text.encode()
    return photo[:2] + b"\xff\xfe" + (len(comment) + 2).to_bytes(2, "big") + comment + photo[2:]


class Load:
    """Runs sessions that upload at the same time."""

    def __init__(self, app: RunningApp, photos: Sequence[bytes], until: float) -> None:
        """Create the load.

        Args:
            app: the running app.
            photos: one per session.
            until: time on the monotonic clock after which no more photos are sent.
        """
        self.app, self.photos, self.until = app, photos, until

    def run(self, sessions: int, requests: int) -> Results:
        """Run a number of sessions that start uploading together.

        Args:
            sessions: number of sessions.
            requests: total number of photos, split evenly between the sessions.
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
        start, processor_start = time.monotonic(), processor_seconds(self.app.process)
        done.wait()
        results.duration = time.monotonic() - start
        results.processor = processor_seconds(self.app.process) - processor_start
        for thread in threads:
            thread.join()
        return results

    def _visit(
        self, number: int, photos: int, results: Results, ready: threading.Barrier, done: threading.Barrier
    ) -> None:
        visitor = None
        try:
            visitor = Visitor(self.app.address, TIMEOUT)
            visitor.open()
        except Exception as error:  # any failure counts as an error of the load
            results.errors.append(f"session {number}, opening: {error!r}")
        ready.wait()
        try:
            for turn in range(photos):
                if visitor is None or results.errors or time.monotonic() > self.until:
                    break
                self._upload(visitor, number, turn, results)
        except Exception as error:
            results.errors.append(f"session {number}: {error!r}")
        done.wait()
        if visitor:
            visitor.leave()

    def _upload(self, visitor: Visitor, number: int, turn: int, results: Results) -> None:
        data = with_comment(self.photos[number], f"{number}-{turn}-{time.monotonic_ns()}")
        start = time.monotonic()
        page = visitor.upload(name_of(number), data)
        pictures = [visitor.picture(picture.url) for picture in page.pictures]
        results.seconds.append(time.monotonic() - start)
        results.waited += any(WAITING in text for text in page.texts)
        if not any(BARS in text for text in page.texts):
            results.errors.append(f"session {number}: no reading on the page, but {page.texts[:3]}")
        results.errors += [f"session {number}: {leak}" for leak in foreign_content(page.raw, pictures, number)]


def name_of(number: int) -> str:
    """Return the file name of a session's photos."""
    return f"private-{number:03d}-of-one-visitor.jpg"


def foreign_content(raw: Sequence[bytes], pictures: Sequence[bytes], number: int) -> list[str]:
    """Describe what one session received of other sessions, in its messages and images."""
    traffic = b"".join(raw)
    leaks = [name_of(other) for other in range(len(FRAMES)) if other != number and name_of(other).encode() in traffic]
    photo = np.asarray(Image.open(io.BytesIO(pictures[0])).convert("RGB"))
    color = tuple(photo[photo.shape[0] // 50, photo.shape[1] // 2].tolist())
    if max(abs(a - b) for a, b in zip(color, FRAMES[number % len(FRAMES)], strict=True)) > max(SHADES) // 10:
        leaks.append(f"a photo with a frame of color {color} instead of {FRAMES[number % len(FRAMES)]}")
    return leaks


def time_after_leavers(app: RunningApp, photos: Sequence[bytes], count: int) -> float:
    """Return the seconds that one visitor's photo takes right after others uploaded theirs and left."""
    with Visitor(app.address, TIMEOUT) as visitor:
        visitor.open()
        others = [Visitor(app.address) for _ in range(count)]
        for number, other in enumerate(others):
            other.open()
            other.upload(name_of(number), with_comment(photos[number], f"left-{time.monotonic_ns()}"), wait=False)
        for other in others:
            other.leave()
        start = time.monotonic()
        visitor.upload("stays.jpg", with_comment(photos[0], f"stays-{time.monotonic_ns()}"))
        return time.monotonic() - start


@dataclass(frozen=True)
class Comparison:
    """What one photo takes without a page.

    Attributes:
        plain: seconds in the plain way.
        limit: least seconds that the processor could take.
    """

    plain: float
    limit: float

    def describe(self, sessions: int, results: Results) -> str:
        """Compare the median wait of simultaneous visitors; in the plain way each waits for all the others."""
        if not results.seconds:
            return "no photo was read"
        median = statistics.median(results.seconds)
        return (
            f"{sessions} visitors wait {median:.2f} s; the plain way {sessions * self.plain:.2f} s, "
            f"{sessions * self.plain / median:.1f} times as long; limit {sessions * self.limit:.2f} s"
        )


def compare_with(photos: Sequence[bytes]) -> Comparison:
    """Time the plain way on some photos, and the parts that nothing could avoid."""
    # Here because `benchmarks.small_host` imports this module, and must not load torch beside the server.
    import torch

    from benchmarks.limits import face_flops, limits_text, matrix_product_rate, plain_analyzer, seconds_of
    from emotiscan.faces import DETECTION_SIDE
    from emotiscan.images import WORKING_SIDE, decode_photo, read_image
    from emotiscan.model.checkpoint import DEFAULT_WEIGHTS

    analyzer = plain_analyzer(DEFAULT_WEIGHTS)
    print(limits_text(analyzer))

    def analyze(photo: bytes) -> None:
        analyzer.analyze(read_image(photo, max_side=WORKING_SIDE))

    analyze(photos[0])  # to warm up
    plain = statistics.median(seconds_of(lambda photo=photo: analyze(photo)) for photo in photos)
    decoding = statistics.median(
        seconds_of(lambda photo=photo: decode_photo(photo, DETECTION_SIDE)) for photo in photos
    )
    network = face_flops(analyzer) / matrix_product_rate(torch.float32)
    limit = decoding / torch.get_num_threads() + network
    print(f"one photo: the plain way {plain:.3f} s; decoding on one core {decoding:.3f} s, limit {limit:.3f} s")
    return Comparison(plain, limit)


def format_row(sessions: int, results: Results, watch: MemoryWatch) -> str:
    """Format a row of the table."""
    seconds = sorted(results.seconds) or [float("nan")]
    percentile_95 = seconds[min(len(seconds) - 1, round(0.95 * len(seconds)))]
    cost = results.processor / max(1, len(results.seconds))
    return (
        f"{sessions:8d}{len(results.seconds):8d}{len(results.errors):8d}{results.throughput:10.2f}"
        f"{statistics.median(seconds):9.2f}{percentile_95:9.2f}{cost:11.2f}{results.waited:9d}{watch.peak:10.0f}"
    )


def main() -> int:
    """Run the load test; return 1 after any error."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument(
        "--sessions", type=whole_number(1), nargs="+", default=[1, 4, 16, 32], help="simultaneous sessions"
    )
    parser.add_argument("--requests", type=whole_number(1), default=64, help="photos per round (default: 64)")
    parser.add_argument("--steady", type=whole_number(0), default=500, help="photos of the long run (default: 500)")
    parser.add_argument("--megapixels", type=float, default=12, help="size of each photo (default: 12)")
    parser.add_argument("--minutes", type=float, default=30, help="time limit (default: 30)")
    options = parser.parse_args()
    largest = max(*options.sessions, 16)
    if largest > len(FRAMES):
        parser.error(f"at most {len(FRAMES)} sessions can be distinguished")
    photos = [photo(number, options.megapixels) for number in range(largest)]
    print(f"photos of {options.megapixels:g} megapixels, {statistics.fmean(map(len, photos)) / 2**20:.1f} MiB each")
    errors: list[str] = []
    comparison = compare_with(photos[:5])
    with running_app() as app:
        load = Load(app, photos, time.monotonic() + 60 * options.minutes)
        load.run(1, 2)  # loads the model
        print(f"server's memory after its first photos: {memory_of(app.process):.0f} MiB")
        print("sessions  photos  errors  photos/s   median      95%  CPU s/photo  waited  peak MiB")
        rounds: dict[int, Results] = {}
        for sessions in options.sessions:
            with MemoryWatch(app.process) as watch:
                results = load.run(sessions, options.requests)
            rounds[sessions] = results
            errors += results.errors
            print(format_row(sessions, results, watch), flush=True)
        alone = rounds[min(rounds)].throughput
        for sessions, results in rounds.items():
            print(comparison.describe(sessions, results))
            ratio = results.throughput / alone if alone else 0
            print(f"throughput with {sessions}: {ratio:.2f} times that with {min(rounds)}")
        steady = range(0, options.steady, 100)
        for _ in steady:
            with MemoryWatch(app.process) as watch:
                results = load.run(4, min(100, options.steady))
            errors += results.errors
            print(f"{format_row(4, results, watch)}, {memory_of(app.process):.0f} after", flush=True)
        if time.monotonic() > load.until:
            print("the time limit was reached: not all photos were sent")
        elif options.steady:
            print(f"one photo, after 15 visitors left: {time_after_leavers(app, photos, 15):.2f} s")
    for error in errors[:20]:
        print(error, file=sys.stderr)
    return 1 if errors else 0


if __name__ == "__main__":
    sys.exit(main())

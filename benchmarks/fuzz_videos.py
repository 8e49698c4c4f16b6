"""Fuzzer of the video decoder: `python -m benchmarks.fuzz_videos [--clips 2000] [--seed 0] [--read 20] [--hour]`.

Each of many damaged clips must give frames or a `VideoError`, within a minute and 300 MB; anything else ends the run
with status 1 and prints the clip's number. `--read N` also reads the faces in every Nth clip. `--hour` reads a clip of
one hour, at a frame every two seconds, and prints the memory of the process as it goes.
"""

import argparse
import io
import os
import random
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

import av
import numpy as np
from PIL import Image

from benchmarks.fuzz_images import DAMAGES, RESET_PEAK, memory, silent_libraries
from emotiscan import runtime
from emotiscan.video import Video, VideoError
from emotiscan.video.container import MAX_PIXELS

if TYPE_CHECKING:  # importing torch takes seconds
    from emotiscan.analysis import Analyzer

MAX_SECONDS, MAX_MEGABYTES = 60, 300
"""What one damaged clip may take."""

MAX_FRAMES = 400
"""Frames of a damaged clip that are decoded: damage can make it declare years."""

KINDS = (
    ("mp4", "libx264", "yuv420p"),
    ("mov", "mjpeg", "yuvj420p"),
    ("matroska", "libx265", "yuv420p"),
    ("webm", "libvpx-vp9", "yuv420p"),
    ("mp4", "libsvtav1", "yuv420p"),
    ("avi", "mpeg4", "yuv420p"),
    ("mpegts", "mpeg2video", "yuv420p"),
    ("mp4", "libx264", "yuv420p10le"),
)
"""Container, encoder and pixel format of the clips that are damaged; those without an encoder here are left out."""


def encoded(frames: Iterable[Image.Image], format: str, codec: str, pixels: str, step: Fraction) -> bytes:
    """Encode frames of one size, `step` seconds apart."""
    file = io.BytesIO()
    with av.open(file, "w", format=format) as container:
        stream = container.add_stream(codec, rate=1 / step)
        for number, frame in enumerate(frames):
            if not number:
                stream.width, stream.height, stream.pix_fmt = *frame.size, pixels
            picture = av.VideoFrame.from_image(frame).reformat(format=pixels)
            picture.pts, picture.time_base = number, step
            container.mux(stream.encode(picture))
        container.mux(stream.encode())
    return file.getvalue()


def whole_clips() -> list[bytes]:
    """Return short clips of a small face that moves, in many containers and codecs, and animated images."""
    face = Image.open(Path(__file__).parent.parent / "samples" / "smile.jpg").convert("RGB").resize((72, 72))
    frames = []
    for number in range(16):
        frame = Image.new("RGB", (128, 96), (90, 100, 80))
        frame.paste(face, (3 * number, 12))
        frames.append(frame)
    clips = []
    for format, codec, pixels in KINDS:
        try:
            clips.append(encoded(frames, format, codec, pixels, Fraction(1, 25)))
        except (av.FFmpegError, ValueError):
            continue
    for format in ("GIF", "WEBP", "PNG"):
        file = io.BytesIO()
        frames[0].save(file, format, save_all=True, append_images=frames[1:], duration=40)
        clips.append(file.getvalue())
    return clips


def damaged_clips(count: int, seed: int, whole: list[bytes]) -> Iterator[bytes]:
    """Yield damaged ones of whole clips: flipped bits, extreme lengths, and lost, repeated and foreign parts."""
    rng = random.Random(seed)
    for _ in range(count):
        data = bytearray(rng.choice(whole))
        for _ in range(rng.choice((1, 1, 2, 3, 6, 20))):
            rng.choice(DAMAGES)(data, rng, whole)
        yield bytes(data)


def outcome(data: bytes) -> str:
    """Decode a clip, and return “read”, “read with notes” or the error's message.

    Raises:
        AssertionError: a frame is not what `Video` promises.
    """
    try:
        video = Video(data)
        for frame, _ in zip(video, range(MAX_FRAMES), strict=False):
            assert frame.image.mode == "RGB"
            assert 0 < frame.image.width * frame.image.height <= 2.5 * MAX_PIXELS
            assert np.isfinite(frame.time)
    except VideoError as error:
        return str(error)
    return "read with notes" if video.notes else "read"


@contextmanager
def _time_limit(number: int, output: int) -> Iterator[None]:
    """End the process if decoding hangs, even in a C library."""

    def stop() -> None:
        os.write(output, f"clip {number} takes more than {MAX_SECONDS} s\n".encode())
        os._exit(1)

    timer = threading.Timer(MAX_SECONDS, stop)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def fuzz(count: int, seed: int, read_every: int = 0) -> int:
    """Decode damaged clips, read the faces in every `read_every`th, and return the exit status."""
    from emotiscan.analysis import Analyzer

    analyzer = Analyzer() if read_every else None
    if analyzer:
        analyzer.analyze_video(whole_clips()[0]).run()  # what the network itself needs is not the clips' fault
    clips = damaged_clips(count, seed, whole_clips())
    started, before = time.perf_counter(), memory("VmRSS")
    outcomes: Counter[str] = Counter()
    slowest, largest = 0.0, 0.0
    output = os.dup(1)
    with silent_libraries():
        for number, data in enumerate(clips):
            start, memory_before = time.perf_counter(), memory("VmRSS")
            RESET_PEAK.write_text("5")
            with _time_limit(number, output):
                try:
                    outcomes[outcome(data)] += 1
                    if analyzer and number % read_every == 0:
                        _read(analyzer, data)
                except Exception as error:
                    print(f"clip {number} of seed {seed}: {error!r}")
                    return 1
            slowest = max(slowest, time.perf_counter() - start)
            largest = max(largest, memory("VmHWM") - memory_before)
            if largest > MAX_MEGABYTES:
                print(f"clip {number} of seed {seed} needs {largest:.0f} MB")
                return 1
    for message, times in outcomes.most_common():
        print(f"{times:7}  {message}")
    print(f"{count} clips in {time.perf_counter() - started:.0f} s; at most {slowest:.2f} s, {largest:.0f} MB for one")
    print(f"memory of the process: {before:.0f} MB before, {memory('VmRSS'):.0f} MB after")
    return 0


def _read(analyzer: "Analyzer", data: bytes) -> None:
    try:
        analysis = analyzer.analyze_video(data, end=2)
        for _ in zip(analysis, range(MAX_FRAMES), strict=False):
            pass
        if analysis.is_complete and len(analysis.to_frame()):
            analysis.timeline.summary()
    except VideoError:
        pass


def read_an_hour() -> None:
    """Read a clip of an hour and print the memory of the process every five minutes of it."""
    from emotiscan.analysis import Analyzer

    face = Image.open(Path(__file__).parent.parent / "samples" / "smile.jpg").convert("RGB").resize((160, 160))

    def frames() -> Iterator[Image.Image]:
        for number in range(1800):
            frame = Image.new("RGB", (320, 240), (90, 100, 80))
            frame.paste(face, (number % 150, 40))
            yield frame

    data = encoded(frames(), "mp4", "libx264", "yuv420p", Fraction(2))
    for frame in (analysis := Analyzer().analyze_video(data)):
        if not frame.number % 150:
            print(f"{frame.time / 60:5.1f} min  {memory('VmRSS'):6.0f} MB", flush=True)
    people = len(analysis.timeline.tracks)
    print(f"{people} person(s), {len(analysis.to_frame())} rows, {memory('VmRSS'):.0f} MB with all tables")


def main() -> int:
    """Run the fuzzer, or read the long clip."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--clips", type=int, default=2000, help="number of damaged clips (default: 2000)")
    parser.add_argument("--seed", type=int, default=0, help="of the damage (default: 0)")
    parser.add_argument("--read", type=int, default=20, metavar="N", help="read faces in every Nth clip; 0 for none")
    parser.add_argument("--hour", action="store_true", help="read a clip of one hour instead")
    options = parser.parse_args()
    runtime.configure()
    av.logging.set_level(None)
    if options.hour:
        read_an_hour()
        return 0
    return fuzz(options.clips, options.seed, options.read)


if __name__ == "__main__":
    sys.exit(main())

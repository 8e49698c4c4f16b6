"""Time for reading a clip, step by step.

    python -m benchmarks.video clip.mp4 [--frames 200] [--engine openvino]

Prints the milliseconds a frame of decoding, finding and following faces, looks and tracks, and the network, each on its
own, and the processor time of all threads in it; then frames per second of the whole, in which decoding and finding
overlap with the network; and how much faster that is than to read each frame as a photo.
"""

import argparse
import itertools
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from emotiscan import runtime


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("clip", type=Path)
    parser.add_argument("--frames", type=int, default=200, help="frames to read (default: 200)")
    parser.add_argument("--engine", choices=("torch", "openvino"), default="torch", help="see benchmarks.engines")
    options = parser.parse_args()
    runtime.configure()
    from emotiscan.analysis import Analyzer
    from emotiscan.video.appearance import CutDetector, appearances
    from emotiscan.video.decode import Video
    from emotiscan.video.finder import FaceFinder
    from emotiscan.video.track import Tracker

    analyzer = Analyzer(engine=options.engine)
    video = Video(options.clip)
    frames, decoding = _timed(lambda: list(itertools.islice(video, options.frames)))
    count, faces = len(frames), []
    analyzer.analyze(frames[0].image)  # warms up
    finder, tracker, cuts = FaceFinder(analyzer.detector), Tracker(), CutDetector()
    on_one_core = analyzer.finders().submit  # as when a clip is read
    _, finding = _timed(
        lambda: faces.extend(
            on_one_core(lambda one=one: finder.find(one.time, one.image, cuts.is_cut(one.image))).result()
            for one in frames
        )
    )
    _, tracking = _timed(
        lambda: [
            tracker.update(one.time, found, appearances(one.image, found))
            for one, found in zip(frames, faces, strict=True)
        ]
    )
    pairs = [(one.image, face) for one, found in zip(frames, faces, strict=True) for face in found]
    _, reading = _timed(lambda: analyzer.read_faces(pairs))
    _, whole = _timed(lambda: list(map(_nothing, itertools.islice(analyzer.analyze_video(options.clip), count))))
    few = frames[:: max(1, count // 40)]
    _, photos = _timed(lambda: [_nothing(analyzer.analyze(one.image)) for one in few])
    print(f"{options.clip.name}: {video.width} x {video.height}, {count} frames, {len(pairs)} faces, {analyzer.engine}")
    steps = {"decode": decoding, "find": finding, "track": tracking, "read": reading, "total": whole}
    for name, taken in steps.items():
        print(
            f"{name:8s} {1000 * taken[0] / count:7.1f} ms a frame, {1000 * taken[1] / count:7.1f} ms of processor time"
        )
    print(f"{count / whole[0]:.1f} frames a second")
    for measure, index in (("time", 0), ("processor time", 1)):
        ratio = photos[index] / len(few) / (whole[index] / count)
        print(f"reading each frame as a photo takes {ratio:.2f} times the {measure}")


def _timed(work: Callable[[], Any]) -> tuple[Any, tuple[float, float]]:
    """The result, and the seconds that passed and that the processor worked."""
    start, worked = time.perf_counter(), time.process_time()
    result = work()
    return result, (time.perf_counter() - start, time.process_time() - worked)


def _nothing(_: object) -> None:
    """Forget a result, so that no picture stays in memory."""


if __name__ == "__main__":
    main()

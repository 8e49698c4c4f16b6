"""Viewers of the Live page: `python -m benchmarks.live [--viewers 1 8] [--seconds 20] [--steady 600]`.

Starts the app on this machine, and as many viewers as asked for, each of whom sends a camera's frame as soon as the
last one has been answered. Prints the readings per second of all viewers together, of the slowest and of the fastest,
how long an answer takes, and the server's processor time and memory; then how long the server goes on to work for
viewers who have left, and how its memory develops in one long session (--steady). Each viewer shows another face, and
every answer is compared with what this face and the others' were answered when each was alone. Ends with status 1 after
any error, such as an answer to another viewer's frame. The viewers share the processor with the server.
"""

import argparse
import base64
import io
import statistics
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from PIL import Image

from emotiscan.cli.options import whole_number
from tests.support.process_monitor import memory_of, processor_seconds
from tests.support.running_app import ROOT, RunningApp, running_app
from tests.support.visitor import Visitor

CAMERA = "emotiscan_live_camera"
SAMPLES = ("smile", "surprise", "anger", "calm", "laugh", "fear", "disgust", "sadness")
FRAMES = 8
"""Different frames of a viewer: the face moves."""

SIZE, FACE = (480, 360), 300
"""Width and height of the frames, as browsers send them, and the side of the face's picture in them."""

SHIFT = 19
"""Distance between the places of two viewers' faces, in pixels."""

WARM_UP = 3.0
"""Seconds before anything is measured."""


@dataclass
class Viewer:
    """Results of one viewer.

    Attributes:
        seconds: from each frame to its answer.
        errors: messages.
        compared: answers that were compared with those that each face was given alone.
    """

    seconds: list[float] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    compared: int = 0


def frames_of(number: int) -> list[str]:
    """Frames of a viewer's camera as the browser sends them: one of the samples, at a place of its own."""
    number %= len(SAMPLES)
    face = Image.open(ROOT / "samples" / f"{SAMPLES[number]}.jpg").convert("RGB").resize((FACE, FACE))
    frames = []
    for step in range(FRAMES):
        frame = Image.new("RGB", SIZE, (110, 120, 125))
        frame.paste(face, (15 + SHIFT * number + 3 * step, 30 + step))
        file = io.BytesIO()
        frame.save(file, "JPEG", quality=80)
        frames.append(base64.b64encode(file.getvalue()).decode())
    return frames


def signature(face: dict[str, Any]) -> np.ndarray:
    """Numbers that tell one sample's answers from another's: where the face is, and how probable each class is."""
    box = np.array(face["box"]) / SHIFT
    return np.concatenate([box, np.nan_to_num(np.array([*face["emotions"], *face["units"]], float))])


def answers_alone(app: RunningApp, count: int) -> np.ndarray:
    """Signatures of the answers to the frames of the first samples, each of which is the only viewer.

    Args:
        app: the running app.
        count: number of samples, one a viewer.

    Returns:
        Shape (sample, frame, number).
    """
    answers = []
    for number in range(min(count, len(SAMPLES))):
        with Visitor(app.address, 120) as visitor:
            visitor.open("live")
            for step, frame in enumerate(frames_of(number)):
                message = {"kind": "frame", "time": step, "target": "", "first": step == 0, "picture": frame}
                [face] = visitor.send(CAMERA, message)["faces"]
                answers.append(signature(face))
    return np.array(answers).reshape(-1, FRAMES, len(answers[0]))


def watch(
    app: RunningApp, number: int, seconds: float, viewer: Viewer, start: threading.Barrier, alone: np.ndarray
) -> None:
    """Send frames for some seconds, and check that the answers are to these frames."""
    frames = frames_of(number)
    with Visitor(app.address, 120) as visitor:
        visitor.open("live")
        start.wait()
        began = time.monotonic()
        count = 0
        try:
            while (now := time.monotonic()) - began < seconds + WARM_UP:
                message = {"kind": "frame", "time": now - began, "target": "auto", "first": count == 0}
                step = count % (2 * FRAMES - 1) % FRAMES
                answer = visitor.send(CAMERA, message | {"picture": frames[step]})
                count += 1
                if now - began >= WARM_UP:
                    viewer.seconds.append(time.monotonic() - now)
                if len(answer["faces"]) != 1:
                    viewer.errors.append(f"viewer {number}: {len(answer['faces'])} faces instead of one")
                for face in answer["faces"]:
                    nearest = int(np.abs(alone[:, step] - signature(face)).sum(axis=1).argmin())
                    viewer.compared += 1
                    if nearest != number % len(SAMPLES):
                        viewer.errors.append(f"viewer {number} was answered with the face “{SAMPLES[nearest]}”")
        except Exception as error:  # any failure counts as an error
            viewer.errors.append(f"viewer {number}: {error!r}")


def measure(app: RunningApp, count: int, seconds: float, alone: np.ndarray) -> list[Viewer]:
    """Let viewers watch at the same time, and print their row."""
    viewers, start = [Viewer() for _ in range(count)], threading.Barrier(count + 1)
    threads = [
        threading.Thread(target=watch, args=(app, number, seconds, viewer, start, alone), daemon=True)
        for number, viewer in enumerate(viewers)
    ]
    for thread in threads:
        thread.start()
    start.wait()
    processor = processor_seconds(app.process)
    for thread in threads:
        thread.join()
    processor = processor_seconds(app.process) - processor
    rates = sorted(len(viewer.seconds) / seconds for viewer in viewers)
    answers = sorted(second for viewer in viewers for second in viewer.seconds) or [float("nan")]
    cost = processor / (len(answers) * (1 + WARM_UP / seconds))
    print(
        f"{count:8d}{sum(rates):12.1f}{rates[0]:10.1f}{rates[-1]:10.1f}{1000 * statistics.median(answers):12.0f}"
        f"{1000 * answers[round(0.95 * (len(answers) - 1))]:9.0f}{1000 * cost:11.0f}{memory_of(app.process):10.0f}",
        flush=True,
    )
    return viewers


def seconds_after_leaving(app: RunningApp, count: int) -> float:
    """Seconds for which the server still works after all viewers left in the middle of a frame."""
    visitors = [Visitor(app.address, 120) for _ in range(count)]
    for number, visitor in enumerate(visitors):
        visitor.open("live")
        frames = frames_of(number)
        visitor.send(CAMERA, {"kind": "frame", "time": 0, "picture": frames[0], "target": "auto", "first": True})
        visitor.send(CAMERA, {"kind": "frame", "time": 0.1, "picture": frames[1], "target": "auto"}, wait=False)
    for visitor in visitors:
        visitor.leave()
    left = last = time.monotonic()
    used = processor_seconds(app.process)
    while time.monotonic() - left < 6:
        time.sleep(0.1)
        now = processor_seconds(app.process)
        if now - used > 0.02:  # more than a fifth of a core
            last = time.monotonic()
        used = now
    return last - left


def steady(app: RunningApp, seconds: float, alone: np.ndarray) -> tuple[float, float, Viewer]:
    """Memory in MB after the first tenth of a long session and at its end, and its viewer."""
    viewer, start = Viewer(), threading.Barrier(2)
    thread = threading.Thread(target=watch, args=(app, 0, seconds, viewer, start, alone), daemon=True)
    thread.start()
    start.wait()
    time.sleep(seconds / 10)
    first = memory_of(app.process)
    thread.join()
    return first, memory_of(app.process), viewer


def problems(viewers: Sequence[Viewer]) -> list[str]:
    """What went wrong."""
    return [error for viewer in viewers for error in viewer.errors]


def main() -> int:
    """Run the benchmark; return 1 after any error."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--viewers", type=whole_number(1), nargs="+", default=[1, 8], help="viewers at the same time")
    parser.add_argument("--seconds", type=whole_number(1), default=20, help="of each measurement")
    parser.add_argument("--steady", type=whole_number(0), default=0, help="seconds of a long session; 0 for none")
    arguments = parser.parse_args()
    errors: list[str] = []
    compared = 0
    print(f"{'viewers':>8}{'readings/s':>12}{'slowest':>10}{'fastest':>10}{'median ms':>12}{'95%':>9}", end="")
    print(f"{'CPU ms':>11}{'MB':>10}")
    with running_app() as app:
        alone = answers_alone(app, max(arguments.viewers))
        for count in arguments.viewers:
            viewers = measure(app, count, arguments.seconds, alone)
            errors += problems(viewers)
            compared += sum(viewer.compared for viewer in viewers)
        print(
            f"after {max(arguments.viewers)} left: {seconds_after_leaving(app, max(arguments.viewers)):.1f} s of work"
        )
        if arguments.steady:
            first, last, viewer = steady(app, arguments.steady, alone)
            errors += problems([viewer])
            compared += viewer.compared
            print(f"memory in a session of {arguments.steady} s: {first:.0f} MB at first, {last:.0f} MB at the end")
    if not errors:
        print(f"{compared} answers, each to its viewer's own frame")
    print("\n".join(errors[:20]) or "no errors")
    return bool(errors)


if __name__ == "__main__":
    sys.exit(main())

"""Time for reading one photo, beside the plain way and the processor's limits.

    python -m benchmarks.reading [--photo photo.jpg …] [--engine torch openvino] [--weights FILE]

Reads photos of 12 megapixels that are made from the samples: one face, a face at the edge, a group of 24; a crop of one
face, 48 pixels large; and the given ones. Prints for each, in one run: the plain way (torch, facenet-pytorch's own
detection) and ours with each engine, as the median wall and processor time of one reading from the file's bytes, with
the ratio of the plain way's time to ours, and the parts of ours. All take turns, so that other load on the machine
affects them alike; the ratio of processor times hardly depends on it. Below stands the limit: decoding alone, and the
network's operations over the rate at which the processor multiplies matrices.
"""

import argparse
import importlib.util
import os
import statistics
import time
from collections.abc import Callable
from pathlib import Path

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # before torch: idle threads would count as processor time

import torch
from PIL import Image

from benchmarks.limits import face_flops, limits_text, matrix_product_rate, plain_analyzer
from benchmarks.phone_photos import phone_photos, small_crop
from emotiscan.analysis import Analyzer
from emotiscan.cli.options import whole_number
from emotiscan.faces import DETECTION_SIDE
from emotiscan.images import decode_photo, read_image
from emotiscan.model.checkpoint import DEFAULT_WEIGHTS

PLAIN = "plain"
"""Name of the plain way among the engines."""

Times = dict[str, tuple[float, float]]
"""Median wall and processor time in milliseconds, by the name of what took it."""


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--weights", type=Path, default=DEFAULT_WEIGHTS, help="checkpoint (default: the shipped one)")
    parser.add_argument("--photo", nargs="+", type=Path, default=[], help="further photos")
    parser.add_argument("--repeats", type=whole_number(1), default=9, help="timed rounds, after one (default: 9)")
    installed = importlib.util.find_spec("openvino") is not None
    parser.add_argument(
        "--engine",
        choices=("torch", "openvino"),
        nargs="+",
        default=["torch", "openvino"] if installed else ["torch"],
        help="engines (default: all that are installed)",
    )
    options = parser.parse_args()
    analyzers = {PLAIN: plain_analyzer(options.weights)}
    analyzers |= {engine: Analyzer(options.weights, device="cpu", engine=engine) for engine in options.engine}
    print(f"milliseconds, medians of {options.repeats} rounds, {torch.get_num_threads()} threads")
    print(limits_text(analyzers[PLAIN]))
    face_time = 1000 * face_flops(analyzers[PLAIN]) / matrix_product_rate(torch.float32)
    photos = phone_photos() | {photo.name: photo.read_bytes() for photo in options.photo}
    for title, data in photos.items():
        show(title, data, False, analyzers, options.repeats, face_time)
    show("crop of 48 px", small_crop(), True, analyzers, options.repeats, face_time)


def show(
    title: str, data: bytes, cropped: bool, analyzers: dict[str, Analyzer], repeats: int, face_time: float
) -> None:
    """Print the times for one photo.

    Args:
        title: what to call it.
        data: the file.
        cropped: whether it is known to be one face.
        analyzers: by engine, the plain way first.
        repeats: number of rounds.
        face_time: least milliseconds that the network takes for one face, in float32.
    """
    photo = read_image(data)

    def source(name: str) -> Image.Image | bytes:
        return read_image(data) if name == PLAIN else data  # the plain way decodes all pixels

    works: dict[str, Callable[[], object]] = {"decoding": lambda: decode_photo(data, DETECTION_SIDE)}
    for name, analyzer in analyzers.items():
        works[name] = lambda name=name, analyzer=analyzer: analyzer.analyze(source(name), cropped)
        works[f"{name}: faces"] = lambda name=name, analyzer=analyzer: analyzer._find(source(name), cropped)
    times = measure(works, repeats)
    faces = len(analyzers[PLAIN].analyze(data, cropped).readings)
    print(f"{title}: {photo.width} x {photo.height} px, {faces} {'face' if faces == 1 else 'faces'}")
    plain = times[PLAIN]
    for name, analyzer in analyzers.items():
        (wall, processor), (searching, _) = times[name], times[f"{name}: faces"]
        rest = wall - searching
        ratios = f"{plain[0] / wall:4.1f} times, {plain[1] / processor:4.1f} by processor time"
        count = len(analyzer.analyze(data, cropped).readings)
        lost = "" if count == faces else f"  FOUND {count} FACES"
        print(
            f"  {name:10s}{wall:8.1f} (processor {processor:7.1f})   {ratios}"
            f"   decoding and faces {searching:.1f}, network and rest {rest:.1f}{lost}"
        )
    limit = times["decoding"][0] + faces * face_time
    print(
        f"  {'limit':10s}{limit:8.1f}: decoding {times['decoding'][0]:.1f}, network {faces * face_time:.1f}", flush=True
    )


def measure(works: dict[str, Callable[[], object]], repeats: int) -> Times:
    """Time functions in turn, after one round for warm-up."""
    samples: dict[str, list[tuple[float, float]]] = {name: [] for name in works}
    for turn in range(repeats + 1):
        for name, work in works.items():
            wall, processor = time.perf_counter(), time.process_time()
            work()
            if turn:
                samples[name].append((time.perf_counter() - wall, time.process_time() - processor))
    medians = {
        name: [1000 * statistics.median(values) for values in zip(*pairs, strict=True)]
        for name, pairs in samples.items()
    }
    return {name: (wall, processor) for name, (wall, processor) in medians.items()}


if __name__ == "__main__":
    main()

"""Throughput of reading a collection: `python -m benchmarks.scoring [--photos 60] [--workers 1 2] [--ray]`.

Prints images per second, in one run on one machine: of the network alone on crops in memory, one at a time as a reading
does; and of `emotiscan read` on a folder with one face per image, by the number of processes, from the first result to
the last (and so without the seconds for starting processes). Also prints the memory of all processes after a quarter of
the images and at the end, which should be equal.
"""

import argparse
import contextlib
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import torch

from benchmarks.copied_samples import SAMPLES, copy_samples
from emotiscan.analysis import Analyzer
from emotiscan.batch import Job, find_images, score
from emotiscan.cli.options import whole_number
from emotiscan.images import read_image
from emotiscan.model.checkpoint import DEFAULT_WEIGHTS
from emotiscan.model.network import prepare
from tests.support.process_monitor import memory_of


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--photos", type=whole_number(8), default=60, help="number of images (default: 60)")
    parser.add_argument("--workers", type=whole_number(1), nargs="+", default=[1, 2], help="processes (default: 1 2)")
    parser.add_argument("--ray", action="store_true", help="also with Ray, with the largest of --workers")
    parser.add_argument("--weights", type=Path, default=DEFAULT_WEIGHTS, help="checkpoint (default: the shipped one)")
    parser.add_argument("--engine", choices=("torch", "openvino"), default="torch", help="see benchmarks.engines")
    options = parser.parse_args()
    job = Job(options.weights.absolute(), engine=options.engine)
    print(f"images per second; {torch.get_num_threads()} threads, {options.photos} images")
    print(f"network alone, crops in memory {_network(job, options.photos):12.1f}")
    with tempfile.TemporaryDirectory() as folder:
        copy_samples(Path(folder), options.photos)
        for workers in options.workers:
            rate, before, after = _timed(score(find_images([folder], sys.stdin), job, workers), options.photos)
            print(f"{workers} processes {rate:32.1f}   memory {before} then {after} MiB")
        if options.ray:
            from emotiscan.batch.ray_backend import score_on_ray

            scored = score_on_ray(find_images([folder], sys.stdin), job, max(options.workers))
            print(f"Ray, {max(options.workers)} actors {_timed(scored, options.photos)[0]:29.1f}")


def _network(job: Job, count: int) -> float:
    """Return crops per second of the network alone."""
    analyzer = Analyzer(job.weights, engine=job.engine)
    config = analyzer.card.config
    photo = read_image(SAMPLES / "smile.jpg")
    crops = prepare([analyzer.analyze(photo).readings[0].face.crop(photo, config.input_size)], config)
    with torch.inference_mode():
        analyzer.model.predict(crops)
        began = time.perf_counter()
        for _ in range(count):
            analyzer.model.predict(crops)
    return count / (time.perf_counter() - began)


def _timed(scored: Iterator, count: int) -> tuple[float, int, int]:
    """Return images per second, and the memory in MiB after a quarter of the images and at the end."""
    next(scored)
    start, before, after = time.perf_counter(), 0, 0
    for number, _ in enumerate(scored, start=2):
        if number == count // 4:
            before = _memory()
        elif number == count:
            after = _memory()
    return (count - 1) / (time.perf_counter() - start), before, after


def _memory() -> int:
    """Return the resident memory of this process and its descendants in MiB; shared memory counts for each."""
    parents = {}
    for status in Path("/proc").glob("[0-9]*/status"):
        with contextlib.suppress(OSError):  # the process has ended
            parents[int(status.parent.name)] = int(status.read_text().partition("PPid:")[2].split()[0])
    ours = {os.getpid()}
    for process in sorted(parents):
        if parents[process] in ours:
            ours.add(process)
    return round(sum(map(memory_of, ours)))


if __name__ == "__main__":
    main()

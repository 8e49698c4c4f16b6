"""Throughput of reading a collection: `python -m benchmarks.scoring [--photos 60] [--workers 1 2] [--ray]`.

Prints images per second, in one run on one machine: of the network alone on crops in memory, one at a time; of the
plain way (torch, facenet-pytorch's own detection, one image after the other); and of `emotiscan read` on a folder with
one face per image, by engine and number of processes, from the first result to the last (and so without the seconds for
starting processes), with its ratio to the plain way. Beside them stand the limits: decoding alone, and the network's
operations over the rate at which the processor multiplies matrices. Also prints the memory of all processes after a
quarter of the images and at the end, which should be equal.
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
from benchmarks.limits import decoding_rate, limits_text, plain_analyzer
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
    parser.add_argument(
        "--engine", choices=("torch", "openvino"), nargs="+", default=["torch"], help="engines (default: torch)"
    )
    options = parser.parse_args()
    weights = options.weights.absolute()
    print(f"images per second; {torch.get_num_threads()} threads, {options.photos} images")
    print(limits_text(Analyzer(weights, engine="torch")))
    with tempfile.TemporaryDirectory() as folder:
        copy_samples(Path(folder), options.photos)
        files = sorted(Path(folder).iterdir())
        print(f"{'decoding alone, one core':34s}{decoding_rate(files):8.1f}")
        plain = plain_analyzer(weights)
        rate, _, _ = _timed((plain.analyze(file) for file in files), options.photos)
        print(f"{'plain, one by one':34s}{rate:8.1f}")
        del plain
        for engine in options.engine:
            job = Job(weights, engine=engine)
            print(f"{f'{engine}, network alone':34s}{_network(job, options.photos):8.1f}")
            for workers in options.workers:
                scored = score(find_images([folder], sys.stdin), job, workers)
                print(_row(f"{engine}, {workers} processes", _timed(scored, options.photos), rate), flush=True)
            if options.ray:
                from emotiscan.batch.ray_backend import score_on_ray

                scored = score_on_ray(find_images([folder], sys.stdin), job, max(options.workers))
                print(_row(f"{engine}, Ray", _timed(scored, options.photos), rate))


def _row(title: str, measured: tuple[float, int, int], plain: float) -> str:
    rate, before, after = measured
    return f"{title:34s}{rate:8.1f}   {rate / plain:4.1f} times the plain way   memory {before} then {after} MiB"


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

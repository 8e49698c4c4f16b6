"""Time for reading one photo by versions of EmotiScan, in turn: `python -m benchmarks.versions CHECKOUT …`.

A CHECKOUT is a folder with the repository as it was, for example from `git worktree add --detach FOLDER COMMIT`. Each
version reads the same photos as benchmarks.reading, in a process of its own, with the checkpoint that it ships; this
one with each engine that is installed. All take turns, so that other load on the machine affects them alike. Prints the
median wall time of each, and the median of its ratios to the first CHECKOUT in the same round.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

from benchmarks.phone_photos import phone_photos
from emotiscan.cli.options import whole_number

HERE = Path(__file__).resolve().parents[1]

READER = """
import sys, time
from emotiscan.analysis import Analyzer
analyzer = Analyzer()
for line in sys.stdin:
    began = time.perf_counter()
    analyzer.analyze(line.strip())
    print(time.perf_counter() - began, flush=True)
"""
"""Reads the photos whose paths come in, and answers with seconds. Any version can run it."""


class Version:
    """One version, with its process."""

    def __init__(self, checkout: Path, engine: str | None = None) -> None:
        self.title = " ".join(filter(None, (checkout.resolve().name, engine)))
        settings = os.environ | {"PYTHONPATH": str(checkout.resolve()), "EMOTISCAN_ENGINE": engine or "torch"}
        self._process = subprocess.Popen(
            [sys.executable, "-c", READER],
            cwd=checkout,
            env=settings,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def seconds(self, photo: Path) -> float:
        """Read a photo and return the time that it took.

        Raises:
            ValueError: if the process has failed; its own message is on standard error.
        """
        assert self._process.stdin
        assert self._process.stdout
        print(photo, file=self._process.stdin, flush=True)
        return float(self._process.stdout.readline())


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("checkouts", nargs="+", type=Path, metavar="CHECKOUT", help="folder with an older version")
    parser.add_argument("--repeats", type=whole_number(1), default=9, help="timed rounds, after two (default: 9)")
    options = parser.parse_args()
    engines = ["torch", *(["openvino"] if find_spec("openvino") else [])]
    versions = [*map(Version, options.checkouts), *(Version(HERE, engine) for engine in engines)]
    with tempfile.TemporaryDirectory() as folder:
        for number, (title, data) in enumerate(phone_photos().items()):
            photo = Path(folder, f"{number}.jpg")
            photo.write_bytes(data)
            print(title)
            show(versions, [[version.seconds(photo) for version in versions] for _ in range(options.repeats + 2)][2:])


def show(versions: Sequence[Version], rounds: Sequence[Sequence[float]]) -> None:
    """Print a line for each version: its median time, and its ratio to the first."""
    for number, version in enumerate(versions):
        times = [seconds[number] for seconds in rounds]
        ratio = statistics.median(seconds[0] / seconds[number] for seconds in rounds)
        print(f"  {version.title:24s}{1000 * statistics.median(times):8.1f} ms   {ratio:4.2f} times", flush=True)


if __name__ == "__main__":
    main()

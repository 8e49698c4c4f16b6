"""Any number of images with one face each, for benchmarks: repeated copies of the samples."""

import itertools
import json
import shutil
from pathlib import Path

SAMPLES = Path(__file__).resolve().parents[1] / "samples"


def copy_samples(folder: Path, count: int) -> list[str]:
    """Copy samples into a folder as `count` files, and return their names in order."""
    samples = json.loads((SAMPLES / "samples.json").read_text())
    single = itertools.cycle([sample["file"] for sample in samples if sample["file"] != "group.jpg"])
    names = [f"{number:05}.jpg" for number in range(count)]
    for name, file in zip(names, single, strict=False):
        shutil.copy(SAMPLES / file, folder / name)
    return names

"""Any number of photos with one face each, for benchmarks: our rendered samples, over and over."""

import itertools
import json
import shutil
from pathlib import Path

SAMPLES = Path(__file__).resolve().parents[1] / "samples"


def copy_samples(folder: Path, count: int) -> list[str]:
    """Copy so many into a folder, each a file of its own; returns their names in order."""
    drawn = json.loads((SAMPLES / "samples.json").read_text())
    single = itertools.cycle([sample["file"] for sample in drawn if sample["file"] != "group.jpg"])
    names = [f"{number:05}.jpg" for number in range(count)]
    for name, file in zip(names, single, strict=False):
        shutil.copy(SAMPLES / file, folder / name)
    return names

"""Find images of one part of a data set that its training part holds as well.

    python -m scripts.near_duplicates --data ferplus:ferplus.zip --out weights/codes/ferplus-valid-duplicates.csv

FER-2013 was collected by web search, and some photos came in more than once: an accuracy on its validation part is
too high by what was learned by heart. `emotiscan evaluate --data ferplus:ferplus.zip,without=FILE` leaves them out.

Two images count as the same photo if their thumbnails correlate. Crops that are framed differently are not found, and
a few different photos of one pose are taken for the same.
"""

import argparse
import csv
import io
import sys
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from emotiscan.datasets.loaders.registry import load_source
from emotiscan.datasets.storage import read_file
from emotiscan.datasets.table import LabelTable
from emotiscan.files import atomic_write_bytes
from emotiscan.images import read_image

SIDE = 12
"""Side of the thumbnails, pixels: expression and framing show, noise and compression do not."""

MIN_CORRELATION = 0.93
"""Correlation of two thumbnails from which they count as one photo. Of 48 such pairs of FER+ looked at, 46 were."""


def main(arguments: list[str] | None = None) -> int:
    """Run the script and return its exit status."""
    parser = argparse.ArgumentParser(prog="near_duplicates", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--data", required=True, metavar="KIND:PATH", help="a data set with a published split")
    parser.add_argument("--split", default="validation", help="part to search for (default: validation)")
    parser.add_argument("--out", type=Path, required=True, metavar="CSV", help="file to write")
    options = parser.parse_args(arguments)
    table = load_source(options.data)
    pairs = near_duplicates(table.part(options.split), table.part("train"))
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["image", "duplicate_of", "correlation"])
    writer.writerows((image, other, f"{correlation:.3f}") for image, other, correlation in pairs)
    atomic_write_bytes(options.out, text.getvalue().encode())
    count = (table.frame["split"] == options.split).sum()
    print(f"{len(pairs)} of {count} images of the {options.split} part are in the training part, too")
    return 0


def near_duplicates(part: LabelTable, others: LabelTable) -> list[tuple[str, str, float]]:
    """Find images of one table that another holds, too.

    Returns:
        (image, the other table's most similar image, correlation of their thumbnails) of each, in the table's order.
    """
    if not len(part) or not len(others):
        return []
    correlations = thumbnails(part) @ thumbnails(others).T
    nearest = correlations.argmax(1)
    highest = correlations.max(1)
    names, other_names = part.frame["image"].tolist(), others.frame["image"].tolist()
    return [
        (names[row], other_names[nearest[row]], float(highest[row]))
        for row in np.flatnonzero(highest >= MIN_CORRELATION)
    ]


def thumbnails(table: LabelTable) -> NDArray[np.float32]:
    """(n, SIDE²) gray thumbnails with mean 0 and length 1, so that their products are correlations."""
    rows = []
    for root, name in zip(table.frame["root"], table.frame["image"], strict=True):
        image = read_image(read_file(root, name)).convert("L").resize((SIDE, SIDE), Image.Resampling.BOX)
        rows.append(np.asarray(image, np.float32).ravel())
    values = np.stack(rows)
    values -= values.mean(1, keepdims=True)
    return values / np.maximum(np.linalg.norm(values, axis=1, keepdims=True), 1e-6)


if __name__ == "__main__":
    sys.exit(main())

"""What can be compared on photos without guessing at persons: where a picture is from, and how good it is."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from emotiscan import faces
from emotiscan.datasets.aligned import AlignedTable
from emotiscan.datasets.alignment import align
from emotiscan.datasets.storage import read_file
from emotiscan.datasets.table import LabelTable, join_tables
from emotiscan.evaluation.fairness.metrics import by_group
from emotiscan.evaluation.prediction import predict
from emotiscan.images import read_image
from emotiscan.model.checkpoint import Card
from emotiscan.model.network import FaceModel

SIDE = 96
"""Pixels of the canonical crop, gray, in which brightness and sharpness are measured."""

SIZES = (48, 96, 192)
"""Limits between groups of face size: pixels of the photo that the canonical crop's side spans."""

TITLES = {
    "source": ("Data set", ""),
    "detection": ("Face", "where no face was found, the whole picture was read as one"),
    "size": ("Side of the face, pixels of the picture", ""),
    "brightness": (
        "Brightness of the face's picture, thirds of the mean gray value",
        "light, exposure and skin together; it is no measure of skin tone",
    ),
    "sharpness": ("Sharpness of the face's picture, thirds of the Laplacian's variance", "Pech-Pacheco et al., 2000"),
}
"""Title and note of each attribute."""

ORDER = {
    "detection": ("found", "not found"),
    "size": tuple(
        f"{low} to {high}" if high else f"{low} or more" for low, high in zip((0, *SIZES), (*SIZES, None), strict=True)
    ),
    "brightness": ("darkest", "middle", "brightest"),
    "sharpness": ("least sharp", "middle", "sharpest"),
}
"""Groups of each attribute but the source, in the order of the report."""


def compare_photos(
    tables: Mapping[str, LabelTable],
    model: FaceModel,
    card: Card,
    cache: str | Path,
    workers: int = 2,
    bootstraps: int = 500,
) -> dict:
    """Read labeled photos, split them by each attribute on which they differ, and compare the groups.

    Args:
        tables: data sets, by the names that the report gives them.
        model, card: the checkpoint.
        cache: folder for what is found, as for training.
        workers: processes that find faces.
        bootstraps: see `measures.compare`.

    Returns:
        `samples`, `subjects`, and `attributes`: name to `title`, `ordered`, `note`, `groups` and
        `gap`, as in the report on rendered faces (without `eye_distance`). Pictures that cannot be read
        are left out.
    """
    joined = join_tables(list(tables.values()))
    alignment = align(joined, cache, workers)
    readable = alignment.readable
    found, transforms = alignment.found[readable], alignment.transforms[readable]
    sources = np.repeat(list(tables), [len(table) for table in tables.values()])[readable]
    data = AlignedTable(joined.where(readable), transforms)
    predictions = predict(model, data)
    brightness, sharpness = _looks(data)
    groups = {
        "source": sources,
        "detection": np.where(found, *ORDER["detection"]),
        "size": np.array(ORDER["size"])[np.searchsorted(SIZES, _sides(transforms), side="right")],
        "brightness": _thirds(brightness, ORDER["brightness"]),
        "sharpness": _thirds(sharpness, ORDER["sharpness"]),
    }
    attributes = {}
    for name, group in groups.items():
        if len(set(group)) > 1:
            title, note = TITLES[name]
            order = ORDER.get(name, tuple(tables))
            part = by_group(predictions, group, card.config, card.calibration, found, order, bootstraps)
            attributes[name] = {"title": title, "ordered": name in ORDER, "note": note} | part
    frame = data.table.frame
    return {"samples": len(frame), "subjects": int(frame["subject"].nunique()), "attributes": attributes}


def _sides(transforms: NDArray[np.float64]) -> NDArray[np.float64]:
    """(n,) pixels of the photo that the canonical crop's side spans."""
    return 1 / np.hypot(transforms[:, 0, 0], transforms[:, 0, 1])


def _looks(data: AlignedTable) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """(n,) mean gray value (0 to 255) of each canonical crop, and the variance of its Laplacian."""
    brightness, sharpness = np.empty((2, len(data.table)))
    pictures = zip(data.table.frame["root"], data.table.frame["image"], data.transforms, strict=True)
    for row, (root, image, to_crop) in enumerate(pictures):
        gray = np.asarray(faces.warp(read_image(read_file(root, image)).convert("L"), to_crop, SIDE), np.float64)
        around = gray[:-2, 1:-1] + gray[2:, 1:-1] + gray[1:-1, :-2] + gray[1:-1, 2:]
        brightness[row], sharpness[row] = gray.mean(), (around - 4 * gray[1:-1, 1:-1]).var()
    return brightness, sharpness


def _thirds(values: NDArray[np.float64], names: Sequence[str]) -> NDArray[np.str_]:
    """(n,) name of the third that each value lies in; all in one where the values do not differ."""
    limits = np.quantile(values, (1 / 3, 2 / 3)) if len(values) else (0.0, 0.0)
    return np.array(names)[np.searchsorted(limits, values, side="left")]

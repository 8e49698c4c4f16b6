"""Compare labeled photos by attributes that need no guesses about people: their source and their quality."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from emotiscan import faces
from emotiscan.datasets.aligned import AlignedTable, align_table
from emotiscan.datasets.storage import read_file
from emotiscan.datasets.table import LabelTable, join_tables
from emotiscan.evaluation.bootstrap import Floats
from emotiscan.evaluation.fairness.metrics import by_group
from emotiscan.evaluation.prediction import predict
from emotiscan.images import read_image
from emotiscan.model.checkpoint import Card
from emotiscan.model.network import FaceModel
from emotiscan.reports import AttributeReport, PhotoReport

SIDE = 96
"""Side in pixels of the gray canonical crop in which brightness and sharpness are measured."""

SIZES = (48, 96, 192)
"""Boundaries between groups of face size: pixels of the photo that the canonical crop's side spans."""

TITLES = {
    "source": ("Data set", ""),
    "detection": ("Face", "where no face was found, the whole image was taken for one"),
    "size": ("Side of the face, pixels of the image", ""),
    "brightness": (
        "Brightness of the face crop, thirds of the mean gray value",
        "light, exposure and skin together; not a measure of skin tone",
    ),
    "sharpness": ("Sharpness of the face crop, thirds of the Laplacian's variance", "Pech-Pacheco et al., 2000"),
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
"""Groups of each attribute except the source, in the order of the report."""


def compare_photos(
    tables: Mapping[str, LabelTable],
    model: FaceModel,
    card: Card,
    cache: str | Path,
    workers: int = 2,
    bootstraps: int = 500,
) -> PhotoReport:
    """Predict labeled photos, split them by each attribute in which they differ, and compare the groups.

    Images that cannot be read are left out.

    Args:
        tables: data sets, by the names that the report gives them.
        model, card: the checkpoint.
        cache, workers: see `predict_tables`.
        bootstraps: see `compare`.
    """
    named = [replace(table, frame=table.frame.assign(source=name)) for name, table in tables.items()]
    data = align_table(join_tables(named), cache, workers)
    frame, predictions = data.table.frame, predict(model, data)
    brightness, sharpness = _brightness_and_sharpness(data)
    groups = {
        "source": frame["source"].to_numpy(str),
        "detection": np.where(data.found, *ORDER["detection"]),
        "size": np.array(ORDER["size"])[np.searchsorted(SIZES, _sides(data.transforms), side="right")],
        "brightness": _thirds(brightness, ORDER["brightness"]),
        "sharpness": _thirds(sharpness, ORDER["sharpness"]),
    }
    attributes = {}
    for name, group in groups.items():
        if len(set(group)) > 1:
            title, note = TITLES[name]
            order = ORDER.get(name, tuple(tables))
            part = by_group(predictions, group, card.config, card.calibration, data.found, order, bootstraps)
            attributes[name] = AttributeReport(title, name in ORDER, note, part.groups, part.gap)
    return PhotoReport(len(frame), int(frame["subject"].nunique()), attributes)


def _sides(transforms: Floats) -> Floats:
    """(n,) pixels of the photo that the canonical crop's side spans."""
    return 1 / np.hypot(transforms[:, 0, 0], transforms[:, 0, 1])


def _brightness_and_sharpness(data: AlignedTable) -> tuple[Floats, Floats]:
    """(n,) mean gray value (0 to 255) of each canonical crop, and the variance of its Laplacian."""
    brightness, sharpness = np.empty((2, len(data.table)))
    images = zip(data.table.frame["root"], data.table.frame["image"], data.transforms, strict=True)
    for row, (root, image, to_crop) in enumerate(images):
        gray = np.asarray(faces.warp(read_image(read_file(root, image)).convert("L"), to_crop, SIDE), np.float64)
        around = gray[:-2, 1:-1] + gray[2:, 1:-1] + gray[1:-1, :-2] + gray[1:-1, 2:]
        brightness[row], sharpness[row] = gray.mean(), (around - 4 * gray[1:-1, 1:-1]).var()
    return brightness, sharpness


def _thirds(values: Floats, names: Sequence[str]) -> NDArray[np.str_]:
    """(n,) name of the third that each value lies in; all in the same one where the values do not differ."""
    limits = np.quantile(values, (1 / 3, 2 / 3)) if len(values) else (0.0, 0.0)
    return np.array(names)[np.searchsorted(limits, values, side="left")]

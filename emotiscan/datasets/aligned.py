"""A label table whose faces have been found, and its batches for evaluation."""

import logging
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from torch.utils.data import DataLoader

from emotiscan.datasets.alignment import Progress, align
from emotiscan.datasets.face_dataset import FaceDataset
from emotiscan.datasets.table import LabelTable
from emotiscan.model.network import ModelConfig

log = logging.getLogger(__name__)

MAX_NAMED = 10
"""Unreadable images that a warning names."""


@dataclass(frozen=True)
class AlignedTable:
    """A label table whose images are all readable, and where the face lies in each.

    Attributes:
        table: n rows.
        transforms: (n, 2, 3) image pixels to crop fractions.
        found: (n,) whether the face was found; elsewhere the whole image is the crop.
    """

    table: LabelTable
    transforms: NDArray[np.float64]
    found: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.table)

    def part(self, split: str) -> "AlignedTable":
        """The rows of one split."""
        return self.where((self.table.frame["split"] == split).to_numpy())

    def where(self, mask: NDArray[np.bool_]) -> "AlignedTable":
        """The rows for which the (n,) mask is true."""
        return AlignedTable(self.table.where(mask), self.transforms[mask], self.found[mask])


def align_table(
    table: LabelTable, cache: str | Path, workers: int = 2, progress: Progress | None = None
) -> AlignedTable:
    """Find the face in every image of a table; images that cannot be read are left out, with a warning.

    Args:
        cache: folder that keeps where faces were found.
        workers: processes that find faces; 0 and 1 stand for this process alone.
        progress: called with the number of images done and their total.
    """
    alignment = align(table, cache, workers, progress)
    readable = alignment.readable
    if not readable.all():
        names = table.frame["image"][~readable]
        log.warning(
            "%d of %d images cannot be read and are left out: %s%s",
            len(names),
            len(table),
            ", ".join(names[:MAX_NAMED]),
            " …" if len(names) > MAX_NAMED else "",
        )
    return AlignedTable(table.where(readable), alignment.transforms[readable], alignment.found[readable])


def evaluation_loader(
    data: AlignedTable, config: ModelConfig, size: int, batch: int = 64, workers: int = 2
) -> DataLoader:
    """Batches of an aligned table in its own order, without augmentation."""
    dataset = FaceDataset(data.table, data.transforms, config, size)
    return DataLoader(dataset, batch_size=batch, num_workers=workers)

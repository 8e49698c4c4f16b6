"""A label table whose faces have been found, and its batches for measuring."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from torch.utils.data import DataLoader

from emotiscan.datasets.face_dataset import FaceDataset
from emotiscan.datasets.table import LabelTable
from emotiscan.model.network import ModelConfig


@dataclass(frozen=True)
class AlignedTable:
    """A label table whose pictures are all readable, and the (n, 2, 3) transform of each to its crop."""

    table: LabelTable
    transforms: NDArray[np.float64]

    def part(self, split: str) -> "AlignedTable":
        """The rows of one split."""
        return self.where((self.table.frame["split"] == split).to_numpy())

    def where(self, mask: NDArray[np.bool_]) -> "AlignedTable":
        """The rows where a mask of (n,) holds."""
        return AlignedTable(self.table.where(mask), self.transforms[mask])


def evaluation_loader(
    data: AlignedTable, config: ModelConfig, size: int, batch: int = 64, workers: int = 2
) -> DataLoader:
    """Batches of an aligned table in its own order, unchanged."""
    dataset = FaceDataset(data.table, data.transforms, config, size)
    return DataLoader(dataset, batch_size=batch, num_workers=workers)

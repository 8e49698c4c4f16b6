"""A table's pictures as the network sees them."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import Dataset

from emotiscan import faces
from emotiscan.images import read_image
from emotiscan.model import ModelConfig, normalise, prepare
from emotiscan.training.augmentation import Augmentation
from emotiscan.training.stores import read_file
from emotiscan.training.table import LabelTable


class FaceDataset(Dataset):
    """Crops and labels, one item a row.

    An item is a dict: `crop` (3, s, s) float32 as the network wants it, `emotion` (e,) shares of
    the votes and `codes` (k,) labels, NaN where unknown, and `index`, the row.
    """

    def __init__(
        self,
        table: LabelTable,
        transforms: NDArray[np.float64],
        config: ModelConfig,
        size: int | None = None,
        augmentation: Augmentation | None = None,
        seed: int = 0,
    ) -> None:
        """Make a data set.

        Args:
            table: the rows; every picture must be readable.
            transforms: (n, 2, 3) of `alignment.Alignment`, row by row.
            config: of the network; its vocabulary orders the labels.
            size: side of the crops in pixels, by default the network's own.
            augmentation: None for evaluation.
            seed: with the row, decides what augmentation does; change it from epoch to epoch.
        """
        frame = table.frame.reindex(columns=[*table.frame.columns, *_missing(table, config)])
        self._pictures = list(zip(frame["root"], frame["image"], strict=True))
        self._emotions = torch.from_numpy(frame[list(config.emotions)].to_numpy(np.float32, copy=True))
        self._codes = torch.from_numpy(frame[list(config.codes)].to_numpy(np.float32, copy=True))
        self._transforms = transforms
        self._config = config
        self._size = size or config.input_size
        self._augmentation = augmentation
        self._seed = seed

    def __len__(self) -> int:
        return len(self._pictures)

    def __getitem__(self, index: int) -> dict[str, Tensor | int]:
        picture = read_image(read_file(*self._pictures[index]))
        if self._config.grayscale:
            picture = picture.convert("L")
        to_crop = self._transforms[index]
        if self._augmentation is None:
            crop = prepare([faces.warp(picture, to_crop, self._size)], self._config)[0]
        else:
            # Seeded by row, so that neither the number of loader workers nor a resumed run changes it.
            rng = np.random.default_rng((self._seed, index))
            to_crop = faces.compose(self._augmentation.place(rng), to_crop)
            values = self._augmentation.look(faces.warp(picture, to_crop, self._size), rng)
            crop = normalise(torch.from_numpy(values)[None], self._config)[0]
        return {"crop": crop, "emotion": self._emotions[index], "codes": self._codes[index], "index": index}


def _missing(table: LabelTable, config: ModelConfig) -> list[str]:
    return [name for name in (*config.emotions, *config.codes) if name not in table.frame.columns]

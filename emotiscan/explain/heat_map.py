"""A heat map as a value: its cells, its scale, and how much of it lies where it should."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from emotiscan import facs
from emotiscan.faces import CROP_SIZE


@dataclass(frozen=True, eq=False)
class HeatMap:
    """Where in the canonical crop the evidence for one target lies.

    Attributes:
        target: the action unit or emotion.
        cells: (h, w) float32, the positive evidence in each cell of the feature map, 0 or more;
            maps of one face by one method can be compared by them.
        probable: whether `cells` are probabilities, 0 to 1 (see `methods.CELLS`); else they are in
            units of the network's logits, and only their proportions mean something.
    """

    target: str
    cells: NDArray[np.float32]
    probable: bool = False

    @property
    def strength(self) -> float:
        """The strongest cell's evidence; 0 where there is no positive evidence."""
        return float(self.cells.max())

    @property
    def empty(self) -> bool:
        """Whether no place of the face speaks for the target."""
        return self.strength <= 0

    @property
    def values(self) -> NDArray[np.float32]:
        """(`faces.CROP_SIZE`, `faces.CROP_SIZE`) in [0, 1], the strongest cell 1; all 0 where there is no evidence."""
        # Found anew each time, in half a millisecond: kept, the maps of a visit would take a megabyte a photo.
        return self.scaled_to(self.strength)

    def scaled_to(self, top: float) -> NDArray[np.float32]:
        """The same with evidence `top` as 1, so that maps of several targets share one scale; all 0 if it is empty."""
        side = (CROP_SIZE, CROP_SIZE)
        if self.empty or top <= 0:
            return np.zeros(side, np.float32)
        image = Image.fromarray((self.cells / top).astype(np.float32))
        return np.clip(np.asarray(image.resize(side, Image.Resampling.BICUBIC)), 0, 1)

    def focus(self, au: str | None = None) -> float:
        """Share of the map's energy inside an action unit's anatomical region, 0 to 1; NaN if it is empty."""
        values = self.values
        total = float(values.sum())
        if total == 0:
            return float("nan")
        return float(values[region_mask(au or self.target, len(values))].sum() / total)


def region_mask(au: str, size: int = CROP_SIZE) -> NDArray[np.bool_]:
    """(size, size) pixels of the canonical crop that belong to an action unit's anatomical region."""
    y, x = (np.mgrid[0:size, 0:size] + 0.5) / size
    mask = np.zeros((size, size), bool)
    for region in facs.ACTION_UNITS[au].regions:
        for place in facs.REGIONS[region]:
            mask |= ((x - place.x) / place.rx) ** 2 + ((y - place.y) / place.ry) ** 2 <= 1
    return mask

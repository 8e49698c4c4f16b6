"""A heat map as a value: one number for each cell, its scale, and how much of it lies in the expected region."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from emotiscan import facs
from emotiscan.faces import CROP_SIZE


@dataclass(frozen=True, eq=False)
class HeatMap:
    """Where in the canonical crop the network sees evidence for one target.

    Attributes:
        target: an action unit, emotion or expression.
        cells: (h, w) float32, the positive evidence in each cell of the feature map, 0 or more. Comparable among maps
            of one face and method.
        is_probability: whether `cells` are probabilities, 0 to 1 (see `methods.CELLS`). Otherwise they are in units
            of the network's logits, and only their proportions are meaningful.
    """

    target: str
    cells: NDArray[np.float32]
    is_probability: bool = False

    @property
    def peak(self) -> float:
        """Value of the strongest cell; 0 if there is no positive evidence."""
        return float(self.cells.max())

    @property
    def is_empty(self) -> bool:
        """Whether there is no positive evidence anywhere."""
        return self.peak <= 0

    @property
    def values(self) -> NDArray[np.float32]:
        """The map at the crop's size, (`faces.CROP_SIZE`, `faces.CROP_SIZE`) in [0, 1], 1 at the peak; 0 if empty."""
        # Recomputed on each access, in half a millisecond: keeping the maps of a visit would take a megabyte per photo.
        return self.scaled_to(self.peak)

    def scaled_to(self, peak: float) -> NDArray[np.float32]:
        """`values` with another peak as 1, so that maps of several targets can share a scale; 0 if it is empty.

        Args:
            peak: in units of `cells`.
        """
        side = (CROP_SIZE, CROP_SIZE)
        if self.is_empty or peak <= 0:
            return np.zeros(side, np.float32)
        image = Image.fromarray((self.cells / peak).astype(np.float32))
        return np.clip(np.asarray(image.resize(side, Image.Resampling.BICUBIC)), 0, 1)

    def energy_in_region(self, au: str | None = None) -> float:
        """Share of the map's total that lies in an action unit's anatomical region, 0 to 1; NaN if it is empty.

        This is the energy-based pointing game of Wang et al. (Score-CAM, 2020), with a region instead of a box.

        Args:
            au: action unit; None for the target itself.
        """
        values = self.values
        total = float(values.sum())
        if total == 0:
            return float("nan")
        return float(values[region_mask(au or self.target, len(values))].sum() / total)


def region_mask(au: str, size: int = CROP_SIZE) -> NDArray[np.bool_]:
    """Mask of an action unit's anatomical region, (size, size) pixels of the canonical crop."""
    y, x = (np.mgrid[0:size, 0:size] + 0.5) / size
    mask = np.zeros((size, size), bool)
    for region in facs.ACTION_UNITS[au].regions:
        for ellipse in facs.REGIONS[region]:
            mask |= ((x - ellipse.x) / ellipse.rx) ** 2 + ((y - ellipse.y) / ellipse.ry) ** 2 <= 1
    return mask

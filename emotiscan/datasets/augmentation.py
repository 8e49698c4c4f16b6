"""Random augmentation: changes that another photo of the same expression could have had."""

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

if TYPE_CHECKING:  # loads torch, and the command line derives options from this module
    from emotiscan.faces import Transform

MIN_PIXELS = 32
"""Side of the smallest crop in which an expression is still recognizable."""


@dataclass(frozen=True)
class Augmentation:
    """How strongly crops are changed in training; 0 switches a change off.

    Attributes:
        rotation: standard deviation in degrees.
        shift: largest shift, as a share of the crop's side.
        zoom: largest zoom in or out, as a share.
        flip: probability of a horizontal flip; labels describe the whole face, so they stay.
        brightness: largest change, as a share of white.
        contrast: largest change, as a share.
        blur: probability of a blur of up to 2% of the crop's side.
        low_resolution: probability of downsampling, to a third but not below `MIN_PIXELS`, and upsampling again.
        noise: largest standard deviation of sensor noise, as a share of white.
        erase: probability that a rectangle (like a hand or a watermark) covers up to a tenth of the crop.
    """

    rotation: float = 7.0
    shift: float = 0.06
    zoom: float = 0.12
    flip: float = 0.5
    brightness: float = 0.15
    contrast: float = 0.3
    blur: float = 0.15
    low_resolution: float = 0.2
    noise: float = 0.04
    erase: float = 0.1

    @classmethod
    def none(cls) -> "Augmentation":
        """An augmentation that changes nothing."""
        return cls(**dict.fromkeys(cls.__dataclass_fields__, 0.0))

    def random_transform(self, rng: np.random.Generator) -> "Transform":
        """Sample a rotation, zoom, shift and horizontal flip of the crop.

        Compose it with the face's own transform, so that the image is resampled only once.

        Returns:
            (2, 3) crop fractions to crop fractions.
        """
        angle = math.radians(rng.normal(0, self.rotation)) if self.rotation else 0.0
        zoom = 1 + rng.uniform(-self.zoom, self.zoom)
        cos, sin = math.cos(angle) * zoom, math.sin(angle) * zoom
        linear = np.array([[cos, -sin], [sin, cos]])
        if rng.random() < self.flip:
            linear[0] *= -1
        middle = np.array([0.5, 0.5])
        offset = middle - linear @ middle + rng.uniform(-self.shift, self.shift, 2)
        return np.column_stack([linear, offset])

    def change_appearance(self, crop: Image.Image, rng: np.random.Generator) -> NDArray[np.float32]:
        """Apply random blur, resolution, brightness, contrast, noise and erasing.

        Args:
            crop: square, mode "L" or "RGB".
            rng: where the randomness comes from.

        Returns:
            (c, s, s) values in [0, 1], c = 1 for a gray crop, 3 for a colored one.
        """
        size = crop.width
        if rng.random() < self.low_resolution:
            small = min(size, max(MIN_PIXELS, round(size * rng.uniform(0.33, 0.9))))
            crop = crop.resize((small, small), Image.Resampling.BOX).resize((size, size), Image.Resampling.BICUBIC)
        if rng.random() < self.blur:
            crop = crop.filter(ImageFilter.GaussianBlur(rng.uniform(0.2, 2.0) * size / 100))
        values: NDArray[np.floating] = np.atleast_3d(np.asarray(crop, np.float32) / 255).transpose(2, 0, 1)
        gain = 1 + rng.uniform(-self.contrast, self.contrast)
        values = (values - 0.5) * gain + 0.5 + rng.uniform(-self.brightness, self.brightness)
        if self.noise:
            strength = rng.uniform(0, self.noise)
            values = values + rng.standard_normal(values.shape, np.float32) * strength
        values = np.clip(values, 0, 1).astype(np.float32)
        if rng.random() < self.erase:
            height, width = rng.uniform(0.1, 0.32, 2) * size
            top, left = rng.uniform(0, size - height), rng.uniform(0, size - width)
            values[:, int(top) : int(top + height), int(left) : int(left + width)] = rng.random()
        return np.asarray(values, np.float32)

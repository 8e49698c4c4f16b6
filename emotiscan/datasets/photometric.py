"""Changes of tone and detail that another camera or screen could have made, and that keep the expression.

A choice of RandAugment's operations (Cubuk et al., 2020) without those that move or invert the image: an inverted face
shows no expression that people could read.
"""

import io
import math
from collections.abc import Callable

import numpy as np
from PIL import Image, ImageFilter, ImageOps

CHANGES = 2
"""Number of changes that may be made, one after the other."""


def change_photometry(crop: Image.Image, rng: np.random.Generator, probability: float) -> Image.Image:
    """Make up to `CHANGES` different random changes, each with this probability.

    Args:
        crop: mode "L" or "RGB".
        rng: where the randomness comes from.
        probability: 0 to 1.

    Returns:
        A crop of the same size and mode.
    """
    for place in rng.permutation(len(_OPERATIONS))[:CHANGES]:
        if rng.random() < probability:
            crop = _OPERATIONS[place](crop, rng)
    return crop


def _gamma(crop: Image.Image, rng: np.random.Generator) -> Image.Image:
    power = math.exp(rng.uniform(-0.7, 0.7))
    return crop.point([round(255 * (level / 255) ** power) for level in range(256)] * len(crop.getbands()))


def _sharpen(crop: Image.Image, rng: np.random.Generator) -> Image.Image:
    return crop.filter(ImageFilter.UnsharpMask(crop.width * rng.uniform(0.01, 0.03), int(rng.integers(50, 250)), 0))


def _equalize(crop: Image.Image, rng: np.random.Generator) -> Image.Image:
    return Image.blend(crop, ImageOps.equalize(crop), rng.uniform(0.3, 1.0))


def _autocontrast(crop: Image.Image, rng: np.random.Generator) -> Image.Image:
    return ImageOps.autocontrast(crop, cutoff=rng.uniform(0, 5))


def _posterize(crop: Image.Image, rng: np.random.Generator) -> Image.Image:
    return ImageOps.posterize(crop, int(rng.integers(3, 6)))


def _compress(crop: Image.Image, rng: np.random.Generator) -> Image.Image:
    data = io.BytesIO()
    crop.save(data, "JPEG", quality=int(rng.integers(12, 60)))
    return Image.open(data).convert(crop.mode)


def _light_from_one_side(crop: Image.Image, rng: np.random.Generator) -> Image.Image:
    angle, strength = rng.uniform(0, 2 * math.pi), rng.uniform(0.2, 0.6)
    along = np.linspace(-1, 1, crop.width, dtype=np.float32)
    slope = math.cos(angle) * along[None, :] + math.sin(angle) * along[:, None]
    pixels = np.asarray(crop, np.float32)
    factor = 1 + strength * slope
    lit = pixels * (factor if pixels.ndim == 2 else factor[..., None])
    return Image.fromarray(np.clip(np.round(lit), 0, 255).astype(np.uint8))


_OPERATIONS: tuple[Callable[[Image.Image, np.random.Generator], Image.Image], ...] = (
    _gamma,
    _sharpen,
    _equalize,
    _autocontrast,
    _posterize,
    _compress,
    _light_from_one_side,
)

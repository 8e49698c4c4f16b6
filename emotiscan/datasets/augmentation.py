"""Random augmentation: changes that another photo of the same expression could have had."""

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from emotiscan.datasets.occlusion import NOTHING, Covered, draw_occluder, erase_rectangle
from emotiscan.datasets.photometric import change_photometry
from emotiscan.visibility import CANONICAL_EYE_DISTANCE, blur_label, effective_blur, motion_sigma

if TYPE_CHECKING:  # loads torch, and the command line derives options from this module
    from emotiscan.faces import Transform

MIN_PIXELS = 32
"""Side of the smallest crop in which an expression is still recognizable."""

SMALLEST_SIDE, LARGEST_SIDE = 12, 200
"""Limits of the random resolutions of `Augmentation.any_resolution`, in pixels of the crop's side."""


@dataclass(frozen=True, eq=False)
class Augmented:
    """An augmented crop, and what cannot be seen in it any more.

    Attributes:
        values: (c, s, s) float32 in [0, 1], c = 1 for a gray crop, 3 for a colored one.
        covered: what an occluder hides; `covered.mouth`, `covered.eyes` and `covered.hidden(action_units)` are labels.
        blur: effective blur of the face, in eye distances (see `visibility.effective_blur`).
    """

    values: NDArray[np.float32]
    covered: Covered
    blur: float

    @property
    def blurred(self) -> float:
        """1 if the face counts as blurred, 0 if not, NaN if it is hard to say (see `visibility.blur_label`)."""
        return blur_label(self.blur)


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
        occlude: probability that something covers part of the face: a mask, a hand, sunglasses … (see `occlusion`).
            What it covers must not be learned as absent: see `augment()`.
        strong_blur: probability of a blur, a motion blur or a resolution so strong that expressions become hard or
            impossible to tell. The face may then count as blurred: see `visibility.BLURRED`.
        any_resolution: probability of downsampling to a random side from `SMALLEST_SIDE` to `LARGEST_SIDE` pixels, if
            that is below the crop's own, and upsampling again, so that faces of any size are learned.
        photometric: probability of each of two further changes of tone or detail (see `photometric`).
        erase_large: probability that a rectangle covers a tenth to a third of the crop. As with `occlude`, what it
            covers must not be learned as absent.
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
    occlude: float = 0.0
    strong_blur: float = 0.0
    any_resolution: float = 0.0
    photometric: float = 0.0
    erase_large: float = 0.0

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

    def augment(
        self,
        crop: Image.Image,
        rng: np.random.Generator,
        moved: "Transform | None" = None,
        eye_distance: float | None = None,
    ) -> Augmented:
        """Cover a part of the face, soften the crop and change its tones, each at random.

        The caller must mark action units under a cover as unknown (`covered.hidden`), and may teach that mouth, eyes
        or focus are lost.

        Args:
            crop: square, mode "L" or "RGB".
            rng: where the randomness comes from.
            moved: from `random_transform`: fractions of the canonical crop to fractions of this one. None if the crop
                was not moved.
            eye_distance: distance of the eyes in the original photo, in pixels; a small face is blurred from the start.
                None if the photo has at least the crop's resolution.
        """
        crop, covered = self.cover(crop, rng, moved)
        crop, blur = self.soften(crop, rng, moved, eye_distance)
        return Augmented(self.change_tones(crop, rng), covered, blur)

    def change_appearance(self, crop: Image.Image, rng: np.random.Generator) -> NDArray[np.float32]:
        """Apply random blur, resolution, brightness, contrast, noise and erasing, but no cover.

        Args:
            crop: square, mode "L" or "RGB".
            rng: where the randomness comes from.

        Returns:
            (c, s, s) values in [0, 1], c = 1 for a gray crop, 3 for a colored one.
        """
        return self.change_tones(self.soften(crop, rng)[0], rng)

    def cover(
        self, crop: Image.Image, rng: np.random.Generator, moved: "Transform | None" = None
    ) -> tuple[Image.Image, Covered]:
        """Draw an occluder with the probability `occlude`, or else a rectangle with the probability `erase_large`.

        Arguments are as in `augment`.
        """
        if self.occlude and rng.random() < self.occlude:
            return draw_occluder(crop, rng, moved)
        if self.erase_large and rng.random() < self.erase_large:
            return erase_rectangle(crop, rng, moved)
        return crop, NOTHING

    def soften(
        self,
        crop: Image.Image,
        rng: np.random.Generator,
        moved: "Transform | None" = None,
        eye_distance: float | None = None,
    ) -> tuple[Image.Image, float]:
        """Apply random blur and resolution; arguments as in `augment`.

        Returns:
            The changed crop, and the effective blur of its face in eye distances.
        """
        size = crop.width
        zoom = 1.0 if moved is None else math.sqrt(abs(np.linalg.det(moved[:, :2])))
        eyes = CANONICAL_EYE_DISTANCE * zoom * size
        smallest = eyes if eye_distance is None else min(eyes, eye_distance)
        variance = 0.0
        if rng.random() < self.low_resolution:
            small = min(size, max(MIN_PIXELS, round(size * rng.uniform(0.33, 0.9))))
            crop = _resampled(crop, small)
            smallest = min(smallest, eyes * small / size)
        if self.any_resolution and rng.random() < self.any_resolution:
            small = round(math.exp(rng.uniform(math.log(SMALLEST_SIDE), math.log(LARGEST_SIDE))))
            if small < size:
                crop = _resampled(crop, small)
                smallest = min(smallest, eyes * small / size)
        if rng.random() < self.blur:
            sigma = rng.uniform(0.2, 2.0) * size / 100
            crop = crop.filter(ImageFilter.GaussianBlur(sigma))
            variance += (sigma / eyes) ** 2
        if self.strong_blur and rng.random() < self.strong_blur:
            kind = rng.random()
            if kind < 0.4:  # out of focus
                sigma = rng.uniform(0.05, 0.2)
                crop = crop.filter(ImageFilter.GaussianBlur(sigma * eyes))
                variance += sigma**2
            elif kind < 0.7:  # shaken
                length, angle = rng.uniform(0.25, 0.9), rng.uniform(0, math.pi)
                crop = _motion_blurred(crop, length * eyes, angle)
                variance += motion_sigma(length) ** 2
            else:  # far away
                small = max(6, round(size * rng.uniform(3.5, 12.0) / eyes))
                crop = _resampled(crop, min(size, small))
                smallest = min(smallest, eyes * small / size)
        return crop, effective_blur(math.sqrt(variance), smallest)

    def change_tones(self, crop: Image.Image, rng: np.random.Generator) -> NDArray[np.float32]:
        """Apply random brightness, contrast, noise and erasing; arguments and result as in `change_appearance`."""
        if self.photometric:
            crop = change_photometry(crop, rng, self.photometric)
        size = crop.width
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


def _resampled(crop: Image.Image, small: int) -> Image.Image:
    """Scale a crop down to `small` pixels and up again."""
    size = crop.size
    return crop.resize((small, small), Image.Resampling.BOX).resize(size, Image.Resampling.BICUBIC)


def _motion_blurred(crop: Image.Image, length: float, angle: float) -> Image.Image:
    """Blur a crop along a line of `length` pixels, at an angle in radians."""
    steps = max(2, math.ceil(length))
    margin = math.ceil(length / 2) + 1
    pixels = np.asarray(crop, np.float32)
    padded = np.pad(pixels, [(margin, margin)] * 2 + [(0, 0)] * (pixels.ndim - 2), mode="edge")
    height, width = pixels.shape[:2]
    total = np.zeros_like(pixels)
    for along in np.linspace(-0.5, 0.5, steps) * length:
        x, y = margin + round(along * math.cos(angle)), margin + round(along * math.sin(angle))
        total += padded[y : y + height, x : x + width]
    return Image.fromarray(np.round(total / steps).astype(np.uint8))

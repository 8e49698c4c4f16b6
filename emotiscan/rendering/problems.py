"""What makes a face hard to read: something in front of it, blur, or a wrong exposure; and how often scenes have it."""

import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from emotiscan.visibility import motion_sigma

DARK, OVEREXPOSED = "dark", "overexposed"


@dataclass(frozen=True)
class ProblemShares:
    """Shares of the sampled scenes that have a problem, 0 to 1 each; they are independent of one another.

    Attributes:
        occluded: something is in front of the face, which in a third of the cases leaves mouth and eyes free.
        blurred: strong blur of focus or motion, or a very low resolution.
        misexposed: far too dark or too bright, half of each.
    """

    occluded: float = 0.18
    blurred: float = 0.08
    misexposed: float = 0.05

    def __post_init__(self) -> None:
        for name, share in vars(self).items():
            if not 0 <= share <= 1:
                raise ValueError(f"{name} must be a share from 0 to 1; it is {share}")


USUAL_PROBLEMS, NO_PROBLEMS = ProblemShares(), ProblemShares(0.0, 0.0, 0.0)


@dataclass(frozen=True)
class Blur:
    """A strong blur; lengths are in eye distances.

    Attributes:
        defocus: standard deviation of the blur of a lens that is out of focus.
        motion: length of a straight motion during the exposure.
        angle: of the motion, degrees.
        eye_distance: pixels between the eyes to which the image is scaled down; None for its full resolution.
    """

    defocus: float = 0.0
    motion: float = 0.0
    angle: float = 0.0
    eye_distance: float | None = None

    @property
    def sigma(self) -> float:
        """Standard deviation of defocus and motion together, in eye distances."""
        return math.hypot(self.defocus, motion_sigma(self.motion))


def sample_blur(rng: np.random.Generator) -> Blur:
    """Sample a strong blur: out of focus, shaken, both, or far away. About one in eight is just bearable."""
    defocus, motion = (
        float(np.exp(rng.uniform(*np.log([0.055, 0.3])))),
        float(np.exp(rng.uniform(*np.log([0.28, 1.1])))),
    )
    angle, pixels = float(rng.uniform(0, 180)), float(rng.uniform(4, 12.5))
    kind = rng.choice(["defocus", "motion", "both", "far"], p=[0.45, 0.25, 0.1, 0.2])
    if kind == "far":
        return Blur(eye_distance=pixels)
    return Blur(
        defocus=0.0 if kind == "motion" else defocus,
        motion=0.0 if kind == "defocus" else motion,
        angle=angle,
    )


def sample_exposure(rng: np.random.Generator) -> tuple[str, float]:
    """Sample a wrong exposure: "dark" or "overexposed", and the factor on the light."""
    dark, bright = np.exp(rng.uniform(*np.log([0.02, 0.11]))), np.exp(rng.uniform(*np.log([6.0, 25.0])))
    return (DARK, float(dark)) if rng.random() < 0.5 else (OVEREXPOSED, float(bright))


def apply_blur(image: NDArray, blur: Blur, eye_distance: float) -> NDArray:
    """Blur linear light, (h, w, 3), as a lens and a shaking hand do; `eye_distance` is the image's, in pixels."""
    if blur.defocus:
        # A lens out of focus spreads a point over a disc, whose standard deviation is half its radius.
        image = cv2.filter2D(image, -1, _disc(2 * blur.defocus * eye_distance), borderType=cv2.BORDER_REPLICATE)
    if blur.motion:
        line = _line(blur.motion * eye_distance, blur.angle)
        image = cv2.filter2D(image, -1, line, borderType=cv2.BORDER_REPLICATE)
    image = np.maximum(image, 0)  # the filter's rounding errors
    if blur.eye_distance is not None and blur.eye_distance < eye_distance:
        side = len(image)
        small = max(8, round(side * blur.eye_distance / eye_distance))
        reduced = np.sqrt(cv2.resize(image, (small, small), interpolation=cv2.INTER_AREA))
        # Roughly in screen values, where the interpolation overshoots less beside a bright background.
        image = np.clip(cv2.resize(reduced, (side, side), interpolation=cv2.INTER_CUBIC), reduced.min(), None) ** 2
    return image.astype(np.float32, copy=False)


def _disc(radius: float) -> NDArray[np.float32]:
    reach = math.ceil(radius)
    y, x = np.mgrid[-reach : reach + 1, -reach : reach + 1]
    disc = np.clip(radius + 0.5 - np.hypot(x, y), 0, 1)
    return (disc / disc.sum()).astype(np.float32)


def _line(length: float, angle: float) -> NDArray[np.float32]:
    reach = math.ceil(length / 2) + 1
    y, x = np.mgrid[-reach : reach + 1, -reach : reach + 1]
    cos, sin = math.cos(math.radians(angle)), math.sin(math.radians(angle))
    along, across = x * cos + y * sin, y * cos - x * sin
    line = np.clip(length / 2 + 0.5 - np.abs(along), 0, 1) * np.clip(1 - np.abs(across), 0, 1)
    return (line / line.sum()).astype(np.float32)

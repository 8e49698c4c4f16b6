"""When a face counts as covered or blurred, and which action units a cover hides.

Rendered faces and training augmentation use the same limits, so that their labels agree. Between the two limits of a
problem the label is unknown (NaN): whether a half covered mouth is "covered" is a matter of taste.
"""

import functools
import math
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from emotiscan import facs

UNCOVERED, COVERED = 0.2, 0.6
"""Share of the mouth or of both eyes, 0 to 1: up to the first it is free, from the second on covered. One hidden eye of
two (0.5) is neither."""

SHARP, BLURRED = 0.045, 0.06
"""Effective blur in eye distances (see `effective_blur`): up to the first a face is sharp, from the second on blurred.
"""

PIXEL_BLUR = 0.72
"""Blur of an image that was downsampled and upsampled again: a standard deviation in pixels of the small image. It is
chosen so that an eye distance of 12 pixels, too few to tell one action unit from another, is just `BLURRED`."""

CANONICAL_EYE_DISTANCE = 0.34
"""Distance of the eyes in the canonical crop, as a share of its side (`faces.EYE_DISTANCE`)."""

HIDDEN = 0.5
"""An action unit is not visible if more than this share of the skin it moves is hidden."""

MOUTH, EYES = "lips", "eyes"
"""The regions (`facs.REGIONS`) that "mouth covered" and "eyes covered" are about."""

GRID = 64
"""Side of the region masks, in cells of the canonical crop."""


def effective_blur(sigma: float, eye_distance: float) -> float:
    """Combine the blur of a face and its resolution into one number.

    Args:
        sigma: standard deviation of the blur, in eye distances; of independent blurs, the root of the sum of squares.
        eye_distance: smallest distance of the eyes, in pixels, that the image had on its way.

    Returns:
        A standard deviation in eye distances.
    """
    return math.hypot(sigma, PIXEL_BLUR / eye_distance)


def motion_sigma(length: float) -> float:
    """Blur of a straight motion of the given length: its standard deviation, root mean square over all directions."""
    return length / math.sqrt(24)


def blur_label(blur: float) -> float:
    """1 if a face of this effective blur counts as blurred, 0 if not, NaN in between."""
    return _label(blur, SHARP, BLURRED)


def cover_label(share: float) -> float:
    """1 if a region of which this share is hidden counts as covered, 0 if not, NaN in between."""
    return _label(share, UNCOVERED, COVERED)


def _label(value: float, low: float, high: float) -> float:
    return 1.0 if value >= high else 0.0 if value <= low else math.nan


@functools.cache
def region_masks() -> Mapping[str, NDArray[np.bool_]]:
    """Masks of `facs.REGIONS`, (GRID, GRID) each, by name, on the canonical crop."""
    rows, columns = (np.mgrid[0:GRID, 0:GRID] + 0.5) / GRID
    masks = {}
    for name, ellipses in facs.REGIONS.items():
        inside = [((columns - e.x) / e.rx) ** 2 + ((rows - e.y) / e.ry) ** 2 <= 1 for e in ellipses]
        masks[name] = np.any(inside, axis=0)
    return masks


def region_shares(hidden: NDArray[np.floating], seen: NDArray[np.bool_] | None = None) -> dict[str, float]:
    """Measure how much of each facial region is hidden.

    Args:
        hidden: (GRID, GRID) opacity of what lies over the canonical crop, 0 to 1.
        seen: (GRID, GRID) cells that count, e.g. those inside the image; all by default.

    Returns:
        Share of each of `facs.REGIONS`, 0 to 1; 0 for a region without a cell that counts.
    """
    counted = np.ones((GRID, GRID), bool) if seen is None else seen
    shares = {}
    for name, mask in region_masks().items():
        cells = hidden[mask & counted]
        shares[name] = float(cells.mean()) if cells.size else 0.0
    return shares


def hidden_units(shares: Mapping[str, float], action_units: Sequence[str] = facs.AU_NAMES) -> tuple[str, ...]:
    """Name the action units that are not visible because most of their regions is hidden.

    Args:
        shares: from `region_shares`.
        action_units: the ones asked about. A joined label ("AU26_or_AU27") is hidden if all its parts are; a name that
            `facs.ACTION_UNITS` does not have is taken for visible.
    """
    return tuple(label for label in action_units if all(_is_hidden(au, shares) for au in facs.au_parts(label)))


def _is_hidden(au: str, shares: Mapping[str, float]) -> bool:
    if au not in facs.ACTION_UNITS:
        return False
    regions = facs.ACTION_UNITS[au].regions
    areas = [float(region_masks()[name].sum()) for name in regions]
    covered = sum(area * shares[name] for area, name in zip(areas, regions, strict=True))
    return covered > HIDDEN * sum(areas)

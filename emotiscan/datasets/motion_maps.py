"""Motion maps: where each action unit moves the skin, in the network's crops.

The renderer knows it for its faces; for photos, only anatomy says where an action unit can show.
"""

import functools
import io
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from emotiscan import faces
from emotiscan.datasets.storage import read_file
from emotiscan.explain import region_mask

SIDE = 12
"""Cells of a map along each side: at least as fine as any feature map used in training."""

REGION_SIDE = 96
"""Pixels along each side of the anatomical regions before they are warped into a crop."""


class MotionMapError(ValueError):
    """A file of motion maps cannot be read; the message says which."""


def read_motion_maps(root: str | Path, name: str, width: int) -> dict[str, tuple[Image.Image, faces.Transform]]:
    """Read the motion maps of one rendered image.

    Args:
        root: folder or zip file of the data set.
        name: of the .npz file below it, with one (m, m) uint8 map for each active action unit.
        width: of the image, in pixels.

    Returns:
        Action unit to its map, mode "L", and the transform from the map's pixels to the image's.

    Raises:
        MotionMapError: the file is damaged.
        ImageError: it is missing.
    """
    data = read_file(root, name)
    try:
        with np.load(io.BytesIO(data), allow_pickle=False) as maps:
            images = {au: Image.fromarray(maps[au]) for au in maps.files}
    except (OSError, ValueError, KeyError, TypeError, zipfile.BadZipFile) as error:
        raise MotionMapError(f"{name} in {root} holds no motion maps ({error}); render the image again") from None
    return {
        au: (image, np.array([[width / image.width, 0, 0], [0, width / image.width, 0]], float))
        for au, image in images.items()
    }


def motion_maps_in_crop(
    maps: Mapping[str, tuple[Image.Image, faces.Transform]],
    action_units: Sequence[str],
    labels: NDArray[np.floating],
    to_crop: faces.Transform,
    side: int = SIDE,
) -> NDArray[np.float32]:
    """Warp motion maps into a crop.

    Args:
        maps: from `read_motion_maps`.
        action_units: names of the k action units.
        labels: (k,) 1 present, 0 absent, NaN unknown.
        to_crop: image pixels to fractions of the crop.
        side: of a map, in cells.

    Returns:
        (k, side, side) 0 to 1: where a present action unit moves the skin; 0 everywhere for an absent one, NaN where
        the label or the map is unknown.
    """
    found = np.full((len(action_units), side, side), np.nan, np.float32)
    for place, (au, label) in enumerate(zip(action_units, labels, strict=True)):
        if label == 0:
            found[place] = 0
        elif label == 1 and au in maps:
            image, to_image = maps[au]
            cells = faces.warp(image, faces.compose(to_crop, to_image), side)
            found[place] = np.asarray(cells, np.float32) / 255
    return found


def regions_in_crop(action_units: Sequence[str], place: faces.Transform, side: int = SIDE) -> NDArray[np.float32]:
    """Warp the anatomical regions of action units (`facs.REGIONS`) into a crop that augmentation has moved.

    Args:
        action_units: names of the k action units.
        place: fractions of the canonical crop to fractions of this one.
        side: of a region, in cells.

    Returns:
        (k, side, side) share of each cell that lies in the action unit's region, 0 to 1.
    """
    to_crop = faces.compose(place, np.array([[1 / REGION_SIDE, 0, 0], [0, 1 / REGION_SIDE, 0]]))
    cells = [np.asarray(faces.warp(_region(au), to_crop, side), np.float32) / 255 for au in action_units]
    return np.stack(cells)


@functools.cache
def _region(au: str) -> Image.Image:
    return Image.fromarray(region_mask(au, REGION_SIDE).astype(np.uint8) * 255)


def unknown_motion_maps(action_units: int, side: int = SIDE) -> NDArray[np.float32]:
    """(k, side, side) of NaN: the motion maps of an image that has none."""
    return np.full((action_units, side, side), np.nan, np.float32)

"""Where action units move the skin in the network's crops: what the renderer knows, and of photos only anatomy tells."""

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
"""Cells of a map along each side: at least as fine as any feature map of ours in training."""

REGION_SIDE = 96
"""Pixels along each side of the anatomical regions before they follow a crop."""


class MovementError(ValueError):
    """A file of movement maps cannot be read; the message says which."""


def read_movement(root: str | Path, name: str, width: int) -> dict[str, tuple[Image.Image, faces.Transform]]:
    """Movement maps of one rendered picture.

    Args:
        root: folder or zip file of the data set.
        name: of the .npz file below it, with one (m, m) uint8 map for each active action unit.
        width: of the picture, pixels.

    Returns:
        Action unit to its map, mode "L", and the transform from the map's pixels to the picture's.

    Raises:
        MovementError: the file is damaged.
        ImageError: it is missing.
    """
    data = read_file(root, name)
    try:
        with np.load(io.BytesIO(data), allow_pickle=False) as maps:
            pictures = {au: Image.fromarray(maps[au]) for au in maps.files}
    except (OSError, ValueError, KeyError, TypeError, zipfile.BadZipFile) as error:
        raise MovementError(f"{name} in {root} holds no movement maps ({error}); draw the picture again") from None
    return {
        au: (picture, np.array([[width / picture.width, 0, 0], [0, width / picture.width, 0]], float))
        for au, picture in pictures.items()
    }


def movement_in_crop(
    maps: Mapping[str, tuple[Image.Image, faces.Transform]],
    action_units: Sequence[str],
    labels: NDArray[np.floating],
    to_crop: faces.Transform,
    side: int = SIDE,
) -> NDArray[np.float32]:
    """Maps of all action units in a crop.

    Args:
        maps: of `read_movement`.
        action_units: names of the k action units.
        labels: (k,) 1 present, 0 absent, NaN unknown.
        to_crop: picture pixels to fractions of the crop.
        side: of a map, in cells.

    Returns:
        (k, side, side) 0 to 1: where a present action unit moves the skin; 0 everywhere for an absent one,
        NaN for one of which the label or the map is unknown.
    """
    found = np.full((len(action_units), side, side), np.nan, np.float32)
    for place, (au, label) in enumerate(zip(action_units, labels, strict=True)):
        if label == 0:
            found[place] = 0
        elif label == 1 and au in maps:
            picture, to_picture = maps[au]
            cells = faces.warp(picture, faces.compose(to_crop, to_picture), side)
            found[place] = np.asarray(cells, np.float32) / 255
    return found


def regions_in_crop(action_units: Sequence[str], place: faces.Transform, side: int = SIDE) -> NDArray[np.float32]:
    """Anatomical regions of action units (`facs.REGIONS`) in a crop that augmentation has moved.

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


def unknown_movement(action_units: int, side: int = SIDE) -> NDArray[np.float32]:
    """(k, side, side) of NaN: a picture without maps."""
    return np.full((action_units, side, side), np.nan, np.float32)

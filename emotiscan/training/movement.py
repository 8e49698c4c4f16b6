"""Where codes move the skin in the network's crops: what the renderer knows, and of photographs only anatomy tells."""

import functools
import io
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from emotiscan import faces
from emotiscan.explain import region_mask
from emotiscan.training.stores import read_file

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
        name: of the .npz file below it, with one (m, m) uint8 map for each active code.
        width: of the picture, pixels.

    Returns:
        Code to its map, mode "L", and the transform from the map's pixels to the picture's.

    Raises:
        MovementError: the file is damaged.
        ImageError: it is missing.
    """
    data = read_file(root, name)
    try:
        with np.load(io.BytesIO(data), allow_pickle=False) as maps:
            pictures = {code: Image.fromarray(maps[code]) for code in maps.files}
    except (OSError, ValueError, KeyError, TypeError, zipfile.BadZipFile) as error:
        raise MovementError(f"{name} in {root} holds no movement maps ({error}); draw the picture again") from None
    return {
        code: (picture, np.array([[width / picture.width, 0, 0], [0, width / picture.width, 0]], float))
        for code, picture in pictures.items()
    }


def movement_in_crop(
    maps: Mapping[str, tuple[Image.Image, faces.Transform]],
    codes: Sequence[str],
    labels: NDArray[np.floating],
    to_crop: faces.Transform,
    side: int = SIDE,
) -> NDArray[np.float32]:
    """Maps of all codes in a crop.

    Args:
        maps: of `read_movement`.
        codes: names of the k codes.
        labels: (k,) 1 present, 0 absent, NaN unknown.
        to_crop: picture pixels to fractions of the crop.
        side: of a map, in cells.

    Returns:
        (k, side, side) 0 to 1: where a present code moves the skin; 0 everywhere for an absent one,
        NaN for one of which the label or the map is unknown.
    """
    found = np.full((len(codes), side, side), np.nan, np.float32)
    for place, (code, label) in enumerate(zip(codes, labels, strict=True)):
        if label == 0:
            found[place] = 0
        elif label == 1 and code in maps:
            picture, to_picture = maps[code]
            cells = faces.warp(picture, faces.compose(to_crop, to_picture), side)
            found[place] = np.asarray(cells, np.float32) / 255
    return found


def regions_in_crop(codes: Sequence[str], place: faces.Transform, side: int = SIDE) -> NDArray[np.float32]:
    """Anatomical regions of codes (`facs.REGIONS`) in a crop that augmentation has moved.

    Args:
        codes: names of the k codes.
        place: fractions of the canonical crop to fractions of this one.
        side: of a region, in cells.

    Returns:
        (k, side, side) share of each cell that lies in the code's region, 0 to 1.
    """
    to_crop = faces.compose(place, np.array([[1 / REGION_SIDE, 0, 0], [0, 1 / REGION_SIDE, 0]]))
    cells = [np.asarray(faces.warp(_region(code), to_crop, side), np.float32) / 255 for code in codes]
    return np.stack(cells)


@functools.cache
def _region(code: str) -> Image.Image:
    return Image.fromarray(region_mask(code, REGION_SIDE).astype(np.uint8) * 255)


def unknown_movement(codes: int, side: int = SIDE) -> NDArray[np.float32]:
    """(k, side, side) of NaN: a picture without maps."""
    return np.full((codes, side, side), np.nan, np.float32)

"""A table's images as the network sees them."""

import logging
import math

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor
from torch.utils.data import Dataset

from emotiscan import faces
from emotiscan.datasets.augmentation import Augmentation
from emotiscan.datasets.face_labels import FaceLabels, move_labels
from emotiscan.datasets.motion_maps import (
    MotionMapError,
    motion_maps_in_crop,
    read_motion_maps,
    regions_in_crop,
    unknown_motion_maps,
)
from emotiscan.datasets.storage import read_file
from emotiscan.datasets.table import LabelTable
from emotiscan.images import ImageError, read_image
from emotiscan.model.network import ModelConfig, normalize, prepare

log = logging.getLogger(__name__)

IDENTITY: faces.Transform = np.array([[1.0, 0, 0], [0, 1, 0]])
"""The transform that changes nothing."""


class FaceDataset(Dataset):
    """Crops and labels: one item a row, and each row again in every further round, augmented differently.

    An item is a dict:

    - `crop`: (3, s, s) float32, as the network takes it;
    - `emotion`: (e,) shares of the votes, and `expression`: (x,) likewise;
    - `action_units`: (k,) labels, and `intensities`: (k,) 0 to 5;
    - `sides`: (k, 2) labels of the person's right and left half, which are the crop's left and right, and
      `side_intensities`: (k, 2);
    - `pose`: (3,) pitch, yaw and roll of the crop in degrees;
    - `quality`: (q,) labels of the network's quality problems;
    - `mixable`: whether emotion and expression are its only labels, apart from those of its quality;
    - `index`: the row;
    - `movement`, on demand: (k, m, m) motion maps (see `motion_maps.motion_maps_in_crop`);
    - `region`, on demand: (k, m, m) anatomical regions (see `motion_maps.regions_in_crop`), NaN for an image that has
      motion maps.

    Labels are those of the crop after augmentation, NaN where unknown. Action units that are covered are unknown.
    """

    def __init__(
        self,
        table: LabelTable,
        transforms: NDArray[np.float64],
        config: ModelConfig,
        size: int | None = None,
        augmentation: Augmentation | None = None,
        seed: int = 0,
        movement: int = 0,
        regions: int = 0,
        rounds: int = 1,
    ) -> None:
        """Make a data set.

        Args:
            table: n rows; every image must be readable.
            transforms: (n, 2, 3) image pixels to crop fractions (see `alignment.Alignment`).
            config: of the network; its vocabulary orders the labels.
            size: side of the crops in pixels, by default the network's own.
            augmentation: None for evaluation.
            seed: with the row, decides what augmentation does; change it from epoch to epoch.
            movement: side of the motion maps, in cells; 0 for none.
            regions: side of the action units' anatomical regions, in cells; 0 for none.
            rounds: how often a row may occur, for epochs that use some rows more than once.
        """
        frame = table.frame
        self._images = list(zip(frame["root"], frame["image"], strict=True))
        self._labels = FaceLabels(table, config)
        self._transforms = transforms
        self._config = config
        self._size = size or config.input_size
        self._augmentation = augmentation
        self._seed = seed
        self._maps = frame["maps"].tolist()
        self._movement_side = movement
        self._regions_side = regions
        self._rounds = rounds

    def __len__(self) -> int:
        return self._rounds * len(self._images)

    def __getitem__(self, place: int) -> dict[str, Tensor | int]:
        if place >= len(self):
            raise IndexError(place)
        index = place % len(self._images)
        image = read_image(read_file(*self._images[index]))
        moved = IDENTITY
        if self._config.grayscale:
            image = image.convert("L")
        to_crop = self._transforms[index]
        labels = self._labels[index]
        if self._augmentation is None:
            crop = prepare([faces.warp(image, to_crop, self._size)], self._config)[0]
        else:
            # Seeded by row and round, so that neither the number of loader workers nor a resumed run changes it.
            rng = np.random.default_rng((self._seed, place))
            moved = self._augmentation.random_transform(rng)
            eye_distance = faces.EYE_DISTANCE / math.sqrt(abs(np.linalg.det(to_crop[:, :2])))
            to_crop = faces.compose(moved, to_crop)
            crop = self._augmented(faces.warp(image, to_crop, self._size), rng, moved, eye_distance, labels)
        move_labels(labels, to_crop)
        item: dict[str, Tensor | int] = {"crop": crop, **labels, "index": index}
        if self._movement_side:
            movement = self._movement(index, image.width, to_crop, labels["action_units"].numpy())
            item["movement"] = torch.from_numpy(movement)
        if self._regions_side:
            item["region"] = torch.from_numpy(self._regions(index, moved))
        return item

    def _augmented(
        self,
        crop: Image.Image,
        rng: np.random.Generator,
        moved: faces.Transform,
        eye_distance: float,
        labels: dict[str, Tensor],
    ) -> Tensor:
        """The augmented crop as the network takes it; `labels` are changed to what can still be seen."""
        assert self._augmentation is not None
        augmented = self._augmentation.augment(crop, rng, moved, eye_distance)
        self._labels.hide(labels, augmented.covered.hidden(self._config.action_units))
        self._labels.add_problem(labels, "blurred", augmented.blurred)
        self._labels.add_problem(labels, "mouth covered", augmented.covered.mouth)
        self._labels.add_problem(labels, "eyes covered", augmented.covered.eyes)
        return normalize(torch.from_numpy(augmented.values)[None], self._config)[0]

    def _regions(self, index: int, moved: faces.Transform) -> NDArray[np.float32]:
        action_units, side = self._config.action_units, self._regions_side
        return (
            unknown_motion_maps(len(action_units), side)
            if self._maps[index]
            else regions_in_crop(action_units, moved, side)
        )

    def _movement(
        self, index: int, width: int, to_crop: faces.Transform, labels: NDArray[np.float32]
    ) -> NDArray[np.float32]:
        action_units, side = self._config.action_units, self._movement_side
        if not self._maps[index]:
            return unknown_motion_maps(len(action_units), side)
        try:
            maps = read_motion_maps(self._images[index][0], self._maps[index], width)
        except (MotionMapError, ImageError) as error:  # one image less to learn places from: no reason to stop a run
            log.warning("%s", error)
            return unknown_motion_maps(len(action_units), side)
        return motion_maps_in_crop(maps, action_units, labels, to_crop, side)

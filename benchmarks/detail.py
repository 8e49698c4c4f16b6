"""Whether heat maps of finer detail land better, and what they cost.

    python -m benchmarks.detail --data rendered:held-out [--weights W.safetensors] [--faces 100]

The network's cells are as large as a lip is wide. Ways to finer maps, each held against where the action units move the skin
(see `emotiscan.evaluation.heat_map_localization`): the mean of a face and its mirror image; the mean of four crops, half a cell apart;
the network's finer layer (twice as many cells each way) by LayerCAM; and that layer's map within the cells' map.
Prints, for each, how often the peak is in place, how much of the map is, for the finest action units too, and milliseconds
for all action units of a face.
"""

import argparse
import copy
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from pytorch_grad_cam import LayerCAM
from pytorch_grad_cam.utils.model_targets import ClassifierOutputTarget
from torch import Tensor, nn

from emotiscan.cli.options import whole_number
from emotiscan.datasets.alignment import align
from emotiscan.datasets.face_dataset import FaceDataset
from emotiscan.evaluation.heat_map_localization import MIN_MOVEMENT, SIDE
from emotiscan.evaluation.localization import localization
from emotiscan.evaluation.prediction import load_split
from emotiscan.explain import heat_maps
from emotiscan.faces import compose
from emotiscan.model.checkpoint import DEFAULT_WEIGHTS, load_checkpoint
from emotiscan.model.network import FaceModel
from emotiscan.reports import LocalizationMetrics

FINE = ("AU11", "AU14", "AU23")
"""Action units whose place is smaller than a cell."""

Maps = NDArray[np.float32]
"""(k, SIDE, SIDE)."""


class ActionUnits(nn.Module):
    """The network from crop to action unit logits, as the library wants it."""

    def __init__(self, model: FaceModel) -> None:
        super().__init__()
        self.model = model

    def forward(self, crops: Tensor) -> Tensor:
        """(b, 3, s, s) to (b, k)."""
        return self.model(crops)[1]


class Ways:
    """Every way to maps of all action units from a face's normalized crop and those beside it."""

    def __init__(self, model: FaceModel) -> None:
        self.model, self.action_units = model, model.config.action_units
        self.whole = ActionUnits(copy.deepcopy(model).requires_grad_(True))
        self.layer = self.whole.model.backbone.denseblock2

    def cells(self, crops: Tensor) -> Maps:
        """The default: the cells of the first crop."""
        with torch.inference_mode():
            feature_map = self.model.features(crops[:1])
        maps = heat_maps(self.model, feature_map, self.action_units).values()
        return np.stack([_resized(heat_map.cells) for heat_map in maps])

    def mirrored(self, crops: Tensor) -> Maps:
        """The mean of the first crop and its mirror image."""
        return (self.cells(crops) + self.cells(crops[:1].flip(3))[:, :, ::-1]) / 2

    def shifted(self, crops: Tensor) -> Maps:
        """The mean of all crops, each laid back where it came from."""
        half = round(SIDE * self.model.config.stride / self.model.config.input_size / 2)
        total = np.zeros((len(self.action_units), SIDE + half, SIDE + half), np.float32)
        weight = np.zeros((SIDE + half, SIDE + half), np.float32)
        for place, (x, y) in enumerate(SHIFTS):
            part = np.s_[y * half : y * half + SIDE, x * half : x * half + SIDE]
            total[(slice(None), *part)] += self.cells(crops[place : place + 1])
            weight[part] += 1
        return (total / np.maximum(weight, 1))[:, :SIDE, :SIDE]

    def layer_cam(self, crops: Tensor) -> Maps:
        """LayerCAM of the finer layer."""
        with LayerCAM(self.whole, [self.layer]) as cam:
            found = [cam(crops[:1], [ClassifierOutputTarget(k)])[0] for k in range(len(self.action_units))]
        return np.stack([_resized(values) for values in found])

    def fused(self, crops: Tensor) -> Maps:
        """The finer layer's map where the cells allow it."""
        return self.cells(crops) * self.layer_cam(crops)


SHIFTS = ((0, 0), (1, 0), (0, 1), (1, 1))
"""Half cells to the right and down by which each crop lies beside the first."""


def _resized(values: NDArray) -> NDArray[np.float32]:
    picture = Image.fromarray(np.asarray(values, np.float32))
    return np.maximum(np.asarray(picture.resize((SIDE, SIDE), Image.Resampling.BICUBIC)), 0)


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--data", required=True, help="rendered faces with maps, as train.py takes them")
    parser.add_argument("--weights", type=Path, default=DEFAULT_WEIGHTS, help="default: the shipped checkpoint")
    parser.add_argument("--faces", type=whole_number(2), default=100, help="default: 100")
    parser.add_argument("--cache", default="cache", help="where found faces are kept (default: cache)")
    options = parser.parse_args()
    model, card = load_checkpoint(options.weights)
    table = load_split(options.data, None)
    table = table.where(np.arange(len(table)) < options.faces)
    alignment = align(table, options.cache)
    half = card.config.stride / card.config.input_size / 2
    sets = []
    for x, y in SHIFTS:
        shift = np.array([[1.0, 0, -x * half], [0, 1, -y * half]])
        transforms = np.stack([compose(shift, transform) for transform in alignment.transforms])
        sets.append(FaceDataset(table, transforms, card.config, movement=0 if x or y else SIDE))
    faces = [[part[row] for part in sets] for row in range(len(table))]
    movement = np.stack([face[0]["movement"].numpy() for face in faces])
    places = np.nan_to_num(movement) >= MIN_MOVEMENT
    present = np.stack([face[0]["action_units"].numpy() == 1 for face in faces]) & places.any((2, 3))
    ways = Ways(model)
    named: dict[str, Callable[[Tensor], Maps]] = {
        "cells": ways.cells,
        "cells and mirror": ways.mirrored,
        "four crops": ways.shifted,
        "LayerCAM, finer layer": ways.layer_cam,
        "LayerCAM within cells": ways.fused,
    }
    print(f"{'':24s}{'peak in place':22s}{'energy in place':22s}{', '.join(FINE) + ': peak':26s}ms")
    for name, way in named.items():
        began = time.perf_counter()
        maps = np.stack([way(torch.stack([part["crop"] for part in face])) for face in faces])
        took = 1000 * (time.perf_counter() - began) / len(faces)
        report = localization(card.config.action_units, maps, places, present, table.frame["subject"].to_numpy(str))
        fine = ", ".join(f"{report.action_units[au].pointing.value:.2f}" for au in FINE if au in report.action_units)
        mean = report.mean or LocalizationMetrics()
        print(f"{name:24s}{mean.pointing!s:22s}{mean.energy!s:22s}{fine:26s}{took:.0f}")


if __name__ == "__main__":
    main()

"""Localization and cost of heat maps with finer detail.

    python -m benchmarks.detail --data rendered:held-out [--weights W.safetensors] [--faces 100]

A cell of the network's feature map is as large as a lip is wide. This compares ways to finer maps: the mean of a face
and its mirror image; the mean of four crops, half a cell apart; LayerCAM on a layer of the network with twice the
resolution; and that layer's map within the cells' map. The reference is where the action units move the skin.
For each, it prints how often the peak lies in the moved region (also for the action units with the smallest regions),
how much of the map's energy does, and the milliseconds for all action units of a face.
"""

import argparse
import copy
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

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
"""Action units whose region is smaller than a cell."""

Maps: TypeAlias = NDArray[np.float32]
"""(k, SIDE, SIDE)."""


class ActionUnits(nn.Module):
    """The network from crop to action unit logits, as the Grad-CAM library expects it."""

    def __init__(self, model: FaceModel) -> None:
        super().__init__()
        self.model = model

    def forward(self, crops: Tensor) -> Tensor:
        """Return (b, k) logits of (b, 3, s, s) crops."""
        return self.model(crops).au_logits


class MapMethods:
    """All ways to map every action unit, given a face's normalized crop and three shifted ones."""

    def __init__(self, model: FaceModel) -> None:
        self.model, self.action_units = model, model.config.action_units
        self.whole = ActionUnits(copy.deepcopy(model).requires_grad_(True))
        self.layer = self.whole.model.backbone.denseblock2

    def cells(self, crops: Tensor) -> Maps:
        """Map the first crop by the cells of the feature map: the default."""
        with torch.inference_mode():
            feature_map = self.model.features(crops[:1])
        maps = heat_maps(self.model, feature_map, self.action_units).values()
        return np.stack([_resized(heat_map.cells) for heat_map in maps])

    def mirrored(self, crops: Tensor) -> Maps:
        """Average the maps of the first crop and of its mirror image."""
        return (self.cells(crops) + self.cells(crops[:1].flip(3))[:, :, ::-1]) / 2

    def shifted(self, crops: Tensor) -> Maps:
        """Average the maps of all crops, each shifted back to where it came from."""
        half = round(SIDE * self.model.config.stride / self.model.config.input_size / 2)
        total: Maps = np.zeros((len(self.action_units), SIDE + half, SIDE + half), np.float32)
        weight: Maps = np.zeros((SIDE + half, SIDE + half), np.float32)
        for number, (x, y) in enumerate(SHIFTS):
            part = np.s_[y * half : y * half + SIDE, x * half : x * half + SIDE]
            total[(slice(None), *part)] += self.cells(crops[number : number + 1])
            weight[part] += 1
        return (total / np.maximum(weight, 1))[:, :SIDE, :SIDE]

    def layer_cam(self, crops: Tensor) -> Maps:
        """Map the first crop by LayerCAM on the finer layer."""
        with LayerCAM(self.whole, [self.layer]) as cam:
            found = [cam(crops[:1], [ClassifierOutputTarget(k)])[0] for k in range(len(self.action_units))]
        return np.stack([_resized(values) for values in found])

    def fused(self, crops: Tensor) -> Maps:
        """Multiply the finer layer's map by that of the cells."""
        return self.cells(crops) * self.layer_cam(crops)


SHIFTS = ((0, 0), (1, 0), (0, 1), (1, 1))
"""Shift of each crop against the first, in half cells to the right and down."""


def _resized(values: NDArray) -> NDArray[np.float32]:
    image = Image.fromarray(np.asarray(values, np.float32))
    return np.maximum(np.asarray(image.resize((SIDE, SIDE), Image.Resampling.BICUBIC)), 0)


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--data", required=True, help="data source of rendered faces with motion maps")
    parser.add_argument("--weights", type=Path, default=DEFAULT_WEIGHTS, help="checkpoint (default: the shipped one)")
    parser.add_argument("--faces", type=whole_number(2), default=100, help="number of faces (default: 100)")
    parser.add_argument("--cache", default="cache", help="folder that keeps where faces were found (default: cache)")
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
    methods = MapMethods(model)
    named: dict[str, Callable[[Tensor], Maps]] = {
        "cells": methods.cells,
        "cells and mirror": methods.mirrored,
        "four crops": methods.shifted,
        "LayerCAM, finer layer": methods.layer_cam,
        "LayerCAM within cells": methods.fused,
    }
    print(f"{'':24s}{'peak in place':22s}{'energy in place':22s}{', '.join(FINE) + ': peak':26s}ms")
    for name, method in named.items():
        began = time.perf_counter()
        maps = np.stack([method(torch.stack([part["crop"] for part in face])) for face in faces])
        took = 1000 * (time.perf_counter() - began) / len(faces)
        report = localization(card.config.action_units, maps, places, present, table.frame["subject"].to_numpy(str))
        fine = ", ".join(f"{report.action_units[au].pointing.value:.2f}" for au in FINE if au in report.action_units)
        mean = report.mean or LocalizationMetrics()
        print(f"{name:24s}{mean.pointing!s:22s}{mean.energy!s:22s}{fine:26s}{took:.0f}")


if __name__ == "__main__":
    main()

"""Labels of each face of a table as tensors, and what augmentation does to them."""

import math
from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from emotiscan import faces
from emotiscan.datasets.columns import expression_column, quality_column
from emotiscan.datasets.table import LabelTable
from emotiscan.model.network import ModelConfig


class FaceLabels:
    """The labels of a table in a network's vocabulary; what the table lacks is unknown (NaN)."""

    def __init__(self, table: LabelTable, config: ModelConfig) -> None:
        """Read a table.

        Args:
            table: n rows.
            config: of the network; its vocabulary orders the labels.
        """
        # All columns of these action units, as arrays: the table may have other ones, or another order.
        named = LabelTable(table.frame, config.emotions, config.action_units)
        columns: dict[str, NDArray[np.float32]] = {
            "emotion": named.values(config.emotions),
            "expression": named.values(map(expression_column, config.expressions)),
            "action_units": named.values(config.action_units),
            "intensities": named.intensities,
            "sides": named.sides,
            "side_intensities": named.side_intensities,
            "pose": named.pose,
            "quality": named.values(map(quality_column, config.quality)),
        }
        self._values = {name: torch.from_numpy(values.copy()) for name, values in columns.items()}
        taught = ("action_units", "intensities", "sides", "pose")
        only_emotion = torch.stack([self._values[name].flatten(1).isnan().all(1) for name in taught]).all(0)
        known = (
            ~self._values["emotion"].isnan().any(1) if config.emotions else torch.zeros(len(table), dtype=torch.bool)
        )
        no_maps = torch.from_numpy((table.frame["maps"] == "").to_numpy(copy=True))
        self._values["mixable"] = only_emotion & known & no_maps
        self._action_units = config.action_units
        self._problems = config.quality

    def __getitem__(self, row: int) -> dict[str, Tensor]:
        """Copies of the labels of one row, by name."""
        return {name: values[row].clone() for name, values in self._values.items()}

    def hide(self, labels: dict[str, Tensor], action_units: Sequence[str]) -> None:
        """Make these action units unknown, in place: a cover hides them."""
        places = [self._action_units.index(au) for au in action_units]
        for name in ("action_units", "intensities", "sides", "side_intensities"):
            labels[name][places] = torch.nan

    def add_problem(self, labels: dict[str, Tensor], problem: str, degree: float) -> None:
        """Combine whether a face has a problem with what augmentation adds, in place.

        Args:
            labels: of one row.
            problem: one of `facs.PROBLEMS`; ignored if the network does not learn it.
            degree: of the change: 1 gives the face the problem, 0 does not, NaN is hard to say.
        """
        if problem in self._problems and degree != 0:
            place = self._problems.index(problem)
            if labels["quality"][place] != 1:
                labels["quality"][place] = degree


def move_labels(labels: dict[str, Tensor], to_crop: faces.Transform) -> None:
    """Change the labels of an image, in place, to those of its crop: the rest of the roll, and the sides if mirrored.

    Args:
        labels: of one row.
        to_crop: image pixels to crop fractions, a rotation and scaling with or without a horizontal flip after it.
    """
    linear = to_crop[:, :2].copy()
    mirrored = np.linalg.det(linear) < 0
    if mirrored:
        linear[0] *= -1
    pitch, yaw, roll = labels["pose"].tolist()
    # Turning the image counterclockwise adds to the roll, which is positive where the head tilts to the image's left.
    roll += math.degrees(math.atan2(linear[0, 1], linear[0, 0]))
    roll = (roll + 180) % 360 - 180
    sign = -1 if mirrored else 1
    labels["pose"] = torch.tensor([pitch, sign * yaw, sign * roll], dtype=torch.float32)
    if mirrored:
        for name in ("sides", "side_intensities"):
            labels[name] = labels[name].flip(1)

"""A plot of the first batch as the network sees it: crops after augmentation, with their labels."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from emotiscan.evaluation import PRESENT
from emotiscan.evaluation.plots.style import SMALL, blank, font, write
from emotiscan.model.network import ModelConfig

COLUMNS, ROWS = 6, 4


def plot_first_batch(batch: Mapping[str, Tensor], config: ModelConfig, path: str | Path) -> Path:
    """Plot up to 24 faces of a batch, each with its emotion and its action units.

    Shows whether faces are upright, complete and labeled correctly before hours are spent on training.

    Args:
        batch: of `datasets.face_dataset.FaceDataset`.
        config: of the network that trains.
        path: PNG file to write.

    Returns:
        The path written to.
    """
    crops = batch["crop"][: COLUMNS * ROWS].float().cpu()
    mean, std = (torch.tensor(values).view(1, 3, 1, 1) for values in (config.mean, config.std))
    images = ((crops * std + mean).clamp(0, 1) * 255).byte().permute(0, 2, 3, 1).numpy()
    rows = -(-len(images) // COLUMNS)
    figure = blank(1.75 * rows)
    grid = figure.subplots(rows, COLUMNS, squeeze=False)
    for axes in grid.flat:
        axes.set_axis_off()
    for row, (axes, image) in enumerate(zip(grid.flat, images, strict=False)):
        axes.imshow(image)
        title = label_text(batch["emotion"][row].cpu().numpy(), batch["action_units"][row].cpu().numpy(), config)
        axes.set_title(title, linespacing=1.3, loc="left", **font(SMALL - 2))
    return write(figure, path)


def label_text(votes: np.ndarray, labels: np.ndarray, config: ModelConfig) -> str:
    """Describe labels in two lines: the most voted emotion, and the action units, e.g. "positive" and "AU6 12 25"."""
    emotion = "emotion unknown" if np.isnan(votes).any() else config.emotions[int(votes.argmax())]
    present = [au for au, label in zip(config.action_units, labels, strict=True) if label >= PRESENT]
    if present:
        numbers = [au.removeprefix("AU") for au in present]
        lines = "AU" + " ".join(numbers[:6]) + (" …" if len(numbers) > 6 else "")
    else:
        lines = "action units unknown" if np.isnan(labels).all() else "no action unit"
    return f"{emotion}\n{lines}"

"""Plots of a training run, epoch by epoch."""

from pathlib import Path

import numpy as np
import pandas as pd

from emotiscan.evaluation.bootstrap import Floats
from emotiscan.evaluation.plots.style import BLUE, GREEN, INK, NOTHING, ORANGE, SMALL, blank, style, write

CURVES: dict[str, tuple[str, str, str]] = {
    "train_loss": ("Loss", "training", BLUE),
    "val_loss": ("Loss", "validation", ORANGE),
    "val_accuracy": ("Emotions, validation", "accuracy", BLUE),
    "val_macro_f1": ("Emotions, validation", "macro F1", ORANGE),
    "val_au_auc": ("Action units, validation", "mean AUC", GREEN),
}
"""Columns of a history that are plotted: title of the panel, name in its legend, and color."""


def learning_curves(history: pd.DataFrame, path: str | Path) -> Path:
    """Plot loss and metrics per epoch; a dot marks the best epoch of each validation metric.

    Args:
        history: columns `epoch` (from 0; without it, the rows are the epochs) and any of `CURVES`.
        path: PNG file to write.

    Raises:
        ValueError: none of the columns is there, or all are blank.
    """
    curves = {column: curve for column in CURVES if (curve := _curve(history, column)) is not None}
    if not curves:
        raise ValueError(f"{NOTHING}the history has no values in any of the columns {', '.join(CURVES)}")
    panels = list(dict.fromkeys(CURVES[column][0] for column in curves))
    figure = blank(3.3)
    for axes, panel in zip(figure.subplots(1, len(panels), squeeze=False)[0], panels, strict=True):
        in_panel = {column: curve for column, curve in curves.items() if CURVES[column][0] == panel}
        for column, (epochs, values) in in_panel.items():
            _, name, color = CURVES[column]
            if column != "train_loss":
                best = values.argmin() if column == "val_loss" else values.argmax()
                axes.plot(epochs[best], values[best], "o", color=color, markersize=6)
                name = f"{name}, best {values[best]:.3f}"
            axes.plot(epochs, values, color=color, label=name, linewidth=2, marker="o" if len(epochs) == 1 else "")
        style(axes, panel, "epoch", "loss" if panel == "Loss" else "score (0 to 1)", grid="y")
        axes.xaxis.get_major_locator().set_params(integer=True, nbins=6, min_n_ticks=1)
        axes.margins(y=0.12)
        axes.legend(loc="best", frameon=False, fontsize=SMALL, labelcolor=INK)
    return write(figure, path)


def has_curves(history: pd.DataFrame) -> bool:
    """Whether there is anything to plot."""
    return any(_curve(history, column) is not None for column in CURVES)


def _curve(history: pd.DataFrame, column: str) -> tuple[Floats, Floats] | None:
    """Epochs, counted from 1, and values of a column where it is not blank; None without any."""
    if column not in history:
        return None
    values = history[column].to_numpy(float)
    epochs = history["epoch"].to_numpy(float) if "epoch" in history else np.arange(len(values))
    known = np.isfinite(values) & np.isfinite(epochs)
    return (epochs[known] + 1, values[known]) if known.any() else None

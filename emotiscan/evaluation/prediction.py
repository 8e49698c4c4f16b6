"""What a network says of a label table, and the labels to hold against it."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from emotiscan.datasets.aligned import AlignedTable, evaluation_loader
from emotiscan.datasets.alignment import align
from emotiscan.datasets.loaders import load_source
from emotiscan.datasets.table import LabelTable, TableError, join_tables
from emotiscan.evaluation.report import evaluate
from emotiscan.model.calibration import Calibration
from emotiscan.model.network import FaceModel, ModelConfig

MIN_AGREEMENT = 5
"""Where annotators voted, a face's emotion counts as known if at least so many of them agree."""


@dataclass(frozen=True)
class Predictions:
    """A label table and the network's logits, row by row.

    Attributes:
        table: n rows.
        emotions: (n, e) logits of the network's emotions.
        action_units: (n, k) logits of the network's action units.
    """

    table: LabelTable
    emotions: NDArray[np.float32]
    action_units: NDArray[np.float32]


def load_split(source: str, split: str | None, whole_if_undivided: bool = False) -> LabelTable:
    """One data set, or only one split of it.

    Args:
        whole_if_undivided: take all of a data set that has no splits.

    Raises:
        TableError: the source cannot be loaded, or has no such rows.
    """
    table = load_source(source)
    divided = (table.frame["split"] != "").any()
    if split and (divided or not whole_if_undivided):
        table = table.part(split)
        if not len(table):
            undivided = "" if divided else "; behind it, split=SEED divides it by person as train.py --seed SEED does"
            raise TableError(source, f"it has no rows in the split “{split}”{undivided}")
    return table


def predict_tables(model: FaceModel, tables: Sequence[LabelTable], cache: str | Path, workers: int = 2) -> Predictions:
    """Find the faces of one or more tables and read them, as one table.

    Pictures that cannot be read are left out.
    """
    table = join_tables(tables)
    alignment = align(table, cache, workers)
    readable = alignment.readable
    return predict(model, AlignedTable(table.where(readable), alignment.transforms[readable]))


def predict(model: FaceModel, data: AlignedTable, batch: int = 64, workers: int = 2) -> Predictions:
    """Read every row of an aligned table, in its order, as the app reads: by a copy made quicker.

    Args:
        model: stays unchanged; a copy optimized for inference does the work.
        batch: crops that are read at a time.
        workers: processes that load pictures.
    """
    config, device = model.config, next(model.parameters()).device
    quick = model.optimize_for_inference()
    emotions, action_units = [np.empty((0, len(config.emotions)))], [np.empty((0, len(config.action_units)))]
    with torch.inference_mode():
        for crops in evaluation_loader(data, config, config.input_size, batch, workers):
            _, emotion_logits, au_logits = quick.predict(crops["crop"].to(device))
            emotions.append(emotion_logits.float().cpu().numpy())
            action_units.append(au_logits.float().cpu().numpy())
    return Predictions(data.table, *(np.concatenate(rows, dtype=np.float32) for rows in (emotions, action_units)))


def agreed_classes(table: LabelTable, emotions: tuple[str, ...]) -> NDArray[np.int64]:
    """(n,) index into `emotions` of the true one; -1 where unknown, disputed, or none of them."""
    index_of = {name: emotions.index(name) if name in emotions else -1 for name in table.emotions}
    classes = np.array([index_of[table.emotions[c]] if c >= 0 else -1 for c in table.emotion_classes], np.int64)
    disputed = table.frame["agreement"].to_numpy(float) < MIN_AGREEMENT
    return np.where(disputed, -1, classes)


def labels_for(table: LabelTable, action_units: tuple[str, ...]) -> NDArray[np.float32]:
    """(n, k) labels of the wanted action units; an action unit that the table lacks is NaN throughout."""
    return table.frame.reindex(columns=list(action_units)).to_numpy(np.float32)


def report_on(
    predictions: Predictions,
    config: ModelConfig,
    calibration: Calibration,
    action_units: tuple[str, ...] | None = None,
    bootstraps: int = 500,
    find_masking: bool = False,
) -> dict:
    """The evaluation report of predictions against their table (see `emotiscan.evaluation.evaluate`).

    Args:
        action_units: of the report, by default the network's. One like `AU26_or_AU27` is whether any of
            its parts is present; the network's probability for it is the largest of theirs, and
            its threshold their least.
        bootstraps, find_masking: see `evaluate`.
    """
    action_units, table = config.action_units if action_units is None else action_units, predictions.table
    emotions = calibration.emotions(predictions.emotions)
    return evaluate(
        emotions=config.emotions,
        action_units=action_units,
        emotion_probabilities=emotions,
        au_probabilities=_joined(
            calibration.action_units(predictions.action_units, config.action_units), config.action_units, action_units
        ),
        emotion_classes=agreed_classes(table, config.emotions),
        au_labels=labels_for(table, action_units),
        subjects=table.frame["subject"].to_numpy(),
        thresholds={au: min(calibration.threshold(part) for part in au.split("_or_")) for au in action_units},
        clear=calibration.is_clear(emotions),
        bootstraps=bootstraps,
        find_masking=find_masking,
    )


def _joined(probabilities: NDArray, known: tuple[str, ...], wanted: tuple[str, ...]) -> NDArray:
    columns = [probabilities[:, [known.index(part) for part in au.split("_or_")]].max(1) for au in wanted]
    return np.stack(columns, axis=1) if columns else np.empty((len(probabilities), 0))

"""What a network says of a label table, and the labels to hold against it."""

import copy
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from emotiscan.model import FaceModel
from emotiscan.training.alignment import align
from emotiscan.training.data import AlignedTable, evaluation_loader
from emotiscan.training.loaders import load_source
from emotiscan.training.settings import Settings
from emotiscan.training.table import LabelTable, TableError, join_tables

MIN_AGREEMENT = 5
"""Where annotators voted, a face's emotion counts as known if at least so many of them agree."""


@dataclass(frozen=True)
class Predictions:
    """A label table and the network's logits, row by row.

    Attributes:
        table: n rows.
        emotions: (n, e) logits of the network's emotions.
        codes: (n, k) logits of the network's codes.
    """

    table: LabelTable
    emotions: NDArray[np.float32]
    codes: NDArray[np.float32]


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


def predict(model: FaceModel, data: AlignedTable, settings: Settings | None = None) -> Predictions:
    """Read every row of an aligned table, in its order, as the app reads: by a copy made quicker.

    Args:
        model: one that was not made quicker itself; it stays as it is.
        settings: of a run, for its batch size and loader processes.
    """
    config, device = model.config, next(model.parameters()).device
    quick = copy.deepcopy(model).quicken()
    emotions, codes = [np.empty((0, len(config.emotions)))], [np.empty((0, len(config.codes)))]
    with torch.inference_mode():
        for batch in evaluation_loader(data, config, config.input_size, settings):
            _, emotion_logits, code_logits = quick.read(batch["crop"].to(device))
            emotions.append(emotion_logits.float().cpu().numpy())
            codes.append(code_logits.float().cpu().numpy())
    return Predictions(data.table, *(np.concatenate(rows, dtype=np.float32) for rows in (emotions, codes)))


def agreed_classes(table: LabelTable, emotions: tuple[str, ...]) -> NDArray[np.int64]:
    """(n,) index into `emotions` of the true one; -1 where unknown, disputed, or none of them."""
    index_of = {name: emotions.index(name) if name in emotions else -1 for name in table.emotions}
    classes = np.array([index_of[table.emotions[c]] if c >= 0 else -1 for c in table.emotion_classes], np.int64)
    disputed = table.frame["agreement"].to_numpy(float) < MIN_AGREEMENT
    return np.where(disputed, -1, classes)


def labels_for(table: LabelTable, codes: tuple[str, ...]) -> NDArray[np.float32]:
    """(n, k) labels of the wanted codes; a code that the table lacks is NaN throughout."""
    return table.frame.reindex(columns=list(codes)).to_numpy(np.float32)

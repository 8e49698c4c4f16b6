"""Predict the faces of a label table, and compare the predictions with its labels."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from emotiscan import facs
from emotiscan.datasets.aligned import AlignedTable, align_table, evaluation_loader
from emotiscan.datasets.loaders import load_source
from emotiscan.datasets.sources import DataSource
from emotiscan.datasets.table import LabelTable, TableError, join_tables
from emotiscan.evaluation.bootstrap import Floats, Ints
from emotiscan.evaluation.face_outputs import measure_face_outputs
from emotiscan.evaluation.metrics import evaluate_predictions
from emotiscan.model.calibration import Calibration
from emotiscan.model.checkpoint import load_checkpoint
from emotiscan.model.device import resolve_device
from emotiscan.model.engines import EngineSwitch
from emotiscan.model.network import FaceModel, ModelConfig
from emotiscan.reports import EvaluationReport

MIN_AGREEMENT = 5
"""Number of annotators who must agree for a face's emotion to count as known, in data sets with votes."""


@dataclass(frozen=True)
class Predictions:
    """A label table and the network's logits for each row.

    Attributes:
        table: n rows.
        emotions: (n, x) logits of the network's expressions or, without them, emotions
            (`ModelConfig.emotion_outputs`).
        action_units: (n, k) logits of the network's action units.
        sides: (n, k, 2) logits of the person's right and left half; None, as below, if the network lacks it.
        intensities: (n, k) of the action units, 0 to 5.
        side_intensities: (n, k, 2) likewise, of the halves.
        pose: (n, 3) pitch, yaw and roll of the crop in degrees (see `model.heads.Outputs`).
        quality: (n, q) logits of the network's quality problems.
        pose_labels: (n, 3) true pose of the crop, as `pose`; NaN where unknown.
    """

    table: LabelTable
    emotions: NDArray[np.float32]
    action_units: NDArray[np.float32]
    sides: NDArray[np.float32] | None = None
    intensities: NDArray[np.float32] | None = None
    side_intensities: NDArray[np.float32] | None = None
    pose: NDArray[np.float32] | None = None
    quality: NDArray[np.float32] | None = None
    pose_labels: NDArray[np.float32] | None = None


OUTPUT_OF_COLUMN = {
    "emotions": "emotion_logits",
    "action_units": "au_logits",
    "sides": "side_logits",
    "intensities": "intensities",
    "side_intensities": "side_intensities",
    "pose": "pose",
    "quality": "quality_logits",
}
"""Fields of `Predictions`, and of `model.heads.Outputs`."""


def load_split(source: str | DataSource, split: str | None, whole_if_undivided: bool = False) -> LabelTable:
    """Load a data set, or one of its splits.

    Args:
        source: as `load_source` takes it.
        split: "train", "validation" or "test"; None for all rows.
        whole_if_undivided: take all of a data set that has no splits.

    Raises:
        TableError: the source cannot be loaded, or has no such rows.
    """
    table = load_source(source)
    divided = (table.frame["split"] != "").any()
    if split and (divided or not whole_if_undivided):
        table = table.part(split)
        if not len(table):
            undivided = (
                ""
                if divided
                else "; add the option split=SEED to divide it by subject, as `emotiscan train --seed SEED` does"
            )
            raise TableError(f"{source}", f"it has no rows in the split “{split}”{undivided}")
    return table


def predict_tables(model: FaceModel, tables: Sequence[LabelTable], cache: str | Path, workers: int = 2) -> Predictions:
    """Find and predict the faces of one or more tables, joined to one.

    Images that cannot be read are left out.

    Args:
        cache: folder that keeps where faces were found.
        workers: processes that find faces and load images.
    """
    return predict(model, align_table(join_tables(tables), cache, workers))


def predict(model: FaceModel, data: AlignedTable, batch: int = 64, workers: int = 2) -> Predictions:
    """Predict every row of an aligned table, in its order, as `Analyzer` does.

    Args:
        model: stays unchanged; a copy optimized for inference does the work, on the same device.
        batch: crops that are predicted at a time.
        workers: processes that load images.
    """
    config = model.config
    optimized = model.optimize_for_inference()
    with torch.inference_mode():
        batches = [_outputs(optimized, torch.zeros(0, 3, config.input_size, config.input_size))]
        poses = [np.empty((0, 3), np.float32)]
        for crops in evaluation_loader(data, config, config.input_size, batch, workers):
            batches.append(_outputs(optimized, crops["crop"]))
            poses.append(crops["pose"].numpy() if "pose" in crops else np.full((len(crops["crop"]), 3), np.nan))
    columns = {name: output for name, output in OUTPUT_OF_COLUMN.items() if output in batches[0]}
    values = {name: np.concatenate([one[output] for one in batches]) for name, output in columns.items()}
    return Predictions(data.table, pose_labels=np.concatenate(poses, dtype=np.float32), **values)


def _outputs(model: FaceModel, crops: Tensor) -> dict[str, NDArray[np.float32]]:
    """Everything that the network predicts, but not the large feature maps."""
    outputs = model.predict(crops.to(model.device)).to_cpu().as_dict()
    return {name: values.numpy() for name, values in outputs.items() if name != "feature_map"}


def agreed_classes(table: LabelTable, emotions: tuple[str, ...]) -> Ints:
    """True emotions as (n,) indices into `emotions`; -1 where unknown, disputed, or not among them."""
    index_of = {name: emotions.index(name) if name in emotions else -1 for name in table.emotions}
    classes = np.array([index_of[table.emotions[c]] if c >= 0 else -1 for c in table.emotion_classes], np.int64)
    disputed = table.frame["agreement"].to_numpy(float) < MIN_AGREEMENT
    return np.where(disputed, -1, classes)


def emotion_probabilities(predictions: Predictions, config: ModelConfig, calibration: Calibration) -> Floats:
    """Calibrated probabilities (n, e) of the emotions, summed over expressions where the network has them."""
    return config.sum_probabilities(calibration.emotions(predictions.emotions, config.emotion_outputs))


def labels_for(table: LabelTable, action_units: tuple[str, ...]) -> NDArray[np.float32]:
    """(n, k) labels of these action units; NaN throughout for one that the table lacks."""
    return table.frame.reindex(columns=list(action_units)).to_numpy(np.float32)


def evaluate_table(
    table: LabelTable,
    weights: Path,
    cache: str | Path = "cache",
    workers: int = 2,
    with_masking: bool = False,
    device: str = "auto",
    engine: str = "torch",
) -> EvaluationReport:
    """Evaluate a checkpoint on a table.

    Args:
        table: its action units may be joined, as ``AU26_or_AU27``; those that the network lacks are left out.
        weights: the checkpoint.
        cache, workers: see `predict_tables`.
        with_masking: see `evaluate_predictions`.
        device: see `resolve_device`.
        engine: "torch" or "openvino", which runs on the CPU only.

    Raises:
        CheckpointError: the checkpoint cannot be used.
        DeviceError: this machine has no such device.
        EngineError: the engine cannot be used.
    """
    model, card = load_checkpoint(weights)
    known = set(card.config.action_units)
    action_units = tuple(au for au in table.action_units if set(facs.au_parts(au)) <= known)
    device = "cpu" if (device, engine) == ("auto", "openvino") else device
    optimized = model.to(resolve_device(device)).optimize_for_inference()
    EngineSwitch(optimized, card.fingerprint, engine)
    predictions = predict_tables(optimized, [table], cache, workers)
    return report_on(predictions, card.config, card.calibration, action_units, with_masking=with_masking)


def report_on(
    predictions: Predictions,
    config: ModelConfig,
    calibration: Calibration,
    action_units: tuple[str, ...] | None = None,
    bootstraps: int = 500,
    with_masking: bool = False,
) -> EvaluationReport:
    """Evaluate predictions against the labels of their table.

    Args:
        config, calibration: of the checkpoint.
        action_units: those to report on, by default the network's. One like ``AU26_or_AU27`` is present where any of
            its parts is; its probability is the largest of theirs, and its threshold the smallest.
        bootstraps, with_masking: see `evaluate_predictions`.
    """
    action_units = config.action_units if action_units is None else action_units
    table, emotions = predictions.table, emotion_probabilities(predictions, config, calibration)
    au_probabilities = calibration.action_units(predictions.action_units, config.action_units)
    report = evaluate_predictions(
        emotions=config.emotions,
        action_units=action_units,
        emotion_probabilities=emotions,
        au_probabilities=joined_probabilities(au_probabilities, config.action_units, action_units),
        emotion_classes=agreed_classes(table, config.emotions),
        au_labels=labels_for(table, action_units),
        subjects=table.frame["subject"].to_numpy(),
        thresholds={au: min(map(calibration.threshold, facs.au_parts(au))) for au in action_units},
        clear=calibration.is_clear(emotions),
        bootstraps=bootstraps,
        with_masking=with_masking,
    )
    return replace(report, outputs=measure_face_outputs(predictions, config, calibration, bootstraps))


def joined_probabilities(probabilities: Floats, known: tuple[str, ...], labels: tuple[str, ...]) -> Floats:
    """Columns of the network's action units to one column per label, the largest of its parts'."""
    columns = [probabilities[:, [known.index(part) for part in facs.au_parts(label)]].max(1) for label in labels]
    return np.stack(columns, axis=1) if columns else np.empty((len(probabilities), 0))

"""The end of a run: calibration, reports, plots, and the checkpoint that carries them."""

import dataclasses
import json
import logging
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from emotiscan.datasets.aligned import AlignedTable
from emotiscan.datasets.loaders import without_paths
from emotiscan.datasets.table import LabelTable
from emotiscan.evaluation.calibration_fit import calibrate
from emotiscan.evaluation.plots import write_plots
from emotiscan.evaluation.prediction import (
    Predictions,
    agreed_classes,
    emotion_probabilities,
    labels_for,
    predict,
    report_on,
)
from emotiscan.files import atomic_write, atomic_write_bytes
from emotiscan.model.calibration import Calibration
from emotiscan.model.checkpoint import Card, load_checkpoint, save_checkpoint
from emotiscan.model.network import FaceModel, ModelConfig
from emotiscan.training.settings import EXECUTION_SETTINGS, IMAGENET, RANDOM, SHIPPED, TrainingSettings

log = logging.getLogger(__name__)

TEST_PREDICTIONS = "test.npz"
"""File of a run folder with the prediction for each test image."""


def finish(
    model: FaceModel, data: AlignedTable, settings: TrainingSettings, history: pd.DataFrame | None, commit: str
) -> Path:
    """Calibrate on validation data, report on validation and test data, and write the checkpoint.

    The checkpoint is evaluated exactly as it ships: its weights are written first, and read back in half precision.

    Args:
        model: the network with its best weights.
        data: of the run.
        settings: of the run.
        history: metrics of each epoch, for a plot; None for none.
        commit: of the code, for the checkpoint's metadata.

    Returns:
        Path of the checkpoint.
    """
    out = Path(settings.out)
    path = out / "emotiscan.safetensors"
    training = _training_metadata(data.table, settings, commit)
    save_checkpoint(path, model, Card(model.config, training=training))
    model, _ = load_checkpoint(path)

    loading = {"batch": 2 * settings.batch, "workers": settings.workers}
    predictions = {"validation": predict(model, data.part("validation"), **loading)}
    test = data.part("test")
    if len(test.table):
        predictions["test"] = predict(model, test, **loading)
    calibration = calibrate(predictions["validation"], model.config)
    reports = {split: report_on(predicted, model.config, calibration) for split, predicted in predictions.items()}
    if "test" in predictions:
        save_predictions(out / TEST_PREDICTIONS, predictions["test"], model.config, calibration)
    stored = {split: report.to_dict() for split, report in reports.items()}
    atomic_write_bytes(out / "report.json", json.dumps(stored, indent=1) + "\n")
    save_checkpoint(path, model, Card(model.config, calibration, training, stored))
    for split, report in reports.items():
        before = report_on(predictions[split], model.config, Calibration(), bootstraps=0)
        write_plots(report, out / "figures" / split, data.table, history, before)
    log.info("wrote %s", path)
    for split, report in reports.items():
        metrics = {
            name: round(metric.value, 4) for name, metric in report.headline().items() if metric.value is not None
        }
        log.info("%s: %s", split, json.dumps(metrics))
    return path


def save_predictions(path: Path, predictions: Predictions, config: ModelConfig, calibration: Calibration) -> None:
    """Write the prediction for each image, and its labels, as the arrays that `evaluation.evaluate` takes."""
    emotions, action_units = (
        emotion_probabilities(predictions, config, calibration),
        calibration.action_units(predictions.action_units, config.action_units),
    )
    frame = predictions.table.frame
    arrays: dict[str, Any] = {
        "image": frame["image"].to_numpy(str),
        "subjects": (frame["source"] + ":" + frame["subject"]).to_numpy(str),
        "emotions": np.array(config.emotions),
        "action_units": np.array(config.action_units),
        "emotion_probabilities": emotions,
        "au_probabilities": action_units,
        "emotion_classes": agreed_classes(predictions.table, config.emotions),
        "au_labels": labels_for(predictions.table, config.action_units),
        "clear": calibration.is_clear(emotions),
        "called": action_units >= np.array([calibration.threshold(au) for au in config.action_units]),
    }
    with atomic_write(path) as file:
        np.savez_compressed(file, **arrays)


def _training_metadata(table: LabelTable, settings: TrainingSettings, commit: str) -> dict[str, Any]:
    """What a checkpoint says about its training."""
    frame = table.frame
    sets = {
        source: {split or "unassigned": int(count) for split, count in rows["split"].value_counts().items()}
        for source, rows in frame.groupby("source")
    }
    kept = {name: value for name, value in dataclasses.asdict(settings).items() if name not in EXECUTION_SETTINGS}
    # Paths belong to the machine that trained, and mean nothing on others.
    kept["data"] = [without_paths(source) for source in settings.data]
    kept["teacher"] = [Path(file).name for file in settings.teacher]
    if settings.init not in (SHIPPED, IMAGENET, RANDOM):
        kept["init"] = Path(settings.init).name
    return {"data": sets, "settings": kept, "commit": commit, "date": date.today().isoformat()}

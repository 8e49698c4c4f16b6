"""The end of a run: calibration, report, pictures, and the checkpoint that carries them."""

import dataclasses
import json
import logging
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd

from emotiscan.datasets.aligned import AlignedTable
from emotiscan.datasets.loaders import without_paths
from emotiscan.datasets.table import LabelTable
from emotiscan.evaluation.calibration_fit import calibrate
from emotiscan.evaluation.plots import write_plots
from emotiscan.evaluation.prediction import Predictions, agreed_classes, labels_for, predict, report_on
from emotiscan.files import atomic_write, atomic_write_bytes
from emotiscan.model.calibration import Calibration
from emotiscan.model.checkpoint import Card, load_checkpoint, save_checkpoint
from emotiscan.model.network import FaceModel, ModelConfig
from emotiscan.training.settings import TrainingSettings

log = logging.getLogger(__name__)

ANSWERS = "test.npz"
"""File of a run folder with the answer to each test picture."""


def finish(
    model: FaceModel, data: AlignedTable, settings: TrainingSettings, history: pd.DataFrame | None, commit: str
) -> Path:
    """Calibrate on validation data, report on validation and test data, write the checkpoint.

    What is measured is what ships: the weights are written first, and read back as half precision
    left them.

    Returns:
        Path of the checkpoint.
    """
    out = Path(settings.out)
    path = out / "emotiscan.safetensors"
    training = _training(data.table, settings, commit)
    save_checkpoint(path, model, Card(model.config, training=training))
    model, _ = load_checkpoint(path)

    loading = {"batch": 2 * settings.batch, "workers": settings.workers}
    predictions = {"validation": predict(model, data.part("validation"), **loading)}
    test = data.part("test")
    if len(test.table):
        predictions["test"] = predict(model, test, **loading)
    calibration = calibrate(predictions["validation"], model.config)
    reports = {split: report_on(read, model.config, calibration) for split, read in predictions.items()}
    if "test" in predictions:
        keep_answers(out / ANSWERS, predictions["test"], model.config, calibration)
    metrics = {split: report.to_dict() for split, report in reports.items()}
    atomic_write_bytes(out / "report.json", json.dumps(metrics, indent=1) + "\n")
    save_checkpoint(path, model, Card(model.config, calibration, training, metrics))
    for split, report in reports.items():
        before = report_on(predictions[split], model.config, Calibration(), bootstraps=0)
        write_plots(report, out / "figures" / split, data.table, history, before)
    log.info("wrote %s", path)
    for split, report in reports.items():
        figures = {
            name: round(metric.value, 4) for name, metric in report.headline().items() if metric.value is not None
        }
        log.info("%s: %s", split, json.dumps(figures))
    return path


def keep_answers(path: Path, predictions: Predictions, config: ModelConfig, calibration: Calibration) -> None:
    """Write what a checkpoint answers to each picture, beside what is true, as the arrays that `evaluate` takes."""
    emotions, action_units = (
        calibration.emotions(predictions.emotions),
        calibration.action_units(predictions.action_units, config.action_units),
    )
    frame = predictions.table.frame
    arrays = {
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


def _training(table: LabelTable, settings: TrainingSettings, commit: str) -> dict:
    frame = table.frame
    sets = {
        source: {split or "unassigned": int(count) for split, count in rows["split"].value_counts().items()}
        for source, rows in frame.groupby("source")
    }
    told = dataclasses.asdict(settings)
    # Paths are of the machine that trained; they say nothing to others.
    told["data"] = [without_paths(source) for source in settings.data]
    for name in ("out", "cache", "workers", "threads", "devices", "nodes", "sweep"):
        told.pop(name, None)
    if told["init"] not in ("shipped", "imagenet", "none"):
        told["init"] = Path(told["init"]).name
    return {"data": sets, "settings": told, "commit": commit, "date": date.today().isoformat()}

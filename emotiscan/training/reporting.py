"""The end of a run: calibration, report, pictures, and the checkpoint that carries them."""

import dataclasses
import json
import logging
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from emotiscan.calibration import Calibration
from emotiscan.checkpoint import Card, load_checkpoint, save_checkpoint
from emotiscan.evaluation import evaluate, headline
from emotiscan.files import whole, write_whole
from emotiscan.model import FaceModel, ModelConfig
from emotiscan.training.calibrating import calibrate
from emotiscan.training.data import AlignedTable
from emotiscan.training.figures import write_figures
from emotiscan.training.loaders import without_paths
from emotiscan.training.prediction import Predictions, agreed_classes, labels_for, predict
from emotiscan.training.settings import Settings
from emotiscan.training.table import LabelTable

log = logging.getLogger(__name__)

ANSWERS = "test.npz"
"""File of a run folder with the answer to each test picture."""


def finish(model: FaceModel, data: AlignedTable, settings: Settings, history: pd.DataFrame | None, commit: str) -> Path:
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

    predictions = {"validation": predict(model, data.part("validation"), settings)}
    test = data.part("test")
    if len(test.table):
        predictions["test"] = predict(model, test, settings)
    calibration = calibrate(predictions["validation"], model.config)
    reports = {split: report_on(read, model.config, calibration) for split, read in predictions.items()}
    if "test" in predictions:
        keep_answers(out / ANSWERS, predictions["test"], model.config, calibration)
    write_whole(out / "report.json", json.dumps(reports, indent=1) + "\n")
    save_checkpoint(path, model, Card(model.config, calibration, training, reports))
    for split, report in reports.items():
        before = report_on(predictions[split], model.config, Calibration(), bootstraps=0)
        write_figures(report, out / "figures" / split, data.table, history, before)
    log.info("wrote %s", path)
    for split, report in reports.items():
        figures = {name: round(figure["value"], 4) for name, figure in headline(report).items()}
        log.info("%s: %s", split, json.dumps(figures))
    return path


def keep_answers(path: Path, predictions: Predictions, config: ModelConfig, calibration: Calibration) -> None:
    """Write what a checkpoint answers to each picture, beside what is true, as the arrays that `evaluate` takes."""
    emotions, codes = calibration.emotions(predictions.emotions), calibration.codes(predictions.codes, config.codes)
    frame = predictions.table.frame
    arrays = {
        "image": frame["image"].to_numpy(str),
        "subjects": (frame["source"] + ":" + frame["subject"]).to_numpy(str),
        "emotions": np.array(config.emotions),
        "codes": np.array(config.codes),
        "emotion_probabilities": emotions,
        "code_probabilities": codes,
        "emotion_classes": agreed_classes(predictions.table, config.emotions),
        "code_labels": labels_for(predictions.table, config.codes),
        "clear": calibration.clear(emotions),
        "called": codes >= np.array([calibration.threshold(code) for code in config.codes]),
    }
    with whole(path) as file:
        np.savez_compressed(file, **arrays)


def report_on(
    predictions: Predictions,
    config: ModelConfig,
    calibration: Calibration,
    codes: tuple[str, ...] | None = None,
    bootstraps: int = 500,
    find_hiding: bool = False,
) -> dict:
    """The evaluation report of predictions against their table (see `emotiscan.evaluation.evaluate`).

    Args:
        codes: of the report, by default the network's. One like `AU26_or_AU27` is whether any of
            its parts is present; the network's probability for it is the largest of theirs, and
            its threshold their least.
        bootstraps, find_hiding: see `evaluate`.
    """
    codes, table = config.codes if codes is None else codes, predictions.table
    emotions = calibration.emotions(predictions.emotions)
    return evaluate(
        emotions=config.emotions,
        codes=codes,
        emotion_probabilities=emotions,
        code_probabilities=_joined(calibration.codes(predictions.codes, config.codes), config.codes, codes),
        emotion_classes=agreed_classes(table, config.emotions),
        code_labels=labels_for(table, codes),
        subjects=table.frame["subject"].to_numpy(),
        thresholds={code: min(calibration.threshold(part) for part in code.split("_or_")) for code in codes},
        clear=calibration.clear(emotions),
        bootstraps=bootstraps,
        find_hiding=find_hiding,
    )


def _joined(probabilities: NDArray, known: tuple[str, ...], wanted: tuple[str, ...]) -> NDArray:
    columns = [probabilities[:, [known.index(part) for part in code.split("_or_")]].max(1) for code in wanted]
    return np.stack(columns, axis=1) if columns else np.empty((len(probabilities), 0))


def _training(table: LabelTable, settings: Settings, commit: str) -> dict:
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

"""The end of a run: thresholds, report, pictures, and the checkpoint that carries them."""

import dataclasses
import json
import logging
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray

from emotiscan.calibration import Calibration
from emotiscan.checkpoint import Card, load_checkpoint, save_checkpoint
from emotiscan.evaluation import choose_thresholds, evaluate
from emotiscan.model import FaceModel
from emotiscan.training.data import AlignedTable, evaluation_loader
from emotiscan.training.figures import write_figures
from emotiscan.training.settings import Settings
from emotiscan.training.table import LabelTable

log = logging.getLogger(__name__)

MIN_AGREEMENT = 5
"""Where annotators voted, a face counts in the report if at least so many of them agree."""


def finish(model: FaceModel, data: AlignedTable, settings: Settings, history: pd.DataFrame | None, commit: str) -> Path:
    """Choose thresholds on validation data, report on validation and test data, write the checkpoint.

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

    validation = data.part("validation")
    emotion_logits, code_logits = predict(model, validation, settings)
    codes = model.config.codes
    probabilities = Calibration().codes(code_logits, codes)
    calibration = Calibration(thresholds=choose_thresholds(probabilities, labels_for(validation.table, codes), codes))

    reports = {"validation": report_on(validation.table, model, calibration, emotion_logits, code_logits)}
    test = data.part("test")
    if len(test.table):
        reports["test"] = report_on(test.table, model, calibration, *predict(model, test, settings))
    (out / "report.json").write_text(json.dumps(reports, indent=1) + "\n")
    save_checkpoint(path, model, Card(model.config, calibration, training, reports))
    for split, report in reports.items():
        write_figures(report, out / "figures" / split, data.table, history)
    log.info("wrote %s", path)
    for split, report in reports.items():
        log.info("%s: %s", split, json.dumps(_headline(report)))
    return path


def predict(
    model: FaceModel, data: AlignedTable, settings: Settings | None = None
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Emotion logits (n, e) and code logits (n, k) of an aligned table, in its order.

    Args:
        settings: of a run, for its batch size and loader processes.
    """
    emotions, codes = [], []
    device = next(model.parameters()).device
    with torch.inference_mode():
        for batch in evaluation_loader(data, model.config, model.config.input_size, settings):
            emotion_logits, code_logits = model(batch["crop"].to(device))
            emotions.append(emotion_logits.float().cpu().numpy())
            codes.append(code_logits.float().cpu().numpy())
    return np.concatenate(emotions), np.concatenate(codes)


def report_on(
    table: LabelTable,
    model: FaceModel,
    calibration: Calibration,
    emotion_logits: NDArray[np.float32],
    code_logits: NDArray[np.float32],
) -> dict:
    """The evaluation report of predictions against a table (see `emotiscan.evaluation.evaluate`)."""
    config = model.config
    return evaluate(
        emotions=config.emotions,
        codes=config.codes,
        emotion_probabilities=calibration.emotions(emotion_logits),
        code_probabilities=calibration.codes(code_logits, config.codes),
        emotion_classes=agreed_classes(table, config.emotions),
        code_labels=labels_for(table, config.codes),
        subjects=table.frame["subject"].to_numpy(),
        thresholds=calibration.thresholds,
    )


def agreed_classes(table: LabelTable, emotions: tuple[str, ...]) -> NDArray[np.int64]:
    """(n,) index into `emotions` of the true one; -1 where unknown, disputed, or none of them."""
    index_of = {name: emotions.index(name) if name in emotions else -1 for name in table.emotions}
    classes = np.array([index_of[table.emotions[c]] if c >= 0 else -1 for c in table.emotion_classes], np.int64)
    disputed = table.frame["agreement"].to_numpy(float) < MIN_AGREEMENT
    return np.where(disputed, -1, classes)


def labels_for(table: LabelTable, codes: tuple[str, ...]) -> NDArray[np.float32]:
    """(n, k) labels of the wanted codes; a code that the table lacks is NaN throughout."""
    return table.frame.reindex(columns=list(codes)).to_numpy(np.float32)


def _training(table: LabelTable, settings: Settings, commit: str) -> dict:
    frame = table.frame
    sets = {
        source: {split or "unassigned": int(count) for split, count in rows["split"].value_counts().items()}
        for source, rows in frame.groupby("source")
    }
    told = dataclasses.asdict(settings)
    # Paths are of the machine that trained; they say nothing to others.
    told["data"] = [source.split(":")[0] for source in settings.data]
    for name in ("out", "cache", "workers", "threads"):
        told.pop(name)
    if told["init"] not in ("shipped", "imagenet", "none"):
        told["init"] = Path(told["init"]).name
    return {"data": sets, "settings": told, "commit": commit, "date": date.today().isoformat()}


def _headline(report: dict) -> dict:
    emotion, mean = report.get("emotion") or {}, report.get("codes_mean") or {}
    return {
        "accuracy": (emotion.get("accuracy") or {}).get("value"),
        "mission accuracy": ((emotion.get("mission") or {}).get("accuracy") or {}).get("value"),
        "codes' mean AUC": (mean.get("auc") or {}).get("value"),
    }

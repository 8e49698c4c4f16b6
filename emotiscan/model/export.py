"""The network as a file for other runtimes: ONNX or OpenVINO's format.

The exported network maps `crops` (b, 3, s, s), normalized, to the outputs that the checkpoint has (see
`model.heads.Outputs`): `emotion_logits`, `au_logits` and so on, with `feature_map` at the end. Flip test-time
augmentation is part of it. What a program needs besides is in its metadata (see `describe`).
"""

import json
import os
import tempfile
import warnings
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

import emotiscan
from emotiscan.faces import EYE_DISTANCE, EYE_HEIGHT, MOUTH_HEIGHT
from emotiscan.files import atomic_write_bytes
from emotiscan.model.checkpoint import DEFAULT_WEIGHTS, Card, load_checkpoint
from emotiscan.model.config import ModelConfig
from emotiscan.model.network import FaceModel
from emotiscan.model.parallel import ThreadedBatch

METADATA = "emotiscan"
"""Key of the description among a file's metadata."""

INPUT = "crops"


class ExportError(ValueError):
    """The network cannot be exported as asked; the message says why and what to do."""


class _Exported(nn.Module):
    """`FaceModel.predict` without threads, which exporters cannot follow."""

    def __init__(self, model: FaceModel) -> None:
        super().__init__()
        self.model = model.optimize_for_inference()
        if isinstance(self.model.backbone, ThreadedBatch):
            self.model.backbone = self.model.backbone.network

    def forward(self, crops: Tensor) -> tuple[Tensor, ...]:
        outputs = self.model.predict(crops)
        return tuple(getattr(outputs, name) for name in output_names(self.model.config))


def output_names(config: ModelConfig) -> tuple[str, ...]:
    """Names of an exported network's outputs, in order: fields of `model.heads.Outputs`."""
    optional = {
        "side_logits": config.sides,
        "intensities": config.intensities,
        "side_intensities": config.intensities and config.sides,
        "pose": config.pose,
        "quality_logits": bool(config.quality),
    }
    return ("emotion_logits", "au_logits", *(name for name, has in optional.items() if has), "feature_map")


def describe(card: Card) -> dict[str, Any]:
    """Describe how to use an exported network, as values that JSON can hold.

    Returns:
        `input`: name, size and color of the crops, and how their pixels are normalized. `crop`: where eyes and mouth
        lie in a crop, as shares of its side. `emotions` and `action_units`: the labels of the logits, in order; with
        `expressions`, these are the labels of `emotion_logits`. `quality`: the labels of `quality_logits`.
        `calibration`: see `Calibration`. `version` and `fingerprint`: of the package and of the checkpoint.
    """
    config = card.config
    return {
        "version": emotiscan.__version__,
        "fingerprint": card.fingerprint,
        "input": {
            "name": INPUT,
            "layout": "NCHW, float32",
            "size": config.input_size,
            "color": "gray, the same in all three channels" if config.grayscale else "RGB",
            "normalization": "(pixel / 255 - mean) / std",
            "mean": list(config.mean),
            "std": list(config.std),
        },
        "crop": {"eye_height": EYE_HEIGHT, "eye_distance": EYE_DISTANCE, "mouth_height": MOUTH_HEIGHT},
        "emotions": list(config.emotions),
        "expressions": list(config.expressions),
        "action_units": list(config.action_units),
        "quality": list(config.quality),
        "calibration": card.calibration.as_dict(),
    }


def export_onnx(path: str | Path, weights: str | Path = DEFAULT_WEIGHTS) -> Path:
    """Write a checkpoint's network as ONNX. Needs the extra `export`.

    The description is the JSON text under `METADATA` in the model's `metadata_props`.

    Args:
        path: of the file; is written when it is complete.
        weights: the checkpoint.

    Returns:
        The path written to.

    Raises:
        CheckpointError: the checkpoint cannot be used.
        OSError: the file cannot be written.
    """
    import onnx
    import onnxscript  # noqa: F401  # torch's exporter needs it

    model, card = load_checkpoint(weights)
    with torch.no_grad(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        program = torch.onnx.export(
            _Exported(model).eval(),
            (_example(card),),
            dynamo=True,
            verbose=False,
            input_names=[INPUT],
            output_names=list(output_names(card.config)),
            dynamic_shapes=({0: torch.export.Dim("batch")},),
        )
    assert program is not None
    proto = program.model_proto
    onnx.helper.set_model_props(proto, {METADATA: json.dumps(describe(card))})
    onnx.checker.check_model(proto)
    return atomic_write_bytes(path, proto.SerializeToString())


def export_openvino(path: str | Path, weights: str | Path = DEFAULT_WEIGHTS) -> Path:
    """Write a checkpoint's network in OpenVINO's format. Needs the extra `fast`.

    The description is the JSON text under `METADATA` in the model's runtime information.

    Args:
        path: of the .xml file; the weights are written beside it, into a .bin file.
        weights: the checkpoint.

    Returns:
        The path written to.

    Raises:
        CheckpointError: the checkpoint cannot be used.
        ExportError: the path does not end in .xml.
        OSError: a file cannot be written.
    """
    path = Path(path)
    if path.suffix != ".xml":
        raise ExportError(f"{path}: a network in OpenVINO's format is an .xml file with a .bin file beside it")
    from emotiscan.model.engines.openvino_engine import convert, save_model

    model, card = load_checkpoint(weights)
    converted = convert(_Exported(model).eval(), card.config.input_size)
    converted.input(0).set_names({INPUT})
    for output, name in zip(converted.outputs, output_names(card.config), strict=True):
        output.set_names({name})
    converted.set_rt_info(json.dumps(describe(card)), METADATA)
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=path.parent) as folder:
        save_model(converted, Path(folder) / path.name, compress_to_fp16=False)
        for file in sorted(Path(folder).iterdir()):  # the weights first
            os.replace(file, path.parent / file.name)
    return path


def _example(card: Card) -> Tensor:
    return torch.zeros(2, 3, card.config.input_size, card.config.input_size)

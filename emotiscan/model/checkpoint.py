"""Checkpoints: safetensors whose metadata say what the numbers mean.

The tensors are half precision where that loses nothing that shows (convolutions and dense
layers), single precision elsewhere; they are read back as single precision. Nothing is ever
unpickled.
"""

import hashlib
import json
import struct
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from textwrap import shorten
from typing import TypeVar

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor
from torch.overrides import TorchFunctionMode

from emotiscan.files import atomic_write_bytes
from emotiscan.model.calibration import Calibration
from emotiscan.model.network import FaceModel, ModelConfig
from emotiscan.resources import WEIGHTS as DEFAULT_WEIGHTS

FORMAT = "emotiscan-1"

_OLD_CONFIG = {"codes": "action_units", "local_codes": "local_action_units", "mirrored": "flip_tta"}
_OLD_TENSORS = {"code_head.": "au_head.", "code_scale": "au_scale", "code_offset": "au_offset"}
"""What fields and tensors were called in checkpoints written before December 2026; these stay readable."""


Value = TypeVar("Value")


class CheckpointError(ValueError):
    """The checkpoint cannot be used; the message says why and what to do."""


@dataclass(frozen=True)
class Card:
    """What a checkpoint says of itself, beside its weights.

    Attributes:
        config: the network.
        calibration: fitted on validation data.
        training: data sets, settings and commit, for people to read.
        metrics: figures of the evaluation report, for people and the pages to read.
        fingerprint: first 12 hex digits of the SHA-256 of the tensors and all metadata.
    """

    config: ModelConfig
    calibration: Calibration = field(default_factory=Calibration)
    training: Mapping[str, object] = field(default_factory=dict)
    metrics: Mapping[str, object] = field(default_factory=dict)
    fingerprint: str = ""


def save_checkpoint(path: str | Path, model: FaceModel, card: Card) -> Path:
    """Write a checkpoint; the file appears whole or not at all.

    Returns:
        The path written to.
    """
    path = Path(path)
    tensors = {name: _stored(tensor) for name, tensor in model.state_dict().items()}
    metadata = {
        "format": FORMAT,
        "config": json.dumps(card.config.as_dict()),
        "calibration": json.dumps(card.calibration.as_dict()),
        "training": json.dumps(dict(card.training)),
        "metrics": json.dumps(dict(card.metrics)),
    }
    metadata["sha256"] = _digest(tensors, metadata)
    return atomic_write_bytes(path, save(tensors, metadata))


def load_checkpoint(path: str | Path = DEFAULT_WEIGHTS) -> tuple[FaceModel, Card]:
    """Read a checkpoint.

    Returns:
        The network in evaluation mode with frozen parameters, and its card.

    Raises:
        CheckpointError: the file is missing, damaged, no checkpoint of this project, of another
            format, its tensors do not fit its configuration, or they hold infinities or NaN.
    """
    path = Path(path)
    if not path.is_file():
        raise CheckpointError(
            f"There is no checkpoint at {path}. Train one with train.py, or name another .safetensors file: "
            "with --weights on the command line, in EMOTISCAN_WEIGHTS for the app."
        )
    try:
        with safe_open(path, framework="pt") as file:
            metadata = file.metadata() or {}
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except (SafetensorError, OSError, ValueError, struct.error) as error:
        raise CheckpointError(f"{path} is damaged or no safetensors file ({error}). Get a fresh copy of it.") from None
    if metadata.get("format") != FORMAT:
        found = metadata.get("format", "none")
        raise CheckpointError(
            f"{path} is no checkpoint that this version reads (its format: {found}; wanted: {FORMAT}). "
            "Train it again with this version's train.py, or use the version that made it."
        )
    digest = _digest(tensors, metadata)
    if metadata.get("sha256") != digest:
        raise CheckpointError(f"{path} is damaged: its contents do not match their checksum. Get a fresh copy of it.")
    broken = next((name for name, tensor in tensors.items() if not torch.isfinite(tensor).all()), None)
    if broken:
        raise CheckpointError(f"{path} holds weights that are no numbers ({broken}). Train it again or use another.")
    try:
        card = Card(
            config=ModelConfig(**_renamed(json.loads(metadata["config"]), _OLD_CONFIG)),
            calibration=Calibration(**json.loads(metadata["calibration"])),
            training=json.loads(metadata["training"]),
            metrics=json.loads(metadata["metrics"]),
            fingerprint=digest[:12],
        )
        with torch.device("meta"), _Uninitialized():
            model = FaceModel(card.config)
        # Copies, even of what is single precision already: a tensor as it was read keeps the whole file mapped.
        state = {
            name: t.to(torch.float32 if t.is_floating_point() else t.dtype, copy=True)
            for name, t in _renamed(tensors, _OLD_TENSORS).items()
        }
        model.load_state_dict(state, assign=True)
    except (AttributeError, KeyError, TypeError, ValueError, RuntimeError) as error:
        reason = shorten(str(error), 200, placeholder=" …")  # torch lists every tensor, one a line
        raise CheckpointError(f"{path} does not fit its own description: {reason}") from None
    return model.eval().requires_grad_(False), card


def _renamed(values: Mapping[str, Value], names: Mapping[str, str]) -> dict[str, Value]:
    """The values with each key's old beginning replaced by today's name."""
    new = {}
    for name, value in values.items():
        old = next((old for old in names if name == old or (old.endswith(".") and name.startswith(old))), "")
        new[names.get(old, "") + name.removeprefix(old)] = value
    return new


def fingerprint_of(path: str | Path = DEFAULT_WEIGHTS) -> str:
    """`Card.fingerprint` as the file itself states it: quick, and not checked against its contents.

    Raises:
        CheckpointError: the file is missing, or no checkpoint that this version reads.
    """
    try:
        with safe_open(Path(path), framework="pt") as file:
            metadata = file.metadata() or {}
    except (SafetensorError, OSError, ValueError, struct.error) as error:
        raise CheckpointError(f"{path} is no checkpoint that can be read ({error}).") from None
    stated = str(metadata.get("sha256"))
    if metadata.get("format") != FORMAT or len(stated) != 64 or not set(stated) <= set("0123456789abcdef"):
        raise CheckpointError(f"{path} is no checkpoint that this version reads.")
    return stated[:12]


class _Uninitialized(TorchFunctionMode):
    """Draws no random numbers for the layers that are made meanwhile: the checkpoint's weights replace them at once.

    On the meta device they would cost nothing themselves, but would load torch's compiler: 70 MB and a second.
    """

    def __torch_function__(
        self, func: Callable, types: Sequence[type], args: Sequence = (), kwargs: Mapping | None = None
    ) -> object:
        return args[0] if func in (Tensor.normal_, Tensor.uniform_) else func(*args, **kwargs or {})


def attach_report(path: str | Path, name: str, report: Mapping[str, object]) -> None:
    """Write a report into a checkpoint's `metrics`, in the place of one of the same name; all else stays.

    Raises:
        CheckpointError: as `load_checkpoint`.
    """
    model, card = load_checkpoint(path)
    save_checkpoint(path, model, replace(card, metrics={**card.metrics, name: report}))


def _stored(tensor: Tensor) -> Tensor:
    """Half precision for matrices and filters; a copy, so that no two names share memory."""
    tensor = tensor.detach().cpu()
    if tensor.is_floating_point() and tensor.dim() >= 2:
        tensor = tensor.half()
    return tensor.contiguous().clone()


def _digest(tensors: Mapping[str, Tensor], metadata: Mapping[str, str]) -> str:
    """SHA-256 over the tensors and all metadata but the digest itself."""
    sha = hashlib.sha256()
    for name in sorted(set(metadata) - {"sha256"}):
        sha.update(json.dumps([name, metadata[name]]).encode())
    for name in sorted(tensors):
        sha.update(name.encode())
        sha.update(tensors[name].contiguous().view(-1).view(torch.uint8).numpy().tobytes())
    return sha.hexdigest()

"""Checkpoints: safetensors files whose metadata describe the network.

Convolutions and dense layers are stored in half precision, which makes no visible difference; everything else is stored
in single precision. All tensors are loaded in single precision. Nothing is ever unpickled.
"""

import hashlib
import json
import struct
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
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
from emotiscan.model.network import FaceModel, InferenceModel, ModelConfig
from emotiscan.resources import WEIGHTS as DEFAULT_WEIGHTS

FORMAT = "emotiscan-1"

_OLD_CONFIG_NAMES = {"codes": "action_units", "local_codes": "local_action_units", "mirrored": "flip_tta"}
_OLD_TENSOR_PREFIXES = {"code_head.": "au_head.", "code_scale": "au_scale", "code_offset": "au_offset"}
"""Old and new names. Checkpoints written before December 2026 use the old ones, and stay readable."""

Value = TypeVar("Value")


class CheckpointError(ValueError):
    """A checkpoint cannot be used; the message says why and what to do."""


@dataclass(frozen=True)
class Card:
    """Description of a network, stored in the metadata of its checkpoint.

    Attributes:
        config: architecture and input format.
        calibration: turns logits into probabilities; fitted on validation data.
        training: data sets, settings and commit. Informative only.
        metrics: evaluation reports by name, e.g. "validation". Informative only; the app's Model page shows them.
        fingerprint: first 12 hex digits of the SHA-256 of the tensors and all metadata. Set by `load_checkpoint`.
    """

    config: ModelConfig
    calibration: Calibration = field(default_factory=Calibration)
    training: Mapping[str, object] = field(default_factory=dict)
    metrics: Mapping[str, object] = field(default_factory=dict)
    fingerprint: str = ""


def save_checkpoint(path: str | Path, model: FaceModel, card: Card) -> Path:
    """Write a checkpoint atomically: a file that was there stays until the new one is complete.

    Returns:
        The path written to.

    Raises:
        TypeError: the network was made by `FaceModel.optimize_for_inference`. Save the original instead.
        OSError: the file cannot be written.
    """
    if isinstance(model, InferenceModel):
        raise TypeError(
            "a network made by optimize_for_inference() cannot be saved: its batch norms are folded into its "
            "convolutions, and no other network could load it; save the FaceModel that it was made from"
        )
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
    """Load a checkpoint and check that it is complete and consistent.

    Returns:
        The network on the CPU, in evaluation mode with frozen parameters, and its card.

    Raises:
        CheckpointError: the file is missing or damaged, is not a checkpoint of this project, has another format, its
            tensors do not fit its configuration, or they contain infinities or NaN.
    """
    tensors, card = _read(Path(path))
    with _describing(Path(path)):
        with torch.device("meta"), _Uninitialized():
            model = FaceModel(card.config)
        # Copy even what is single precision already: a tensor as read keeps the whole file mapped.
        state = {
            name: t.to(torch.float32 if t.is_floating_point() else t.dtype, copy=True)
            for name, t in with_current_tensor_names(tensors).items()
        }
        model.load_state_dict(state, assign=True)
    return model.eval().requires_grad_(False), card


def load_card(path: str | Path = DEFAULT_WEIGHTS) -> Card:
    """Read a checkpoint's card without building the network, which takes as long again.

    Raises:
        CheckpointError: as in `load_checkpoint`, unless only the tensors do not fit the configuration.
    """
    return _read(Path(path))[1]


def _read(path: Path) -> tuple[dict[str, Tensor], Card]:
    """The tensors of a complete checkpoint, as stored, and its card."""
    if not path.is_file():
        raise CheckpointError(
            f"There is no checkpoint at {path}. Train one with “emotiscan train”, or choose another .safetensors file: "
            "with --weights on the command line, or in EMOTISCAN_WEIGHTS for the app."
        )
    try:
        with safe_open(path, framework="pt") as file:
            metadata = file.metadata() or {}
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except (SafetensorError, OSError, ValueError, struct.error) as error:
        raise CheckpointError(f"{path} is damaged or not a safetensors file ({error}). Get a fresh copy.") from None
    if metadata.get("format") != FORMAT:
        found = metadata.get("format", "none")
        raise CheckpointError(
            f"{path} is not a checkpoint that this version can read (its format: {found}; expected: {FORMAT}). "
            "Train it again with this version, or use the version that wrote it."
        )
    digest = _digest(tensors, metadata)
    if metadata.get("sha256") != digest:
        raise CheckpointError(f"{path} is damaged: its contents do not match their checksum. Get a fresh copy.")
    broken = next((name for name, tensor in tensors.items() if not torch.isfinite(tensor).all()), None)
    if broken:
        raise CheckpointError(f"{path} contains infinite or NaN weights ({broken}). Train it again or use another.")
    with _describing(path):
        card = Card(
            config=ModelConfig(**_renamed(json.loads(metadata["config"]), _OLD_CONFIG_NAMES)),
            calibration=Calibration(**json.loads(metadata["calibration"])),
            training=json.loads(metadata["training"]),
            metrics=json.loads(metadata["metrics"]),
            fingerprint=digest[:12],
        )
    return tensors, card


@contextmanager
def _describing(path: Path) -> Iterator[None]:
    """Word the errors of a checkpoint whose parts do not fit each other."""
    try:
        yield
    except (AttributeError, KeyError, TypeError, ValueError, RuntimeError) as error:
        reason = shorten(str(error), 200, placeholder=" …")  # torch lists every tensor on a line of its own
        raise CheckpointError(f"{path} does not fit its own description: {reason}") from None


def with_current_tensor_names(tensors: Mapping[str, Value], prefix: str = "") -> dict[str, Value]:
    """Replace the names that a network's tensors had before December 2026 by the current ones.

    Args:
        tensors: by name.
        prefix: what each name begins with: "model." where the network is part of another module.
    """
    return _renamed(tensors, {prefix + old: prefix + new for old, new in _OLD_TENSOR_PREFIXES.items()})


def _renamed(values: Mapping[str, Value], new_names: Mapping[str, str]) -> dict[str, Value]:
    """Replace old names of fields and tensors by the current ones.

    Args:
        values: by name.
        new_names: by old name. An old name that ends in a dot is a prefix, and only that prefix is replaced.
    """
    renamed = {}
    for name, value in values.items():
        prefix = next((old for old in new_names if old.endswith(".") and name.startswith(old)), name)
        renamed[new_names.get(prefix, prefix) + name.removeprefix(prefix)] = value
    return renamed


def fingerprint_of(path: str | Path = DEFAULT_WEIGHTS) -> str:
    """Read `Card.fingerprint` from a checkpoint's metadata. Fast, but not verified against the contents.

    Raises:
        CheckpointError: the file is missing, or not a checkpoint that this version can read.
    """
    try:
        with safe_open(Path(path), framework="pt") as file:
            metadata = file.metadata() or {}
    except (SafetensorError, OSError, ValueError, struct.error) as error:
        raise CheckpointError(f"{path} is not a checkpoint ({error}).") from None
    stated = str(metadata.get("sha256"))
    if metadata.get("format") != FORMAT or len(stated) != 64 or not set(stated) <= set("0123456789abcdef"):
        raise CheckpointError(f"{path} is not a checkpoint that this version can read.")
    return stated[:12]


class _Uninitialized(TorchFunctionMode):
    """Skips random initialization of layers: the checkpoint's weights replace them anyway.

    On the meta device initialization itself is free, but it would load torch's compiler: 70 MB and a second.
    """

    def __torch_function__(
        self,
        func: Callable[..., object],
        types: Sequence[type],
        args: Sequence[object] = (),
        kwargs: Mapping[str, object] | None = None,
    ) -> object:
        return args[0] if func in (Tensor.normal_, Tensor.uniform_) else func(*args, **kwargs or {})


def attach_report(path: str | Path, name: str, report: Mapping[str, object]) -> None:
    """Store an evaluation report in a checkpoint's `Card.metrics`, replacing one of the same name.

    The weights and the rest of the card stay the same; the fingerprint changes.

    Args:
        path: checkpoint to rewrite.
        name: key of the report, e.g. "validation".
        report: values that JSON can hold.

    Raises:
        CheckpointError: see `load_checkpoint`.
        OSError: the file cannot be written.
    """
    model, card = load_checkpoint(path)
    save_checkpoint(path, model, replace(card, metrics={**card.metrics, name: report}))


def _stored(tensor: Tensor) -> Tensor:
    """Copy a tensor for storage: matrices and filters in half precision, no memory shared with another tensor."""
    tensor = tensor.detach().cpu()
    if tensor.is_floating_point() and tensor.dim() >= 2:
        tensor = tensor.half()
    return tensor.contiguous().clone()


def _digest(tensors: Mapping[str, Tensor], metadata: Mapping[str, str]) -> str:
    """SHA-256 of the tensors and of all metadata except the digest itself."""
    sha = hashlib.sha256()
    for name in sorted(set(metadata) - {"sha256"}):
        sha.update(json.dumps([name, metadata[name]]).encode())
    for name in sorted(tensors):
        sha.update(name.encode())
        sha.update(tensors[name].contiguous().view(-1).view(torch.uint8).numpy().tobytes())
    return sha.hexdigest()

"""The network that a run starts from: one of our checkpoints, ImageNet's weights, or random ones."""

import dataclasses
import textwrap
import urllib.error
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

import torch
import torchvision
from torch import Tensor

from emotiscan import facs
from emotiscan.model.checkpoint import DEFAULT_WEIGHTS, CheckpointError, load_card, load_checkpoint
from emotiscan.model.network import FaceModel, ModelConfig
from emotiscan.training.settings import (
    DEFAULT_EPOCHS,
    DEFAULT_SIZE,
    IMAGENET,
    RANDOM,
    SHIPPED,
    SettingsError,
    TrainingSettings,
)

TRAINED_STAGES = {True: 2, False: 5}
"""Default of `unfreeze`, for weights that were pretrained and for random ones."""

BACKBONE_LR_FACTOR = {True: 0.1, False: 1.0}
"""Default of `backbone_lr_factor`, for weights that were pretrained and for random ones."""


OutputFields: TypeAlias = Mapping[str, Any]
"""What the network predicts, as fields of `ModelConfig`."""


def initial_model(
    settings: TrainingSettings, emotions: tuple[str, ...], action_units: tuple[str, ...], **outputs: Any
) -> tuple[FaceModel, TrainingSettings]:
    """Make the network to train, and fill in the settings that follow from `init`.

    From one of our checkpoints come the backbone and the dense layers, and of the output layers the rows that both
    networks name. What the checkpoint does not predict starts from what is nearest to it: an expression from its
    emotion, an intensity from its action unit; the rest starts random.

    Args:
        settings: of the run.
        emotions, action_units: the vocabulary of the label table.
        outputs: further fields of `ModelConfig`, e.g. `pose=True` (see `vocabulary.choose_outputs`).

    Raises:
        SettingsError: the weights are missing, damaged, or of another backbone.
    """
    vocabulary: OutputFields = {"emotions": emotions, "action_units": action_units, **outputs}
    if settings.init == RANDOM:
        return _new_model(settings, vocabulary, pretrained=False)
    if settings.init == IMAGENET:
        model, settings = _new_model(settings, vocabulary, pretrained=True)
        _load_backbone(model, _download(model.config.backbone), "ImageNet's weights")
        return model, settings
    path = starting_checkpoint(settings.init)
    if path is None:
        model, settings = _new_model(settings, vocabulary, pretrained=True)
        _load_backbone(model, _read_pth(Path(settings.init)), f"the weights in {settings.init}")
        return model, settings
    try:
        old, card = load_checkpoint(path)
    except CheckpointError as error:
        raise SettingsError(f"--init: {error}") from None
    if settings.backbone not in (None, card.config.backbone):
        raise SettingsError(
            f"{path} is a {card.config.backbone}, not a {settings.backbone}; omit --backbone, or use --init {RANDOM}"
        )
    settings = _filled(settings, dataclasses.asdict(card.config), pretrained=True)
    model = FaceModel(_config(settings, vocabulary))
    _load_matching(model, old)
    return model, settings


def starting_config(init: str) -> ModelConfig | None:
    """The configuration of the checkpoint of ours that the setting `init` names; None for other weights.

    Raises:
        SettingsError: it is missing or damaged.
    """
    path = starting_checkpoint(init)
    try:
        return None if path is None else load_card(path).config
    except CheckpointError as error:
        raise SettingsError(f"--init: {error}") from None


def starting_checkpoint(init: str) -> Path | None:
    """The checkpoint of ours that the setting `init` names; None for other weights."""
    if init in (RANDOM, IMAGENET) or init.endswith(".pth"):
        return None
    return DEFAULT_WEIGHTS if init == SHIPPED else Path(init)


def _new_model(
    settings: TrainingSettings, vocabulary: OutputFields, pretrained: bool
) -> tuple[FaceModel, TrainingSettings]:
    settings = _filled(settings, {"input_size": DEFAULT_SIZE}, pretrained)
    return FaceModel(_config(settings, vocabulary)), settings


def _filled(settings: TrainingSettings, base: Mapping[str, Any], pretrained: bool) -> TrainingSettings:
    """Replace the settings that are None by those of the starting weights, or by defaults."""
    defaults = dataclasses.asdict(ModelConfig()) | dict(base)
    names = ("backbone", "stride", "hidden", "dropout", "grayscale", "flip_tta", "local_action_units")
    filled: dict[str, Any] = {name: defaults[name] for name in names}
    filled |= {
        "sizes": ((defaults["input_size"], settings.epochs or DEFAULT_EPOCHS),),
        "unfreeze": TRAINED_STAGES[pretrained],
        "backbone_lr_factor": BACKBONE_LR_FACTOR[pretrained],
    }
    missing = {name: value for name, value in filled.items() if getattr(settings, name) is None}
    return dataclasses.replace(settings, **missing, epochs=None)


def _config(settings: TrainingSettings, vocabulary: OutputFields) -> ModelConfig:
    assert settings.sizes
    assert settings.backbone
    assert settings.stride
    assert settings.hidden
    assert settings.grayscale is not None
    try:
        return ModelConfig(
            backbone=settings.backbone,
            **vocabulary,
            input_size=settings.input_size or settings.sizes[-1][0],
            stride=settings.stride,
            grayscale=settings.grayscale,
            flip_tta=bool(settings.flip_tta),
            local_action_units=bool(settings.local_action_units),
            hidden=settings.hidden,
            dropout=settings.dropout or 0.0,
        )
    except ValueError as error:  # e.g. a VGG cannot have stride 16
        raise SettingsError(str(error)) from None


def _download(backbone: str) -> dict[str, Tensor]:
    if not hasattr(torchvision.models, backbone):
        raise SettingsError(f"ImageNet's weights for {backbone}, our own network, do not exist; use --init {RANDOM}")
    try:
        return getattr(torchvision.models, backbone)(weights="IMAGENET1K_V1").state_dict()
    except (urllib.error.URLError, OSError, RuntimeError) as error:
        raise SettingsError(
            f"ImageNet's weights for {backbone} cannot be downloaded ({error}). Get torchvision's {backbone} file on a "
            "machine with internet access, copy it here and name it: --init FILE.pth. Or start from the shipped "
            f"checkpoint (--init {SHIPPED}) or from random weights (--init {RANDOM})."
        ) from None


def _read_pth(path: Path) -> dict[str, Tensor]:
    try:
        weights = torch.load(path, map_location="cpu", weights_only=True)  # never runs code from the file
    except OSError as error:
        raise SettingsError(f"--init: {path} cannot be read: {error.strerror or error}") from None
    except Exception:  # torch.load raises almost anything, and advises to load the file unsafely
        weights = None
    if not isinstance(weights, dict) or not all(isinstance(value, Tensor) for value in weights.values()):
        raise SettingsError(
            f"--init: {path} is damaged or holds more than plain tensors; name a file of torchvision's weights"
        )
    return weights


def _load_backbone(model: FaceModel, weights: Mapping[str, Tensor], name: str) -> None:
    own = {key.removeprefix("features."): t for key, t in weights.items() if key.startswith("features.")}
    # torchvision's older DenseNet files number the layers inside a block with a further dot.
    own = {key.replace("norm.1", "norm1").replace("norm.2", "norm2"): t for key, t in own.items()}
    own = {key.replace("conv.1", "conv1").replace("conv.2", "conv2"): t for key, t in own.items()}
    try:
        model.backbone.load_state_dict(own)
    except RuntimeError as error:
        reason = textwrap.shorten(" ".join(str(error).splitlines()[1:2]), 160, placeholder=" …")
        raise SettingsError(
            f"--init: {name} do not fit a {model.config.backbone} ({reason}); name their --backbone"
        ) from None


def _load_matching(model: FaceModel, old: FaceModel) -> None:
    """Load all weights that fit, and of those with a row for each label the rows that both networks have."""
    state, given = model.state_dict(), _with_likely_rows(old, model.config)
    labels, old_labels = labels_of_rows(model), labels_of_rows(old) | given.labels
    same_hidden = model.config.hidden == old.config.hidden
    for name in state.keys() & given.tensors.keys():
        if name not in labels:
            if state[name].shape == given.tensors[name].shape:
                state[name] = given.tensors[name]
        elif same_hidden or not name.startswith(tuple(OUTPUT_LAYERS)):
            # By label, never by position: another order would silently swap labels.
            rows = state[name].clone()
            for row, label in enumerate(labels[name]):
                if label in old_labels[name]:
                    rows[row] = given.tensors[name][old_labels[name].index(label)]
            state[name] = rows
    model.load_state_dict(state)


class _Given(NamedTuple):
    """Weights to start from, and the labels of the rows that were added to them."""

    tensors: dict[str, Tensor]
    labels: dict[str, tuple[str, ...]]


def _with_likely_rows(old: FaceModel, config: ModelConfig) -> _Given:
    """The weights of a network, with those of outputs that it lacks made from what is nearest to them.

    Args:
        old: the network.
        config: of the one that is to start from it.
    """
    tensors: dict[str, Tensor] = dict(old.state_dict())
    labels: dict[str, tuple[str, ...]] = {}
    if config.expressions and not old.config.expressions:
        members = [name for name in config.expressions if facs.EMOTION_OF_EXPRESSION[name] in old.config.emotions]
        last = len(old.emotion_head) - 1
        weight, bias = (tensors[f"emotion_head.{last}.{part}"] for part in ("weight", "bias"))
        places = [old.config.emotions.index(facs.EMOTION_OF_EXPRESSION[name]) for name in members]
        # The expressions of an emotion share its probability; alike to the last bit, they would stay so.
        shares = torch.tensor([float(places.count(place)) for place in places])
        spread = NEARLY_ALIKE * weight.std()
        tensors |= {
            f"emotion_head.{last}.weight": weight[places] + spread * torch.randn(len(places), weight.shape[1]),
            f"emotion_head.{last}.bias": bias[places] - shares.log(),
        }
        labels |= {f"emotion_head.{last}.{part}": tuple(members) for part in ("weight", "bias")}
    if config.intensities and not old.config.intensities:
        for name, tensor in old.state_dict().items():
            if name.startswith("au_"):
                copy = "intensity_" + name.removeprefix("au_")
                tensors[copy] = tensor.clone()
        labels |= {
            "intensity_" + name.removeprefix("au_"): names
            for name, names in labels_of_rows(old).items()
            if name.startswith("au_")
        }
    return _Given(tensors, labels)


NEARLY_ALIKE = 0.1
"""Random difference between the first weights of an emotion's expressions, in standard deviations of the weights."""

ANGLES = ("pitch", "yaw", "roll")

OUTPUT_LAYERS = ("emotion_head", "au_head", "intensity_head", "face_head")
"""Heads of a `FaceModel`, whose last layer has a row for each label."""


def labels_of_rows(model: FaceModel) -> dict[str, tuple[str, ...]]:
    """The label that each row stands for, of all weights that have a row for each label."""
    config = model.config
    labels = dict.fromkeys(("au_scale", "au_offset", "intensity_scale", "intensity_offset"), config.action_units)
    rows = {
        "emotion_head": config.emotion_outputs,
        "au_head": config.action_units,
        "intensity_head": config.action_units,
        "face_head": (*(ANGLES if config.pose else ()), *config.quality),
    }
    for head in OUTPUT_LAYERS:
        if hasattr(model, head):
            last = len(getattr(model, head)) - 1
            labels |= {f"{head}.{last}.{part}": rows[head] for part in ("weight", "bias")}
    return labels

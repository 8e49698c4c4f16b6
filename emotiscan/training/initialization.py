"""The network that a run starts from: our checkpoint, ImageNet's weights, or random ones."""

import dataclasses
import textwrap
import urllib.error
from pathlib import Path

import torch
import torchvision
from torch import Tensor

from emotiscan.model.checkpoint import DEFAULT_WEIGHTS, CheckpointError, load_checkpoint
from emotiscan.model.network import FaceModel, ModelConfig
from emotiscan.training.settings import SettingsError, TrainingSettings

DEFAULT_SIZE, DEFAULT_EPOCHS = 224, 30


def initial_model(
    settings: TrainingSettings, emotions: tuple[str, ...], action_units: tuple[str, ...]
) -> tuple[FaceModel, TrainingSettings]:
    """Network to train, and the settings with all that followed from `init` filled in.

    From one of our checkpoints the backbone and the dense layers are taken, and of the last
    layers the rows of those emotions and action units that both vocabularies name.

    Args:
        emotions, action_units: the vocabulary of the label table.

    Raises:
        SettingsError: the weights are missing, broken, or of another backbone.
    """
    if settings.init == "none":
        return _fresh(settings, emotions, action_units, pretrained=False)
    if settings.init == "imagenet":
        model, settings = _fresh(settings, emotions, action_units, pretrained=True)
        _take_backbone(model, _download(settings.backbone or ""), "ImageNet's weights")
        return model, settings
    path = DEFAULT_WEIGHTS if settings.init == "shipped" else Path(settings.init)
    if path.suffix == ".pth":
        model, settings = _fresh(settings, emotions, action_units, pretrained=True)
        _take_backbone(model, _read_pth(path), str(path))
        return model, settings
    try:
        old, card = load_checkpoint(path)
    except CheckpointError as error:
        raise SettingsError(f"--init: {error}") from None
    if settings.backbone not in (None, card.config.backbone):
        raise SettingsError(
            f"{path} is a {card.config.backbone}, not a {settings.backbone}; leave --backbone out, or use --init none"
        )
    old_config = dataclasses.asdict(card.config)
    settings = _filled(settings, old_config, pretrained=True)
    model = FaceModel(_config(settings, emotions, action_units))
    _take_all(model, old)
    return model, settings


def _fresh(
    settings: TrainingSettings, emotions: tuple[str, ...], action_units: tuple[str, ...], pretrained: bool
) -> tuple[FaceModel, TrainingSettings]:
    settings = _filled(settings, {"input_size": DEFAULT_SIZE}, pretrained)
    return FaceModel(_config(settings, emotions, action_units)), settings


def _filled(settings: TrainingSettings, base: dict, pretrained: bool) -> TrainingSettings:
    defaults = dataclasses.asdict(ModelConfig()) | base
    filled = {
        name: defaults[name]
        for name in ("backbone", "stride", "hidden", "dropout", "grayscale", "flip_tta", "local_action_units")
    }
    filled |= {
        "sizes": ((defaults["input_size"], DEFAULT_EPOCHS),),
        "unfreeze": 2 if pretrained else 5,
        "backbone_lr_factor": 0.1 if pretrained else 1.0,
    }
    return dataclasses.replace(settings, **{k: v for k, v in filled.items() if getattr(settings, k) is None})


def _config(settings: TrainingSettings, emotions: tuple[str, ...], action_units: tuple[str, ...]) -> ModelConfig:
    assert settings.sizes
    assert settings.backbone
    assert settings.stride
    assert settings.hidden
    assert settings.grayscale is not None
    return ModelConfig(
        backbone=settings.backbone,
        emotions=emotions,
        action_units=action_units,
        input_size=settings.input_size or settings.sizes[-1][0],
        stride=settings.stride,
        grayscale=settings.grayscale,
        flip_tta=bool(settings.flip_tta),
        local_action_units=bool(settings.local_action_units),
        hidden=settings.hidden,
        dropout=settings.dropout or 0.0,
    )


def _download(backbone: str) -> dict[str, Tensor]:
    if not hasattr(torchvision.models, backbone):
        raise SettingsError(f"ImageNet's weights for {backbone}, our own network, do not exist; use --init none")
    try:
        return getattr(torchvision.models, backbone)(weights="IMAGENET1K_V1").state_dict()
    except (urllib.error.URLError, OSError, RuntimeError) as error:
        raise SettingsError(
            f"ImageNet's weights for {backbone} cannot be downloaded ({error}). Get torchvision's {backbone} file on a "
            "machine with internet access, copy it here and name it: --init FILE.pth. Or start from the shipped "
            "checkpoint (--init shipped) or from nothing (--init none)."
        ) from None


def _read_pth(path: Path) -> dict[str, Tensor]:
    try:
        weights = torch.load(path, map_location="cpu", weights_only=True)  # never runs action unit from the file
    except OSError as error:
        raise SettingsError(f"--init: {path} cannot be read: {error.strerror or error}") from None
    except Exception:  # torch.load raises almost anything, and advises to load the file unsafely
        weights = None
    if not isinstance(weights, dict) or not all(isinstance(value, Tensor) for value in weights.values()):
        raise SettingsError(
            f"--init: {path} is damaged or holds more than plain tensors; name a file of torchvision's weights"
        )
    return weights


def _take_backbone(model: FaceModel, weights: dict[str, Tensor], name: str) -> None:
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


def _take_all(model: FaceModel, old: FaceModel) -> None:
    state, given = model.state_dict(), old.state_dict()
    for name, tensor in given.items():
        last_layer = name.startswith(("emotion_head.4.", "au_head.4.", "au_scale", "au_offset"))
        if not last_layer and name in state and state[name].shape == tensor.shape:
            state[name] = tensor
    by_name = [("au_scale", "action_units"), ("au_offset", "action_units")]
    if model.config.hidden == old.config.hidden:
        by_name += [
            (f"{head}_head.4.{of}", outputs)
            for head, outputs in (("emotion", "emotions"), ("au", "action_units"))
            for of in ("weight", "bias")
        ]
    for key, vocabulary in by_name:
        if key in state and key in given:
            names, old_names = getattr(model.config, vocabulary), getattr(old.config, vocabulary)
            # By name, never by place: another order would silently swap labels.
            rows = model.state_dict()[key].clone()
            for row, name in enumerate(names):
                if name in old_names:
                    rows[row] = given[key][old_names.index(name)]
            state[key] = rows
    model.load_state_dict(state)

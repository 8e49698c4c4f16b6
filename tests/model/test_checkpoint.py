"""Checkpoints survive saving and loading, and anything else is rejected."""

import json
import os
import pickle
import random
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import save_file

from emotiscan.model import checkpoint
from emotiscan.model.calibration import Calibration
from emotiscan.model.checkpoint import (
    Card,
    CheckpointError,
    attach_report,
    fingerprint_of,
    load_card,
    load_checkpoint,
    save_checkpoint,
)
from emotiscan.model.network import FaceModel, ModelConfig


@pytest.fixture(scope="module")
def loaded(tiny_weights) -> tuple[FaceModel, Card]:
    return load_checkpoint(tiny_weights)


def opened(path: Path) -> tuple[dict[str, torch.Tensor], dict[str, str]]:
    with safe_open(path, framework="pt") as file:
        return {name: file.get_tensor(name) for name in file.keys()}, file.metadata()  # noqa: SIM118


def refusal(path: Path) -> str:
    with pytest.raises(CheckpointError) as caught:
        load_checkpoint(path)
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__ or caught.value.__context__ is None
    assert str(path) in str(caught.value)
    return str(caught.value)


def test_weights_survive_saving_in_half_precision(tiny_model, loaded):
    found = loaded[0].state_dict()
    for name, tensor in tiny_model.state_dict().items():
        stored = tensor.half().float() if tensor.is_floating_point() and tensor.dim() >= 2 else tensor
        assert torch.equal(found[name], stored), name


def test_predictions_survive_saving_in_half_precision(tiny_model, loaded):
    crops = torch.randn(2, 3, 64, 64, generator=torch.Generator().manual_seed(0))
    before, after = tiny_model(crops), loaded[0](crops)
    assert torch.allclose(before.emotion_logits, after.emotion_logits, rtol=0.01, atol=0.01)
    assert torch.allclose(before.au_logits, after.au_logits, rtol=0.01, atol=0.01)


def test_a_network_with_every_output_survives_saving(full_model, tmp_path):
    calibration = Calibration(
        biases={"contempt": 0.5},
        intensity_gains={"AU12": 1.1},
        intensity_offsets={"AU12": -0.1},
        pose_gains=(1.0, 1.2, 1.0),
        pose_offsets=(2.0, 0.0, 0.0),
    )
    path = save_checkpoint(tmp_path / "full.safetensors", full_model, Card(full_model.config, calibration))
    model, card = load_checkpoint(path)
    assert (card.config, card.calibration) == (full_model.config, calibration)
    crops = torch.randn(2, 3, 64, 64, generator=torch.Generator().manual_seed(0))
    before, after = full_model(crops).as_dict(), model(crops).as_dict()
    assert list(after) == list(before)
    for name in before:
        assert torch.allclose(before[name], after[name], rtol=0.02, atol=0.05), name


def test_a_checkpoint_from_before_the_other_outputs_loads_without_them(tiny_weights, tmp_path):
    tensors, metadata = opened(tiny_weights)
    config, calibration = json.loads(metadata["config"]), json.loads(metadata["calibration"])
    for name in ("expressions", "intensities", "sides", "pose", "quality"):
        del config[name]
    for name in ("biases", "intensity_gains", "intensity_offsets", "pose_gains", "pose_offsets"):
        del calibration[name]
    metadata |= {"config": json.dumps(config), "calibration": json.dumps(calibration)}
    path = tmp_path / "older.safetensors"
    save_file(tensors, path, metadata | {"sha256": checkpoint._digest(tensors, metadata)})
    model, card = load_checkpoint(path)
    assert list(model(torch.zeros(1, 3, 64, 64)).as_dict()) == ["feature_map", "emotion_logits", "au_logits"]
    assert card.calibration == Calibration()


def test_a_loaded_network_is_frozen_and_in_evaluation_mode(loaded):
    model, _ = loaded
    assert not any(layer.training for layer in model.modules())
    assert not any(parameter.requires_grad for parameter in model.parameters())
    assert {parameter.dtype for parameter in model.parameters()} == {torch.float32}


def test_the_card_survives_saving(tiny_model, tmp_path):
    card = Card(
        replace(tiny_model.config, dropout=0.1),
        Calibration(1.5, {"AU1": 2.0}, {"AU1": -1.0}, {"AU1": 0.25}),
        {"data": ["ferplus"], "commit": "abc"},
        {"emotion": {"accuracy": 0.9}},
    )
    _, found = load_checkpoint(save_checkpoint(tmp_path / "new folder" / "a.safetensors", tiny_model, card))
    assert replace(found, fingerprint="") == card
    assert len(found.fingerprint) == 12
    int(found.fingerprint, 16)


def test_attaching_a_report_changes_nothing_else(tiny_model, tmp_path):
    card = Card(tiny_model.config, Calibration(1.5), {"commit": "abc"}, {"old": {"samples": 1}, "new": {"samples": 2}})
    path = save_checkpoint(tmp_path / "a.safetensors", tiny_model, card)
    attach_report(path, "new", {"samples": 3})
    model, found = load_checkpoint(path)
    assert found.metrics == {"old": {"samples": 1}, "new": {"samples": 3}}
    assert replace(found, metrics=card.metrics, fingerprint="") == card
    for name, tensor in load_checkpoint(save_checkpoint(tmp_path / "b", tiny_model, card))[0].state_dict().items():
        assert torch.equal(model.state_dict()[name], tensor)


def test_the_fingerprint_depends_on_the_contents_alone(loaded, tiny_model, tmp_path):
    model, card = loaded
    again = load_checkpoint(save_checkpoint(tmp_path / "again.safetensors", model, Card(card.config)))[1]
    assert again.fingerprint == card.fingerprint
    torch.manual_seed(1)
    other = save_checkpoint(tmp_path / "other.safetensors", FaceModel(card.config), card)
    assert load_checkpoint(other)[1].fingerprint != card.fingerprint


def test_a_network_optimized_for_inference_cannot_be_saved(tiny_model, tmp_path):
    path = tmp_path / "a.safetensors"
    with pytest.raises(TypeError, match="cannot be saved"):
        save_checkpoint(path, tiny_model.optimize_for_inference(), Card(tiny_model.config))
    assert not path.exists()


def test_checkpoints_with_the_old_names_stay_readable(tiny_weights, tiny_model, tmp_path):
    """Names from before December 2026: codes for action units, mirrored for flip_tta."""
    tensors, metadata = opened(tiny_weights)
    config = json.loads(metadata["config"])
    for old, new in (("codes", "action_units"), ("local_codes", "local_action_units"), ("mirrored", "flip_tta")):
        config[old] = config.pop(new)
    metadata["config"] = json.dumps(config | {"local_codes": True, "mirrored": True})
    tensors = {name.replace("au_head.", "code_head."): tensor for name, tensor in tensors.items()}
    units = len(tiny_model.config.action_units)
    tensors |= {"code_scale": torch.full((units,), 2.0), "code_offset": torch.full((units,), 0.5)}
    path = tmp_path / "old.safetensors"
    save_file(tensors, path, metadata | {"sha256": checkpoint._digest(tensors, metadata)})
    model, card = load_checkpoint(path)
    assert card.config == replace(tiny_model.config, local_action_units=True, flip_tta=True)
    assert torch.equal(model.au_head[0].weight, tensors["code_head.0.weight"].float())
    assert (model.au_scale[0], model.au_offset[0]) == (2.0, 0.5)


def test_checkpoints_take_about_two_bytes_per_weight(tiny_weights, tiny_model):
    values = sum(tensor.numel() for tensor in tiny_model.state_dict().values())
    assert 2 * values < tiny_weights.stat().st_size < 25e6


def test_the_metadata_are_plain_json(tiny_weights):
    _, metadata = opened(tiny_weights)
    assert metadata["format"] == "emotiscan-1"
    assert json.loads(metadata["config"])["action_units"][:2] == ["AU1", "AU2"]
    assert set(metadata) == {"format", "config", "calibration", "training", "metrics", "sha256"}


def test_a_failed_write_leaves_the_old_file(tiny_weights, tiny_model, tmp_path, monkeypatch):
    path = save_checkpoint(tmp_path / "a.safetensors", tiny_model, Card(tiny_model.config))
    assert [file.name for file in tmp_path.iterdir()] == ["a.safetensors"]
    before = path.read_bytes()

    def out_of_space(*_: Path) -> None:
        raise OSError("no space left")

    monkeypatch.setattr(os, "replace", out_of_space)
    with pytest.raises(OSError, match="no space"):
        save_checkpoint(path, tiny_model, Card(tiny_model.config, training={"new": True}))
    assert path.read_bytes() == before


def test_a_missing_file_is_named_with_a_way_out(tmp_path):
    assert "emotiscan train" in refusal(tmp_path / "none.safetensors")


@pytest.mark.parametrize("place", [0.3, 0.6, 0.999])
def test_a_flipped_byte_in_the_weights_is_detected(tiny_weights, tmp_path, place):
    data = bytearray(tiny_weights.read_bytes())
    data[int(place * len(data))] ^= 0x10
    path = tmp_path / "flipped.safetensors"
    path.write_bytes(data)
    assert "do not match their checksum" in refusal(path)


def test_a_flipped_bit_in_the_metadata_is_detected(tiny_weights, tmp_path):
    whole = tiny_weights.read_bytes()
    header = 8 + int.from_bytes(whole[:8], "little")
    random_ = random.Random(0)
    for _ in range(40):
        data = bytearray(whole)
        data[random_.randrange(header)] ^= 1 << random_.randrange(8)
        path = tmp_path / "flipped.safetensors"
        path.write_bytes(data)
        assert "is damaged" in refusal(path) or "is not a checkpoint that this version can read" in refusal(path)


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_infinite_and_nan_weights_are_rejected(tiny_model, tmp_path, value):
    """A training run that diverged can leave such a file."""
    model = FaceModel(tiny_model.config)
    with torch.no_grad():
        next(model.parameters()).view(-1)[7] = value
    assert "infinite or NaN weights" in refusal(save_checkpoint(tmp_path / "a.safetensors", model, Card(model.config)))


def test_the_fingerprint_can_be_read_without_the_weights(tiny_weights, tmp_path):
    assert load_card(tiny_weights) == load_checkpoint(tiny_weights)[1]
    assert fingerprint_of(tiny_weights) == load_checkpoint(tiny_weights)[1].fingerprint
    foreign, unsigned = tmp_path / "foreign.safetensors", tmp_path / "unsigned.safetensors"
    save_file({"weight": torch.ones(3)}, foreign, {"format": "pt", "sha256": "0" * 64})
    save_file({"weight": torch.ones(3)}, unsigned, {"format": "emotiscan-1", "sha256": "<b>" + "0" * 61})
    for path in (foreign, unsigned, tmp_path / "none.safetensors", tmp_path):
        with pytest.raises(CheckpointError, match=path.name):
            fingerprint_of(path)


@pytest.mark.parametrize("kept", [0, 4, 1000, 5_000_000])
def test_a_truncated_file_is_rejected(tiny_weights, tmp_path, kept):
    path = tmp_path / "cut.safetensors"
    path.write_bytes(tiny_weights.read_bytes()[:kept])
    assert "damaged or not a safetensors file" in refusal(path)


class Trap:
    executed = False

    def __reduce__(self):
        return setattr, (Trap, "executed", True)


def test_a_pickle_with_the_wrong_extension_is_rejected_and_never_executed(tmp_path):
    path = tmp_path / "false.safetensors"
    path.write_bytes(pickle.dumps(Trap()))
    assert "not a safetensors file" in refusal(path)
    torch.save({"weights": torch.ones(3), "trap": Trap()}, path)
    assert "not a safetensors file" in refusal(path)
    assert not Trap.executed


@pytest.mark.parametrize(
    ("metadata", "found"),
    [
        ({"format": "pt"}, "its format: pt;"),
        ({"format": "emotiscan-2"}, "its format: emotiscan-2; expected: emotiscan-1"),
        (None, "its format: none;"),
    ],
)
def test_other_safetensors_files_are_rejected_and_their_format_is_named(tmp_path, metadata, found):
    path = tmp_path / "foreign.safetensors"
    save_file({"weight": torch.ones(3)}, path, metadata)
    assert found in refusal(path)


@pytest.mark.parametrize(
    ("entry", "change", "words"),
    [
        ("config", {"hidden": 8}, "size mismatch"),
        ("config", {"codes": ["AU1", "AU2"]}, "size mismatch"),
        ("config", {"backbone": "densenet201"}, "Missing key"),
        ("config", {"backbone": "resnet50"}, "resnet50"),
        ("config", {"colour": "blue"}, "colour"),
        ("calibration", {"temperature": 0}, "temperature"),
        ("calibration", {"thresholds": [0.5, 0.5]}, "does not fit"),
        ("training", None, "training"),
    ],
)
def test_weights_that_do_not_fit_their_description_are_rejected(tiny_weights, tmp_path, entry, change, words):
    tensors, metadata = opened(tiny_weights)
    if change is None:
        del metadata[entry]
    else:
        metadata[entry] = json.dumps(json.loads(metadata[entry]) | change)
    path = tmp_path / "unfit.safetensors"
    save_file(tensors, path, metadata | {"sha256": checkpoint._digest(tensors, metadata)})
    message = refusal(path)
    assert "does not fit its own description" in message
    assert words in message
    assert "\n" not in message
    assert len(message) < 400 + len(str(path))


def test_a_changed_threshold_is_detected(tiny_weights, tmp_path):
    tensors, metadata = opened(tiny_weights)
    path = tmp_path / "changed.safetensors"
    save_file(tensors, path, metadata | {"calibration": json.dumps({"thresholds": {"AU12": 0.01}})})
    assert "do not match their checksum" in refusal(path)


@pytest.mark.parametrize("change", ["missing", "unexpected"])
def test_a_missing_or_unexpected_tensor_is_rejected(tiny_weights, tmp_path, change):
    tensors, metadata = opened(tiny_weights)
    if change == "missing":
        del tensors["emotion_head.0.weight"]
    else:
        tensors["third_head.weight"] = torch.ones(2)
    path = tmp_path / "unfit.safetensors"
    save_file(tensors, path, metadata | {"sha256": checkpoint._digest(tensors, metadata)})
    assert "head" in refusal(path)


def test_a_checkpoint_brings_its_own_backbone_and_labels(tmp_path):
    config = ModelConfig("densenet201", emotions=("calm", "glad"), action_units=("AU43",), input_size=64, hidden=8)
    model, card = load_checkpoint(save_checkpoint(tmp_path / "a.safetensors", FaceModel(config), Card(config)))
    assert card.config == model.config == config
    outputs = model(torch.zeros(1, 3, 64, 64))
    assert (outputs.emotion_logits.shape, outputs.au_logits.shape) == ((1, 2), (1, 1))

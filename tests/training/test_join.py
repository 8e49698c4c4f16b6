"""Two checkpoints as one network, side by side."""

import dataclasses

import pytest
import torch

from emotiscan.calibration import Calibration
from emotiscan.checkpoint import Card, load_checkpoint, save_checkpoint
from emotiscan.model import FaceModel, ModelConfig
from emotiscan.training.join import main

SMALL = ModelConfig("densenet121", input_size=32, hidden=8, stride=16, local_codes=True)


@pytest.fixture
def written(tmp_path):
    """Checkpoints of random networks that have seen a few numbers, so that no batch norm is still untouched."""

    def write(name, **changes):
        torch.manual_seed(len(name))
        model = FaceModel(dataclasses.replace(SMALL, **changes))
        for _ in range(3):
            model(torch.randn(4, 3, 32, 32))
        if model.config.local_codes:
            model.code_scale.data.uniform_(0.5, 2)
            model.code_offset.data.normal_()
        card = Card(model.config, Calibration(temperature=2.0), {"commit": name}, {"validation": {"samples": 1}})
        return str(save_checkpoint(tmp_path / f"{name}.safetensors", model.eval(), card))

    return write


@pytest.fixture
def crops():
    torch.manual_seed(3)
    return torch.randn(2, 3, 64, 64)


def joined(written, tmp_path, *options, **changes):
    parts = [written("deep", **changes), written("shallow", backbone="residual", hidden=4, **changes)]
    out = tmp_path / "new/both.safetensors"
    assert main([*parts, *options, "--out", str(out)]) == 0
    return (*(load_checkpoint(part) for part in parts), load_checkpoint(out))


@pytest.mark.parametrize("local", [True, False])
def test_each_logit_is_the_weighted_mean_of_both(written, tmp_path, crops, local):
    options = ("--emotions", "0.7", "--codes", "0.4")
    (first, _), (second, _), (both, _) = joined(written, tmp_path, *options, local_codes=local)
    ours, theirs, together = first(crops), second(crops), both(crops)
    assert torch.allclose(together[0], 0.7 * ours[0] + 0.3 * theirs[0], atol=2e-3)
    one_cell = [crop.mean((2, 3), keepdim=True) for crop in (first.features(crops), second.features(crops))]
    logits = [model.heads(cell)[1] for model, cell in zip((first, second), one_cell, strict=True)]
    assert torch.allclose(both.heads(torch.cat(one_cell, 1))[1], 0.4 * logits[0] + 0.6 * logits[1], atol=2e-3)


def test_the_map_of_each_lies_in_the_joined_one(written, tmp_path, crops):
    (first, _), (second, _), (both, _) = joined(written, tmp_path)
    whole = both.features(crops)
    assert torch.allclose(whole, torch.cat([first.features(crops), second.features(crops)], 1), atol=1e-5)


def test_its_card_says_what_it_was_made_of_and_claims_no_figures(written, tmp_path):
    (_, first), (_, second), (_, both) = joined(written, tmp_path, "--codes", "0.4")
    assert (both.config.backbone, both.config.hidden) == ("densenet121+residual", 12)
    assert both.training == {"commit": "deep", "joined": [first.fingerprint, second.fingerprint], "say": [0.5, 0.4]}
    assert (both.calibration, both.metrics) == (Calibration(), {})


@pytest.mark.parametrize(
    ("changes", "options", "words"),
    [
        ({"codes": ("AU1", "AU2")}, (), "do not read the same emotions and codes"),
        ({"stride": 32}, (), "not in cells of the same size"),
        ({}, ("--codes", "1"), "must lie between 0 and 1"),
    ],
)
def test_what_cannot_be_joined_is_refused(written, tmp_path, capsys, changes, options, words):
    out = tmp_path / "both.safetensors"
    parts = [written("deep"), written("shallow", backbone="residual", **changes)]
    assert main([*parts, *options, "--out", str(out)]) == 1
    assert words in capsys.readouterr().err
    assert not out.exists()

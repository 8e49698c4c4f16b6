import dataclasses

import pytest
import torch

from emotiscan.cli.main import main
from emotiscan.model.calibration import Calibration
from emotiscan.model.checkpoint import Card, load_checkpoint, save_checkpoint
from emotiscan.model.network import FaceModel


@pytest.fixture
def written(tiny_model, tmp_path):
    """Writes checkpoints of the tiny network whose weights all have one value."""

    def write(number, **changes):
        config = dataclasses.replace(tiny_model.config, **changes)
        model = FaceModel(config)
        model.load_state_dict({name: torch.full_like(t, number) for name, t in model.state_dict().items()})
        card = Card(config, Calibration(temperature=2.0), {"commit": str(number)}, {"validation": {"samples": 1}})
        return str(save_checkpoint(tmp_path / f"{number}.safetensors", model, card))

    return write


def test_every_weight_is_averaged(written, tmp_path):
    out = tmp_path / "new/mean.safetensors"
    parts = [written(1), written(4), written(7)]
    assert main(["average", *parts, "--out", str(out)]) == 0
    model, card = load_checkpoint(out)
    assert all((t == (4 if t.is_floating_point() else 7)).all() for t in model.state_dict().values())
    assert card.training["commit"] == "7"
    assert card.training["mean_of"] == [load_checkpoint(part)[1].fingerprint for part in parts]
    # Calibration and metrics of one of them do not hold for the average.
    assert (card.calibration, card.metrics) == (Calibration(), {})


def test_shares_weight_the_checkpoints(written, tmp_path):
    out = tmp_path / "mean.safetensors"
    assert main(["average", written(0), written(4), "--shares", "1", "3", "--out", str(out)]) == 0
    model, card = load_checkpoint(out)
    assert all((t == 3).all() for t in model.state_dict().values() if t.is_floating_point())
    assert card.training["shares"] == [1, 3]


def test_a_single_head_can_be_averaged(written, tmp_path):
    out = tmp_path / "mean.safetensors"
    assert main(["average", written(1), written(3), "--head", "action-units", "--out", str(out)]) == 0
    weights = load_checkpoint(out)[0].state_dict()
    assert all((weights[f"au_head.{name}"] == 2).all() for name in ("0.weight", "1.running_mean", "4.bias"))
    assert all((t == 1).all() for name, t in weights.items() if not name.startswith("au_"))


@pytest.mark.parametrize("shares", [["1"], ["0", "0"], ["-1", "2"], ["nan", "1"], ["inf", "1"]])
def test_shares_that_cannot_be_averaged_are_refused(written, tmp_path, capsys, shares):
    out = tmp_path / "mean.safetensors"
    assert main(["average", written(1), written(2), "--shares", *shares, "--out", str(out)]) == 2
    assert "give each checkpoint one" in capsys.readouterr().err
    assert not out.exists()


def test_the_average_reads_crops_of_the_last_checkpoints_size(written, tmp_path):
    out = tmp_path / "mean.safetensors"
    assert main(["average", written(1, input_size=64), written(3, input_size=96), "--out", str(out)]) == 0
    model, card = load_checkpoint(out)
    assert card.config.input_size == 96
    assert all((t == 2).all() for t in model.state_dict().values() if t.is_floating_point())


def test_networks_of_different_architectures_are_refused(written, tmp_path, capsys):
    out = tmp_path / "mean.safetensors"
    assert main(["average", written(1), written(2, hidden=8), "--out", str(out)]) == 2
    assert "differ in architecture" in capsys.readouterr().err
    assert not out.exists()


def test_a_missing_checkpoint_is_named(written, tmp_path, capsys):
    assert main(["average", written(1), "gone.safetensors", "--out", str(tmp_path / "mean")]) == 2
    assert "gone.safetensors" in capsys.readouterr().err

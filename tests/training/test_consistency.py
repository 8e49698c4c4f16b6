import pytest
import torch

from emotiscan.model.config import ModelConfig
from emotiscan.model.heads import Outputs
from emotiscan.training.consistency import scale_loss, shrunken

CONFIG = ModelConfig(intensities=True)


def outputs(seed, requires_grad=False):
    random = torch.Generator().manual_seed(seed)
    values = {
        "feature_map": torch.zeros(3, 4, 2, 2),
        "emotion_logits": torch.randn(3, 4, generator=random),
        "au_logits": torch.randn(3, 22, generator=random),
        "intensities": 5 * torch.rand(3, 22, generator=random),
    }
    return Outputs(**{name: value.requires_grad_(requires_grad) for name, value in values.items()})


def test_equal_predictions_cost_nothing():
    assert scale_loss(outputs(0), outputs(0), CONFIG).item() == pytest.approx(0, abs=1e-6)
    assert scale_loss(outputs(0), outputs(1), CONFIG).item() > 0.1


def test_the_sharp_face_is_the_truth():
    small, sharp = outputs(0, requires_grad=True), outputs(1, requires_grad=True)
    scale_loss(small, sharp, CONFIG).backward()
    for name in ("emotion_logits", "au_logits", "intensities"):
        assert getattr(small, name).grad.abs().sum() > 0
        assert getattr(sharp, name).grad is None


def test_shrunken_crops_keep_their_size_and_lose_their_detail():
    torch.manual_seed(0)
    board = (torch.arange(64)[:, None] + torch.arange(64)) % 2 * 2.0 - 1
    small = shrunken(board.expand(2, 3, 64, 64))
    assert small.shape == (2, 3, 64, 64)
    assert small.std() < 0.3
    flat = torch.full((2, 3, 64, 64), 0.7)
    torch.testing.assert_close(shrunken(flat), flat)

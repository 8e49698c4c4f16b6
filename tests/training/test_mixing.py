import pytest
import torch

from emotiscan.training.mixing import mix

NAN = float("nan")


@pytest.fixture
def batch():
    """Six crops of one value each; the last two may not be mixed."""
    return {
        "crop": torch.arange(6.0).view(6, 1, 1, 1).expand(6, 3, 20, 20).clone(),
        "emotion": torch.eye(6),
        "expression": torch.eye(6),
        "action_units": torch.ones(6, 2),
        "quality": torch.zeros(6, 1),
        "mixable": torch.tensor([True] * 4 + [False] * 2),
    }


@pytest.mark.parametrize(("mixup", "cutmix"), [(1.0, 0.0), (0.0, 1.0)])
def test_labels_are_mixed_like_the_pixels(batch, mixup, cutmix):
    torch.manual_seed(0)
    mixed = mix(batch, mixup, cutmix, share=1)
    values = torch.arange(6.0)
    torch.testing.assert_close(mixed["crop"].mean((1, 2, 3)), mixed["emotion"] @ values)
    torch.testing.assert_close(mixed["emotion"].sum(1), torch.ones(6))
    assert not torch.equal(mixed["crop"][:4], batch["crop"][:4])
    for name in ("crop", "emotion", "quality"):
        assert torch.equal(mixed[name][4:], batch[name][4:])
    assert mixed["quality"][:4].isnan().all()
    assert torch.equal(mixed["action_units"], batch["action_units"])
    assert torch.equal(batch["emotion"], torch.eye(6))  # unchanged


def test_only_a_share_is_mixed(batch):
    torch.manual_seed(0)
    mixed = mix(batch, mixup=1.0, cutmix=0.0, share=0.5)
    assert (mixed["quality"].isnan().sum()) == 2


def test_an_unknown_expression_makes_that_of_the_mixture_unknown(batch):
    torch.manual_seed(0)
    batch["expression"][0] = NAN
    mixed = mix(batch, mixup=1.0, cutmix=0.0, share=1)
    assert mixed["expression"].isnan().all(1).sum() == 2  # the photo itself, and the one it was mixed into
    assert not mixed["emotion"].isnan().any()


def test_one_photo_alone_is_left_as_it_is(batch):
    batch["mixable"][1:] = False
    assert mix(batch, 1.0, 1.0, 1) is batch

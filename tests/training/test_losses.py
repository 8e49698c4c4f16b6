import numpy as np
import pytest
import torch
from torch.nn import functional

from emotiscan.training.losses import MAX_WEIGHT, au_loss, au_weights, emotion_loss, emotion_weights

NAN = float("nan")


@pytest.fixture
def logits():
    return torch.randn(6, 4, generator=torch.Generator().manual_seed(0)).requires_grad_()


@pytest.fixture
def votes():
    return torch.rand(6, 4, generator=torch.Generator().manual_seed(1)).softmax(1)


WEIGHTS = torch.tensor([1.0, 2.0, 0.5, 1.0])


@pytest.mark.parametrize("weights", [None, WEIGHTS])
def test_with_all_labels_known_the_losses_are_those_of_torch(logits, votes, weights):
    torch.testing.assert_close(
        emotion_loss(logits, votes, weights, smoothing=0.1),
        functional.cross_entropy(logits, votes, weight=weights, label_smoothing=0.1),
    )
    torch.testing.assert_close(
        au_loss(logits, votes, weights),
        functional.binary_cross_entropy_with_logits(logits, votes, pos_weight=weights),
    )


def test_unknown_emotions_are_ignored(logits, votes):
    votes[[1, 4]] = NAN
    known = [0, 2, 3, 5]
    loss = emotion_loss(logits, votes, WEIGHTS)
    torch.testing.assert_close(loss, emotion_loss(logits[known], votes[known], WEIGHTS))
    (gradient,) = torch.autograd.grad(loss, logits)
    assert gradient.isfinite().all()
    assert (gradient[[1, 4]] == 0).all()
    assert (gradient[known] != 0).all()


def test_unknown_action_units_are_ignored(logits, votes):
    known = torch.ones_like(votes, dtype=torch.bool)
    known[1] = known[2, 0] = known[5, 3] = False
    loss = au_loss(logits, votes.where(known, NAN), WEIGHTS)
    plain = functional.binary_cross_entropy_with_logits(logits, votes, pos_weight=WEIGHTS, reduction="none")
    torch.testing.assert_close(loss, plain[known].mean())
    (gradient,) = torch.autograd.grad(loss, logits)
    assert gradient.isfinite().all()
    assert torch.equal(gradient != 0, known)


@pytest.mark.parametrize("loss", [emotion_loss, au_loss])
def test_with_no_label_known_the_loss_and_its_gradient_are_zero(loss, logits, votes):
    value = loss(logits, torch.full_like(votes, NAN))
    value.backward()
    assert value.item() == 0
    assert (logits.grad == 0).all()


def one_hot(*counts):
    return np.repeat(np.eye(len(counts)), counts, axis=0)


def test_rare_emotions_weigh_more():
    votes = np.vstack([one_hot(60, 30, 10), np.full((50, 3), NAN)])
    half, full = emotion_weights(votes, 0.5), emotion_weights(votes, 1.0)
    for weights in (half, full):
        assert weights[0] < weights[1] < weights[2]
        assert weights @ [0.6, 0.3, 0.1] == pytest.approx(1)  # their mean over the images
    np.testing.assert_allclose(full / full[0], [1, 2, 6], rtol=1e-6)
    assert half[2] / half[0] < full[2] / full[0]
    np.testing.assert_allclose(emotion_weights(votes, 0.0), 1)


def test_weights_of_emotions_are_capped():
    weights = emotion_weights(one_hot(1000, 1, 0), 1.0)
    np.testing.assert_allclose(weights / weights[0], [1, MAX_WEIGHT, MAX_WEIGHT], rtol=1e-6)


def test_without_known_emotions_weights_are_equal():
    np.testing.assert_array_equal(emotion_weights(np.full((5, 3), NAN), 0.5), [1, 1, 1])


def test_rare_action_units_weigh_more_and_are_capped():
    labels = np.full((101, 5), NAN)
    for column, (present, absent) in enumerate([(50, 50), (20, 80), (1, 100), (100, 1), (0, 0)]):
        labels[:present, column] = 1
        labels[present : present + absent, column] = 0
    np.testing.assert_allclose(au_weights(labels, 1.0), [1, 4, MAX_WEIGHT, 1 / MAX_WEIGHT, 1], rtol=1e-6)
    np.testing.assert_allclose(au_weights(labels, 0.5)[:3], [1, 2, MAX_WEIGHT], rtol=1e-6)
    np.testing.assert_allclose(au_weights(labels, 0.0), 1)

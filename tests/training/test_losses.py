import numpy as np
import pytest
import torch
from torch.nn import functional

from emotiscan.model.config import ModelConfig
from emotiscan.training.losses import (
    au_loss,
    emotion_loss,
    expression_loss,
    half_face_loss,
    intensity_loss,
    pose_loss,
    sharpened,
)
from emotiscan.training.weights import MAX_WEIGHT, au_weights, emotion_weights

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


# -- expressions, intensities, halves and pose

SUMS = ModelConfig(expressions=("neutral", "happiness", "surprise", "anger", "fear"))


@pytest.fixture
def expression_logits():
    return torch.randn(6, 5, generator=torch.Generator().manual_seed(2)).requires_grad_()


@pytest.fixture
def expressions():
    return torch.rand(6, 5, generator=torch.Generator().manual_seed(3)).softmax(1)


def test_known_expressions_are_learned_as_distributions(expression_logits, expressions, votes):
    torch.testing.assert_close(
        expression_loss(expression_logits, expressions, votes, SUMS.sum_logits),
        functional.cross_entropy(expression_logits, expressions),
    )


def test_where_only_the_emotion_is_known_the_sum_of_its_expressions_is_learned(expression_logits, votes):
    unknown = torch.full((6, 5), NAN)
    loss = expression_loss(expression_logits, unknown, votes, SUMS.sum_logits)
    probabilities = expression_logits.softmax(1)
    anger, fear, happy = probabilities[:, 3], probabilities[:, 4], probabilities[:, 1]
    sums = torch.stack([anger + fear, happy, probabilities[:, 2], probabilities[:, 0]], dim=1)
    torch.testing.assert_close(loss, -(votes * sums.log()).sum(1).mean())


def test_rows_of_either_kind_count_alike(expression_logits, expressions, votes):
    mixed = expressions.clone()
    mixed[[0, 3]] = NAN
    known, only_emotion = [1, 2, 4, 5], [0, 3]
    fine = functional.cross_entropy(expression_logits[known], expressions[known], reduction="sum")
    sums = SUMS.sum_logits(expression_logits)
    coarse = functional.cross_entropy(sums[only_emotion], votes[only_emotion], reduction="sum")
    loss = expression_loss(expression_logits, mixed, votes, SUMS.sum_logits)
    torch.testing.assert_close(loss, (fine + coarse) / 6)
    (gradient,) = torch.autograd.grad(loss, expression_logits)
    assert gradient.isfinite().all()
    nothing = expression_loss(expression_logits, mixed * NAN, votes * NAN, SUMS.sum_logits)
    assert nothing.item() == 0


def test_sharpened_votes_favor_the_majority():
    shares = torch.tensor([[0.6, 0.4, 0.0], [NAN] * 3])
    torch.testing.assert_close(sharpened(shares, 2.0)[0], torch.tensor([0.36, 0.16, 0.0]) / 0.52)
    assert sharpened(shares, 2.0)[1].isnan().all()
    assert sharpened(shares, 1.0) is shares


@pytest.mark.parametrize("loss", [intensity_loss, half_face_loss])
def test_unknown_intensities_and_halves_are_ignored(loss):
    values = torch.full((2, 3, 2), 2.0, requires_grad=True)
    labels = torch.tensor([[[1.0, NAN]] * 3, [[NAN, 0.0]] * 3])
    (gradient,) = torch.autograd.grad(loss(values, labels, torch.tensor([2.0, 1.0, 1.0])), values)
    assert torch.equal(gradient != 0, ~labels.isnan())
    assert loss(values, labels * NAN).item() == 0


def test_present_intensities_weigh_more_than_zeros():
    labels = torch.tensor([[4.0], [0.0]])
    equal = intensity_loss(torch.ones(2, 1), labels)
    assert intensity_loss(torch.ones(2, 1), labels, torch.tensor([3.0])) > equal


def test_pose_is_learned_where_it_is_known():
    angles = torch.tensor([[10.0, NAN, 0], [NAN, NAN, NAN]])
    assert pose_loss(torch.tensor([[10.0, 50, 0], [1, 2, 3]]), angles).item() == 0
    assert pose_loss(torch.tensor([[30.0, 50, 0], [1, 2, 3]]), angles).item() == pytest.approx(0.75)
    assert pose_loss(torch.zeros(2, 3), angles * NAN).item() == 0

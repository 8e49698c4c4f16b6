"""Action units that others mask: found where they are predicted worse, and nowhere else."""

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from emotiscan.evaluation import evaluate_predictions
from emotiscan.reports import Masking

AU_NAMES = ("AU6", "AU7", "AU12")
FACES = 900


@pytest.fixture
def faces():
    """Labels at random, and scores that tell every action unit well, but not AU7 where AU6 is there."""
    random = np.random.default_rng(3)
    labels = (random.random((FACES, 3)) < 0.4).astype(float)
    scores = np.clip(0.3 + 0.4 * labels + random.normal(0, 0.15, labels.shape), 0, 1)
    covered = labels[:, 0] == 1
    scores[covered, 1] = random.random(covered.sum())
    return scores, labels


def report_on(scores, labels, **more):
    n = len(scores)
    nothing = {"emotions": ("negative", "positive"), "emotion_probabilities": np.full((n, 2), 0.5), "thresholds": {}}
    known = {
        "action_units": AU_NAMES,
        "au_probabilities": scores,
        "au_labels": labels,
        "emotion_classes": np.full(n, -1),
    }
    return evaluate_predictions(**nothing, **known, subjects=np.arange(n), **more)


def masking_in(scores, labels):
    return report_on(scores, labels, bootstraps=100, with_masking=True).masking


def test_a_masked_action_unit_is_found_with_its_metrics(faces):
    scores, labels = faces
    masking = masking_in(scores, labels)
    assert masking.pairs == 6
    [pair] = masking.found
    beside, without = labels[:, 0] == 1, labels[:, 0] == 0
    aucs = [roc_auc_score(labels[kind, 1], scores[kind, 1]) for kind in (beside, without)]
    assert (pair.au, pair.beside) == ("AU7", "AU6")
    assert (pair.support, pair.known) == (labels[beside, 1].sum(), beside.sum())
    assert pair.auc.value == pytest.approx(aucs[0])
    assert pair.lost.value == pytest.approx(aucs[1] - aucs[0])
    assert pair.auc.low < aucs[0] < pair.auc.high


def test_the_largest_loss_comes_first(faces):
    scores, labels = faces
    random = np.random.default_rng(5)
    smiling = labels[:, 2] == 1
    scores[smiling, 0] = np.clip(scores[smiling, 0] + random.normal(0, 0.4, smiling.sum()), 0, 1)
    found = masking_in(scores, labels).found
    assert [(pair.au, pair.beside) for pair in found] == [("AU7", "AU6"), ("AU6", "AU12")]


def test_pairs_with_few_faces_are_not_tested(faces):
    scores, labels = faces
    both = np.flatnonzero((labels[:, 0] == 1) & (labels[:, 1] == 1))
    labels[both[19:], 1] = np.nan
    masking = masking_in(scores, labels)
    assert masking == Masking(4)
    labels[both[19], 1] = 1
    assert [(pair.au, pair.support) for pair in masking_in(scores, labels).found] == [("AU7", 20)]


def test_perfect_predictions_mask_nothing(faces):
    _, labels = faces
    assert masking_in(labels, labels) == Masking(6)


def test_chance_findings_are_not_reported():
    random = np.random.default_rng(28)  # with it, two intervals lie above 0
    labels = (random.random((400, 3)) < 0.3).astype(float)
    scores = np.clip(0.3 + 0.15 * labels + random.normal(0, 0.2, labels.shape), 0, 1)
    assert masking_in(scores, labels).found == ()


def test_a_report_has_masking_only_on_request(faces):
    assert report_on(*faces, bootstraps=0).masking is None

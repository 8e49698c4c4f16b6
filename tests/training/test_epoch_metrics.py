import pytest
import torch

from emotiscan.model.config import ModelConfig
from emotiscan.model.heads import Outputs
from emotiscan.training.epoch_metrics import ValidationMetrics

NAN = float("nan")
CONFIG = ModelConfig(
    emotions=("positive", "negative"),
    expressions=("happiness", "anger", "fear"),
    action_units=("AU12", "AU25"),
    local_action_units=True,
    intensities=True,
    sides=True,
    pose=True,
    quality=("blurred",),
)


def batch():
    return {
        "emotion": torch.tensor([[1.0, 0], [0, 1], [0, 1], [NAN, NAN]]),
        "expression": torch.tensor([[1.0, 0, 0], [0, 1, 0], [0, 0, 1], [NAN] * 3]),
        "action_units": torch.tensor([[1.0, 0], [0, 1], [0, NAN], [1, NAN]]),
        "intensities": torch.tensor([[4.0, NAN], [0, NAN], [2, NAN], [3, NAN]]),
        "sides": torch.tensor(
            [[[1.0, 0], [NAN, NAN]], [[0, 0], [NAN, NAN]], [[0, 1], [NAN, NAN]], [[1, 1], [NAN, NAN]]]
        ),
        "pose": torch.tensor([[10.0, 0, -5], [NAN] * 3, [NAN] * 3, [NAN] * 3]),
        "quality": torch.tensor([[1.0], [0], [NAN], [0]]),
    }


def outputs(of):
    """Predictions that agree with every label."""
    return Outputs(
        torch.zeros(4, 1, 1, 1),
        10 * of["expression"].nan_to_num(),
        of["action_units"].nan_to_num(0.5) - 0.5,
        side_logits=of["sides"].nan_to_num() - 0.5,
        intensities=of["intensities"].nan_to_num(),
        pose=of["pose"].nan_to_num(),
        quality_logits=of["quality"].nan_to_num() - 0.5,
    )


def computed(predicted, labels):
    metrics = ValidationMetrics(CONFIG)
    metrics.update(predicted, labels)
    found = metrics.compute()
    for of in metrics.updated():
        found |= metrics.compute_classes(of)
    return {name: value.item() for name, value in found.items()}


def test_what_agrees_is_perfect():
    of = batch()
    assert computed(outputs(of), of) == pytest.approx(
        {
            **dict.fromkeys(("val_accuracy", "val_macro_f1", "val_expression_accuracy", "val_expression_recall"), 1),
            **dict.fromkeys(("val_au_auc", "val_side_auc", "val_quality_auc", "val_intensity_pearson"), 1),
            "val_intensity_mae": 0,
            "val_pose_mae": 0,
        }
    )


def test_mistakes_lower_the_metric_that_they_belong_to():
    of = batch()
    wrong = outputs(of).as_dict()
    wrong["emotion_logits"] = wrong["emotion_logits"][:, [0, 2, 1]]  # anger for fear is still negative
    wrong["side_logits"] = wrong["side_logits"].flip(2)
    wrong["pose"] = wrong["pose"] + 3
    wrong["intensities"] = wrong["intensities"] + 0.5
    found = computed(Outputs(**wrong), of)
    assert (found["val_accuracy"], found["val_expression_accuracy"]) == pytest.approx((1, 1 / 3))
    assert found["val_side_auc"] < 0.5
    assert (found["val_pose_mae"], found["val_intensity_mae"], found["val_intensity_pearson"]) == pytest.approx(
        (3, 0.5, 1)
    )


def test_without_labels_there_are_no_metrics():
    of = {name: torch.full_like(values, NAN) for name, values in batch().items()}
    metrics = ValidationMetrics(CONFIG)
    metrics.update(outputs(of), of)
    assert metrics.compute() == {}
    assert metrics.updated() == {"val_": False, "val_expression_": False}

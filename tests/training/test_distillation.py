import copy
import dataclasses

import pytest
import torch

from emotiscan.model.network import FaceModel, ModelConfig
from emotiscan.training.distillation import Teachers, load_teachers
from emotiscan.training.options import SettingsError

CONFIG = ModelConfig(
    backbone="residual",
    input_size=32,
    hidden=8,
    stride=16,
    action_units=("AU1", "AU4", "AU12"),
    local_action_units=True,
)


def model(seed=0, **changes):
    torch.manual_seed(seed)
    return FaceModel(dataclasses.replace(CONFIG, **changes)).eval()


@pytest.fixture
def crops():
    return torch.randn(3, 3, 32, 32, generator=torch.Generator().manual_seed(0))


def divergence(teacher, student, crops, use=None):
    features = student.features(crops)
    au_map = student.au_logit_map(features)
    use = torch.ones(len(crops), dtype=bool) if use is None else use
    teachers = Teachers([teacher], student.config)
    return teachers.loss(crops, student.emotion_logits(features), au_map, student.au_logits(au_map), use)


def test_a_student_like_its_teacher_costs_nothing(crops):
    teacher = model()
    assert divergence(teacher, copy.deepcopy(teacher), crops).item() == pytest.approx(0, abs=1e-5)
    assert divergence(teacher, model(seed=1), crops).item() > 0.001


def test_outputs_are_matched_by_name(crops):
    teacher = model()
    student = model(action_units=("AU12", "AU5", "AU1"), emotions=CONFIG.emotions[::-1])
    student.backbone.load_state_dict(teacher.backbone.state_dict())
    for head in ("emotion_head", "au_head"):
        own, given = getattr(student, head), getattr(teacher, head)
        for part in (0, 1):
            own[part].load_state_dict(given[part].state_dict())
    with torch.no_grad():
        student.emotion_head[4].weight.copy_(teacher.emotion_head[4].weight.flip(0))
        student.emotion_head[4].bias.copy_(teacher.emotion_head[4].bias.flip(0))
        for row, place in ((0, 2), (2, 0)):
            student.au_head[4].weight[row] = teacher.au_head[4].weight[place]
            student.au_head[4].bias[row] = teacher.au_head[4].bias[place]
    assert divergence(teacher, student, crops).item() == pytest.approx(0, abs=1e-5)


def test_a_teacher_of_emotions_teaches_the_sums_of_expressions(crops):
    teacher, student = (
        model(action_units=()),
        model(seed=1, action_units=("AU9",), expressions=("neutral", "happiness", "surprise", "sadness", "anger")),
    )
    divergence(teacher, student, crops).backward()
    assert student.emotion_head[4].weight.grad.abs().sum() > 0
    assert student.au_head[4].weight.grad.abs().sum() == 0  # it knows nothing of AU9
    assert all(parameter.grad is None for parameter in teacher.parameters())


def test_unused_crops_do_not_count(crops):
    teacher, student = model(), model(seed=1)
    some = torch.tensor([True, False, True])
    torch.testing.assert_close(divergence(teacher, student, crops, some), divergence(teacher, student, crops[some]))
    assert divergence(teacher, student, crops, torch.zeros(3, dtype=bool)).item() == 0


def test_teachers_are_not_copied_with_a_student():
    teachers = Teachers([model()], CONFIG)
    assert copy.deepcopy(teachers) is teachers


def test_a_teacher_that_cannot_teach_is_refused(tiny_weights, tmp_path):
    with pytest.raises(SettingsError, match="grayscale is True in the teacher and False in the network"):
        load_teachers([str(tiny_weights)], dataclasses.replace(CONFIG, grayscale=False))
    with pytest.raises(SettingsError, match="has no output in common"):
        load_teachers([str(tiny_weights)], dataclasses.replace(CONFIG, emotions=("positive",), action_units=()))
    with pytest.raises(SettingsError, match=r"--teacher: There is no checkpoint at .*gone"):
        load_teachers([str(tmp_path / "gone.safetensors")], CONFIG)

"""Distillation: what trained networks (teachers) say of the same crops, as further targets (Hinton et al., 2015).

It keeps what a network can already do while it learns new outputs, and passes the knowledge of several networks on to
one.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.nn import functional

from emotiscan.model.checkpoint import CheckpointError, load_checkpoint
from emotiscan.model.network import FaceModel, ModelConfig
from emotiscan.training.options import SettingsError

INPUT_FORMAT = ("grayscale", "mean", "std")
"""Fields of `ModelConfig` in which teacher and student must agree: they see the same crops."""


class _Lesson(NamedTuple):
    """One teacher, and the places of its outputs among the student's.

    Attributes:
        model: the teacher.
        units: places of the common action units in the student.
        own_units: their places in the teacher.
        expressions: whether both have the same expressions.
        emotions: places of the teacher's emotions in the student, if both name the same ones; else empty.
    """

    model: FaceModel
    units: list[int]
    own_units: list[int]
    expressions: bool
    emotions: list[int]


class Teachers:
    """Networks whose probabilities a student is to reproduce. They are no part of the student's weights."""

    def __init__(self, models: Sequence[FaceModel], student: ModelConfig) -> None:
        """Match the outputs by name.

        Args:
            models: the teachers; they become frozen and stay in evaluation mode.
            student: of the network that trains.

        Raises:
            SettingsError: a teacher reads crops in another format, or has no output in common with the student.
        """
        self._student = student
        self._lessons = [_lesson(model.eval().requires_grad_(False), student) for model in models]

    def __deepcopy__(self, _: dict[int, Any]) -> "Teachers":
        """Return the same teachers: an average of the student's weights needs no copy of them."""
        return self

    def loss(
        self, crops: Tensor, emotion_logits: Tensor, au_logit_map: Tensor, au_logits: Tensor, use: Tensor
    ) -> Tensor:
        """Divergence of the student's probabilities from each teacher's, averaged over teachers.

        The sum of that of the emotion or expression (Kullback-Leibler), of the action units, and, where both predict
        action units in each cell of a map of the same size, of the cells (Bernoulli). Each is 0 where they agree.

        Args:
            crops: (b, 3, s, s) as the student sees them.
            emotion_logits: (b, x) of the student's `ModelConfig.emotion_outputs`.
            au_logit_map: (b, k, h, w) of the student.
            au_logits: (b, k) of the student.
            use: (b,) which crops to compare. A teacher knows nothing of covered faces.

        Returns:
            A scalar; 0 where no crop is to be compared.
        """
        if not use.any():
            return au_logits.sum() * 0.0
        crops, emotion_logits, au_logit_map, au_logits = (
            values[use] for values in (crops, emotion_logits.float(), au_logit_map.float(), au_logits.float())
        )
        losses = []
        for lesson in self._lessons:
            teacher = lesson.model
            if teacher.device != crops.device:
                teacher.to(crops.device).to(memory_format=torch.channels_last)
            with torch.no_grad():
                features = teacher.features(crops)
                taught_emotions = teacher.emotion_logits(features).float()
                taught_map = teacher.au_logit_map(features).float()
                taught_units = teacher.au_logits(taught_map)
            loss = au_logits.sum() * 0.0
            if lesson.expressions:
                loss = loss + _divergence(emotion_logits, taught_emotions)
            elif lesson.emotions:
                own = self._student.sum_logits(emotion_logits)[:, lesson.emotions]
                loss = loss + _divergence(own, teacher.config.sum_logits(taught_emotions))
            if lesson.units:
                loss = (
                    loss + _bernoulli_divergence(au_logits[:, lesson.units], taught_units[:, lesson.own_units]).mean()
                )
                if taught_map.shape[2:] == au_logit_map.shape[2:] != (1, 1):
                    cells = _bernoulli_divergence(au_logit_map[:, lesson.units], taught_map[:, lesson.own_units])
                    # As in `losses.map_loss`: most cells are empty, and a mean over them would hardly count.
                    loss = loss + cells.flatten(2).sum(2).mean() / CELLS_SHARE
            losses.append(loss)
        return torch.stack(losses).mean()


CELLS_SHARE = 4.0
"""The sum over a map's cells is divided by this, so that it weighs about as much as the pooled logits."""


def load_teachers(files: Sequence[str], student: ModelConfig) -> Teachers:
    """Load teachers for a student.

    Raises:
        SettingsError: a checkpoint cannot be used, or see `Teachers`.
    """
    try:
        return Teachers([load_checkpoint(Path(file))[0] for file in files], student)
    except CheckpointError as error:
        raise SettingsError(f"--teacher: {error}") from None


def _lesson(model: FaceModel, student: ModelConfig) -> _Lesson:
    config = model.config
    for name in INPUT_FORMAT:
        if getattr(config, name) != getattr(student, name):
            raise SettingsError(
                f"--teacher: {name} is {getattr(config, name)} in the teacher and {getattr(student, name)} in the "
                "network that trains; both must see the same crops"
            )
    common = [au for au in config.action_units if au in student.action_units]
    same = set(config.emotions) == set(student.emotions)
    expressions = bool(student.expressions) and config.expressions == student.expressions
    if not (common or same):
        raise SettingsError("--teacher: the teacher has no output in common with the network that trains")
    return _Lesson(
        model,
        [student.action_units.index(au) for au in common],
        [config.action_units.index(au) for au in common],
        expressions,
        [student.emotions.index(emotion) for emotion in config.emotions] if same else [],
    )


def _divergence(logits: Tensor, taught: Tensor) -> Tensor:
    """Kullback-Leibler divergence of softmax probabilities (b, x), mean over rows."""
    return functional.kl_div(logits.log_softmax(1), taught.log_softmax(1), reduction="batchmean", log_target=True)


def _bernoulli_divergence(logits: Tensor, taught: Tensor) -> Tensor:
    """Kullback-Leibler divergence of each sigmoid probability from the taught one."""
    probabilities = taught.sigmoid()
    cross = functional.binary_cross_entropy_with_logits(logits, probabilities, reduction="none")
    own = functional.binary_cross_entropy_with_logits(taught, probabilities, reduction="none")
    return cross - own

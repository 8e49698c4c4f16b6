"""What the network predicts for one face, and how it follows from the network's outputs."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from PIL import Image
from torch import Tensor

from emotiscan import facs
from emotiscan.explain import DEFAULT_METHOD, HeatMap, heat_maps
from emotiscan.faces import Face, Pose, Quality
from emotiscan.faces.quality import MIN_SCORE, rule_scores
from emotiscan.model.calibration import Calibration
from emotiscan.model.checkpoint import Card
from emotiscan.model.heads import Outputs
from emotiscan.model.network import FaceModel

MIN_INTENSITY = 0.5
"""Intensity of an action unit that is just present: FACS' "A", a trace."""


@dataclass(frozen=True)
class Sides:
    """How probable an action unit is in each half of the face.

    Attributes:
        right: probability that it is present in the person's right half (the image's left), 0 to 1.
        left: likewise for the person's left half.
        threshold: lowest probability at which the action unit counts as present.
    """

    right: float
    left: float
    threshold: float = 0.5

    @property
    def label(self) -> str:
        """Where the action unit is: "both" (see `on_both_sides`), "right" or "left"."""
        if on_both_sides(self.right, self.left, self.threshold):
            return "both"
        return "right" if self.right > self.left else "left"


def on_both_sides(right: ArrayLike, left: ArrayLike, threshold: ArrayLike) -> NDArray[np.bool_]:
    """Whether both halves of the face show an action unit that is present.

    One half alone shows it if the other one is below the threshold and at most half as probable.

    Args:
        right: probability that it is present in the person's right half, 0 to 1; this and the others are numbers, or
            arrays that fit each other.
        left: likewise for the person's left half.
        threshold: lowest probability at which it counts as present.
    """
    weaker, stronger = np.minimum(right, left), np.maximum(right, left)
    both: NDArray[np.bool_] = (weaker >= threshold) | (weaker > stronger / 2)
    return both


@dataclass(frozen=True, eq=False, repr=False)
class Reading:
    """What the network predicts for one face.

    What a checkpoint does not predict is empty or None: older ones know neither expressions, intensities, sides, pose
    nor quality.

    Attributes:
        face: box, landmarks and transform to the canonical crop.
        crop: the canonical crop, RGB, `faces.CROP_SIZE` pixels square.
        feature_map: (1, c, h, w) on the CPU, the input of the network's heads; heat maps start from it.
        emotions: calibrated probability of each emotion, 0 to 1; their sum is 1.
        action_units: calibrated probability that each action unit is present, 0 to 1; NaN if it is not visible.
        thresholds: lowest probability at which each action unit counts as present.
        is_clear: whether one emotion stands out from the others (see `Calibration.is_clear`) in a face of usable
            quality. If not, do not report `emotion` on its own.
        model: the network, for heat maps; None in a reading that was pickled or copied.
        expressions: calibrated probability of each expression, 0 to 1. The emotions are their sums.
        intensities: how strong each action unit is, on FACS' scale from 0 to 5 (see `facs.intensity_letter`): 0 if it
            is not present, at least 0.5 if it is, NaN if it is not visible.
        sides: of each action unit that is present and that FACS scores on each side (`facs.SIDED_AUS`).
        pose: of the head in the photo.
        quality: whether the reading can be trusted.
        not_visible: action units whose place in the face is covered: neither present nor absent.
    """

    face: Face
    crop: Image.Image
    feature_map: Tensor
    emotions: Mapping[str, float]
    action_units: Mapping[str, float]
    thresholds: Mapping[str, float]
    is_clear: bool = True
    model: FaceModel | None = None
    expressions: Mapping[str, float] = field(default_factory=dict)
    intensities: Mapping[str, float] = field(default_factory=dict)
    sides: Mapping[str, Sides] = field(default_factory=dict)
    pose: Pose | None = None
    quality: Quality | None = None
    not_visible: tuple[str, ...] = ()

    @property
    def emotion(self) -> str:
        """The most probable emotion, whether it `is_clear` or not."""
        return max(self.emotions, key=self.emotions.__getitem__)

    @property
    def present(self) -> tuple[str, ...]:
        """The action units whose probability reaches their threshold, in the vocabulary's order."""
        return tuple(au for au, p in self.action_units.items() if p >= self.thresholds[au])

    @property
    def probabilities(self) -> dict[str, float]:
        """Probability of each target of a heat map: emotions, expressions and action units; NaN if not visible."""
        return {**self.emotions, **self.expressions, **self.action_units}

    @property
    def likeliest_action_units(self) -> tuple[str, ...]:
        """All visible action units, sorted by the ratio of probability to threshold, highest first."""
        visible = [au for au in self.action_units if au not in self.not_visible]
        return tuple(sorted(visible, key=lambda au: -self.action_units[au] / max(self.thresholds[au], 1e-6)))

    def heat_maps(self, targets: Sequence[str] | None = None, method: str = DEFAULT_METHOD) -> dict[str, HeatMap]:
        """Compute where in the face the network sees evidence for action units, emotions or expressions.

        Args:
            targets: keys of `probabilities`; None for the present action units and the most probable emotion.
            method: key of `explain.METHODS`.

        Returns:
            A map for each target. `explain.overlay(reading.crop, heat_map)` lays it over the face.

        Raises:
            ValueError: a target or the method is unknown, or this reading was unpickled and has no network.
        """
        if self.model is None:
            raise ValueError(
                "this reading has no network, because it was pickled or copied; "
                "use emotiscan.heat_maps(analyzer.model, reading.feature_map, targets)"
            )
        return heat_maps(
            self.model, self.feature_map, (*self.present, self.emotion) if targets is None else targets, method
        )

    def plot_heat_maps(self, targets: Sequence[str] | None = None, method: str = DEFAULT_METHOD) -> Image.Image:
        """Show heat maps side by side on the face, with probabilities and a legend; a notebook displays the image.

        The arguments and errors are those of `heat_maps`.
        """
        from emotiscan.export.heat_map_sheet import heat_map_sheet

        return heat_map_sheet(self, self.heat_maps(targets, method), method)

    def __repr__(self) -> str:
        clear = "" if self.is_clear else ", unclear"
        return f"Reading({self.emotion} {self.emotions[self.emotion]:.2f}{clear}; {' '.join(self.present) or 'no AU'})"

    def _repr_html_(self) -> str:
        from emotiscan.export.html import reading_html

        return reading_html(self)

    def __getstate__(self) -> dict[str, Any]:
        return self.__dict__ | {"model": None}


class CutFace(NamedTuple):
    """A face that has been cut out of its photo, which is then no longer needed.

    Attributes:
        face: in pixels of the photo.
        photo_size: width and height of the photo, in pixels.
        crop: see `Reading.crop`.
        network_crop: the canonical crop in the size that the network expects.
    """

    face: Face
    photo_size: tuple[int, int]
    crop: Image.Image
    network_crop: Image.Image


def readings_of(outputs: Outputs, faces: Sequence[CutFace], card: Card, model: FaceModel) -> Iterator[Reading]:
    """Turn a network's outputs into calibrated readings.

    Args:
        outputs: on the CPU, of the faces' canonical crops.
        faces: those that the network has seen.
        card: of the network's checkpoint.
        model: the network, for `Reading.model`.
    """
    config, calibration = card.config, card.calibration
    expressions = calibration.emotions(outputs.emotion_logits.numpy(), config.emotion_outputs)
    emotions = config.sum_probabilities(expressions)
    is_clear = calibration.is_clear(emotions)
    probabilities = calibration.action_units(outputs.au_logits.numpy(), config.action_units)
    thresholds = {au: calibration.threshold(au) for au in config.action_units}
    for row, (face, photo_size, crop, _) in enumerate(faces):
        pose = _pose(outputs[row : row + 1], face, calibration)
        quality = _quality(outputs[row : row + 1], card, rule_scores(face, crop, photo_size, pose))
        not_visible = hidden_by(quality.problems, config.action_units) if quality else ()
        action_units = _named(config.action_units, probabilities[row]) | dict.fromkeys(not_visible, math.nan)
        present = [au for au, p in action_units.items() if p >= thresholds[au]]
        yield Reading(
            face=face,
            crop=crop,
            feature_map=outputs.feature_map[row : row + 1].clone(),
            emotions=_named(config.emotions, emotions[row]),
            action_units=action_units,
            thresholds=thresholds,
            is_clear=bool(is_clear[row]) and (quality is None or quality.usable),
            model=model,
            expressions=_named(config.expressions, expressions[row]) if config.expressions else {},
            intensities=_intensities(outputs[row : row + 1], card, present, not_visible),
            sides=_sides(outputs[row : row + 1], card, present),
            pose=pose,
            quality=quality,
            not_visible=not_visible,
        )


def _pose(one: Outputs, face: Face, calibration: Calibration) -> Pose | None:
    """The pose in the photo: the crop's, with the roll that the alignment took away."""
    if one.pose is None:
        return None
    pitch, yaw, roll = calibration.pose(one.pose.numpy())[0].tolist()
    return Pose(pitch, yaw, (roll + face.tilt + 180) % 360 - 180)


def _quality(one: Outputs, card: Card, scores: Mapping[str, float]) -> Quality | None:
    """Learned problems and those found by rule (`scores`), in one order."""
    if one.quality_logits is None:
        return None
    learned = _named(card.config.quality, card.calibration.quality(one.quality_logits.numpy(), card.config.quality)[0])
    limits = dict.fromkeys(scores, MIN_SCORE) | {problem: card.calibration.threshold(problem) for problem in learned}
    scores = {**scores, **learned}
    ordered = {problem: scores[problem] for problem in facs.PROBLEMS if problem in scores}
    return Quality(tuple(problem for problem, score in ordered.items() if score >= limits[problem]), ordered)


def _intensities(one: Outputs, card: Card, present: Sequence[str], not_visible: Sequence[str]) -> dict[str, float]:
    """Intensities that agree with what is present: 0 without an action unit, and at least a trace with it."""
    if one.intensities is None:
        return {}
    names = card.config.action_units
    values = _named(names, card.calibration.intensities(one.intensities.numpy(), names)[0])
    found = {au: max(value, MIN_INTENSITY) if au in present else 0.0 for au, value in values.items()}
    return found | dict.fromkeys(not_visible, math.nan)


def _sides(one: Outputs, card: Card, present: Sequence[str]) -> dict[str, Sides]:
    if one.side_logits is None:
        return {}
    names = card.config.action_units
    halves = dict(zip(names, card.calibration.sides(one.side_logits.numpy(), names)[0].tolist(), strict=True))
    return {
        au: Sides(right=halves[au][0], left=halves[au][1], threshold=card.calibration.threshold(au))
        for au in present
        if au in facs.SIDED_AUS
    }


def _named(names: Sequence[str], values: NDArray[np.float64]) -> dict[str, float]:
    return dict(zip(names, values.tolist(), strict=True))


def hidden_by(problems: Sequence[str], action_units: Sequence[str]) -> tuple[str, ...]:
    """The action units that these quality problems hide (`facs.HIDDEN_BY`), in the order of `action_units`."""
    hidden = {au for problem in problems for au in facs.HIDDEN_BY.get(problem, ())}
    return tuple(au for au in action_units if au in hidden)

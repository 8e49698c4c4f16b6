"""Scenes for the fairness report: base scenes, and variants in which one attribute is changed.

A base scene is one subject with one expression, near frontal, in soft light, taken by a good camera; everything else
(skin, age, hair, beard, glasses, clothes, background) is sampled by the renderer. Every group of an attribute shows the
same base scenes with that one attribute set to the group's value.

Base scenes come from random streams of their own. The renderer's data sets seed theirs with the words ``(seed, number,
1 or 2)``, and sample parts from children of these (one word of spawn key). Here every stream has a spawn key of at
least two words that begins with `NAMESPACE`: no seed and no number of a data set gives the same stream, so no subject
here was ever trained on.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from emotiscan import facs
from emotiscan.datasets.loaders.rendered import ABSENT, PRESENT
from emotiscan.rendering import (
    AU_NAMES,
    Beard,
    Camera,
    Expression,
    Glasses,
    Scene,
    sample_light,
    sample_person,
    sample_scene,
)
from emotiscan.rendering.hair import STYLES
from emotiscan.rendering.people import sample_beard, sample_glasses, sample_hair
from emotiscan.rendering.problems import NO_PROBLEMS
from emotiscan.rendering.scenes import LIGHTS

NAMESPACE = int.from_bytes(b"fair", "big")
"""First word of the spawn key of every stream here; see above."""

_PERSON, _SCENE, _LIGHT, _VARIED = range(4)

EXPRESSIONS = (
    *("neutral", "", "happiness", "", "anger", "neutral", "", "surprise", "", "sadness"),
    *("neutral", "", "happiness", "", "disgust", "neutral", "", "surprise", "", "fear"),
)
"""What each of twenty consecutive faces expresses; "" is a random combination of action units. A fifth is neutral, for
the false alarms; half of the rest act an emotion, so that accuracy and action units both have enough faces."""

POSE_DIVISOR = 4.0
"""The sampled yaw, pitch and roll are divided by this: standard deviations of about 4, 2 and 1.5 degrees remain."""

MIN_BEARD_AGE = 17
"""Age in years from which the renderer gives men beards."""

_BEARDS = {"none": 0.0, "stubble": 0.23, "beard": 0.76, "moustache": 0.76, "goatee": 0.76}
"""Density of each style: the middle of the range that the renderer samples."""


def stream(seed: int, face: int, *part: int) -> np.random.Generator:
    """Random generator for one part of one face."""
    return np.random.default_rng(np.random.SeedSequence((seed, face), spawn_key=(NAMESPACE, *part)))


def base_scene(seed: int, face: int) -> Scene:
    """The base scene of a face; it depends only on the seed and the face's number."""
    person = sample_person(stream(seed, face, _PERSON))
    scene = sample_scene(stream(seed, face, _SCENE), person, EXPRESSIONS[face % len(EXPRESSIONS)], NO_PROBLEMS)
    pose = scene.pose
    return replace(
        scene,
        light=sample_light(stream(seed, face, _LIGHT), "soft"),
        pose=replace(pose, yaw=pose.yaw / POSE_DIVISOR, pitch=pose.pitch / POSE_DIVISOR, roll=pose.roll / POSE_DIVISOR),
        camera=Camera(seed=scene.camera.seed),
    )


Vary = Callable[[Scene, str, np.random.Generator], Scene]


@dataclass(frozen=True)
class Attribute:
    """An attribute that is varied.

    Attributes:
        title: name and unit, for display.
        groups: names of its values; a number stands for itself.
        vary: makes the scene from the base scene, the group and a random generator (the same for each group of a face).
        ordered: whether the groups are steps of one scale.
        applies: whether a base scene takes part.
        note: what else to know; "" for nothing.
    """

    title: str
    groups: tuple[str, ...]
    vary: Vary = field(repr=False)
    ordered: bool = False
    applies: Callable[[Scene], bool] = field(default=lambda scene: True, repr=False)
    note: str = ""


def _habits(scene: Scene, group: str, rng: np.random.Generator) -> Scene:
    person = replace(scene.person, male=group == "men's")
    return replace(scene, person=person, hair=sample_hair(rng, person), beard=sample_beard(rng, person))


def _glasses(scene: Scene, group: str, rng: np.random.Generator) -> Scene:
    return replace(scene, glasses=Glasses() if group == "none" else replace(sample_glasses(rng, 1.0), frame=group))


def _of_person(name: Literal["skin_tone", "age"]) -> Vary:
    def vary(scene: Scene, group: str, rng: np.random.Generator) -> Scene:
        changed: dict[str, Any] = {name: float(group)}
        return replace(scene, person=replace(scene.person, **changed))

    return vary


def _of_pose(name: Literal["yaw", "pitch"]) -> Vary:
    def vary(scene: Scene, group: str, rng: np.random.Generator) -> Scene:
        changed: dict[str, Any] = {name: float(group)}
        return replace(scene, pose=replace(scene.pose, **changed))

    return vary


def _steps(values: range) -> tuple[str, ...]:
    return tuple(map(str, values))


ATTRIBUTES: dict[str, Attribute] = {
    "skin_tone": Attribute(
        "Skin tone, 0 (light) to 1 (dark)",
        tuple(f"{tenth / 10 + 0.05:.2f}" for tenth in range(10)),
        _of_person("skin_tone"),
        ordered=True,
        note="the camera exposes dark skin darker, as `rendering.camera.expose` says",
    ),
    "age": Attribute(
        "Age of skin and eyes, years",
        _steps(range(15, 76, 10)),
        _of_person("age"),
        ordered=True,
        note="wrinkles, folds and eyes age; hair color and hairline stay",
    ),
    "habits": Attribute(
        "Hair, beard and lashes",
        ("women's habit", "men's habit"),
        lambda scene, group, rng: _habits(scene, group.removesuffix(" habit"), rng),
        note="the face model's shapes have no sex and stay the same",
    ),
    "hair": Attribute(
        "Hairstyle",
        ("bald", *STYLES),
        lambda scene, group, rng: replace(scene, hair=replace(scene.hair, style=group)),
    ),
    "beard": Attribute(
        "Beard",
        tuple(_BEARDS),
        lambda scene, group, rng: replace(scene, beard=Beard(group, _BEARDS[group])),
        applies=lambda scene: scene.person.male and scene.person.age >= MIN_BEARD_AGE,
        note=f"only men of {MIN_BEARD_AGE} years and older",
    ),
    "glasses": Attribute("Frame of the glasses", ("none", "thin", "thick"), _glasses),
    "yaw": Attribute("Yaw, degrees to the image's right", _steps(range(-40, 41, 10)), _of_pose("yaw"), ordered=True),
    "pitch": Attribute("Pitch, degrees downwards", _steps(range(-20, 21, 10)), _of_pose("pitch"), ordered=True),
    "light": Attribute(
        "Light", tuple(LIGHTS), lambda scene, group, rng: replace(scene, light=sample_light(rng, group))
    ),
    "resolution": Attribute(
        "Resolution, share of the image's pixels per side",
        ("1.00", "0.70", "0.50", "0.35", "0.25", "0.18", "0.12"),
        lambda scene, group, rng: replace(scene, camera=replace(scene.camera, resolution=float(group))),
        ordered=True,
        note="the group's `eye_distance` says how many pixels lie between the eyes",
    ),
    "jpeg": Attribute(
        "JPEG quality",
        ("none", "90", "70", "50", "30", "20", "10"),
        lambda scene, group, rng: replace(
            scene, camera=replace(scene.camera, jpeg_quality=None if group == "none" else int(group))
        ),
        ordered=True,
        note="none: uncompressed",
    ),
}
"""All attributes, by the names that `emotiscan fairness --vary` takes."""


def variants(name: str, seed: int, face: int) -> list[Scene]:
    """A base scene in each group of an attribute, in the groups' order; empty where it takes no part."""
    scene, attribute = base_scene(seed, face), ATTRIBUTES[name]
    if not attribute.applies(scene):
        return []
    key = (_VARIED, list(ATTRIBUTES).index(name))
    return [attribute.vary(scene, group, stream(seed, face, *key)) for group in attribute.groups]


def true_class(expression: Expression, emotions: tuple[str, ...]) -> int:
    """Index of the emotion that an expression acts; -1 where it acts none, or none of these."""
    emotion = facs.high_level_emotion(expression.emotion) if expression.emotion else ""
    return emotions.index(emotion) if emotion in emotions else -1


def true_action_units(expression: Expression, action_units: tuple[str, ...]) -> NDArray[np.float64]:
    """The true labels of an expression, by the rule of the rendered training data.

    An action unit is present from an intensity of `PRESENT` on, and absent up to `ABSENT` (FACS intensity A, a trace,
    which a coder may or may not see).

    Returns:
        (k,) 1 where present, 0 where absent, NaN between the two and for action units that are never rendered.
    """
    intensities = np.array([expression.action_units.get(au, 0.0) if au in AU_NAMES else np.nan for au in action_units])
    return np.where(intensities >= PRESENT, 1.0, np.where(intensities <= ABSENT, 0.0, np.nan))

"""Building blocks of the sample scenes: studio light, poses, faces and eye colors."""

from dataclasses import dataclass

import numpy as np

from emotiscan.rendering import Lamp, Light, Pose, Scene
from emotiscan.rendering.people import from_srgb

NO_LIGHT = ((0.0, 0.0, 0.0),) * 5
"""The higher spherical harmonics of the ambient light, all zero."""


def studio(side: float = -1.0, warmth: float = 0.04, key: float = 0.62) -> Light:
    """Return the light of a room with a large window to one side, light walls, and a little light from behind.

    Args:
        side: -1 for a window on the image's left, 1 for one on its right.
        warmth: of the window's light; negative is cool.
        key: strength of the window's light.
    """
    return Light(
        name="soft",
        ambient=((0.40, 0.40, 0.40), (0.03 * side,) * 3, (0.10, 0.10, 0.11), (0.06, 0.06, 0.06), *NO_LIGHT),
        lamps=(
            Lamp(28 * side, 26, (key * (1 + warmth), key * 1.0, key * (1 - 2 * warmth))),
            Lamp(-55 * side, 12, (0.13, 0.135, 0.15)),
            Lamp(-150 * side, 35, (0.14, 0.14, 0.15)),
        ),
        softness=0.4,
    )


def pose(yaw: float = 0.0, pitch: float = 0.0, roll: float = 0.0) -> Pose:
    """Return the pose of a head in the middle of a portrait, seen through a long lens; angles in degrees."""
    return Pose(yaw, pitch, roll, field_of_view=16, zoom=0.86, shift=(0.0, 0.015))


def face_shape(seed: int, spread: float = 0.7) -> tuple[float, ...]:
    """Sample a face: weights of the face model's identities, closer to the mean face for a smaller spread."""
    weights = np.random.default_rng(seed).normal(0, spread, 100)
    return tuple(float(weight) for weight in np.round(np.clip(weights, -2, 2), 3))


BROWN_EYES, HAZEL_EYES = from_srgb(70, 42, 24), from_srgb(100, 84, 50)
GREEN_EYES, BLUE_EYES = from_srgb(84, 104, 86), from_srgb(78, 102, 122)


@dataclass(frozen=True)
class Portrait:
    """A sample that shows one person.

    Attributes:
        file: name of the image.
        title: shown in the app.
        alt: description for screen readers.
        scene: what is rendered.
    """

    file: str
    title: str
    alt: str
    scene: Scene


@dataclass(frozen=True)
class Place:
    """A person in the group.

    Attributes:
        scene: what is rendered.
        x, y: center of the rendered square in the group's image, pixels.
        side: of the square, pixels.
    """

    scene: Scene
    x: int
    y: int
    side: int

"""What each picture of samples/ shows: persons, expressions, light and places. `bootstrap_samples.py` draws them.

Nobody in them exists.
"""

from dataclasses import dataclass, replace

import numpy as np

from emotiscan.rendering import (
    Background,
    Beard,
    Camera,
    Clothes,
    Expression,
    Gaze,
    Glasses,
    Hair,
    Lamp,
    Light,
    Person,
    Pose,
    Scene,
)
from emotiscan.rendering.people import from_srgb

_DARK = ((0.0, 0.0, 0.0),) * 5


def studio(side: float = -1.0, warmth: float = 0.04, key: float = 0.62) -> Light:
    """A large window to one side, light walls, and a little light from behind.

    Args:
        side: -1 for a window to the picture's left, 1 to its right.
        warmth: of the window's light; negative is cool.
        key: strength of the window.
    """
    warm = (1 + warmth, 1.0, 1 - 2 * warmth)
    return Light(
        name="soft",
        ambient=((0.40, 0.40, 0.40), (0.03 * side,) * 3, (0.10, 0.10, 0.11), (0.06, 0.06, 0.06), *_DARK),
        lamps=(
            Lamp(28 * side, 26, tuple(key * c for c in warm)),
            Lamp(-55 * side, 12, (0.13, 0.135, 0.15)),
            Lamp(-150 * side, 35, (0.14, 0.14, 0.15)),
        ),
        softness=0.4,
    )


def pose(yaw: float = 0.0, pitch: float = 0.0, roll: float = 0.0) -> Pose:
    """A head in the middle of a portrait, seen through a long lens."""
    return Pose(yaw, pitch, roll, field_of_view=16, zoom=0.86, shift=(0.0, 0.015))


def face_shape(seed: int, spread: float = 0.7) -> tuple[float, ...]:
    """Weights of the face model's identities: a face at random, nearer to the mean face the smaller the spread."""
    weights = np.random.default_rng(seed).normal(0, spread, 100)
    return tuple(float(weight) for weight in np.round(np.clip(weights, -2, 2), 3))


BROWN_EYES, HAZEL_EYES = from_srgb(70, 42, 24), from_srgb(100, 84, 50)
GREEN_EYES, BLUE_EYES = from_srgb(84, 104, 86), from_srgb(78, 102, 122)


@dataclass(frozen=True)
class Portrait:
    """One sample that shows one person."""

    file: str
    title: str
    alt: str
    scene: Scene


@dataclass(frozen=True)
class Place:
    """One person in the group: middle of the square that is drawn, and its side, in pixels of the picture."""

    scene: Scene
    x: int
    y: int
    side: int


CALM = Scene(
    person=Person(
        shape=face_shape(11),
        skin_tone=0.25,
        age=56,
        eye_color=BROWN_EYES,
        brows=13,
        hair_color="black",
        graying=0.22,
        lip_redness=0.5,
        seed=5,
    ),
    hair=Hair("bob", parting=0.6, fringe=0.7, seed=15),
    glasses=Glasses("thin", "round", from_srgb(60, 38, 24), reflection=0.15),
    clothes=Clothes(from_srgb(40, 60, 110), v_neck=3, seed=5),
    light=studio(),
    pose=pose(roll=2),
    background=Background("wall", (0.42, 0.4, 0.37), 0.8, 6),
)
"""A face at rest; it is also shown faintly smiling, for what two photos of one person tell."""

PORTRAITS = (
    Portrait(
        "smile.jpg",
        "Broad smile",
        "A young woman with long dark brown hair and a fringe smiles broadly at the camera, her upper teeth showing.",
        Scene(
            person=Person(
                shape=face_shape(14),
                skin_tone=0.35,
                age=27,
                eye_color=BROWN_EYES,
                brows=2,
                hair_color="dark brown",
                lip_redness=0.5,
                mottling=0.2,
                seed=1,
            ),
            hair=Hair("long", volume=1.3, curl=0.35, parting=0.5, fringe=0.5, seed=11),
            clothes=Clothes(from_srgb(40, 110, 115), seed=1),
            expression=Expression({"AU6": 0.9, "AU12": 1.0, "AU25": 0.5}),
            light=studio(),
            pose=pose(yaw=-6, roll=3),
            background=Background("room", (0.5, 0.47, 0.42), 0.8, 32),
        ),
    ),
    Portrait(
        "surprise.jpg",
        "Surprise",
        "A young man with short black hair looks surprised: raised brows, wide eyes and an open mouth.",
        Scene(
            person=Person(
                shape=face_shape(107),
                skin_tone=0.82,
                age=20,
                male=True,
                eye_color=BROWN_EYES,
                brows=11,
                hair_color="black",
                lip_redness=0.3,
                seed=2,
            ),
            hair=Hair("short", length=0.5, volume=0.6, parting=0.6, seed=12),
            clothes=Clothes(from_srgb(196, 160, 72), seed=2),
            expression=Expression({"AU1": 0.9, "AU2": 0.9, "AU5": 0.7, "AU25": 0.6, "AU27": 0.6}),
            light=studio(1.0),
            pose=pose(yaw=4, pitch=-2),
            background=Background("room", (0.3, 0.35, 0.38), 0.8, 32),
        ),
    ),
    Portrait(
        "anger.jpg",
        "Anger",
        "A bearded man glares angrily with lowered brows, narrowed eyes and lips pressed together.",
        Scene(
            person=Person(
                shape=face_shape(119),
                skin_tone=0.42,
                age=42,
                male=True,
                eye_color=BROWN_EYES,
                brows=6,
                hair_color="black",
                graying=0.0,
                recession=0.25,
                seed=3,
            ),
            hair=Hair("short", seed=13),
            beard=Beard("beard", 0.97),
            clothes=Clothes(from_srgb(45, 52, 62), seed=3),
            expression=Expression({"AU4": 1.0, "AU7": 0.6, "AU23": 0.5, "AU24": 0.8}),
            light=studio(-1.0, 0.02, 0.75),
            pose=pose(yaw=5, pitch=9, roll=-2),
            background=Background("wall", (0.26, 0.22, 0.2), 0.8, 1),
        ),
    ),
    Portrait(
        "sadness.jpg",
        "Sadness",
        "A woman with long auburn hair looks sad: her inner brows are raised and the corners of her mouth turn down.",
        Scene(
            person=Person(
                shape=face_shape(13),
                skin_tone=0.16,
                age=33,
                eye_color=GREEN_EYES,
                brows=13,
                hair_color="red",
                lip_redness=0.45,
                freckles=0.5,
                redness=0.5,
                seed=4,
            ),
            hair=Hair("long", length=0.8, volume=1.3, curl=0.5, parting=-0.6, fringe=0.9, seed=14),
            clothes=Clothes(from_srgb(120, 125, 150), seed=4),
            expression=Expression(
                {"AU1": 1.0, "AU4": 0.5, "AU15": 0.8, "AU17": 0.5}, gaze=Gaze(yaw=2, pitch=-4, lids=0.12)
            ),
            light=studio(1.0, -0.02),
            pose=pose(yaw=7, pitch=3, roll=-3),
            background=Background("room", (0.4, 0.43, 0.5), 1.0, 8),
        ),
    ),
    Portrait(
        "calm.jpg",
        "Calm face",
        "A woman in her fifties with gray hair and thin round glasses looks calmly into the camera.",
        CALM,
    ),
    Portrait(
        "faint.jpg",
        "Faint smile",
        "The woman of “Calm face” smiles faintly, her lips closed.",
        replace(CALM, expression=Expression({"AU6": 0.3, "AU12": 0.4}), pose=pose(yaw=-3, roll=1)),
    ),
    Portrait(
        "disgust.jpg",
        "Disgust",
        "A woman with long black hair wrinkles her nose and lifts her upper lip in disgust.",
        Scene(
            person=Person(
                shape=face_shape(2),
                skin_tone=0.4,
                age=31,
                eye_color=BROWN_EYES,
                brows=2,
                hair_color="black",
                lip_redness=0.5,
                seed=6,
            ),
            hair=Hair("long", volume=1.3, curl=0.3, parting=0.4, fringe=0.6, seed=16),
            clothes=Clothes(from_srgb(150, 80, 72), seed=6),
            expression=Expression({"AU4": 0.5, "AU7": 0.4, "AU9": 1.0, "AU10": 0.5, "AU25": 0.2}),
            light=studio(1.0),
            pose=pose(yaw=-7, pitch=-3, roll=-2),
            background=Background("room", (0.36, 0.4, 0.36), 0.9, 30),
        ),
    ),
    Portrait(
        "fear.jpg",
        "Fear",
        "A girl with curly black hair looks frightened: raised brows, wide eyes, and parted lips drawn wide.",
        Scene(
            person=Person(
                shape=face_shape(3),
                skin_tone=0.72,
                age=15,
                eye_color=BROWN_EYES,
                brows=12,
                hair_color="black",
                lip_redness=0.5,
                mottling=0.2,
                seed=7,
            ),
            hair=Hair("curly", parting=0.5, fringe=0.3, seed=17),
            clothes=Clothes(from_srgb(215, 215, 210), stripes=0.5, stripe_width=1.2, seed=7),
            expression=Expression(
                {"AU1": 0.9, "AU2": 0.5, "AU4": 0.5, "AU5": 0.9, "AU20": 0.8, "AU25": 0.6, "AU26": 0.4}
            ),
            light=studio(-1.0, 0.0),
            pose=pose(yaw=-3, pitch=-2),
            background=Background("room", (0.36, 0.36, 0.4), 1.0, 31),
        ),
    ),
    Portrait(
        "contempt.jpg",
        "Contempt",
        "A fair-haired man smirks with one corner of his mouth, which is drawn in and up: contempt.",
        Scene(
            person=Person(
                shape=face_shape(105),
                skin_tone=0.2,
                age=36,
                male=True,
                eye_color=BLUE_EYES,
                brows=9,
                hair_color="blond",
                seed=8,
            ),
            hair=Hair("short", parting=0.7, fringe=0.3, seed=18),
            beard=Beard("stubble", 0.25),
            clothes=Clothes(from_srgb(60, 85, 70), v_neck=2, seed=8),
            expression=Expression({"AU12": 0.4, "AU14": 0.9}, balance={"AU12": 1.0, "AU14": 1.0}),
            light=studio(1.0),
            pose=pose(yaw=8, pitch=-4, roll=3),
            background=Background("wall", (0.33, 0.35, 0.37), 0.8, 2),
        ),
    ),
    Portrait(
        "laugh.jpg",
        "Laughter",
        "An elderly man with white hair and black glasses laughs.",
        Scene(
            person=Person(
                shape=face_shape(121),
                skin_tone=0.52,
                age=74,
                male=True,
                eye_color=BROWN_EYES,
                brows=25,
                hair_color="grey",
                graying=0.9,
                recession=0.5,
                seed=9,
            ),
            hair=Hair("short", parting=0.6, seed=19),
            glasses=Glasses("thick", "square", from_srgb(18, 18, 20), reflection=0.12, size=0.95),
            clothes=Clothes(from_srgb(120, 50, 50), seed=9),
            expression=Expression({"AU6": 1.0, "AU12": 1.0, "AU25": 0.6, "AU26": 0.3}),
            light=studio(-1.0),
            pose=pose(yaw=-5, pitch=-4, roll=-4),
            background=Background("room", (0.4, 0.45, 0.35), 0.9, 21),
        ),
    ),
    Portrait(
        "hard.jpg",
        "Hard: turned, dim, grainy",
        "A dim, grainy picture of a man with glasses, his head turned to the side and lit from there, faintly smiling.",
        Scene(
            person=Person(
                shape=face_shape(102),
                skin_tone=0.5,
                age=38,
                male=True,
                eye_color=BROWN_EYES,
                brows=6,
                hair_color="black",
                seed=10,
            ),
            hair=Hair("short", seed=20),
            glasses=Glasses("thin", "square", from_srgb(18, 18, 20), reflection=0.5),
            clothes=Clothes(from_srgb(50, 50, 55), seed=10),
            expression=Expression({"AU6": 0.5, "AU12": 0.7}),
            light=Light(
                "side",
                ((0.10, 0.10, 0.12), (0.05, 0.05, 0.05), (0.03, 0.03, 0.03), (0.02, 0.02, 0.02), *_DARK),
                (Lamp(75, 20, (1.0, 0.93, 0.82)),),
                0.3,
            ),
            pose=pose(yaw=32, pitch=6, roll=-4),
            camera=Camera(exposure=0.6, resolution=0.3, noise=11, colored_noise=True, jpeg_quality=60, seed=10),
            background=Background("clutter", (0.08, 0.08, 0.1), 0.6, 10),
        ),
    ),
)


GROUP_LIGHT = studio()
GROUP_BACKGROUND = Background("room", (0.42, 0.42, 0.4), 0.8, 32)
GROUP_ALT = (
    "Four people side by side: a smiling older woman with graying hair, a surprised bald man, "
    "a calm girl with long hair, and a frowning man who presses his lips together."
)
GROUP = (
    Place(
        Scene(
            person=Person(
                shape=face_shape(23),
                skin_tone=0.45,
                age=62,
                eye_color=HAZEL_EYES,
                brows=12,
                hair_color="brown",
                graying=0.6,
                lip_redness=0.5,
                seed=21,
            ),
            hair=Hair("bob", parting=0.5, fringe=0.5, seed=21),
            clothes=Clothes(from_srgb(70, 110, 80), seed=21),
            expression=Expression({"AU6": 0.9, "AU12": 1.0, "AU25": 0.5}),
            pose=Pose(yaw=8, roll=-3, field_of_view=16, zoom=0.72),
        ),
        x=128,
        y=268,
        side=440,
    ),
    Place(
        Scene(
            person=Person(
                shape=face_shape(111),
                skin_tone=0.88,
                age=35,
                male=True,
                eye_color=BROWN_EYES,
                brows=15,
                hair_color="black",
                lip_redness=0.3,
                seed=22,
            ),
            hair=Hair("bald", seed=22),
            beard=Beard("goatee", 0.8),
            clothes=Clothes(from_srgb(150, 140, 122), seed=22),
            expression=Expression({"AU1": 0.8, "AU2": 0.8, "AU5": 0.7, "AU25": 0.4, "AU26": 0.9}),
            pose=Pose(yaw=4, roll=2, field_of_view=16, zoom=0.72),
        ),
        x=366,
        y=240,
        side=490,
    ),
    Place(
        Scene(
            person=Person(
                shape=face_shape(6),
                skin_tone=0.15,
                age=17,
                eye_color=BROWN_EYES,
                brows=13,
                hair_color="light brown",
                lip_redness=0.5,
                mottling=0.2,
                seed=23,
            ),
            hair=Hair("long", volume=1.2, parting=0.5, fringe=0.7, seed=23),
            clothes=Clothes(from_srgb(150, 90, 110), seed=23),
            pose=Pose(yaw=-4, roll=-2, field_of_view=16, zoom=0.72),
        ),
        x=598,
        y=282,
        side=420,
    ),
    Place(
        Scene(
            person=Person(
                shape=face_shape(122),
                skin_tone=0.5,
                age=48,
                male=True,
                eye_color=BROWN_EYES,
                brows=18,
                hair_color="dark brown",
                graying=0.15,
                seed=24,
            ),
            hair=Hair("short", parting=-0.7, fringe=0.3, seed=24),
            beard=Beard("stubble", 0.35),
            clothes=Clothes(from_srgb(50, 65, 95), seed=24),
            expression=Expression({"AU4": 0.9, "AU7": 0.5, "AU24": 0.8}),
            pose=Pose(yaw=-9, roll=2, field_of_view=16, zoom=0.72),
        ),
        x=852,
        y=250,
        side=470,
    ),
)
"""Persons from left to right."""

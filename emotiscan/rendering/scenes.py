"""Scenes: a person with an expression, and the light, pose, camera, background and clothes around the face.

Every part is sampled from its own random stream and keeps its own seed, so that any one can be replaced
(`dataclasses.replace`) while everything else stays the same, to the last hair.
"""

import math
from dataclasses import dataclass, field, replace

import numpy as np

from emotiscan.rendering.expressions import Expression, sample_expression
from emotiscan.rendering.occluders import Occluder, let_hair_fall, sample_occluder, wear_sunglasses
from emotiscan.rendering.people import (
    Beard,
    Color,
    Glasses,
    Hair,
    Person,
    as_color,
    from_srgb,
    sample_beard,
    sample_glasses,
    sample_hair,
    sample_person,
)
from emotiscan.rendering.problems import USUAL_PROBLEMS, Blur, ProblemShares, sample_blur, sample_exposure


@dataclass(frozen=True)
class Lamp:
    """A lamp.

    Attributes:
        azimuth: degrees to the image's right, as seen from the face.
        elevation: degrees upwards.
        color: times the strength.
    """

    azimuth: float
    elevation: float
    color: Color

    @property
    def direction(self) -> tuple[float, float, float]:
        """Unit vector towards the lamp; x to the image's right, y up, z towards the camera."""
        turn, rise = math.radians(self.azimuth), math.radians(self.elevation)
        return (math.sin(turn) * math.cos(rise), math.sin(rise), math.cos(turn) * math.cos(rise))


@dataclass(frozen=True)
class Light:
    """Light of a scene.

    Attributes:
        name: "soft", "harsh", "side", "top", "back" or "mixed".
        ambient: nine spherical-harmonic coefficients, each red, green, blue.
        lamps: one or more; the first casts the shadow.
        softness: 0 (hard shadows) to 1.
    """

    name: str = "soft"
    ambient: tuple[Color, ...] = ((0.4, 0.4, 0.4), *((0.0, 0.0, 0.0),) * 8)
    lamps: tuple[Lamp, ...] = (Lamp(20, 30, (0.6, 0.6, 0.6)),)
    softness: float = 0.7


LIGHTS = {"soft": 0.30, "mixed": 0.25, "harsh": 0.15, "side": 0.12, "top": 0.10, "back": 0.08}
"""Probability of each kind of light."""


def sample_light(rng: np.random.Generator, name: str | None = None) -> Light:
    """Sample a light, of the given kind or of any."""
    name = name or str(rng.choice(list(LIGHTS), p=list(LIGHTS.values())))
    level = {"soft": (0.35, 0.6), "mixed": (0.2, 0.45), "harsh": (0.1, 0.2), "side": (0.1, 0.25)}.get(name, (0.15, 0.3))
    ambient = float(rng.uniform(*level))
    tint = np.exp(rng.normal(0, 0.06, 3))
    harmonics = np.zeros((9, 3))
    harmonics[0] = ambient * tint
    slope = rng.normal((0, 0.35, 0.15), 0.3)
    harmonics[1:4] = ambient * slope[:, None] * np.exp(rng.normal(0, 0.10, (3, 3)))
    harmonics[4:] = ambient * rng.normal(0, 0.09, (5, 1))
    return Light(
        name=name,
        ambient=tuple(as_color(row) for row in harmonics),
        lamps=tuple(_sample_lamps(rng, name)),
        softness=float(rng.uniform(0.5, 1.0) if name == "soft" else rng.uniform(0.0, 0.3 if name == "harsh" else 0.7)),
    )


def _sample_lamps(rng: np.random.Generator, name: str) -> list[Lamp]:
    side = float(rng.choice([-1.0, 1.0]))
    turn, rise, strength = {
        "soft": (rng.normal(0, 35), rng.uniform(5, 50), rng.uniform(0.25, 0.6)),
        "mixed": (rng.normal(0, 43), rng.uniform(-6, 57), rng.uniform(0.45, 1.0)),
        "harsh": (rng.normal(0, 40), rng.uniform(0, 55), rng.uniform(0.9, 1.3)),
        "side": (side * rng.uniform(60, 100), rng.uniform(0, 35), rng.uniform(0.7, 1.1)),
        "top": (rng.normal(0, 30), rng.uniform(60, 82), rng.uniform(0.7, 1.1)),
        "back": (side * rng.uniform(125, 165), rng.uniform(5, 45), rng.uniform(1.0, 1.8)),
    }[name]
    lamps = [Lamp(float(turn), float(rise), _lamp_color(rng, float(strength)))]
    fills = int(rng.integers(0, 3)) if name in ("mixed", "soft") else int(rng.random() < 0.4)
    if name == "back":  # a face lit only from behind would be black
        lamps.append(
            Lamp(float(rng.normal(0, 40)), float(rng.uniform(0, 40)), _lamp_color(rng, float(rng.uniform(0.2, 0.5))))
        )
    for _ in range(fills):
        azimuth, elevation = float(rng.uniform(-137, 137)), float(rng.uniform(-6, 57))
        lamps.append(Lamp(azimuth, elevation, _lamp_color(rng, 0.45 * float(rng.uniform(0.45, 1.0)))))
    return lamps


def _lamp_color(rng: np.random.Generator, strength: float) -> Color:
    warmth = rng.normal(0, 0.09)
    return as_color(strength * np.array([1 + warmth, 1, 1 - warmth]) * np.exp(rng.normal(0, 0.03, 3)))


@dataclass(frozen=True)
class Pose:
    """How the head is held, and how it is framed.

    Attributes:
        yaw: degrees, positive turns the face to the image's right.
        pitch: degrees, positive looks down.
        roll: degrees, positive tilts the top of the head to the image's left.
        field_of_view: degrees; small values are a long lens.
        zoom: factor on the size of the face; at 1 the head fills about three quarters of the image.
        shift: to the right and down, in fractions of the image.
    """

    yaw: float = 0.0
    pitch: float = 0.0
    roll: float = 0.0
    field_of_view: float = 24.0
    zoom: float = 1.0
    shift: tuple[float, float] = (0.0, 0.0)


def sample_pose(rng: np.random.Generator) -> Pose:
    """Sample a pose as in photos: mostly frontal; SD 15° of yaw (at most 45°), 8° of pitch, 6° of roll."""
    return Pose(
        yaw=float(np.clip(rng.normal(0, 15), -45, 45)),
        pitch=float(np.clip(rng.normal(0, 8), -22, 22)),
        roll=float(np.clip(rng.normal(0, 6), -20, 20)),
        field_of_view=float(rng.uniform(14, 38)),
        zoom=float(rng.uniform(0.86, 1.14)),
        shift=(float(rng.normal(0, 0.025)), float(rng.normal(0, 0.025))),
    )


@dataclass(frozen=True)
class Camera:
    """What the camera does to the image.

    Attributes:
        exposure: brightness of the skin, about 1.
        contrast: factor about mid-gray.
        white_balance: factors on red, green, blue.
        blur: sigma in pixels of an image 224 px wide; 0 is sharp.
        resolution: 0 to 1; below 1 the image is scaled down and up again.
        noise: sigma in gray levels of 255.
        colored_noise: whether the noise differs between the channels.
        gray: whether the image is black and white.
        jpeg_quality: 1 to 100; None for no compression.
        seed: of the noise.
    """

    exposure: float = 1.0
    contrast: float = 1.0
    white_balance: Color = (1.0, 1.0, 1.0)
    blur: float = 0.0
    resolution: float = 1.0
    noise: float = 0.0
    colored_noise: bool = False
    gray: bool = False
    jpeg_quality: int | None = None
    seed: int = 0


def sample_camera(rng: np.random.Generator) -> Camera:
    """Sample a camera: many are good; some images are blurred, small, noisy or gray."""
    blur = float(rng.uniform(0.3, 1.3)) if rng.random() < 0.35 else 0.0
    resolution = float(rng.uniform(0.25, 0.8)) if rng.random() < 0.3 else 1.0
    noise = float(rng.uniform(1, 9)) if rng.random() < 0.55 else 0.0
    quality = int(rng.integers(45, 96)) if rng.random() < 0.65 else None
    return Camera(
        exposure=float(np.exp(rng.normal(0, 0.22))),
        contrast=float(rng.uniform(0.82, 1.22)),
        white_balance=as_color(np.exp(rng.normal(0, 0.05, 3))),
        blur=blur,
        resolution=resolution,
        noise=noise,
        colored_noise=bool(rng.random() < 0.5),
        gray=bool(rng.random() < 0.2),
        jpeg_quality=quality,
        seed=int(rng.integers(2**31)),
    )


@dataclass(frozen=True)
class Background:
    """What is behind the head.

    Attributes:
        kind: "plain", "wall" (a soft gradient), "room" (blurred shapes) or "clutter".
        color: its main color.
        blur: 0 (sharp) to 1.
        seed: of its shapes.
    """

    kind: str = "wall"
    color: Color = (0.3, 0.3, 0.3)
    blur: float = 0.5
    seed: int = 0


def sample_background(rng: np.random.Generator) -> Background:
    """Sample a background."""
    level = rng.uniform(0.02, 0.9)
    return Background(
        kind=str(rng.choice(["plain", "wall", "room", "clutter"], p=[0.1, 0.35, 0.35, 0.2])),
        color=as_color(np.clip(level * np.exp(rng.normal(0, 0.12, 3)), 0.01, 1)),
        blur=float(rng.uniform(0, 1)),
        seed=int(rng.integers(2**31)),
    )


@dataclass(frozen=True)
class Clothes:
    """The visible part of the clothes.

    Attributes:
        color: of the cloth.
        collar: height of its edge on the model's neck, cm, about -10.
        v_neck: depth of a V-shaped neckline, cm; 0 is round.
        stripes: strength, 0 (none) to 1; `stripe_width` in cm.
        seed: of folds and knit.
    """

    color: Color = (0.1, 0.12, 0.2)
    collar: float = -10.3
    v_neck: float = 0.0
    stripes: float = 0.0
    stripe_width: float = 2.0
    seed: int = 0


def sample_clothes(rng: np.random.Generator) -> Clothes:
    """Sample clothes, mostly of muted colors."""
    gray = rng.uniform(15, 235)
    vivid = rng.uniform(15, 235, 3)
    color = gray + (vivid - gray) * (rng.uniform(0.5, 1.0) if rng.random() < 0.3 else rng.uniform(0, 0.4))
    v_neck = float(rng.uniform(1.5, 5)) if rng.random() < 0.35 else 0.0
    stripes = float(rng.uniform(0.2, 0.6)) if rng.random() < 0.2 else 0.0
    return Clothes(
        color=from_srgb(*color),
        collar=float(rng.uniform(-11.5, -9.4)),
        v_neck=v_neck,
        stripes=stripes,
        stripe_width=float(rng.uniform(0.8, 3)),
        seed=int(rng.integers(2**31)),
    )


@dataclass(frozen=True)
class Scene:
    """Everything that determines an image.

    `exposure` names a wrong exposure, "dark" or "overexposed", which `camera` has; it is "" for any other.
    """

    person: Person = field(default_factory=Person)
    hair: Hair = field(default_factory=Hair)
    beard: Beard = field(default_factory=Beard)
    glasses: Glasses = field(default_factory=Glasses)
    clothes: Clothes = field(default_factory=Clothes)
    expression: Expression = field(default_factory=Expression)
    light: Light = field(default_factory=Light)
    pose: Pose = field(default_factory=Pose)
    camera: Camera = field(default_factory=Camera)
    background: Background = field(default_factory=Background)
    occluder: Occluder = field(default_factory=Occluder)
    blur: Blur = field(default_factory=Blur)
    exposure: str = ""


def sample_scene(
    rng: np.random.Generator,
    person: Person | None = None,
    emotion: str | None = None,
    problems: ProblemShares = USUAL_PROBLEMS,
) -> Scene:
    """Sample a scene.

    Args:
        rng: source of randomness; each part gets a stream of its own.
        person: who is in it; None to sample a person.
        emotion: as in `sample_expression`.
        problems: how often the face is hard to see. A scene without a problem is the same for any shares.
    """
    first, *rest = rng.spawn(13)
    person = sample_person(first) if person is None else person
    streams = iter(rest)
    scene = Scene(
        person=person,
        hair=sample_hair(next(streams), person),
        beard=sample_beard(next(streams), person),
        glasses=sample_glasses(next(streams)),
        clothes=sample_clothes(next(streams)),
        expression=sample_expression(next(streams), emotion),
        light=sample_light(next(streams)),
        pose=sample_pose(next(streams)),
        camera=sample_camera(next(streams)),
        background=sample_background(next(streams)),
    )
    scene = add_occluder(next(streams), scene, problems.occluded)
    scene = add_blur(next(streams), scene, problems.blurred)
    return add_misexposure(next(streams), scene, problems.misexposed)


def add_occluder(rng: np.random.Generator, scene: Scene, share: float = 1.0, kind: str | None = None) -> Scene:
    """Put something before the face, with the probability `share`; `kind` as in `sample_occluder`."""
    if rng.random() >= share:
        return scene
    occluder = sample_occluder(rng, scene.person, kind)
    if occluder.kind == "sunglasses":
        return replace(scene, occluder=occluder, glasses=wear_sunglasses(rng))
    if occluder.kind == "hair":
        return replace(scene, occluder=occluder, hair=let_hair_fall(rng, scene.hair, occluder.place))
    # Glasses would stick out of what lies on the eyes.
    glasses = Glasses() if occluder.place in ("eyes", "eye") else scene.glasses
    return replace(scene, occluder=occluder, glasses=glasses)


def add_blur(rng: np.random.Generator, scene: Scene, share: float = 1.0) -> Scene:
    """Blur the image strongly, with the probability `share`."""
    return replace(scene, blur=sample_blur(rng)) if rng.random() < share else scene


def add_misexposure(rng: np.random.Generator, scene: Scene, share: float = 1.0) -> Scene:
    """Make the image far too dark or too bright, with the probability `share`."""
    if rng.random() >= share:
        return scene
    name, factor = sample_exposure(rng)
    return replace(scene, exposure=name, camera=replace(scene.camera, exposure=factor))

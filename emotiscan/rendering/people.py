"""People: what stays the same from image to image, and hair, beard and glasses, which may change."""

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Color: TypeAlias = tuple[float, float, float]
"""Linear red, green and blue, 0 to 1."""


def from_srgb(red: float, green: float, blue: float) -> Color:
    """Convert 8-bit screen values to a linear color."""
    return ((red / 255.0) ** 2.2, (green / 255.0) ** 2.2, (blue / 255.0) ** 2.2)


def as_color(values: NDArray) -> Color:
    """Convert three numbers to a color of plain floats."""
    red, green, blue = (float(value) for value in values)
    return red, green, blue


_TONES = np.array(
    [
        from_srgb(*tone)
        for tone in (
            (244, 222, 206),
            (238, 205, 180),
            (230, 190, 160),
            (222, 176, 142),
            (205, 155, 118),
            (187, 134, 96),
            (160, 108, 74),
            (129, 83, 56),
            (98, 62, 43),
            (72, 47, 35),
            (58, 39, 31),
        )
    ]
)

HAIR_COLORS: dict[str, Color] = {
    "black": from_srgb(20, 16, 14),
    "dark brown": from_srgb(42, 29, 22),
    "brown": from_srgb(74, 52, 36),
    "light brown": from_srgb(106, 77, 50),
    "blond": from_srgb(160, 124, 80),
    "light blond": from_srgb(190, 158, 112),
    "red": from_srgb(122, 62, 32),
    "grey": from_srgb(132, 128, 124),
    "white": from_srgb(200, 197, 192),
}

_EYE_COLORS = (
    from_srgb(60, 36, 20),
    from_srgb(48, 28, 16),
    from_srgb(84, 54, 30),
    from_srgb(100, 84, 50),
    from_srgb(92, 120, 100),
    from_srgb(90, 125, 150),
    from_srgb(110, 140, 165),
    from_srgb(120, 120, 120),
)


@dataclass(frozen=True)
class Person:
    """What stays the same about a person from image to image.

    Attributes:
        shape: weights of the face model's identities, standard deviation 1.
        skin_tone: 0 (light) to 1 (dark).
        tint: three factors on red, green and blue of the skin, about 1.
        age: years, 10 to 85.
        male: whether hair, beard and brows are sampled as for men.
        eye_color: of the iris.
        brows: index of the brow pattern.
        brow_opacity: 0 to 1.
        hair_color: key of `HAIR_COLORS`, before graying.
        graying: 0 to 1, share of hairs that have turned white.
        recession: 0 to 1, how far the hairline has moved back.
        lip_redness: 0 (like skin) to 1.
        freckles: 0 to 1.
        mottling: 0 to 1, how uneven the skin's color is.
        redness: 0 to 1.
        shine: 0 to 1.
        wrinkling: factor on the effect of age on the skin, about 1.
        seed: of pores, freckles and spots.
    """

    shape: tuple[float, ...] = ()
    skin_tone: float = 0.3
    tint: Color = (1.0, 1.0, 1.0)
    age: float = 30.0
    male: bool = False
    eye_color: Color = _EYE_COLORS[0]
    brows: int = 0
    brow_opacity: float = 0.85
    hair_color: str = "dark brown"
    graying: float = 0.0
    recession: float = 0.0
    lip_redness: float = 0.4
    freckles: float = 0.0
    mottling: float = 0.4
    redness: float = 0.5
    shine: float = 0.4
    wrinkling: float = 1.0
    seed: int = 0

    @property
    def ageing(self) -> float:
        """How far the skin has aged: 0 up to 25 years, 1 at 80."""
        return float(np.clip((self.age - 25) / 55, 0, 1.1)) * self.wrinkling

    @property
    def tone(self) -> NDArray[np.float64]:
        """(3,) linear color of the skin."""
        position = float(np.clip(self.skin_tone, 0, 1)) * (len(_TONES) - 1)
        tone = np.array([np.interp(position, range(len(_TONES)), _TONES[:, k]) for k in range(3)])
        return (tone * 0.93 + tone.mean() * 0.07) * np.array(self.tint)

    @property
    def hair_rgb(self) -> NDArray[np.float64]:
        """(3,) linear color of the hair as a whole, with its gray hairs."""
        color, white = np.array(HAIR_COLORS[self.hair_color]), np.array(HAIR_COLORS["white"])
        return color * (1 - self.graying) + white * 0.6 * self.graying


def _sample_eye_color(rng: np.random.Generator, skin_tone: float) -> Color:
    red, green, blue = _EYE_COLORS[rng.integers(len(_EYE_COLORS) if skin_tone < 0.4 else 3)]
    return (
        red * float(rng.uniform(0.8, 1.25)),
        green * float(rng.uniform(0.8, 1.25)),
        blue * float(rng.uniform(0.8, 1.25)),
    )


def sample_person(rng: np.random.Generator) -> Person:
    """Sample a person; skin tones and ages cover the renderer's whole range."""
    tone = float(rng.uniform(0, 1))
    age = float(
        np.round(rng.choice([rng.uniform(10, 18), rng.uniform(18, 45), rng.uniform(45, 85)], p=[0.12, 0.5, 0.38]))
    )
    male = bool(rng.random() < 0.5)
    colors = ["black", "dark brown", "brown", "light brown", "blond", "light blond", "red"]
    odds = np.array([4, 5, 5, 4, 3, 2, 1.2] if tone < 0.5 else [8, 5, 1.5, 0.2, 0.1, 0.05, 0.05])
    gray = float(np.clip((age - 35 + rng.normal(0, 10)) / 35, 0, 1)) ** 1.3
    return Person(
        shape=tuple(float(w) for w in np.round(np.clip(rng.normal(0, 0.9, 100), -2.2, 2.2), 4)),
        skin_tone=round(tone, 3),
        tint=as_color(np.exp(rng.normal(0, 0.05, 3) * [0.5, 1, 1])),
        age=age,
        male=male,
        eye_color=_sample_eye_color(rng, tone),
        brows=int(rng.integers(32)),
        brow_opacity=float(rng.uniform(0.6, 0.97)),
        hair_color=str(rng.choice(colors, p=odds / odds.sum())),
        graying=round(gray * float(rng.random() < 0.85), 3),
        recession=float(rng.beta(1.2, 2.0) * np.clip((age - 18) / 40, 0, 1)) * (1.0 if male else 0.25),
        lip_redness=float(np.clip(rng.normal(0.35 if male else 0.5, 0.2), 0, 1)),
        freckles=float(rng.uniform(0.2, 0.8)) if rng.random() < 0.2 and tone < 0.4 else 0.0,
        mottling=float(rng.uniform(0.1, 0.7)),
        redness=float(rng.uniform(0.3, 1.0)),
        shine=float(rng.uniform(0, 1)),
        wrinkling=float(rng.uniform(0.65, 1.2)),
        seed=int(rng.integers(2**31)),
    )


@dataclass(frozen=True)
class Hair:
    """A hairstyle. Its color is the person's.

    Attributes:
        style: key of `hair.STYLES`, or "bald".
        length: factor on the style's own length, about 1.
        volume: factor on how far the hair stands off, about 1.
        curl: 0 (straight) to 1.
        parting: position of the parting, -1 (the person's right) to 1.
        fringe: 0 (none) to 1 (down to the brows); at about 3 it hides the eyes.
        seed: of the individual strands.
    """

    style: str = "short"
    length: float = 1.0
    volume: float = 1.0
    curl: float = 0.0
    parting: float = 0.3
    fringe: float = 0.0
    seed: int = 0


_STYLE_ODDS: dict[bool, dict[str, float]] = {
    True: {
        "bald": 0.1,
        "buzz": 0.17,
        "short": 0.33,
        "side": 0.17,
        "swept": 0.09,
        "curly": 0.08,
        "afro": 0.03,
        "long": 0.03,
    },
    False: {
        "buzz": 0.02,
        "short": 0.13,
        "side": 0.05,
        "swept": 0.13,
        "curly": 0.12,
        "afro": 0.05,
        "bob": 0.22,
        "long": 0.28,
    },
}


def sample_hair(rng: np.random.Generator, person: Person) -> Hair:
    """Sample a hairstyle, as is usual for men or for women."""
    odds = dict(_STYLE_ODDS[person.male])
    if person.skin_tone > 0.6:
        odds["afro"] *= 4
        odds["curly"] *= 2
    shares = np.array(list(odds.values()))
    style = str(rng.choice(list(odds), p=shares / shares.sum()))
    return Hair(
        style=style,
        length=float(rng.uniform(0.7, 1.3)),
        volume=float(rng.uniform(0.6, 1.4)),
        curl=float(rng.uniform(0.0, 0.35) if rng.random() < 0.7 else rng.uniform(0.35, 1)),
        parting=float(np.clip(rng.normal(0, 0.5), -0.9, 0.9)),
        fringe=float(rng.uniform(0.3, 1)) if rng.random() < 0.35 and person.recession < 0.4 else 0.0,
        seed=int(rng.integers(2**31)),
    )


@dataclass(frozen=True)
class Beard:
    """Hair on the face.

    Attributes:
        style: "none", "stubble", "beard", "moustache" or "goatee".
        density: 0 to 1.
    """

    style: str = "none"
    density: float = 0.0

    @property
    def cheeks(self) -> float:
        """Density on cheeks and jaw, 0 to 1."""
        return self.density if self.style in ("stubble", "beard") else 0.03 * (self.style != "none")

    @property
    def lip(self) -> float:
        """Density of moustache and chin, 0 to 1."""
        return self.density if self.style != "none" else 0.0


def sample_beard(rng: np.random.Generator, person: Person) -> Beard:
    """Sample a beard; only grown men have one."""
    if not person.male or person.age < 17 or rng.random() < 0.38:
        return Beard()
    style = str(rng.choice(["stubble", "beard", "moustache", "goatee"], p=[0.55, 0.27, 0.08, 0.10]))
    return Beard(style, float(rng.uniform(0.08, 0.38) if style == "stubble" else rng.uniform(0.55, 0.97)))


@dataclass(frozen=True)
class Glasses:
    """Glasses.

    Attributes:
        frame: "none", "thin" or "thick".
        shape: "round", "oval" or "square".
        color: of the frame.
        tint: 0 (clear) to 0.35, how much the lenses darken; up to 0.96 for sunglasses.
        reflection: 0 to 1, how strongly the lenses reflect.
        size: factor on the lenses' size, about 1.
        slide: cm that they have slid down the nose.
    """

    frame: str = "none"
    shape: str = "oval"
    color: Color = (0.01, 0.01, 0.01)
    tint: float = 0.0
    reflection: float = 0.2
    size: float = 1.0
    slide: float = 0.0


_FRAME_COLORS = (
    from_srgb(18, 18, 20),
    from_srgb(18, 18, 20),
    from_srgb(60, 38, 24),
    from_srgb(110, 110, 115),
    from_srgb(150, 120, 70),
    from_srgb(90, 20, 25),
    from_srgb(25, 40, 80),
    from_srgb(205, 200, 195),
)


def sample_glasses(rng: np.random.Generator, share: float = 0.2) -> Glasses:
    """Sample glasses; `share` is the probability of wearing any."""
    wears = bool(rng.random() < share)
    glasses = Glasses(
        frame=str(rng.choice(["thin", "thick"])),
        shape=str(rng.choice(["round", "oval", "square"])),
        color=_FRAME_COLORS[rng.integers(len(_FRAME_COLORS))],
        tint=float(rng.uniform(0, 0.05) if rng.random() < 0.85 else rng.uniform(0.05, 0.3)),
        reflection=float(rng.beta(1.2, 3)),
        size=float(rng.uniform(0.88, 1.15)),
        slide=float(np.clip(rng.normal(0, 0.2), -0.3, 0.6)),
    )
    return glasses if wears else Glasses()

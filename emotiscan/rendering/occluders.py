"""What hides a part of a face: masks, scarves, hands, sunglasses, hair, cups and phones, and plain patches.

About a third of the occluders leave mouth and eyes free (a hand on the cheek, a mask under the chin): a network must
learn from them that not everything in front of a face hides its expression. `occluder_shapes` builds what is sampled
here.
"""

from dataclasses import dataclass

import numpy as np

from emotiscan.rendering.people import Color, Glasses, Hair, Person, as_color, from_srgb, sample_glasses

KINDS: dict[str, float] = {
    **{"mask": 0.24, "scarf": 0.12, "hand": 0.26, "sunglasses": 0.14, "hair": 0.08, "object": 0.11, "patch": 0.05}
}
"""Share of each kind among the occluders."""

PLACES: dict[str, dict[str, float]] = {
    "mask": {"mouth": 0.85, "chin": 0.15},
    "scarf": {"mouth": 0.75, "chin": 0.25},
    "hand": {"mouth": 0.34, "eyes": 0.16, "eye": 0.1, "chin": 0.14, "cheek": 0.16, "forehead": 0.1},
    "sunglasses": {"eyes": 1.0},
    "hair": {"eyes": 0.75, "forehead": 0.25},
    "object": {"mouth": 0.7, "chin": 0.3},
    "patch": {"mouth": 0.3, "eyes": 0.25, "eye": 0.1, "cheek": 0.2, "forehead": 0.15},
}
"""Where each kind lies, and how often."""

STYLES: dict[str, tuple[str, ...]] = {
    "mask": ("surgical", "surgical", "cloth", "respirator"),
    "object": ("cup", "cup", "phone", "sheet"),
    "patch": ("rectangle", "ellipse"),
}
"""Styles of the kinds that have any, equally likely."""

_SURGICAL = (from_srgb(165, 205, 225), from_srgb(225, 232, 236), from_srgb(150, 205, 190), from_srgb(28, 28, 32))


@dataclass(frozen=True)
class Occluder:
    """Something in front of a face.

    Attributes:
        kind: key of `KINDS`; "" for nothing.
        place: what it lies on, a key of `PLACES[kind]`. A "chin" is below the mouth, an "eye" is one of the two.
        style: one of `STYLES[kind]`, or "".
        color: linear; of a hand, its sleeve.
        second: linear, of stripes and the like.
        skin: linear, of a hand.
        mirrored: whether it comes from the image's left instead of its right.
        turn: degrees by which it is turned from its usual position.
        size: factor on its size, about 1.
        shift: cm to the right and up from its usual position.
        seed: of folds, fingers and texture.
    """

    kind: str = ""
    place: str = ""
    style: str = ""
    color: Color = (0.5, 0.5, 0.5)
    second: Color = (0.1, 0.1, 0.1)
    skin: Color = (0.45, 0.25, 0.17)
    mirrored: bool = False
    turn: float = 0.0
    size: float = 1.0
    shift: tuple[float, float] = (0.0, 0.0)
    seed: int = 0


def sample_occluder(rng: np.random.Generator, person: Person, kind: str | None = None) -> Occluder:
    """Sample an occluder.

    Args:
        rng: source of randomness.
        person: whose face it hides; most of the hands are theirs.
        kind: key of `KINDS`; None to sample one.
    """
    sampled = str(rng.choice(list(KINDS), p=list(KINDS.values())))
    kind = kind or sampled
    places = PLACES[kind]
    spread = {"mask": (0.15, 0.25), "scarf": (0.3, 0.8), "object": (1.2, 0.8), "patch": (1.0, 1.0)}.get(
        kind, (0.5, 0.5)
    )
    return Occluder(
        kind=kind,
        place=str(rng.choice(list(places), p=list(places.values()))),
        style=str(rng.choice(STYLES.get(kind, ("",)))),
        color=_sample_color(rng, kind),
        second=_any_color(rng),
        skin=_sample_skin(rng, person),
        mirrored=bool(rng.random() < 0.5),
        turn=float(rng.normal(0, {"mask": 4, "patch": 7}.get(kind, 14))),
        size=float(rng.uniform(0.9, 1.12)),
        shift=(float(rng.normal(0, spread[0])), float(rng.normal(0, spread[1]))),
        seed=int(rng.integers(2**31)),
    )


def _any_color(rng: np.random.Generator) -> Color:
    gray = rng.uniform(10, 245)
    vivid = rng.uniform(10, 245, 3)
    return from_srgb(*(gray + (vivid - gray) * (rng.uniform(0.4, 1.0) if rng.random() < 0.5 else rng.uniform(0, 0.3))))


def _sample_skin(rng: np.random.Generator, person: Person) -> Color:
    stranger = Person(skin_tone=float(rng.uniform(0, 1)))
    tone = person.tone if rng.random() < 0.65 else stranger.tone
    return as_color(np.clip(tone * np.exp(rng.normal(0, 0.08, 3)), 0.01, 1))


def _sample_color(rng: np.random.Generator, kind: str) -> Color:
    if kind == "mask" and rng.random() < 0.6:
        return _SURGICAL[rng.integers(len(_SURGICAL))]
    if kind == "object" and rng.random() < 0.5:
        return from_srgb(*(rng.uniform(10, 45, 3) if rng.random() < 0.5 else rng.uniform(215, 245, 3)))
    return _any_color(rng)


def wear_sunglasses(rng: np.random.Generator) -> Glasses:
    """Sample glasses with opaque lenses."""
    glasses = sample_glasses(rng, share=1.0)
    return Glasses(
        frame=glasses.frame,
        shape=glasses.shape,
        color=glasses.color,
        tint=float(rng.uniform(0.84, 0.955)),
        reflection=float(rng.uniform(0.1, 1.0)),
        size=float(rng.uniform(1.02, 1.3)),
        slide=float(np.clip(rng.normal(-0.1, 0.15), -0.4, 0.3)),
    )


def let_hair_fall(rng: np.random.Generator, hair: Hair, place: str) -> Hair:
    """Return a hairstyle whose fringe falls over the eyes, or over the whole forehead."""
    styles = ("short", "side", "swept", "curly", "bob", "long")
    style = hair.style if hair.style in styles else str(rng.choice(styles))
    fringe = rng.uniform(3.0, 4.6) if place == "eyes" else rng.uniform(0.9, 1.3)
    return Hair(
        style=style,
        length=hair.length,
        volume=hair.volume,
        curl=min(hair.curl, 0.5),
        parting=hair.parting,
        fringe=float(fringe),
        seed=hair.seed,
    )

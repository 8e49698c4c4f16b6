"""Converts a scene into the parameters of the painting kernels."""

import numpy as np
from numpy.typing import NDArray

from emotiscan.rendering import skin_masks
from emotiscan.rendering.action_units import lips_rolled_in, wrinkle_depths
from emotiscan.rendering.expressions import Expression
from emotiscan.rendering.hair import hairline
from emotiscan.rendering.head_model import Floats
from emotiscan.rendering.lighting import Lamps
from emotiscan.rendering.people import HAIR_COLORS, Beard, Hair, Person
from emotiscan.rendering.scenes import Clothes, Light
from emotiscan.rendering.skin import SkinPaint
from emotiscan.rendering.strands import StrandPaint
from emotiscan.rendering.surface import ClothPaint, EyePaint, MouthPaint

_AGE_WRINKLES = {
    skin_masks.FOREHEAD_LINES: 0.65,
    skin_masks.FROWN_LINES: 0.35,
    skin_masks.CROWS_FEET: 0.70,
    skin_masks.NOSE_LINES: 0.05,
    skin_masks.NASOLABIAL: 0.80,
    skin_masks.UNDER_EYE: 0.90,
    skin_masks.CHIN_DIMPLES: 0.15,
    skin_masks.LIP_LINES: 0.65,
}
"""Depth of the wrinkles of a very old face at rest."""

ROLLED_IN = 0.8
"""How far AU28 takes the red of the lips out of sight; the mesh alone leaves a rim of it."""


def _floats(values: object) -> Floats:
    return np.asarray(values, np.float32)


def _offsets(seed: int) -> Floats:
    """Sample (8,) offsets into the noise texture."""
    return _floats(np.random.default_rng(seed).uniform(0, 512, 8))


def _brightness(tone: NDArray) -> float:
    return float(tone @ np.array([0.30, 0.59, 0.11]))


def _hair_exposure(tone: NDArray) -> float:
    """Return the factor on the hair's color: dark skin raises the exposure, which would overexpose white hair."""
    return float(np.clip((_brightness(tone) / 0.45) ** 0.3, 0.45, 1))


def skin_paint(person: Person, hair: Hair, beard: Beard, expression: Expression) -> SkinPaint:
    """Return the skin of a person with this hair, beard and expression."""
    tone = person.tone
    color = person.hair_rgb
    age = person.ageing
    folded = wrinkle_depths(expression)
    # Young skin folds less deeply.
    elastic = 0.30 + 0.70 * float(np.clip((person.age - 12) / 50, 0, 1))
    wrinkles = folded * elastic
    for channel, depth in _AGE_WRINKLES.items():
        wrinkles[:, channel] += depth * age
    lips = tone * (np.array([0.80, 0.50, 0.50]) if person.skin_tone < 0.6 else np.array([0.78, 0.58, 0.60]))
    lips = lips * (1.12 - 0.3 * person.lip_redness * np.array([0.2, 1, 1]))
    lips += (tone - lips) * ROLLED_IN * expression.action_units.get("AU28", 0.0)
    short = hair.style == "buzz"
    color = color * _hair_exposure(tone)
    return SkinPaint(
        offsets=_offsets(person.seed),
        tone=_floats(tone),
        lips=_floats(lips),
        beard_color=_floats(color * 0.8 + tone * 0.04),
        brow_color=_floats(np.minimum(color * 0.7, tone * 0.45)),
        scalp_color=_floats(color * 0.55),
        mottling=0.18 + 0.32 * person.mottling + 0.25 * age,
        redness=(0.3 + 0.6 * person.redness) * (1 - 0.4 * person.skin_tone),
        freckles=person.freckles,
        spots=max(0.0, age - 0.35) * 1.2 * (0.5 + person.mottling),
        socket_shade=0.25 + 0.35 * person.mottling + 0.45 * age,
        lash_line=0.45 if person.male else 0.70,
        oil=person.shine,
        wrinkles=_floats(wrinkles),
        beard=beard.cheeks,
        moustache=beard.lip,
        beard_relief=1.0 if beard.density > 0.4 else 0.3,
        brow_opacity=person.brow_opacity * (1 - 0.35 * age),
        hairline=hairline(person, hair),
        scalp_opacity=0.0 if hair.style == "bald" else (0.75 if short else 0.95),
        scalp_softness=2.2 if short else 1.6,
    )


def eye_paint(person: Person) -> EyePaint:
    """Return the eyes of a person; they are darker with dark skin, whose exposure would make them glow."""
    offsets = _offsets(person.seed + 1)
    relative = _brightness(person.tone) / 0.45
    return EyePaint(
        white=float((0.52 + 0.10 * offsets[4] / 512) * np.clip(relative**0.18, 0.6, 1)),
        veins=float(0.3 + 0.5 * offsets[5] / 512 + 0.4 * person.ageing),
        iris=_floats(np.array(person.eye_color) * np.clip(relative**0.45, 0.3, 1)),
        pupil=float(0.040 + 0.028 * offsets[6] / 512),
        offsets=offsets,
    )


def mouth_paint(person: Person, expression: Expression) -> MouthPaint:
    """Return the inside of a person's mouth; teeth yellow with age, and rolled-in lips lie over them."""
    offsets = _offsets(person.seed + 2)
    white = (0.64 + 0.16 * offsets[4] / 512) * (1 - 0.18 * person.ageing) * (1 - 0.9 * lips_rolled_in(expression))
    yellow = 1 - 0.25 * person.ageing
    return MouthPaint(
        teeth=_floats([white, white * 0.94, white * 0.83 * yellow]),
        flesh=_floats(person.tone * np.array([0.8, 0.5, 0.5])),
        offsets=offsets,
    )


def cloth_paint(clothes: Clothes) -> ClothPaint:
    """Return the clothes."""
    return ClothPaint(
        color=_floats(clothes.color),
        height=clothes.collar,
        slope=0.22,
        v_neck=clothes.v_neck,
        stripes=clothes.stripes,
        stripe_width=clothes.stripe_width,
        offsets=_offsets(clothes.seed),
    )


def strand_paint(person: Person, hair: Hair, middle: Floats) -> StrandPaint:
    """Return the hair of a person, around the `middle` (3,) of the head in camera space."""
    exposure = _hair_exposure(person.tone)
    return StrandPaint(
        color=_floats(np.array(HAIR_COLORS[person.hair_color]) * 1.25 * exposure),
        white=_floats(np.array(HAIR_COLORS["white"]) * 0.62 * exposure),
        graying=person.graying,
        vary=0.45,
        shine=0.055 if hair.style not in ("buzz", "afro") else 0.02,
        middle=_floats(middle),
        seed=hair.seed & 0xFFFFFF,
    )


def lamps(light: Light) -> Lamps:
    """Return all light of a scene."""
    return Lamps(
        ambient=_floats(light.ambient),
        directions=_floats([lamp.direction for lamp in light.lamps]).reshape(-1, 3),
        colors=_floats([lamp.color for lamp in light.lamps]).reshape(-1, 3),
        softness=light.softness,
    )

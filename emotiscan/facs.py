"""The vocabulary: emotions, expressions, FACS action units, and regions of the canonical face.

The tuples here are the default vocabulary, in the order of every output. Each checkpoint has its own list of emotions
and action units.

Names and muscles follow the Facial Action Coding System (Ekman, Friesen and Hager, 2002).

The canonical face is the aligned crop that `faces.alignment` makes. Positions in it are fractions of its side, x from
the viewer's left, y from the top. The eyes are at y = 0.385, 0.34 apart; the mouth is at y = 0.753; the chin ends near
y = 1.
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

NEGATIVE = "negative"
POSITIVE = "positive"
SURPRISE = "surprise"
NEUTRAL = "neutral"

EMOTIONS: tuple[str, ...] = (NEGATIVE, POSITIVE, SURPRISE)
"""The three high-level emotions that every model predicts."""

EMOTIONS_WITH_NEUTRAL: tuple[str, ...] = (*EMOTIONS, NEUTRAL)
"""`EMOTIONS` and neutral, which FER+ labels too: without it, a calm face would have to be one of the three."""

EMOTION_OF_EXPRESSION: dict[str, str] = {
    "neutral": NEUTRAL,
    "happiness": POSITIVE,
    "surprise": SURPRISE,
    "sadness": NEGATIVE,
    "anger": NEGATIVE,
    "disgust": NEGATIVE,
    "fear": NEGATIVE,
    "contempt": NEGATIVE,
}
"""High-level emotion of each of the eight expressions of FER+ (Barsoum et al., 2016), in FER+'s order."""

EXPRESSIONS: tuple[str, ...] = tuple(EMOTION_OF_EXPRESSION)
"""The eight expressions; the probability of an emotion is the sum of its expressions' probabilities."""

EMOTION_OF_LABEL: dict[str, str] = {
    **EMOTION_OF_EXPRESSION,
    "negative": NEGATIVE,
    "positive": POSITIVE,
    "happy": POSITIVE,
}
"""High-level emotion of each label that data sets use."""


@dataclass(frozen=True)
class Ellipse:
    """An ellipse in the canonical face: center and semi-axes, in fractions of the crop's side."""

    x: float
    y: float
    rx: float
    ry: float

    def mirrored(self) -> "Ellipse":
        """The same ellipse in the other half of the face."""
        return Ellipse(1.0 - self.x, self.y, self.rx, self.ry)


def _both_sides(ellipse: Ellipse) -> tuple[Ellipse, ...]:
    return (ellipse, ellipse.mirrored())


REGIONS: dict[str, tuple[Ellipse, ...]] = {
    "forehead": (Ellipse(0.50, 0.13, 0.26, 0.10),),
    "inner brows": _both_sides(Ellipse(0.425, 0.245, 0.075, 0.075)),
    "outer brows": _both_sides(Ellipse(0.265, 0.250, 0.095, 0.075)),
    "between the brows": (Ellipse(0.50, 0.285, 0.085, 0.085),),
    "root of the nose": (Ellipse(0.50, 0.390, 0.075, 0.070),),
    "eyes": _both_sides(Ellipse(0.33, 0.390, 0.105, 0.065)),
    "cheeks": _both_sides(Ellipse(0.270, 0.515, 0.120, 0.095)),
    "nose": (Ellipse(0.50, 0.520, 0.085, 0.110),),
    "beside the nose": _both_sides(Ellipse(0.385, 0.520, 0.075, 0.110)),
    "nasolabial folds": _both_sides(Ellipse(0.355, 0.640, 0.070, 0.095)),
    "upper lip": (Ellipse(0.50, 0.710, 0.130, 0.055),),
    "lips": (Ellipse(0.50, 0.760, 0.160, 0.085),),
    "mouth": (Ellipse(0.50, 0.800, 0.170, 0.125),),
    "lip corners": _both_sides(Ellipse(0.365, 0.755, 0.080, 0.075)),
    "chin": (Ellipse(0.50, 0.910, 0.140, 0.085),),
    "jaw": (Ellipse(0.50, 0.850, 0.220, 0.140),),
}
"""Named regions of the canonical face, one or two ellipses each.

Taken from anatomical plates, and checked against where rendered faces move. "lips" is the closed mouth, "mouth" also
covers an open one.
"""


@dataclass(frozen=True)
class ActionUnit:
    """One action unit: its muscles, its appearance, and where it is visible.

    Attributes:
        au: short name, e.g. "AU12".
        name: FACS name, e.g. "Lip corner puller".
        muscles: the muscle or muscles that cause the movement.
        appearance: what a layperson sees, in one sentence.
        regions: keys of `REGIONS` where the movement is visible.
        part: part of the face, one of `PARTS`, for grouping.
        confused_with: action units that it is often mistaken for, each with how to tell them apart.
    """

    au: str
    name: str
    muscles: str
    appearance: str
    regions: tuple[str, ...]
    part: str
    confused_with: Mapping[str, str] = field(default_factory=dict)


ACTION_UNITS: dict[str, ActionUnit] = {
    unit.au: unit
    for unit in (
        ActionUnit(
            "AU1",
            "Inner brow raiser",
            "Frontalis, medial part",
            "The inner ends of the eyebrows rise, often with short wrinkles in the middle of the forehead.",
            ("inner brows", "forehead"),
            "brows",
            {
                "AU2": "AU2 lifts the outer ends and arches the brows; AU1 alone slants them up toward the middle.",
                "AU4": "AU4 draws the inner ends together and down; both at once give a troubled look.",
                "AU5": "AU5 opens the eyes wide, which makes the brows look raised; the brows themselves do not move.",
            },
        ),
        ActionUnit(
            "AU2",
            "Outer brow raiser",
            "Frontalis, lateral part",
            "The outer ends of the eyebrows rise, and the brows arch.",
            ("outer brows", "forehead"),
            "brows",
            {
                "AU1": "AU1 lifts the inner ends; AU1 and AU2 together raise the whole brow.",
                "AU5": "AU5 raises the upper lids, not the brows.",
            },
        ),
        ActionUnit(
            "AU4",
            "Brow lowerer",
            "Corrugator and depressor supercilii, procerus",
            "The eyebrows move down and together, with creases between them.",
            ("inner brows", "outer brows", "between the brows"),
            "brows",
            {
                "AU7": "AU7 narrows the eyes as well, but does not move the brows.",
                "AU1": "AU1 raises the inner ends, AU4 draws them together; both at once give a troubled look.",
                "AU9": "AU9 lowers the inner brows as well, but also wrinkles the nose and raises its wings.",
            },
        ),
        ActionUnit(
            "AU6",
            "Cheek raiser",
            "Orbicularis oculi, orbital part",
            "The cheeks rise, and crow's feet appear beside the eyes.",
            ("cheeks", "eyes"),
            "eyes",
            {
                "AU7": "AU7 tightens the lids without raising the cheeks or forming crow's feet.",
                "AU12": "A broad smile pushes the cheeks up too; crow's feet show that AU6 is present as well.",
                "AU9": "AU9 pushes up the skin beside the nose; AU6 gathers the skin around the whole eye.",
            },
        ),
        ActionUnit(
            "AU7",
            "Lid tightener",
            "Orbicularis oculi, palpebral part",
            "The eyelids tighten, and the eyes narrow.",
            ("eyes",),
            "eyes",
            {
                "AU6": "AU6 also raises the cheeks and forms crow's feet.",
                "AU4": "AU4 lowers the brows, which only makes the eyes look narrower.",
                "AU43": "AU43 closes the eyes without tension; with AU7 the lids are tight and the eyes stay open.",
            },
        ),
        ActionUnit(
            "AU11",
            "Nasolabial deepener",
            "Zygomaticus minor",
            "The upper part of the fold between nose and mouth deepens.",
            ("nasolabial folds",),
            "nose and cheeks",
            {
                "AU12": "AU12 deepens the whole fold and lifts the corners of the mouth; AU11 does not move the mouth.",
                "AU10": "AU10 raises the upper lip; AU11 deepens the fold and leaves the lip where it is.",
            },
        ),
        ActionUnit(
            "AU12",
            "Lip corner puller",
            "Zygomaticus major",
            "The corners of the mouth are pulled up and back, as in a smile.",
            ("lip corners", "nasolabial folds", "cheeks"),
            "mouth and jaw",
            {
                "AU14": "AU14 tightens the corners without lifting them.",
                "AU6": "AU6 raises the cheeks; the mouth may stay at rest.",
                "AU10": "AU10 raises the middle of the upper lip; the corners stay where they are.",
                "AU11": "AU11 deepens the upper part of the fold only and does not move the mouth.",
                "AU20": "AU20 pulls the corners straight sideways, without lifting them.",
            },
        ),
        ActionUnit(
            "AU14",
            "Dimpler",
            "Buccinator",
            "The corners of the mouth tighten inward, and small dimples form.",
            ("lip corners",),
            "mouth and jaw",
            {
                "AU12": "AU12 pulls the corners up; AU14 pulls them in.",
                "AU24": "AU24 presses the lips together over their whole width, not only at the corners.",
                "AU20": "AU20 stretches the lips; AU14 tucks the corners in, with a dimple beside them.",
            },
        ),
        ActionUnit(
            "AU15",
            "Lip corner depressor",
            "Depressor anguli oris",
            "The corners of the mouth are pulled down.",
            ("lip corners", "chin"),
            "mouth and jaw",
            {
                "AU17": "AU17 pushes the middle of the lower lip up, so that the corners only look lower.",
                "AU20": "AU20 pulls the corners sideways more than down and stretches the lips thin.",
            },
        ),
        ActionUnit(
            "AU17",
            "Chin raiser",
            "Mentalis",
            "The chin is pushed up and wrinkles; the lower lip rises.",
            ("chin",),
            "mouth and jaw",
            {
                "AU15": "AU15 pulls the corners of the mouth down; the chin stays smooth or flattens.",
                "AU24": "AU24 presses the lips together without wrinkling the chin.",
                "AU28": "AU28 rolls the lips in over the teeth; AU17 pushes the lower lip up and out.",
            },
        ),
        ActionUnit(
            "AU23",
            "Lip tightener",
            "Orbicularis oris",
            "The lips tighten and become narrower.",
            ("lips",),
            "mouth and jaw",
            {
                "AU24": "AU24 presses the lips against each other; AU23 makes them narrow and tense.",
                "AU18": "AU18 pushes the lips forward; AU23 tightens them where they are.",
                "AU28": "AU28 rolls the lips in until their red disappears; with AU23 a line of it stays.",
            },
        ),
        ActionUnit(
            "AU24",
            "Lip pressor",
            "Orbicularis oris",
            "The lips are pressed together.",
            ("lips",),
            "mouth and jaw",
            {
                "AU23": "AU23 tightens and narrows the lips without pressing.",
                "AU17": "AU17 pushes the lower lip up from below, and the chin wrinkles.",
                "AU14": "AU14 tightens the corners of the mouth only.",
                "AU28": "AU28 rolls the lips in until their red disappears; AU24 only presses them together.",
            },
        ),
        ActionUnit(
            "AU25",
            "Lips part",
            "Depressor labii inferioris, or relaxed mentalis or orbicularis oris",
            "The lips are apart; teeth may show.",
            ("mouth",),
            "mouth and jaw",
            {
                "AU26": "With AU26, the teeth part as well, and the chin drops.",
                "AU10": "AU10 raises the upper lip, which may bare the teeth; the lower lip stays.",
            },
        ),
        ActionUnit(
            "AU26",
            "Jaw drop",
            "Masseter relaxed, temporalis and internal pterygoid",
            "The jaw drops open by its own weight.",
            ("jaw", "lips"),
            "mouth and jaw",
            {
                "AU25": "AU25 parts the lips; the teeth may stay together.",
                "AU27": "AU27 pulls the mouth wide open; the lips are stretched.",
            },
        ),
        ActionUnit(
            "AU27",
            "Mouth stretch",
            "Pterygoids, digastric",
            "The mouth is stretched wide open.",
            ("jaw", "lips"),
            "mouth and jaw",
            {
                "AU26": "AU26 lets the jaw drop by its own weight; the lips stay slack.",
            },
        ),
        ActionUnit(
            "AU5",
            "Upper lid raiser",
            "Levator palpebrae superioris",
            "The upper eyelids rise; the eyes open wide, and white shows above the iris.",
            ("eyes",),
            "eyes",
            {
                "AU1": "AU1 raises the inner brows; the upper lids need not follow.",
                "AU2": "AU2 raises the outer brows; with AU5 the lids rise, whatever the brows do.",
            },
        ),
        ActionUnit(
            "AU9",
            "Nose wrinkler",
            "Levator labii superioris alaeque nasi",
            "The skin beside and across the nose wrinkles, and the wings of the nose rise.",
            ("nose", "root of the nose", "beside the nose", "between the brows"),
            "nose and cheeks",
            {
                "AU4": "AU4 lowers the brows without wrinkling the nose.",
                "AU6": "AU6 raises the cheeks and forms crow's feet; the nose stays smooth.",
                "AU10": "AU10 raises the upper lip without wrinkling the root of the nose.",
            },
        ),
        ActionUnit(
            "AU10",
            "Upper lip raiser",
            "Levator labii superioris",
            "The upper lip rises, most in its middle, and the upper part of the fold beside the nose deepens.",
            ("upper lip", "nasolabial folds", "lips"),
            "nose and cheeks",
            {
                "AU9": "AU9 wrinkles the nose and lowers the inner brows as well.",
                "AU11": "AU11 deepens the fold without raising the lip.",
                "AU12": "AU12 pulls the corners of the mouth up; AU10 raises the lip between them.",
                "AU25": "AU25 parts the lips, mostly by lowering the lower one.",
            },
        ),
        ActionUnit(
            "AU18",
            "Lip pucker",
            "Incisivii labii superioris and inferioris",
            "The lips are drawn together and pushed forward, as if to kiss; the mouth becomes narrow.",
            ("lips",),
            "mouth and jaw",
            {
                "AU23": "AU23 tightens and thins the lips; AU18 pushes them forward, and they look fuller.",
            },
        ),
        ActionUnit(
            "AU20",
            "Lip stretcher",
            "Risorius, with platysma",
            "The corners of the mouth are pulled sideways, and the lips become long and flat.",
            ("lip corners", "lips"),
            "mouth and jaw",
            {
                "AU12": "AU12 lifts the corners of the mouth; AU20 pulls them straight sideways.",
                "AU14": "AU14 tucks the corners in; AU20 stretches the whole mouth.",
                "AU15": "AU15 pulls the corners down, and the mouth hardly widens.",
            },
        ),
        ActionUnit(
            "AU28",
            "Lip suck",
            "Orbicularis oris",
            "The lips are rolled in over the teeth; their red disappears.",
            ("lips",),
            "mouth and jaw",
            {
                "AU17": "AU17 pushes the lower lip up and out, and wrinkles the chin.",
                "AU23": "AU23 thins the lips, but some of their red stays visible.",
                "AU24": "AU24 presses the lips together; their red narrows, but does not disappear.",
            },
        ),
        ActionUnit(
            "AU43",
            "Eyes closed",
            "Levator palpebrae superioris relaxed",
            "The upper eyelids come down and stay there: the eyes are closed, or nearly so.",
            ("eyes",),
            "eyes",
            {
                "AU7": "AU7 narrows the eyes by tightening both lids; AU43 lets the upper lids sink.",
            },
        ),
    )
}
"""All action units of the default vocabulary by their short name, in the order of `AU_NAMES`."""

AU_NAMES: tuple[str, ...] = tuple(ACTION_UNITS)
"""The 22 action units of the default vocabulary, in the order of every output: `MISSION_AU_NAMES` first."""

MISSION_AU_NAMES: tuple[str, ...] = AU_NAMES[:15]
"""The first fifteen: those of the CK+ course subset, and of models trained before the other seven were added."""

SIDED_AUS: tuple[str, ...] = (
    *("AU1", "AU2", "AU4", "AU6", "AU7", "AU9", "AU10", "AU12", "AU14", "AU15", "AU20", "AU43"),
)
"""Action units that FACS scores separately on the left and the right half of the face.

Left and right are the person's own: the person's right half is at the left of the image."""

INTENSITY_LETTERS: dict[int, str] = {0: "", 1: "A", 2: "B", 3: "C", 4: "D", 5: "E"}
"""FACS' letter of each whole intensity: none, A trace, B slight, C marked or pronounced, D severe or extreme,
E maximum."""

MAX_INTENSITY = 5.0
"""Largest intensity of an action unit, FACS' E. A synthetic face that shows it at r, 0 to 1, has intensity 5 r."""

PROBLEMS: tuple[str, ...] = (
    "small",
    "blurred",
    "dark",
    "overexposed",
    "turned away",
    "cut off",
    "mouth covered",
    "eyes covered",
)
"""Reasons not to trust what is read in a face."""

HIDDEN_BY: dict[str, tuple[str, ...]] = {
    "mouth covered": (
        *("AU10", "AU11", "AU12", "AU14", "AU15", "AU17", "AU18", "AU20"),
        *("AU23", "AU24", "AU25", "AU26", "AU27", "AU28"),
    ),
    "eyes covered": ("AU5", "AU6", "AU7", "AU43"),
}
"""Action units that cannot be seen where one of `PROBLEMS` covers their place.

The nose (AU9) shows above a mask, and the brows show above sunglasses. Crow's feet, which tell AU6 from AU12, do not.
"""

PARTS: tuple[str, ...] = ("brows", "eyes", "nose and cheeks", "mouth and jaw")
"""Parts of the face from top to bottom, for grouping action units."""


def high_level_emotion(label: str) -> str:
    """High-level emotion of a data set's label, e.g. "happiness" gives "positive".

    Raises:
        ValueError: the label is unknown; the message lists the known ones.
    """
    try:
        return EMOTION_OF_LABEL[label.strip().lower()]
    except KeyError:
        known = ", ".join(sorted(EMOTION_OF_LABEL))
        raise ValueError(f"unknown emotion “{label}”; use one of: {known}") from None


def in_facs_order(action_units: Iterable[str]) -> list[str]:
    """Sort action units by their number, as FACS lists them."""
    return sorted(action_units, key=lambda au: int(au.removeprefix("AU")))


def intensity_letter(value: float) -> str:
    """FACS' letter of an intensity from 0 to 5, rounded half up: 0.5 gives "A"; below that and for NaN it is "".

    Raises:
        ValueError: the intensity is below 0 or above 5.
    """
    if math.isnan(value):
        return ""
    if not 0 <= value <= MAX_INTENSITY:
        raise ValueError(f"an intensity is {value}; it must be from 0 to {MAX_INTENSITY:g}")
    return INTENSITY_LETTERS[math.floor(value + 0.5)]


JOIN = "_or_"
"""Separator of the action units in a joined label: ``"AU26_or_AU27"`` says that at least one of them is present."""


def au_parts(label: str) -> tuple[str, ...]:
    """The action units of a label that may be joined: ``"AU26_or_AU27"`` gives ``("AU26", "AU27")``."""
    return tuple(label.split(JOIN))

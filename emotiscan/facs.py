"""The vocabulary: emotions, FACS action units, and the places of the canonical face.

Nothing else in the project spells these names out. A checkpoint carries its own list of
emotions and action units; the tuples here are the default vocabulary and the order of every output.

Names and muscles follow the Facial Action Coding System (Ekman, Friesen and Hager, 2002).

The canonical face is the aligned crop that `faces.py` makes. Places on it are given in
fractions of its side, x from the viewer's left, y from the top. The eyes lie at
y = 0.385, 0.34 apart; the mouth lies at y = 0.753; the chin ends near y = 1.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

NEGATIVE = "negative"
POSITIVE = "positive"
SURPRISE = "surprise"
NEUTRAL = "neutral"

EMOTIONS: tuple[str, ...] = (NEGATIVE, POSITIVE, SURPRISE)
"""The three high-level emotions of the mission."""

EMOTIONS_WITH_NEUTRAL: tuple[str, ...] = (*EMOTIONS, NEUTRAL)
"""The mission's three and a calm face, as FER+ labels them."""

EMOTION_OF_WORD: dict[str, str] = {
    "negative": NEGATIVE,
    "anger": NEGATIVE,
    "contempt": NEGATIVE,
    "disgust": NEGATIVE,
    "fear": NEGATIVE,
    "sadness": NEGATIVE,
    "positive": POSITIVE,
    "happiness": POSITIVE,
    "happy": POSITIVE,
    "surprise": SURPRISE,
    "neutral": NEUTRAL,
}
"""High-level emotion of each word that a data set may use."""


@dataclass(frozen=True)
class Ellipse:
    """A place of the canonical face: center and half axes, in fractions of the crop's side."""

    x: float
    y: float
    rx: float
    ry: float

    def mirrored(self) -> "Ellipse":
        """The same place on the other half of the face."""
        return Ellipse(1.0 - self.x, self.y, self.rx, self.ry)


def _both(place: Ellipse) -> tuple[Ellipse, ...]:
    return (place, place.mirrored())


REGIONS: dict[str, tuple[Ellipse, ...]] = {
    "forehead": (Ellipse(0.50, 0.13, 0.26, 0.10),),
    "inner brows": _both(Ellipse(0.425, 0.245, 0.075, 0.075)),
    "outer brows": _both(Ellipse(0.265, 0.250, 0.095, 0.075)),
    "between the brows": (Ellipse(0.50, 0.285, 0.085, 0.085),),
    "eyes": _both(Ellipse(0.33, 0.390, 0.105, 0.065)),
    "cheeks": _both(Ellipse(0.270, 0.515, 0.120, 0.095)),
    "nose": (Ellipse(0.50, 0.520, 0.085, 0.110),),
    "nasolabial folds": _both(Ellipse(0.355, 0.640, 0.070, 0.095)),
    "upper lip": (Ellipse(0.50, 0.710, 0.130, 0.055),),
    "lips": (Ellipse(0.50, 0.760, 0.160, 0.085),),
    "mouth": (Ellipse(0.50, 0.800, 0.170, 0.125),),
    "lip corners": _both(Ellipse(0.365, 0.755, 0.080, 0.075)),
    "chin": (Ellipse(0.50, 0.910, 0.140, 0.085),),
    "jaw": (Ellipse(0.50, 0.850, 0.220, 0.140),),
}
"""Named regions of the canonical face, each one or two ellipses.

Read off anatomical plates, and checked against where rendered faces move: "lips" are closed ones,
"mouth" holds them open too.
"""


@dataclass(frozen=True)
class ActionUnit:
    """One action unit: what moves, why, and where it shows.

    Attributes:
        au: short name, e.g. ``"AU12"``.
        name: FACS name, e.g. ``"Lip corner puller"``.
        muscles: the muscle or muscles that make the movement.
        looks: what a layperson sees, one sentence.
        regions: keys of `REGIONS` where the movement shows.
        part: ``"brows"``, ``"eyes"``, ``"nose and cheeks"`` or ``"mouth and jaw"``, for grouping.
        confused: action units that it is often mistaken for, each with how to tell them apart.
    """

    au: str
    name: str
    muscles: str
    looks: str
    regions: tuple[str, ...]
    part: str
    confused: Mapping[str, str] = field(default_factory=dict)


ACTION_UNITS: dict[str, ActionUnit] = {
    unit.au: unit
    for unit in (
        ActionUnit(
            "AU1",
            "Inner brow raiser",
            "Frontalis, medial part",
            "The inner ends of the eyebrows go up, often with short wrinkles in mid-forehead.",
            ("inner brows", "forehead"),
            "brows",
            {
                "AU2": "AU2 lifts the outer ends and arches the brows; AU1 alone slants them up towards the middle.",
            },
        ),
        ActionUnit(
            "AU2",
            "Outer brow raiser",
            "Frontalis, lateral part",
            "The outer ends of the eyebrows go up and the brows arch.",
            ("outer brows", "forehead"),
            "brows",
            {
                "AU1": "AU1 lifts the inner ends; together they raise the whole brow.",
            },
        ),
        ActionUnit(
            "AU4",
            "Brow lowerer",
            "Corrugator and depressor supercilii, procerus",
            "The eyebrows come down and together, with creases between them.",
            ("inner brows", "outer brows", "between the brows"),
            "brows",
            {
                "AU7": "AU7 narrows the eyes as well, but leaves the brows where they are.",
                "AU1": "With AU1 the inner ends go up while AU4 draws them together: a troubled look.",
            },
        ),
        ActionUnit(
            "AU6",
            "Cheek raiser",
            "Orbicularis oculi, orbital part",
            "The cheeks lift and crow's feet appear beside the eyes.",
            ("cheeks", "eyes"),
            "eyes",
            {
                "AU7": "AU7 tightens the lids without lifting the cheeks, and makes no crow's feet.",
                "AU12": "A broad smile pushes the cheeks up too; crow's feet tell that AU6 is there as well.",
            },
        ),
        ActionUnit(
            "AU7",
            "Lid tightener",
            "Orbicularis oculi, palpebral part",
            "The eyelids tighten and the eyes narrow.",
            ("eyes",),
            "eyes",
            {
                "AU6": "AU6 also lifts the cheeks and makes crow's feet.",
                "AU4": "AU4 lowers the brows, which makes the eyes look narrower.",
            },
        ),
        ActionUnit(
            "AU11",
            "Nasolabial deepener",
            "Zygomaticus minor",
            "The upper part of the fold from nose to mouth deepens.",
            ("nasolabial folds",),
            "nose and cheeks",
            {
                "AU12": "AU12 deepens the whole fold and lifts the corners of the mouth; AU11 leaves the mouth alone.",
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
                "AU6": "AU6 lifts the cheeks; the mouth may stay at rest.",
            },
        ),
        ActionUnit(
            "AU14",
            "Dimpler",
            "Buccinator",
            "The corners of the mouth tighten inwards and small dimples form.",
            ("lip corners",),
            "mouth and jaw",
            {
                "AU12": "AU12 pulls the corners up; AU14 pulls them in.",
                "AU24": "AU24 presses the whole lips together, not only the corners.",
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
                "AU17": "AU17 pushes the lower lip up in the middle, so that the corners only look lower.",
            },
        ),
        ActionUnit(
            "AU17",
            "Chin raiser",
            "Mentalis",
            "The chin is pushed up and wrinkles, the lower lip is lifted.",
            ("chin",),
            "mouth and jaw",
            {
                "AU15": "AU15 pulls the corners down and leaves the chin smooth, or flattens it.",
                "AU24": "AU24 presses the lips together without a wrinkled chin.",
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
                "AU17": "AU17 pushes the lower lip up from the chin, which wrinkles.",
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
                "AU26": "With AU26 the teeth come apart as well, and the chin goes down.",
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
                "AU26": "AU26 lets the jaw fall by its own weight; the lips stay slack.",
            },
        ),
    )
}
"""Every action unit that the project knows, by its short name, in FACS order."""

AU_NAMES: tuple[str, ...] = tuple(ACTION_UNITS)
"""The fifteen action units of the mission, in the one order of every output."""

PARTS: tuple[str, ...] = ("brows", "eyes", "nose and cheeks", "mouth and jaw")
"""Parts of the face from top to bottom, for grouping action units on a page."""


def normalize_au(word: str) -> str:
    """Short name of an action unit from any usual spelling: ``"12"``, ``"au12"``, ``"AU012"`` give ``"AU12"``.

    Raises:
        ValueError: the word is no action unit number.
    """
    digits = word.strip().upper().removeprefix("AU").lstrip("_ ")
    if not digits.isdecimal():
        raise ValueError(f"“{word}” is not an action unit; write it like AU12")
    return f"AU{int(digits)}"


def high_level_emotion(word: str) -> str:
    """High-level emotion of a data set's word, e.g. ``"happiness"`` gives ``"positive"``.

    Raises:
        ValueError: the word is unknown; the message lists the known ones.
    """
    try:
        return EMOTION_OF_WORD[word.strip().lower()]
    except KeyError:
        known = ", ".join(sorted(EMOTION_OF_WORD))
        raise ValueError(f"unknown emotion “{word}”; use one of: {known}") from None

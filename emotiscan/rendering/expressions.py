"""Facial expressions: intensities of action units, and gaze."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

import numpy as np

from emotiscan import facs

AU_NAMES = tuple(facs.in_facs_order(facs.AU_NAMES))
"""All action units that the renderer moves, in FACS order."""

MIN_INTENSITY = 0.3
"""Smallest intensity of an action unit that is clearly active; fainter ones are traces."""

FAINT = (0.05, 0.3)
"""Range of the intensities of faint action units in random combinations."""

FAINT_CHANCE = 0.15
"""Probability that an action unit of a random combination is faint. AU27 never is: it would look like AU26."""

TRACE_CHANCE = 0.3
"""Share of all faces, neutral ones included, that also move one to three other action units by a trace."""

ONE_SIDED_CHANCES = dict.fromkeys(facs.SIDED_AUS, 0.12) | {"AU12": 0.25, "AU14": 0.25}
"""Probability that an action unit of a random combination moves on one half of the face only: its balance is then
`ONE_SIDED`. Acted emotions do so a quarter as often, and contempt always, with AU10, AU12 and AU14."""

ONE_SIDED = (0.75, 1.0)
"""Range of the balance of a one-sided movement. That of an even one is at most 0.3: no face is perfectly symmetric."""


@dataclass(frozen=True)
class Gaze:
    """Where the eyes look and how far they are open at rest.

    Attributes:
        yaw: degrees to the image's right.
        pitch: degrees upwards.
        lids: -0.3 (a little wide) to 0.35 (drooping); larger closure is AU43.
    """

    yaw: float = 0.0
    pitch: float = 0.0
    lids: float = 0.0


@dataclass(frozen=True)
class Expression:
    """A facial expression.

    Attributes:
        action_units: intensity, 0 to 1, of each action unit that is not 0; keys are of `AU_NAMES`.
        emotion: the emotion that the action units act out, e.g. ``"happiness"``; "" if they are random.
        balance: asymmetry of an action unit, from -1 (only the person's right half moves) to 1 (only the left). It
            has no effect on movements of the middle of the face.
        gaze: where the eyes look.
    """

    action_units: Mapping[str, float] = field(default_factory=dict)
    emotion: str = ""
    balance: Mapping[str, float] = field(default_factory=dict)
    gaze: Gaze = field(default_factory=Gaze)

    def __post_init__(self) -> None:
        unknown = set(self.action_units) - set(AU_NAMES)
        if unknown:
            raise ValueError(f"{min(unknown)} is not an action unit of the renderer; these are {', '.join(AU_NAMES)}")
        for au, intensity in self.action_units.items():
            if not 0 <= intensity <= 1:
                raise ValueError(f"the intensity of {au} is {intensity}; it must be from 0 to 1")

    def halves(self, au: str) -> tuple[float, float]:
        """Return the share of an action unit's intensity on the person's right and left half; the larger one is 1."""
        balance = self.balance.get(au, 0.0)
        return min(1.0, 1.0 - balance), min(1.0, 1.0 + balance)

    def sides(self, au: str) -> tuple[float, float]:
        """Return the intensity of an action unit on the person's right and left half, 0 to 1."""
        right, left = self.halves(au)
        intensity = self.action_units.get(au, 0.0)
        return right * intensity, left * intensity

    def only(self, au: str) -> "Expression":
        """Return the same expression with this action unit alone and a straight gaze."""
        return Expression({au: self.action_units.get(au, 0.0)}, balance=self.balance)


@dataclass(frozen=True)
class _Act:
    """One way of acting out an emotion.

    Attributes:
        weight: how often the emotion is acted this way.
        always: range of intensities of each action unit that is always present.
        maybe: probability and range of intensities of each optional action unit.
        lids: how far the upper lids droop, as in `Gaze`.
    """

    weight: float
    always: Mapping[str, tuple[float, float]]
    maybe: Mapping[str, tuple[float, float, float]] = field(default_factory=dict)
    lids: float = 0.0


def _acts() -> dict[str, tuple[_Act, ...]]:
    strong, any_, weak = (0.5, 1.0), (0.3, 1.0), (0.3, 0.6)
    frown = {"AU4": (0.5, 1.0)}
    return {
        "neutral": (_Act(1.0, {}),),
        "happiness": (
            _Act(0.25, {"AU12": any_}, {"AU6": (0.55, 0.3, 1), "AU7": (0.1, 0.3, 0.6), "AU14": (0.1, 0.3, 0.6)}),
            _Act(0.4, {"AU12": strong, "AU25": any_}, {"AU6": (0.75, 0.3, 1), "AU7": (0.1, 0.3, 0.6)}),
            _Act(
                0.25, {"AU12": strong, "AU25": strong, "AU26": any_}, {"AU6": (0.85, 0.4, 1), "AU1": (0.06, 0.3, 0.6)}
            ),
            _Act(
                0.1,
                {"AU12": strong, "AU25": strong, "AU27": (0.3, 0.8)},
                {"AU6": (0.9, 0.4, 1), "AU2": (0.1, 0.3, 0.7)},
            ),
        ),
        "surprise": (
            _Act(0.4, {"AU1": any_, "AU2": any_, "AU25": any_, "AU26": any_}, {"AU5": (0.75, 0.3, 1)}),
            _Act(0.35, {"AU1": strong, "AU2": strong, "AU25": any_, "AU27": any_}, {"AU5": (0.85, 0.4, 1)}),
            _Act(0.15, {"AU1": strong, "AU2": strong, "AU5": strong}),
            _Act(0.1, {"AU5": strong, "AU25": any_, "AU26": strong}, {"AU1": (0.5, 0.3, 0.7), "AU2": (0.5, 0.3, 0.7)}),
        ),
        "anger": (
            _Act(
                0.5,
                frown,
                {
                    "AU7": (0.8, 0.3, 1),
                    "AU23": (0.55, 0.3, 1),
                    "AU24": (0.5, 0.3, 1),
                    "AU17": (0.35, 0.3, 0.9),
                    "AU5": (0.25, 0.3, 0.8),
                    "AU15": (0.15, 0.3, 0.6),
                },
            ),
            _Act(
                0.25,
                frown | {"AU10": any_, "AU25": strong},
                {"AU7": (0.7, 0.3, 1), "AU9": (0.35, 0.3, 0.8), "AU20": (0.15, 0.3, 0.7), "AU26": (0.2, 0.3, 0.6)},
            ),
            _Act(
                0.25,
                frown | {"AU25": strong, "AU27": any_},
                {"AU7": (0.6, 0.3, 1), "AU10": (0.5, 0.3, 0.9), "AU5": (0.25, 0.3, 0.8), "AU9": (0.25, 0.3, 0.7)},
            ),
        ),
        "disgust": (
            _Act(
                0.65,
                {"AU9": (0.4, 1.0)},
                {
                    "AU10": (0.5, 0.3, 0.9),
                    "AU4": (0.5, 0.3, 0.8),
                    "AU7": (0.5, 0.3, 0.8),
                    "AU17": (0.4, 0.3, 0.9),
                    "AU15": (0.25, 0.3, 0.7),
                    "AU6": (0.15, 0.3, 0.7),
                    "AU24": (0.1, 0.3, 0.6),
                },
            ),
            _Act(
                0.35,
                {"AU10": (0.4, 1.0), "AU25": any_},
                {"AU9": (0.6, 0.3, 0.9), "AU4": (0.4, 0.3, 0.8), "AU11": (0.2, 0.3, 0.7), "AU26": (0.25, 0.3, 0.8)},
            ),
        ),
        "fear": (
            _Act(
                0.8,
                {"AU1": (0.4, 1.0), "AU5": (0.3, 1.0), "AU25": any_},
                {"AU2": (0.7, 0.3, 0.9), "AU4": (0.7, 0.3, 0.8), "AU20": (0.6, 0.3, 1), "AU26": (0.5, 0.3, 1)},
            ),
            _Act(0.2, {"AU1": strong, "AU4": weak, "AU5": strong}, {"AU2": (0.5, 0.3, 0.7), "AU20": (0.5, 0.3, 0.8)}),
        ),
        "sadness": (
            _Act(
                0.7,
                {"AU1": (0.35, 1.0)},
                {
                    "AU4": (0.7, 0.3, 0.7),
                    "AU15": (0.7, 0.3, 1),
                    "AU17": (0.45, 0.3, 0.9),
                    "AU11": (0.35, 0.3, 0.8),
                    "AU43": (0.1, 0.4, 0.9),
                    "AU25": (0.1, 0.3, 0.5),
                    "AU24": (0.1, 0.3, 0.6),
                },
                lids=0.17,
            ),
            _Act(
                0.15,
                {"AU15": strong},
                {"AU17": (0.6, 0.3, 1), "AU1": (0.4, 0.3, 0.6), "AU4": (0.3, 0.3, 0.5)},
                lids=0.20,
            ),
            _Act(  # crying
                0.15,
                {"AU1": any_, "AU4": weak, "AU6": any_, "AU15": any_},
                {"AU7": (0.5, 0.3, 0.8), "AU11": (0.6, 0.3, 1), "AU17": (0.4, 0.3, 0.8), "AU25": (0.5, 0.3, 0.8)},
                lids=0.12,
            ),
        ),
        "contempt": (
            _Act(0.7, {"AU14": (0.4, 1.0)}, {"AU12": (0.4, 0.3, 0.6), "AU24": (0.1, 0.3, 0.6), "AU4": (0.1, 0.3, 0.5)}),
            _Act(0.3, {"AU12": (0.3, 0.7)}, {"AU14": (0.5, 0.3, 0.7), "AU10": (0.15, 0.3, 0.5)}),
        ),
    }


ACTS = _acts()
"""Ways of acting out each emotion."""

EMOTION_WEIGHTS = {
    "neutral": 0.14,
    "happiness": 0.20,
    "surprise": 0.14,
    "anger": 0.14,
    "sadness": 0.13,
    "disgust": 0.10,
    "fear": 0.08,
    "contempt": 0.07,
}
"""Probability of each emotion among acted expressions."""

EXCLUSIVE = (
    ("AU26", "AU27"),
    ("AU24", "AU25"),
    ("AU24", "AU26"),
    ("AU24", "AU27"),
    ("AU23", "AU27"),
    ("AU17", "AU27"),
    ("AU15", "AU27"),
    ("AU14", "AU27"),
    ("AU11", "AU27"),
    ("AU18", "AU20"),
    ("AU18", "AU24"),
    ("AU18", "AU27"),
    ("AU18", "AU28"),
    ("AU20", "AU28"),
    ("AU23", "AU28"),
    ("AU24", "AU28"),
    ("AU25", "AU28"),
    ("AU26", "AU28"),
    ("AU27", "AU28"),
    ("AU10", "AU28"),
    ("AU5", "AU43"),
    ("AU7", "AU43"),
)
"""Pairs of action units that a face cannot show at once, or that hide each other."""

ACTED = 0.5
"""Default share of expressions that act out an emotion."""

RANDOM_WEIGHTS = {
    **{"AU1": 0.8, "AU2": 0.8, "AU4": 0.85, "AU5": 0.85, "AU6": 0.8, "AU7": 0.9, "AU9": 0.8, "AU10": 0.9},
    **{"AU11": 0.9, "AU12": 0.8, "AU14": 0.9, "AU15": 0.9, "AU17": 0.9, "AU18": 1.2, "AU20": 0.95, "AU23": 1.0},
    **{"AU24": 1.3, "AU25": 0.5, "AU26": 1.15, "AU27": 1.5, "AU28": 1.65, "AU43": 0.95},
}
"""Weight of each action unit in random combinations, set so that all end up about equally frequent."""

OFTEN_FACTOR = 3.0
"""Factor on the weight of action units that are requested more often."""


def sample_expression(
    rng: np.random.Generator, emotion: str | None = None, acted: float = ACTED, often: Collection[str] = ()
) -> Expression:
    """Sample an expression.

    Some expressions act out an emotion (`EMOTION_WEIGHTS`, `ACTS`); the others are random combinations.

    Args:
        rng: source of randomness.
        emotion: the emotion to act out; "" for a random combination; None to sample either.
        acted: share of acted expressions if `emotion` is None, 0 to 1.
        often: action units, of `AU_NAMES`, whose weight in random combinations is `OFTEN_FACTOR` times as large.
    """
    if emotion is None:
        emotions = list(EMOTION_WEIGHTS)
        emotion = str(rng.choice(emotions, p=list(EMOTION_WEIGHTS.values()))) if rng.random() < acted else ""
    action_units, lids = _sample_act(rng, emotion) if emotion else (_sample_combination(rng, often), 0.0)
    action_units = resolve_conflicts(action_units, rng)
    balance = _sample_balance(rng, action_units, emotion)
    if rng.random() < TRACE_CHANCE:  # a face is seldom perfectly still
        moving = (*action_units, "AU25", "AU26", "AU27", "AU28", "AU43")
        strongest = 0.09 if emotion == "neutral" else 0.2
        still = [au for au in AU_NAMES if au not in moving]
        for au in rng.choice(still, int(rng.integers(1, 4)), replace=False):
            action_units[str(au)] = float(rng.uniform(0.01, strongest))
        action_units = resolve_conflicts(action_units, rng)
    ordered = {au: round(action_units[au], 3) for au in AU_NAMES if au in action_units}
    return Expression(ordered, emotion, balance, _sample_gaze(rng, lids))


def _sample_balance(rng: np.random.Generator, action_units: Collection[str], emotion: str) -> dict[str, float]:
    """Sample the asymmetry of each action unit: mostly a little, in some clearly one-sided, then mostly on one side."""
    balance = {au: float(np.clip(rng.normal(0, 0.10), -0.3, 0.3)) for au in action_units}
    side = float(rng.choice([-1.0, 1.0]))
    if emotion == "contempt":
        return balance | {
            au: side * float(rng.uniform(*ONE_SIDED)) for au in ("AU12", "AU14", "AU10") if au in action_units
        }
    for au, chance in ONE_SIDED_CHANCES.items():
        if au in action_units and rng.random() < (chance / 4 if emotion else chance):
            balance[au] = side * float(rng.choice([1.0, -1.0], p=[0.7, 0.3])) * float(rng.uniform(*ONE_SIDED))
    return balance


def _sample_gaze(rng: np.random.Generator, lids: float) -> Gaze:
    pitch = float(np.clip(rng.normal(-1, 4), -12, 10)) if rng.random() < 0.5 else 0.0
    droop = float(np.clip(rng.normal(0.04, 0.06), -0.08, 0.16))
    return Gaze(float(np.clip(rng.normal(0, 6), -18, 18)), pitch, droop + lids * float(rng.uniform(0.3, 1.2)))


def _sample_act(rng: np.random.Generator, emotion: str) -> tuple[dict[str, float], float]:
    acts = ACTS[emotion]
    shares = np.array([act.weight for act in acts])
    act = acts[rng.choice(len(acts), p=shares / shares.sum())]
    action_units = {au: float(rng.uniform(low, high)) for au, (low, high) in act.always.items()}
    for au, (chance, low, high) in act.maybe.items():
        if rng.random() < chance:
            action_units[au] = float(rng.uniform(low, high))
    if emotion != "neutral":
        if len(action_units) > 2 and rng.random() < 0.12:  # real faces seldom show the full pattern
            del action_units[str(rng.choice(list(action_units)))]
        if rng.random() < 0.10:
            extra = str(rng.choice([au for au in AU_NAMES if au != "AU43"]))
            action_units.setdefault(extra, float(rng.uniform(0.3, 0.7)))
        elif rng.random() < 0.03:
            action_units.setdefault("AU43", float(rng.uniform(0.5, 1.0)))
    return action_units, act.lids


def _sample_combination(rng: np.random.Generator, often: Collection[str]) -> dict[str, float]:
    count = int(rng.choice([1, 2, 3, 4, 5, 6], p=[0.08, 0.14, 0.22, 0.25, 0.19, 0.12]))
    times = {au: OFTEN_FACTOR if au in often else 1.0 for au in AU_NAMES}
    shares = np.array([times[au] * weight for au, weight in RANDOM_WEIGHTS.items()])
    chosen = [str(au) for au in rng.choice(list(RANDOM_WEIGHTS), count, replace=False, p=shares / shares.sum())]
    faint = {au for au in chosen if rng.random() < FAINT_CHANCE} - {"AU27"}
    return {au: float(rng.uniform(*(FAINT if au in faint else (MIN_INTENSITY, 1.0)))) for au in chosen}


def resolve_conflicts(action_units: Mapping[str, float], rng: np.random.Generator) -> dict[str, float]:
    """Resolve conflicts in a combination of action units, so that a face can show it.

    Of each exclusive pair, the later one is dropped. A dropped jaw parts the lips, so AU26 and AU27 add AU25.
    """
    kept: dict[str, float] = {}
    for au, intensity in action_units.items():
        if not any({au, other} in map(set, EXCLUSIVE) for other in kept):
            kept[au] = intensity
    if ("AU26" in kept or "AU27" in kept) and kept.get("AU25", 0.0) < MIN_INTENSITY:
        kept["AU25"] = float(rng.uniform(MIN_INTENSITY, 0.9))
    if kept.get("AU25") and "AU24" in kept:
        del kept["AU24"]
    return kept

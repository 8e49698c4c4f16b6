"""Sentences that the pages say about a reading: modest, and in plain words."""

import re

from emotiscan import facs
from emotiscan.analysis import Reading

SURE, FAIRLY_SURE = 0.85, 0.60
"""From these probabilities on a clear reading is called so, or fairly sure."""

EMOTION_LOOKS = {
    facs.POSITIVE: "a positive expression",
    facs.NEGATIVE: "a negative expression",
    facs.SURPRISE: "a surprised expression",
    facs.NEUTRAL: "a calm expression",
}


def headline(reading: Reading) -> str:
    """One sentence on the emotion, e.g. “Looks like a positive expression, fairly sure (72 %).”

    Where no emotion stands out none is named alone: “Unclear: between positive (41 %) and neutral (38 %).”
    """
    if not reading.is_clear:
        likeliest = sorted(reading.emotions, key=reading.emotions.__getitem__, reverse=True)[:2]
        return f"Unclear: between {' and '.join(f'{e} ({percent(reading.emotions[e])})' for e in likeliest)}."
    probability = reading.emotions[reading.emotion]
    looks = EMOTION_LOOKS.get(reading.emotion, reading.emotion)
    if probability >= SURE:
        return f"Looks clearly like {looks} ({percent(probability)})."
    if probability >= FAIRLY_SURE:
        return f"Looks like {looks}, fairly sure ({percent(probability)})."
    return f"Looks most like {looks}, but only {percent(probability)} sure."


def emotion_title(emotion: str, clear: bool) -> str:
    """An emotion as a title; “Unclear” where it does not stand out from the others."""
    return emotion.capitalize() if clear else "Unclear"


def movements(reading: Reading) -> str:
    """One sentence on the action units that are present."""
    names = [facs.ACTION_UNITS[au].name.lower() for au in reading.present if au in facs.ACTION_UNITS]
    if not names:
        return "No movement of the fifteen stands out."
    return f"Visible movements: {', '.join(names)}."


def most_changed(before: Reading, after: Reading) -> tuple[str, ...]:
    """All action units, first the one whose probability changes most."""
    return tuple(sorted(before.action_units, key=lambda au: -abs(after.action_units[au] - before.action_units[au])))


def changes(before: Reading, after: Reading) -> str:
    """What changed between two readings of one person.

    For example “Neutral before, positive after. New: AU12 lip corner puller.” Where no action unit passes
    its threshold the largest change is told, however small.
    """
    looks = [emotion_title(reading.emotion, reading.is_clear) for reading in (before, after)]
    both = f"{looks[0]} before and after." if looks[0] == looks[1] else f"{looks[0]} before, {looks[1].lower()} after."
    new = [au for au in after.present if au not in before.present]
    gone = [au for au in before.present if au not in after.present]
    told = [
        f"{when}: {', '.join(map(_named, action_units))}."
        for when, action_units in (("New", new), ("Gone", gone))
        if action_units
    ]
    if not told:
        most = most_changed(before, after)[0]
        told = [
            f"No action unit passes its threshold; the largest change is {_named(most)}, "
            f"{percent(before.action_units[most])} to {percent(after.action_units[most])}."
        ]
    return " ".join([both, *told])


def _named(au: str) -> str:
    return f"{au} {facs.ACTION_UNITS[au].name.lower()}" if au in facs.ACTION_UNITS else au


def percent(probability: float) -> str:
    """A probability as a whole number of per cent; never a flat 0 % or 100 %."""
    if probability < 0.01:
        return "< 1 %"
    if probability > 0.99:
        return "> 99 %"
    return f"{round(100 * probability)} %"


def title_of(target: str) -> str:
    """Name of an action unit or emotion for people, e.g. “AU12 Lip corner puller”."""
    unit = facs.ACTION_UNITS.get(target)
    return f"{target} {unit.name}" if unit else target.capitalize()


def plain(text: str) -> str:
    """A visitor's or the system's own text, e.g. a file's name, for Markdown: shown as it is, on one line."""
    escaped = re.sub(r"([!-/:-@\[-`{-~])", r"\\\1", " ".join(text.split()))
    # Addresses and :names: become links and icons even so; an invisible character inside keeps them from it.
    return re.sub(r"(?i)(:|@|www)", "\\1\u2060", escaped)

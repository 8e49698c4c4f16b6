"""Sentences about a reading that do not claim more than it says, and text that is safe in Markdown."""

import re

from emotiscan import facs
from emotiscan.analysis import Reading
from emotiscan.export.text import percent

CLEARLY, FAIRLY_CERTAIN = 0.85, 0.60
"""Lowest probabilities at which the headline says “clearly” and “fairly certain”."""

EMOTION_LOOKS = {
    facs.POSITIVE: "a positive expression",
    facs.NEGATIVE: "a negative expression",
    facs.SURPRISE: "a surprised expression",
    facs.NEUTRAL: "a neutral expression",
}


def headline(reading: Reading) -> str:
    """Describe the emotion in one sentence, e.g. “Looks like a positive expression, fairly certain (72%)”.

    If no emotion stands out, the two likeliest are named: “Unclear: between positive (41%) and neutral (38%).” In a
    face of poor quality, the likeliest is said to be a guess.
    """
    if reading.quality and not reading.quality.usable:
        probability, looks = reading.emotions[reading.emotion], EMOTION_LOOKS.get(reading.emotion, reading.emotion)
        return f"Not reliable: a guess is {looks} ({percent(probability)})."
    if not reading.is_clear:
        likeliest = sorted(reading.emotions, key=reading.emotions.__getitem__, reverse=True)[:2]
        return f"Unclear: between {' and '.join(f'{e} ({percent(reading.emotions[e])})' for e in likeliest)}."
    probability = reading.emotions[reading.emotion]
    looks = EMOTION_LOOKS.get(reading.emotion, reading.emotion)
    if probability >= CLEARLY:
        return f"Clearly looks like {looks} ({percent(probability)})."
    if probability >= FAIRLY_CERTAIN:
        return f"Looks like {looks}, fairly certain ({percent(probability)})."
    return f"Looks most like {looks}, but not certain ({percent(probability)})."


def emotion_title(emotion: str, clear: bool) -> str:
    """Return an emotion as a title; “Unclear” if it does not stand out from the others."""
    return emotion.capitalize() if clear else "Unclear"


def movements(reading: Reading) -> str:
    """Name the action units that are present, in one sentence."""
    names = [facs.ACTION_UNITS[au].name.lower() for au in reading.present if au in facs.ACTION_UNITS]
    if not names:
        return "No visible movement stands out."
    return f"Visible movements: {', '.join(names)}."


def most_changed(before: Reading, after: Reading) -> tuple[str, ...]:
    """Return the action units that are visible in both, the one whose probability changes most first."""
    visible = [au for au in before.action_units if au not in {*before.not_visible, *after.not_visible}]
    return tuple(sorted(visible, key=lambda au: -abs(after.action_units[au] - before.action_units[au])))


def changes(before: Reading, after: Reading) -> str:
    """Describe what changed between two readings of one person.

    For example: “Neutral before, positive after. New: AU12 lip corner puller.” If no action unit crosses its threshold,
    the largest change is named, however small.
    """
    looks = [emotion_title(reading.emotion, reading.is_clear) for reading in (before, after)]
    both = f"{looks[0]} before and after." if looks[0] == looks[1] else f"{looks[0]} before, {looks[1].lower()} after."
    new = [au for au in after.present if au not in {*before.present, *before.not_visible}]
    gone = [au for au in before.present if au not in {*after.present, *after.not_visible}]
    sentences = [
        f"{when}: {', '.join(map(_named, action_units))}."
        for when, action_units in (("New", new), ("Gone", gone))
        if action_units
    ]
    changed = most_changed(before, after)
    if not sentences and changed:
        au = changed[0]
        sentences = [
            f"No action unit crosses its threshold; the largest change is {_named(au)}, "
            f"{percent(before.action_units[au])} to {percent(after.action_units[au])}."
        ]
    return " ".join([both, *sentences])


def _named(au: str) -> str:
    return f"{au} {facs.ACTION_UNITS[au].name.lower()}" if au in facs.ACTION_UNITS else au


def escape_markdown(text: str) -> str:
    """Escape text that we did not write, e.g. a file name, so that Markdown shows it unchanged, on one line."""
    escaped = re.sub(r"([!-/:-@\[-`{-~])", r"\\\1", " ".join(text.split()))
    # URLs and :names: would still become links and icons; an invisible character inside prevents that.
    return re.sub(r"(?i)(:|@|www)", "\\1\u2060", escaped)

"""Short texts about predictions: percentages, titles and notes."""

from collections.abc import Sequence

from emotiscan import facs

NOT_VISIBLE = "not visible"
"""Instead of the probability of an action unit whose place in the face is covered."""

ADVICE = {
    "small": "it covers very few pixels, so its reading is close to a guess. Use a larger or closer photo.",
    "blurred": "it is out of focus or shaken. Use a sharper photo.",
    "dark": "it is too dark. Use a photo with more light on the face.",
    "overexposed": "it is too bright to show any detail. Use a photo with softer light.",
    "turned away": "it is turned far away from the camera. Use a photo in which it looks toward the camera.",
    "cut off": "part of it is outside the photo. Use a photo with the whole face.",
    "mouth covered": "the mouth is covered, so its movements are not visible and the emotion is a guess. "
    "Use a photo without a mask or hand in front of it.",
    "eyes covered": "the eyes are covered, so their movements are not visible. "
    "Use a photo without sunglasses or hair in front of them.",
}
"""What is wrong with a face, and what to do, for each of `facs.PROBLEMS`, as the end of a sentence."""


def quality_note(problems: Sequence[str]) -> str:
    """Say in one line why a face cannot be trusted, and what to do; "" without a problem."""
    if not problems:
        return ""
    if len(problems) == 1:
        return f"This face cannot be read reliably: {ADVICE[problems[0]]}"
    *others, last = problems
    return f"This face cannot be read reliably: {', '.join(others)} and {last}. {ADVICE[problems[0]].split('. ')[-1]}"


def turned_note(degrees: int) -> str:
    """Say that a photo was turned before faces were found in it; "" if it was not."""
    how = {90: "a quarter turn to the right", 180: "upside down", 270: "a quarter turn to the left"}
    return (
        f"The photo was turned {how[degrees]}: no face, or only a doubtful one, was found in it as it was."
        if degrees
        else ""
    )


def percent(probability: float) -> str:
    """Format a probability as a whole percentage, but never as a flat 0% or 100%."""
    if probability < 0.01:
        return "< 1%"
    if probability > 0.99:
        return "> 99%"
    return f"{round(100 * probability)}%"


def display_name(target: str) -> str:
    """Name of an action unit, emotion or expression for people, e.g. "AU12 Lip corner puller"."""
    if target in facs.ACTION_UNITS:
        return f"{target} {facs.ACTION_UNITS[target].name}"
    return target if target.startswith("AU") else target.capitalize()

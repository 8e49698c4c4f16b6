"""Parse the values of training options that are more than a number or a word."""

import argparse
from collections.abc import Sequence

from emotiscan.datasets.augmentation import Augmentation
from emotiscan.training.options import SettingsError

HELD_OUT_SETS = "sets"
"""Value of `--folds` that holds out each data set in turn."""

OUTPUTS = ("expressions", "intensities", "sides", "pose", "quality")
"""Outputs that a network need not have (see `ModelConfig`)."""


def parse_outputs(text: str) -> tuple[str, ...]:
    """Parse `"pose,quality"` to those of `OUTPUTS`, and `"none"` to ()."""
    names = [] if text == "none" else text.split(",")
    unknown = [name for name in names if name not in OUTPUTS]
    if unknown:
        raise argparse.ArgumentTypeError(f"“{unknown[0]}” is not one of {', '.join(OUTPUTS)}; or write none")
    return tuple(name for name in OUTPUTS if name in names)


def parse_sizes(text: str) -> tuple[tuple[int, int], ...]:
    """Parse `"64:5,96:4"` to ((64, 5), (96, 4)): five epochs at 64 px, then four at 96 px."""
    try:
        sizes = tuple((int(size), int(epochs)) for size, epochs in (part.split(":") for part in text.split(",")))
    except ValueError:
        raise argparse.ArgumentTypeError(f"“{text}” is not of the form 64:5,96:4 (pixels:epochs)") from None
    if any(size < 32 or epochs < 1 for size, epochs in sizes):
        raise argparse.ArgumentTypeError("each size must be at least 32 px and have at least one epoch")
    return sizes


def parse_folds(text: str) -> str:
    """Accept a number of folds, or `HELD_OUT_SETS`."""
    if text != HELD_OUT_SETS and not (text.isdecimal() and int(text) >= 3):
        raise argparse.ArgumentTypeError(f"“{text}” is neither a number of at least 3 nor {HELD_OUT_SETS}")
    return text


def parse_augmentation(text: str) -> tuple[str, float]:
    """Parse `"rotation=10"` to the name of an `Augmentation` field and its value.

    Raises:
        SettingsError: there is no such field, or the value is out of its range.
    """
    name, _, value = text.partition("=")
    names: Sequence[str] = tuple(Augmentation.__dataclass_fields__)
    try:
        number = float(value)
        if name not in names or not number >= 0:
            raise ValueError
    except ValueError:
        raise SettingsError(
            f"--augment {text}: write NAME=VALUE, VALUE 0 or more, NAME being one of {', '.join(names)}"
        ) from None
    if name == "zoom" and number >= 1:
        raise SettingsError(f"--augment {text}: a zoom must be below 1")
    return name, number

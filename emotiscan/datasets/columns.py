"""Names of a label table's columns beside its emotions and action units.

- `expression_anger`, …: share of the votes for each expression, 0 to 1
- `AU12_intensity`: FACS intensity, 0 to 5
- `AU12_right`, `AU12_left`: presence in each half of the face, 0 to 1; right and left are the person's
- `AU12_right_intensity`, `AU12_left_intensity`: FACS intensity of each half, 0 to 5
- `pitch`, `yaw`, `roll`: of the head, in degrees
- `quality_blurred`, …: whether the face has that problem, 0 to 1

Expressions have a prefix, because "surprise" and "neutral" name an emotion as well as an expression.
"""

from collections.abc import Iterable

from emotiscan import facs

SIDES = ("right", "left")
"""The person's right half, which is at the left of the image, and the left half."""

POSE_COLUMNS = ("pitch", "yaw", "roll")
"""Angles of the head in degrees, with the signs of `rendering.scenes.Pose`."""

LEARNED_PROBLEMS = ("blurred", "mouth covered", "eyes covered")
"""Those of `facs.PROBLEMS` that a network learns; the others are computed."""

EXPRESSION_AGREEMENT = "expression_agreement"
"""Number of votes for the winning expression."""


def expression_column(expression: str) -> str:
    """Name of the column of an expression's votes."""
    return f"expression_{expression}"


def intensity_column(au: str) -> str:
    """Name of the column of an action unit's intensities."""
    return f"{au}_intensity"


def side_columns(au: str) -> tuple[str, str]:
    """Names of the columns of an action unit's presence in the person's right and left half."""
    right, left = SIDES
    return f"{au}_{right}", f"{au}_{left}"


def side_intensity_columns(au: str) -> tuple[str, str]:
    """Names of the columns of an action unit's intensities in the person's right and left half."""
    right, left = side_columns(au)
    return intensity_column(right), intensity_column(left)


def quality_column(problem: str) -> str:
    """Name of the column of one of `facs.PROBLEMS`."""
    return f"quality_{problem.replace(' ', '_')}"


EXPRESSION_COLUMNS = tuple(map(expression_column, facs.EXPRESSIONS))
QUALITY_COLUMNS = tuple(map(quality_column, LEARNED_PROBLEMS))


def columns_of_au(au: str) -> tuple[str, ...]:
    """All columns that label an action unit."""
    return (au, intensity_column(au), *side_columns(au), *side_intensity_columns(au))


def optional_columns(action_units: Iterable[str]) -> tuple[str, ...]:
    """All columns, in order, that a table may have beside its emotions and these action units."""
    names = [*EXPRESSION_COLUMNS, EXPRESSION_AGREEMENT]
    for au in action_units:
        names += columns_of_au(au)[1:]
    return (*names, *POSE_COLUMNS, *QUALITY_COLUMNS)

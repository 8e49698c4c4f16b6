"""Synthetic faces of the project's own renderer (`emotiscan render`).

Layout: `labels.csv` with `image`, `subject`, `split`, `emotion` and the intensity (0 to 1) of every action unit,
`images/000000.jpg` … and, where the renderer wrote them, motion maps as `maps/000000.npz` …. Newer folders also hold
the intensity in each half of the face (`AU12_right`, `AU12_left`), what is covered (`hidden`, `mouth_covered`,
`eyes_covered`) and the blur; in older ones these labels are unknown.
"""

import math
from collections.abc import Callable, Collection, Iterable
from pathlib import Path, PurePosixPath

from emotiscan import facs
from emotiscan.datasets.columns import POSE_COLUMNS, side_columns
from emotiscan.datasets.errors import TableError
from emotiscan.datasets.label_files import CsvRow, read_csv
from emotiscan.datasets.table import LabelRow, LabelTable, build_table
from emotiscan.visibility import blur_label, cover_label

PRESENT, ABSENT = 0.25, 0.1
"""Rendered intensity, 0 to 1, from which an action unit is present, and up to which it is absent; unknown between."""

PROBLEMS: dict[str, tuple[str, Callable[[float], float]]] = {
    "blurred": ("blur", blur_label),
    "mouth covered": ("mouth_covered", cover_label),
    "eyes covered": ("eyes_covered", cover_label),
}
"""Column of each learned problem, and what makes a label (1, 0 or NaN) of its value.

The blur is a share of the distance between the eyes, what is covered a share of the region.
"""

FACES = ("acted", "random")
"""Kinds of faces in a folder: those that act an emotion, and those with a random combination of action units."""

ALL = (PRESENT, math.inf)
STRENGTHS = {"slight": (PRESENT, 0.5), "marked": (0.5, 0.75), "strong": (0.75, math.inf)}
"""Half-open bands of the intensities of present action units; `ALL` holds every one."""


def load_rendered(path: str | Path, faces: str | None = None, strength: str | None = None) -> LabelTable:
    """Load a folder of rendered faces; intensities become present, absent or unknown, and are kept as FACS' 0 to 5.

    Faces with random combinations of action units have no emotion: it stays unknown. Action units whose place is
    covered are unknown. Skin tone, age and the other attributes stay in labels.csv. Motion maps come along where there
    are any.

    Args:
        path: the folder, or its labels.csv.
        faces: one of `FACES`, or None for all.
        strength: one of `STRENGTHS`: an action unit that is present at another strength becomes unknown. None keeps
            all.

    Raises:
        TableError: a column or image is missing, a value is broken, or no face is of that kind.
    """
    file = Path(path)
    file = file / "labels.csv" if file.is_dir() else file
    labels = read_csv(file, ["image", "subject", "split", "emotion", *facs.MISSION_AU_NAMES])
    rows = labels.rows
    action_units = tuple(au for au in facs.AU_NAMES if au in labels.columns)  # older folders lack some
    if faces:
        rows = tuple(row for row in rows if bool(row.cells["emotion"]) == (faces == "acted"))
        if not rows:
            raise TableError(file, f"none of its faces is {faces}; leave faces={faces} out")
    band = STRENGTHS[strength] if strength else ALL
    labeled = (_labeled(row, action_units, set(labels.columns), band, file) for row in rows)
    return build_table(labeled, file=file, root=file.parent, source="rendered", action_units=action_units)


def _labeled(
    row: CsvRow, action_units: Iterable[str], columns: Collection[str], band: tuple[float, float], file: Path
) -> LabelRow:
    hidden = set(row.cells.get("hidden", "").split())
    rendered = {au: _share(row, au, file, "an intensity") for au in action_units if au not in hidden}
    if band != ALL:  # what is present at another strength is unknown, and so is its intensity
        rendered = {au: value for au, value in rendered.items() if _presence(value, band) is not None}
    halves = {
        au: (_share(row, right, file, "an intensity"), _share(row, left, file, "an intensity"))
        for au in rendered
        if {right := side_columns(au)[0], left := side_columns(au)[1]} <= set(columns)
    }
    return LabelRow(
        image=row.cells["image"],
        subject=row.cells["subject"],
        split=row.cells["split"],
        line=row.line,
        emotion=row.cells["emotion"],
        maps=f"maps/{PurePosixPath(row.cells['image']).stem}.npz",
        action_units={au: _presence(value, band) for au, value in rendered.items()},
        intensities={au: facs.MAX_INTENSITY * value for au, value in rendered.items()},
        sides={au: (_presence(right, band), _presence(left, band)) for au, (right, left) in halves.items()},
        side_intensities={
            au: (facs.MAX_INTENSITY * right, facs.MAX_INTENSITY * left) for au, (right, left) in halves.items()
        },
        pose={name: _degrees(row, name, file) for name in POSE_COLUMNS if name in columns},
        quality={
            problem: label(_share(row, column, file, "a number", math.inf))
            for problem, (column, label) in PROBLEMS.items()
            if column in columns
        },
    )


def _presence(intensity: float, band: tuple[float, float]) -> int | None:
    """1 in the band, 0 up to `ABSENT`, None (unknown) elsewhere."""
    return 1 if band[0] <= intensity < band[1] else 0 if intensity <= ABSENT else None


def _share(row: CsvRow, column: str, file: Path, what: str, most: float = 1.0) -> float:
    value = _number(row.cells[column])
    if not 0 <= value <= most:
        limit = f"from 0 to {most:g}" if most < math.inf else "of at least 0"
        raise TableError(file, f"{column} is “{row.cells[column]}”; it must be {what} {limit}", row.line)
    return value


def _degrees(row: CsvRow, column: str, file: Path) -> float:
    value = _number(row.cells[column])
    if not abs(value) <= 180:
        raise TableError(file, f"{column} is “{row.cells[column]}”; it must be an angle in degrees", row.line)
    return value


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return math.nan

"""Faces that the project's own renderer drew (`python -m emotiscan.rendering`)."""

import math
from pathlib import Path, PurePosixPath

from emotiscan import facs
from emotiscan.datasets.loaders.label_files import read_rows
from emotiscan.datasets.table import LabelTable, TableError, build_table

PRESENT, ABSENT = 0.25, 0.1
"""An action unit of at least the first intensity is present, of at most the second absent; between, nobody could say."""

FACES = ("acted", "random")
"""Kinds of faces in a folder: those that act an emotion, and those whose action units were combined at random."""

STRENGTHS = {"slight": (PRESENT, 0.5), "marked": (0.5, 0.75), "strong": (0.75, math.inf)}
"""Intensities of present action units: from the first on, below the second. The renderer draws none below 0.3."""


def load_rendered(path: str | Path, faces: str | None = None, strength: str | None = None) -> LabelTable:
    """A folder of rendered faces; its intensities become present, absent or unknown.

    Faces with random combinations of action units have no emotion: it stays unknown. Skin tone, age and
    the other attributes stay in labels.csv. Movement maps, where they were drawn, come along.

    Args:
        path: the folder, or its labels.csv.
        faces: one of `FACES`, or None for all.
        strength: one of `STRENGTHS`: where an action unit is present more weakly or strongly, it becomes unknown. None keeps
            all.

    Raises:
        TableError: a column or picture is missing, a value is not what it should be, or no face is of that kind.
    """
    file = Path(path)
    file = file / "labels.csv" if file.is_dir() else file
    rows = read_rows(file, ["image", "subject", "split", "emotion", *facs.AU_NAMES])
    if faces:
        rows = [row for row in rows if bool(row["emotion"]) == (faces == "acted")]
        if not rows:
            raise TableError(file, f"none of its faces is {faces}; leave faces={faces} out")
    band = STRENGTHS[strength] if strength else (PRESENT, math.inf)
    pictures = (
        row
        | {"votes": None, "maps": f"maps/{PurePosixPath(str(row['image'])).stem}.npz"}
        | {au: _presence(row[au], band, au, file, int(str(row["line"]))) for au in facs.AU_NAMES}
        for row in rows
    )
    return build_table(pictures, file=file, root=file.parent, source="rendered")


def _presence(value: object, band: tuple[float, float], au: str, file: Path, line: int) -> int | None:
    try:
        intensity = float(str(value))
    except ValueError:
        intensity = -1.0
    if not 0 <= intensity <= 1:
        raise TableError(file, f"{au} is “{value}”; it must be an intensity from 0 to 1", line)
    return 1 if band[0] <= intensity < band[1] else 0 if intensity <= ABSENT else None

"""Synthetic faces of the project's own renderer (`emotiscan render`).

Layout: `labels.csv` with `image`, `subject`, `split`, `emotion` and the intensity (0 to 1) of every action unit,
`images/000000.jpg` … and, where the renderer wrote them, motion maps as `maps/000000.npz` ….
"""

import math
from pathlib import Path, PurePosixPath

from emotiscan import facs
from emotiscan.datasets.errors import TableError
from emotiscan.datasets.label_files import read_csv
from emotiscan.datasets.table import LabelRow, LabelTable, build_table

PRESENT, ABSENT = 0.25, 0.1
"""Rendered intensity, 0 to 1, from which an action unit is present, and up to which it is absent; unknown between."""

FACES = ("acted", "random")
"""Kinds of faces in a folder: those that act an emotion, and those with a random combination of action units."""

STRENGTHS = {"slight": (PRESENT, 0.5), "marked": (0.5, 0.75), "strong": (0.75, math.inf)}
"""Half-open bands of the intensities of present action units."""


def load_rendered(path: str | Path, faces: str | None = None, strength: str | None = None) -> LabelTable:
    """Load a folder of rendered faces; intensities become present, absent or unknown.

    Faces with random combinations of action units have no emotion: it stays unknown. Skin tone, age and the other
    attributes stay in labels.csv. Motion maps come along where there are any.

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
    band = STRENGTHS[strength] if strength else (PRESENT, math.inf)
    labeled = (
        LabelRow(
            image=row.cells["image"],
            subject=row.cells["subject"],
            split=row.cells["split"],
            line=row.line,
            emotion=row.cells["emotion"],
            maps=f"maps/{PurePosixPath(row.cells['image']).stem}.npz",
            action_units={au: _presence(row.cells[au], band, au, file, row.line) for au in action_units},
        )
        for row in rows
    )
    return build_table(labeled, file=file, root=file.parent, source="rendered", action_units=action_units)


def _presence(text: str, band: tuple[float, float], au: str, file: Path, line: int) -> int | None:
    try:
        intensity = float(text)
    except ValueError:
        intensity = -1.0
    if not 0 <= intensity <= 1:
        raise TableError(file, f"{au} is “{text}”; it must be an intensity from 0 to 1", line)
    return 1 if band[0] <= intensity < band[1] else 0 if intensity <= ABSENT else None

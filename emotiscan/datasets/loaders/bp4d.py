"""BP4D (Zhang et al., 2014): videos of 41 subjects in eight tasks, with the action units present in the labeled frames.

Layout: `AU_OCC/F001_T1.csv` … with a row a frame and a column an action unit, and the frames as
`Images/F001/T1/0001.jpg`.

BP4D is licensed to each user by its publishers; this project ships none of it.
"""

import csv
import io
import re
from collections.abc import Iterator
from pathlib import Path

from emotiscan import facs
from emotiscan.datasets.errors import TableError
from emotiscan.datasets.label_files import read_text
from emotiscan.datasets.loaders.video_frames import frames_by_folder, label_and_image_folders
from emotiscan.datasets.storage import names_in
from emotiscan.datasets.table import LabelRow, LabelTable, build_table

UNKNOWN = 9
"""Value of an action unit that could not be seen."""

_TASK = re.compile(r"([FM]\d+)_(T\d+)\.csv$", re.IGNORECASE)


def load_bp4d(path: str | Path, images: str | Path | None = None) -> LabelTable:
    """Load BP4D.

    A label file's first row names the action units by number. Frames without an image are skipped, and so are rows
    that label none of the action units known here.

    Args:
        path: folder that holds `AU_OCC`.
        images: where the subjects' folders are; by default `Images` below the path.

    Raises:
        TableError: a folder is missing, a file is broken, or a task has no images.
    """
    labels, frames = label_and_image_folders(Path(path), "AU_OCC", images)
    return build_table(_rows(labels, frames), file=labels, root=frames, source="bp4d")


def _rows(labels: Path, images: Path) -> Iterator[LabelRow]:
    folders = frames_by_folder(names_in(images))
    files = [(file, named) for file in sorted(labels.iterdir()) if (named := _TASK.match(file.name))]
    if not files:
        raise TableError(labels, "it holds no file like F001_T1.csv")
    for file, named in files:
        subject, task = named[1], named[2]
        frames = next((found for folder, found in folders.items() if folder.endswith(f"{subject}/{task}")), None)
        if not frames:
            raise TableError(file, f"there are no images of it; put them into {images / subject / task}")
        for number, action_units in _occurrences(file):
            if number in frames and action_units:
                yield LabelRow(frames[number], subject, action_units=action_units)


def _occurrences(file: Path) -> Iterator[tuple[int, dict[str, int]]]:
    """Number of each frame of a task, and its known action units, 0 or 1."""
    reader = csv.reader(io.StringIO(read_text(file, kind="CSV text"), newline=""))
    try:
        rows = [(reader.line_num, row) for row in reader]
    except csv.Error as error:
        raise TableError(file, f"it is not a CSV text file ({error}); save it as UTF-8 CSV", reader.line_num) from None
    numbers = {place: re.search(r"\d+", word) for place, word in enumerate(rows[0][1] if rows else []) if place}
    action_units = {place: f"AU{number[0].lstrip('0')}" for place, number in numbers.items() if number}
    action_units = {place: au for place, au in action_units.items() if au in facs.ACTION_UNITS}
    if not action_units:
        raise TableError(
            file, "its first row names no action unit that is known here; it should hold numbers of action units", 1
        )
    for line, row in rows[1:]:
        try:
            values = {au: int(row[place]) for place, au in action_units.items()}
            number = int(row[0])
        except (ValueError, IndexError):
            raise TableError(file, "it must hold whole numbers, a frame and then its action units", line) from None
        wrong = next((f"{au} is {value}" for au, value in values.items() if value not in (0, 1, UNKNOWN)), None)
        if wrong:
            raise TableError(file, f"{wrong}; it must be 0, 1 or {UNKNOWN} (unknown)", line)
        yield number, {au: value for au, value in values.items() if value != UNKNOWN}

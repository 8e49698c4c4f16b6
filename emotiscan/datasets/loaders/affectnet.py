"""AffectNet (Mollahosseini et al., 2017): photos from the web, each labeled by one annotator.

Layouts, in a folder or a zip file:

    train_set/images/0.jpg, train_set/annotations/0_exp.npy and val_set/…       (eight expressions, faces cropped)
    Manually_Annotated_file_lists/training.csv and validation.csv with the columns subDirectory_filePath and expression,
    and the images anywhere, e.g. Manually_Annotated_Images/689/….jpg           (the first release)

The publishers keep the test part; the loader's splits are train and validation.

AffectNet is licensed to each user by its publishers; this project ships none of it.
"""

import csv
import io
import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from emotiscan.datasets.errors import TableError
from emotiscan.datasets.label_files import CsvFile, CsvRow, read_csv, read_text
from emotiscan.datasets.storage import image_names_in, names_in, read_file
from emotiscan.datasets.table import LabelRow, LabelTable, build_table

EXPRESSIONS = ("neutral", "happy", "sad", "surprise", "fear", "disgust", "anger", "contempt")
"""The expressions numbered from 0."""

SKIPPED = (8, 9, 10)
"""Numbers of "none", "uncertain" and "no face"."""

LIST_COLUMNS = (
    *("subDirectory_filePath", "face_x", "face_y", "face_width", "face_height"),
    *("facial_landmarks", "expression", "valence", "arousal"),
)
"""Columns of the first release's lists; its validation.csv came without a first row that names them."""

_ANNOTATION = re.compile(r"(?:^|/)(train|val)_set/annotations/(\d+)_exp\.npy$", re.IGNORECASE)
_LIST = re.compile(r"(?:^|/)(training|validation)\.csv$", re.IGNORECASE)
_SPLITS = {"train": "train", "training": "train", "val": "validation", "validation": "validation"}


def load_affectnet(path: str | Path, images: str | Path | None = None) -> LabelTable:
    """Load AffectNet's manually annotated part.

    Images without an expression (none, uncertain, no face) are left out. AffectNet names no subjects: each image
    counts as one.

    Args:
        path: folder or zip file that holds `train_set` and `val_set`, or the lists; one of the two may be missing.
        images: folder or zip file of the first release's images, if they are not below the path.

    Raises:
        TableError: there are no labels, an image is missing, or a value is broken.
    """
    root = Path(path)
    names = names_in(root)
    annotations = [match for name in sorted(names) if (match := _ANNOTATION.search(name))]
    if annotations:
        return build_table(_annotated(root, annotations, names), file=root, root=root, source="affectnet")
    lists = [match for name in sorted(names) if (match := _LIST.search(name))]
    if not lists:
        raise TableError(
            root,
            "it holds neither train_set/annotations nor training.csv or validation.csv; unpack AffectNet's archives",
        )
    image_root = Path(images) if images else root
    paths = _by_short_path(image_names_in(image_root))
    rows = (row for match in lists for row in _listed(root, match.string, _SPLITS[match[1].lower()], paths))
    return build_table(rows, file=root / lists[0].string, root=image_root, source="affectnet")


def _annotated(root: Path, annotations: list[re.Match[str]], names: frozenset[str]) -> Iterator[LabelRow]:
    for match in annotations:
        file = match.string
        number = _expression(root, file)
        if number in SKIPPED:
            continue
        folder = file[: -len(f"annotations/{match[2]}_exp.npy")]
        image = next((n for end in ("jpg", "png", "jpeg") if (n := f"{folder}images/{match[2]}.{end}") in names), None)
        if image is None:
            raise TableError(
                root / file, f"there is no image {folder}images/{match[2]}.jpg; add it or delete this file"
            )
        yield LabelRow(image, split=_SPLITS[match[1].lower()], emotion=EXPRESSIONS[number])


def _expression(root: Path, file: str) -> int:
    try:
        number = int(np.load(io.BytesIO(read_file(root, file)), allow_pickle=False).item())
    except Exception as error:  # NumPy parses a header as Python: anything can come of a broken one
        raise TableError(root / file, f"it holds no number of an expression ({error})") from None
    return _checked(number, root / file, None)


def _checked(number: int, file: Path, line: int | None) -> int:
    if number not in range(len(EXPRESSIONS)) and number not in SKIPPED:
        raise TableError(file, f"expression is {number}; it must be a number from 0 to {max(SKIPPED)}", line)
    return number


def _listed(root: Path, name: str, split: str, paths: dict[str, str]) -> Iterator[LabelRow]:
    file = root / name
    data = read_file(root, name)
    table = _with_columns(read_csv(file, data=data), file, data)
    for row in table.rows:
        try:
            number = int(row.cells["expression"])
        except ValueError:
            raise TableError(file, f"expression is “{row.cells['expression']}”, not a number", row.line) from None
        image = row.cells["subDirectory_filePath"].replace("\\", "/")
        if _checked(number, file, row.line) not in SKIPPED:
            if image not in paths:
                raise TableError(
                    file, f"there is no image {image}; unpack it, or name its folder with images=DIR", row.line
                )
            yield LabelRow(paths[image], split=split, line=row.line, emotion=EXPRESSIONS[number])


def _with_columns(table: CsvFile, file: Path, data: bytes) -> CsvFile:
    """The list with named columns, whether or not its first row names them."""
    if {"subDirectory_filePath", "expression"} <= set(table.columns):
        return table
    if len(table.columns) != len(LIST_COLUMNS) or "/" not in table.columns[0]:
        raise TableError(file, "the columns “subDirectory_filePath” and “expression” are missing", 1)
    try:
        rows = [
            CsvRow(line, dict(zip(LIST_COLUMNS, cells, strict=True)))
            for line, cells in enumerate(csv.reader(io.StringIO(read_text(file, data))), start=1)
            if cells
        ]
    except ValueError:
        raise TableError(file, f"every row must have {len(LIST_COLUMNS)} values") from None
    return CsvFile(LIST_COLUMNS, tuple(rows), table.delimiter)


def _by_short_path(names: list[str]) -> dict[str, str]:
    """Images by folder and name alone ("689/a.jpg"), as the lists name them."""
    return {"/".join(name.split("/")[-2:]): name for name in names}

"""Any CSV with a row an image: one's own labels, or what another tool has written.

Comma, semicolon or tab separated; with or without a byte order mark; UTF-8. Columns, in any order:

- `image` (or `filepath`, `path`, `filename`, `file`): the image's name below the CSV's folder;
- `subject`, `split` (train, validation, test), `emotion` (or `label`, `expression`; a word);
- `AU1` or `AU01`, `AU01_c`: an action unit's presence, 1, 0 or blank (unknown);
- `AU01_r`: its FACS intensity from 0 to 5 (as OpenFace writes it), which is kept and, without a presence column, also
  decides presence: from 2 up present, 0 absent, unknown between;
- `AU26_or_AU27`: whether any of these action units is present, for evaluation.
"""

import logging
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from emotiscan import facs
from emotiscan.datasets.errors import TableError
from emotiscan.datasets.label_files import CsvRow, find_column, image_column, read_csv
from emotiscan.datasets.storage import data_set_name, names_in
from emotiscan.datasets.table import LabelRow, LabelTable, build_table, presence_of

log = logging.getLogger(__name__)

EMOTION_COLUMNS = ("emotion", "label", "expression")
"""Names of the column that holds the emotion, the preferred one first."""

MAX_INTENSITY = 5

_AU = re.compile(r"AU[ _-]?0*(\d+)", re.IGNORECASE)
_GRADED = re.compile(r"(.*)_([cr])", re.IGNORECASE)
_LOOKS_LIKE_AU = re.compile(r"AU[ _-]?\d", re.IGNORECASE)


def load_csv(path: str | Path, images: str | Path | None = None) -> LabelTable:
    """Load a CSV (see the module for its columns).

    Rows without a subject count as subjects of their own. Columns that look like action units but are none that is
    known here are named in a warning.

    Args:
        path: the CSV, or a folder that holds it as `labels.csv`; the data set is called by the name of either.
        images: what its image column is relative to; by default the CSV's folder.

    Raises:
        TableError: the image column or an image is missing, a value is broken, or two columns label the same action
            unit.
    """
    file = Path(path)
    file = file / "labels.csv" if file.is_dir() else file
    table = read_csv(file)
    image = image_column(table, file)
    subject, split, maps = (find_column(table, [name], file) for name in ("subject", "split", "maps"))
    emotion = find_column(table, EMOTION_COLUMNS, file)
    columns = _au_columns(table.columns, file)
    if columns.ignored:
        log.warning(
            "%s: columns that look like action units but are not read: %s; the action units known here are %s",
            file,
            ", ".join(columns.ignored),
            ", ".join(facs.ACTION_UNITS),
        )
    root = Path(images) if images else file.parent
    names = names_in(root)

    def labeled(row: CsvRow) -> LabelRow:
        def cell(column: str | None) -> str:
            return row.cells[column].strip() if column else ""

        if table.delimiter == ";":  # spreadsheets that separate by semicolons write decimal commas
            row = CsvRow(row.line, row.cells | {name: row.cells[name].replace(",", ".") for name in columns.all()})
        intensities = {au: _intensity(row, name, file) for au, name in columns.intensity.items()}
        known = {au: value for au, value in intensities.items() if value is not None}
        return LabelRow(
            image=_image_name(cell(image), root, names),
            subject=cell(subject),
            split=cell(split),
            line=row.line,
            emotion=cell(emotion),
            maps=cell(maps),
            action_units={au: presence_of(value) for au, value in known.items()}
            | {au: row.cells[name] for au, name in columns.presence.items()},
            intensities=known,
        )

    # Many folders hold a labels.csv; two of them are two data sets.
    name = file.stem if file.stem != "labels" else data_set_name(file.parent)
    action_units = tuple(dict.fromkeys(columns.order)) or facs.MISSION_AU_NAMES
    return build_table(map(labeled, table.rows), file=file, root=root, source=name, action_units=action_units)


@dataclass
class _AuColumns:
    """Which columns of a CSV label action units.

    Attributes:
        presence: column of each action unit's presence.
        intensity: column of each action unit's intensity.
        order: the action units as they come.
        ignored: columns that look like action units but are not read.
    """

    presence: dict[str, str] = field(default_factory=dict)
    intensity: dict[str, str] = field(default_factory=dict)
    order: list[str] = field(default_factory=list)
    ignored: list[str] = field(default_factory=list)

    def all(self) -> list[str]:
        return [*self.presence.values(), *self.intensity.values()]


def _au_columns(columns: Sequence[str], file: Path) -> _AuColumns:
    found = _AuColumns()
    for column in columns:
        graded = _GRADED.fullmatch(column)
        au = _action_unit(graded[1] if graded else column)
        if au is None or (graded and len(facs.au_parts(au)) > 1):
            if _LOOKS_LIKE_AU.match(column):
                found.ignored.append(column)
            continue
        kind = found.intensity if graded and graded[2].lower() == "r" else found.presence
        if au in kind:
            what = "intensity" if kind is found.intensity else "presence"
            raise TableError(file, f"the columns {kind[au]} and {column} both hold the {what} of {au}; keep one", 1)
        kind[au] = column
        found.order.append(au)
    return found


def _action_unit(word: str) -> str | None:
    """The action unit of a column, as `AU1`, or several as `AU26_or_AU27`; None where it is not known here."""
    numbers = [_AU.fullmatch(part) for part in facs.au_parts(word)]
    names = [f"AU{number[1]}" for number in numbers if number]
    known = len(names) == len(numbers) and all(name in facs.ACTION_UNITS for name in names)
    return facs.JOIN.join(names) if known else None


def _intensity(row: CsvRow, column: str, file: Path) -> float | None:
    text = row.cells[column].strip()
    if not text:
        return None
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value <= MAX_INTENSITY:
        raise TableError(
            file, f"{column} is “{text}”; it must be an intensity from 0 to {MAX_INTENSITY}, or blank", row.line
        )
    return value


def _image_name(text: str, root: Path, names: frozenset[str]) -> str:
    """An image's name below the root, from the usual ways to write it."""
    if text in names:
        return text
    # Written on Windows, below the current folder, or from the disk's root.
    name = re.sub(r"^(\./)+", "", text.replace("\\", "/"))
    if name.startswith("/") or re.match(r"[A-Za-z]:/", name):
        path = Path(name)
        for above in (root, root.resolve()):
            if path.is_relative_to(above):
                name = path.relative_to(above).as_posix()
    return name if name in names else text

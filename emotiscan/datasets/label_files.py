"""Label files: their text, and the rows of a CSV with their line numbers."""

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from emotiscan.datasets.errors import TableError

DELIMITERS = (",", ";", "\t")
"""Column separators of a CSV; the one that divides its first row into most columns is used."""

IMAGE_COLUMNS = ("image", "filepath", "path", "filename", "file")
"""Names of the column that holds the images' names, the preferred one first."""


@dataclass(frozen=True)
class CsvRow:
    """One row of a CSV.

    Attributes:
        line: line of the file on which the row ends, counted from 1.
        cells: text by column; "" where the row is too short.
    """

    line: int
    cells: dict[str, str]


@dataclass(frozen=True)
class CsvFile:
    """A CSV that has been read.

    Attributes:
        columns: the names in its first row, without surrounding blanks.
        rows: the other rows; blank lines are skipped.
        delimiter: one of `DELIMITERS`.
    """

    columns: tuple[str, ...]
    rows: tuple[CsvRow, ...]
    delimiter: str


def read_text(file: str | Path, data: bytes | None = None, kind: str = "text") -> str:
    """Read a label file's text, with or without a byte order mark.

    Args:
        file: its path, for reading and for messages.
        data: its bytes, where it lies in a zip file.
        kind: what it should be, for messages.

    Raises:
        TableError: the file cannot be read, or is not UTF-8 text.
    """
    try:
        return (Path(file).read_bytes() if data is None else data).decode("utf-8-sig")
    except OSError as error:
        raise TableError(file, f"it cannot be read: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise TableError(file, f"it is not a {kind} file ({error}); save it as UTF-8 {kind}") from None


def delimiter_of(text: str) -> str:
    """The delimiter of a CSV, from its first row: comma, semicolon or tab."""
    first = text.lstrip("\r\n").partition("\n")[0]

    def columns(delimiter: str) -> int:
        try:
            return len(next(csv.reader([first], delimiter=delimiter), []))
        except csv.Error:
            return 0

    return max(DELIMITERS, key=columns)


def read_csv(file: str | Path, required: Iterable[str] = (), data: bytes | None = None) -> CsvFile:
    """Read a CSV with commas, semicolons or tabs.

    Args:
        file: its path, for reading and for messages.
        required: columns that must be there, once each.
        data: its bytes, where it lies in a zip file.

    Raises:
        TableError: the file is missing, is not text, lacks a required column or has it twice, or a row is longer than
            the first.
    """
    text = read_text(file, data, "CSV text")
    delimiter = delimiter_of(text)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    columns: tuple[str, ...] = ()
    rows = []
    try:
        for cells in reader:
            if not cells:
                continue
            if not columns:
                columns = tuple(name.strip() for name in cells)
                _check_columns(file, columns, required)
                continue
            if len(cells) > len(columns):
                raise TableError(
                    file,
                    f"it has {len(cells)} values but {len(columns)} columns; quote values that hold the separator",
                    reader.line_num,
                )
            padded = [*cells, *[""] * (len(columns) - len(cells))]
            rows.append(CsvRow(reader.line_num, dict(zip(columns, padded, strict=True))))
    except csv.Error as error:
        raise TableError(
            file, f"it is not a CSV text file ({error}); save it as UTF-8 CSV", reader.line_num or None
        ) from None
    if not columns:
        _check_columns(file, columns, required)
    return CsvFile(columns, tuple(rows), delimiter)


def _check_columns(file: str | Path, columns: Sequence[str], required: Iterable[str]) -> None:
    for name in required:
        if name not in columns:
            raise TableError(file, f"the column “{name}” is missing; its columns are: {', '.join(columns)}", 1)
        if columns.count(name) > 1:
            raise TableError(file, f"the column “{name}” occurs {columns.count(name)} times; keep one", 1)


def find_column(table: CsvFile, names: Iterable[str], file: str | Path) -> str | None:
    """The column with the first of some names, in any case; None where there is none.

    Raises:
        TableError: the name occurs twice.
    """
    for name in names:
        found = [column for column in table.columns if column.lower() == name]
        if len(found) > 1:
            raise TableError(file, f"the columns {' and '.join(found)} have the same name; keep one", 1)
        if found:
            return found[0]
    return None


def image_column(table: CsvFile, file: str | Path) -> str:
    """The column that names the images.

    Raises:
        TableError: there is none.
    """
    column = find_column(table, IMAGE_COLUMNS, file)
    if column is None:
        raise TableError(
            file,
            f"the column “image” is missing; its columns are: {', '.join(table.columns)}; "
            f"{', '.join(IMAGE_COLUMNS[1:])} would do as well",
            1,
        )
    return column

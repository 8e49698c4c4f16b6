"""Label files: their text, and the rows of a CSV with their line numbers."""

import csv
import io
from pathlib import Path

from emotiscan.datasets.table import TableError


def read_text(file: str | Path, data: bytes | None = None, kind: str = "text") -> str:
    """A label file's text.

    Args:
        data: its bytes, where it lies in a zip file.
        kind: what it should be, for messages.

    Raises:
        TableError: the file cannot be read, or is not text.
    """
    try:
        return (Path(file).read_bytes() if data is None else data).decode("utf-8-sig")
    except OSError as error:
        raise TableError(file, f"it cannot be read: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise TableError(file, f"it is no {kind} file ({error}); save it as UTF-8 {kind}") from None


def read_rows(file: str | Path, wanted: list[str], data: bytes | None = None) -> list[dict[str, object]]:
    """Rows of a CSV, each with its `line`.

    Args:
        file: the CSV's path, for reading and for messages.
        wanted: columns that must be there.
        data: the CSV's bytes, where it lies in a zip file.

    Raises:
        TableError: the file is missing, is not text, lacks a wanted column, or a row is longer than the first.
    """
    reader = csv.DictReader(io.StringIO(read_text(file, data, "CSV text"), newline=""), strict=True)
    try:
        columns = reader.fieldnames or []
        missing = [name for name in wanted if name not in columns]
        if missing:
            raise TableError(file, f"the column “{missing[0]}” is missing; its columns are: {', '.join(columns)}", 1)
        rows: list[dict[str, object]] = []
        for row in reader:
            if None in row:
                raise TableError(
                    file, "it has more values than there are columns; look for a comma too many", reader.line_num
                )
            rows.append(row | {"line": reader.line_num})
    except csv.Error as error:
        raise TableError(file, f"it is no CSV text file ({error}); save it as UTF-8 CSV") from None
    return rows

"""Rows of a label CSV, with their line numbers."""

import csv
import io
from pathlib import Path

from emotiscan.training.table import TableError


def read_rows(file: str | Path, wanted: list[str], data: bytes | None = None) -> list[dict[str, object]]:
    """Rows of a CSV, each with its `line`.

    Args:
        file: the CSV's path, for reading and for messages.
        wanted: columns that must be there.
        data: the CSV's bytes, where it lies in a zip file.

    Raises:
        TableError: the file is missing, is not text, or lacks a wanted column.
    """
    try:
        text = (Path(file).read_bytes() if data is None else data).decode("utf-8-sig")
        reader = csv.DictReader(io.StringIO(text, newline=""), strict=True)
        columns = reader.fieldnames or []
        missing = [name for name in wanted if name not in columns]
        if missing:
            raise TableError(file, f"the column “{missing[0]}” is missing; its columns are: {', '.join(columns)}", 1)
        return [row | {"line": reader.line_num} for row in reader]
    except OSError as error:
        raise TableError(file, f"it cannot be read: {error.strerror}") from None
    except (UnicodeDecodeError, csv.Error) as error:
        raise TableError(file, f"it is no CSV text file ({error}); save it as UTF-8 CSV") from None

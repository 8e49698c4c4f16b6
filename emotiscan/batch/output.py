"""Writing the records of a collection: to a stream, or to a file that an interrupted command can resume."""

import csv
import io
import json
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO, Literal, TypeAlias

from emotiscan.batch.scorer import Record
from emotiscan.batch.text_table import TextTable
from emotiscan.export.records import columns, flat
from emotiscan.model.config import ModelConfig

Format: TypeAlias = Literal["jsonl", "csv", "table"]
"""JSON lines, comma-separated values, or a readable table."""

RESUMABLE: tuple[Format, ...] = ("jsonl", "csv")
"""Formats from which the images already done can be read back."""


class OutputError(ValueError):
    """The output file cannot be resumed; the message says why and what to do."""


class Output:
    """Writes records in a format, one write an image, so that a reader of the stream never waits for half a record.

    Attributes:
        done: paths of the images whose records the file already held.
    """

    def __init__(self, stream: BinaryIO, format: Format, config: ModelConfig, width: int = 100) -> None:
        """Write to a stream; column names are written at once.

        Args:
            stream: open for bytes.
            format: of the output.
            config: of the checkpoint, for the columns of CSV.
            width: of the readable table, in characters.
        """
        self._stream, self._format, self._columns = stream, format, columns(config)
        self._table = TextTable(width)
        self.done: frozenset[str] = frozenset()
        if format == "csv" and not (stream.seekable() and stream.tell()):  # a resumed file has its header
            self._write(_csv_line(self._columns))
        if format == "table":
            self._write(self._table.header())

    @classmethod
    def to_file(cls, path: Path, format: Format, config: ModelConfig) -> "Output":
        """Write to a new file, or resume one that this class wrote; `done` then names the images in it.

        The records of the last image may be incomplete: they are removed, and it is read again.

        Raises:
            OutputError: the format cannot be resumed, or the file holds something else, another vocabulary or another
                format.
            OSError: the file cannot be read or written.
        """
        if format not in RESUMABLE:
            raise OutputError(f"a file is written as {' or '.join(RESUMABLE)}; choose one of them with --format")
        path.parent.mkdir(parents=True, exist_ok=True)
        length, images = _kept(path, format, columns(config)) if path.exists() else (0, [])
        stream = open(path, "ab", buffering=0)  # noqa: SIM115, stays open as long as the output
        stream.truncate(length)
        stream.seek(length)
        output = cls(stream, format, config)
        output.done = frozenset(images)
        return output

    def write(self, records: Sequence[Record]) -> None:
        """Write the records of one image.

        Raises:
            OSError: they cannot be written.
        """
        if self._format == "csv":
            self._write("".join(_csv_line([flat(row).get(name, "") for name in self._columns]) for row in records))
        elif self._format == "table":
            self._write("".join(map(self._table.row, records)))
        else:
            self._write("".join(json.dumps(row) + "\n" for row in records))

    def _write(self, text: str) -> None:
        self._stream.write(text.encode(errors="backslashreplace"))  # a file's name need not be valid text
        self._stream.flush()


def _csv_line(values: Sequence[object]) -> str:
    text = io.StringIO()
    csv.writer(text).writerow(values)
    return text.getvalue()


def _kept(path: Path, format: Format, header: Sequence[str]) -> tuple[int, list[str]]:
    """Find what a resumed file keeps: its length in bytes without the last image, and each remaining line's image."""
    lines = path.read_bytes().splitlines(keepends=True)
    if lines and not lines[-1].endswith(b"\n"):
        lines.pop()
    first = 0
    if format == "csv":
        if lines and lines[0] != _csv_line(header).encode():
            raise OutputError(f"{path} is not a table of this checkpoint's readings; name another --out")
        first = min(1, len(lines))
    try:
        images = [_image_of(line, format) for line in lines[first:]]
    except (ValueError, KeyError, IndexError, TypeError):
        raise OutputError(f"{path} holds lines other than readings in {format}; name another --out") from None
    last = images[-1] if images else ""
    while images and images[-1] == last:
        images.pop()
    return sum(map(len, lines[: first + len(images)])), images


def _image_of(line: bytes, format: Format) -> str:
    if format == "csv":
        return next(csv.reader([line.decode()]))[0]
    return str(json.loads(line)["image"])

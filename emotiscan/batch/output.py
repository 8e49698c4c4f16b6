"""The lines of a collection's readings, to a stream or to a file that can be gone on with."""

import csv
import io
import json
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO

from emotiscan.export.records import columns, flat


class OutputError(ValueError):
    """The file cannot be gone on with; the message says why and what to do."""


class Output:
    """Writes records as JSON lines or CSV; one write a picture, so that a reader never waits for half of one."""

    def __init__(self, stream: BinaryIO, kind: str, emotions: Sequence[str], action_units: Sequence[str]) -> None:
        """Write to a stream.

        Args:
            stream: open for bytes; a table's head is written at once.
            kind: "jsonl" or "csv".
            emotions, action_units: the checkpoint's vocabulary, for the table's columns.
        """
        self._stream, self._kind, self._columns = stream, kind, columns(emotions, action_units)
        self.done: frozenset[str] = frozenset()
        if kind == "csv" and not (stream.seekable() and stream.tell()):  # a file that is gone on with has its head
            self._write(_line(self._columns))

    @classmethod
    def to_file(cls, path: Path, kind: str, emotions: Sequence[str], action_units: Sequence[str]) -> "Output":
        """Write to a file, or go on with it where it is one of ours; `done` then names the pictures that it holds.

        The lines of the last picture may be cut short or not all there: they are taken back, and it is read again.

        Raises:
            OutputError: the file is none of ours, or was written with another vocabulary or kind.
            OSError: it cannot be read or written.
        """
        path.parent.mkdir(parents=True, exist_ok=True)
        length, names = _kept(path, kind, columns(emotions, action_units)) if path.exists() else (0, [])
        stream = open(path, "ab", buffering=0)  # noqa: SIM115, it stays open as long as the output
        stream.truncate(length)
        stream.seek(length)
        output = cls(stream, kind, emotions, action_units)
        output.done = frozenset(names)
        return output

    def write(self, rows: Sequence[dict]) -> None:
        """Write one picture's records.

        Raises:
            OSError: they cannot be written.
        """
        if self._kind == "csv":
            self._write("".join(_line([flat(row).get(name, "") for name in self._columns]) for row in rows))
        else:
            self._write("".join(json.dumps(row) + "\n" for row in rows))

    def _write(self, text: str) -> None:
        self._stream.write(text.encode(errors="backslashreplace"))  # a file's name need not be valid text
        self._stream.flush()


def _line(values: Sequence[object]) -> str:
    text = io.StringIO()
    csv.writer(text).writerow(values)
    return text.getvalue()


def _kept(path: Path, kind: str, head: Sequence[str]) -> tuple[int, list[str]]:
    """How many bytes of a file stay, and the picture of each line: all but the last one's."""
    lines = path.read_bytes().splitlines(keepends=True)
    if lines and not lines[-1].endswith(b"\n"):
        lines.pop()
    first = 0
    if kind == "csv":
        if lines and lines[0] != _line(head).encode():
            raise OutputError(f"{path} is no table of this checkpoint's readings; name another --out")
        first = min(1, len(lines))
    try:
        names = [_name(line, kind) for line in lines[first:]]
    except (ValueError, KeyError, IndexError, TypeError):
        raise OutputError(f"{path} holds other lines than readings in {kind}; name another --out") from None
    last = names[-1] if names else ""
    while names and names[-1] == last:
        names.pop()
    return sum(map(len, lines[: first + len(names)])), names


def _name(line: bytes, kind: str) -> str:
    if kind == "csv":
        return next(csv.reader([line.decode()]))[0]
    return str(json.loads(line)["image"])

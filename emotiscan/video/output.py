"""Writing the records of clips: JSON lines, CSV, and the tables of OpenFace 2 and py-feat; resumable clip by clip.

A clip's records are first written to a file of their own and appended when the clip is complete, so that the results
hold whole clips only, and several processes can read clips at the same time.
"""

import csv
import io
import json
import shutil
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, BinaryIO, Literal, TypeAlias

from emotiscan.export.records import columns, flat
from emotiscan.export.tables import feat_columns, feat_row, openface_columns, openface_row
from emotiscan.model.config import ModelConfig
from emotiscan.video.table import FIRST

Format: TypeAlias = Literal["jsonl", "csv", "openface", "feat"]

Record: TypeAlias = dict[str, Any]
"""One face in one frame (see `table.video_record`), or a `video` with its `error`."""


class VideoOutputError(ValueError):
    """The output file cannot be resumed; the message says why and what to do."""


class RecordWriter:
    """Turns records into the lines of a format."""

    def __init__(self, format: Format, config: ModelConfig) -> None:
        """Choose the columns.

        Args:
            format: of the output.
            config: of the checkpoint.
        """
        self.format: Format = format
        intensities = config.intensities
        self.columns: list[str] = {
            "jsonl": lambda: [],
            "csv": lambda: video_columns(config),
            "openface": lambda: openface_columns(config.action_units, intensities),
            "feat": lambda: feat_columns(config.action_units),
        }[format]()
        convert: dict[str, Callable[[Mapping[str, Any]], Mapping[str, Any]]] = {
            "csv": _flat,
            "openface": openface_row,
            "feat": feat_row,
        }
        self._convert = convert.get(format)

    def header(self) -> bytes:
        """The first line; empty for JSON lines."""
        return _csv_line(self.columns) if self.columns else b""

    def line(self, record: Record) -> bytes:
        """One record as a line; tables of other tools have no place for an `error`: an empty line of bytes."""
        if self._convert is None:
            return (json.dumps(record) + "\n").encode()
        if "error" in record and self.format != "csv":
            return b""
        values = self._convert(record)
        return _csv_line(["" if (value := values.get(name)) is None else value for name in self.columns])


def video_columns(config: ModelConfig) -> list[str]:
    """Columns of the table of a clip."""
    photo = columns(config)
    return [*FIRST, *(name for name in photo if name not in ("image", "face", "rotated"))]


def completed_clips(path: Path, writer: RecordWriter) -> list[str]:
    """Names of the clips in a file that `append` wrote, in their order; empty if there is no such file.

    Raises:
        VideoOutputError: the file holds something else.
        OSError: it cannot be read.
    """
    if not path.exists() or not path.stat().st_size:
        return []
    names: dict[str, None] = {}
    with path.open("rb") as file:
        if writer.columns and file.readline() != writer.header():
            raise VideoOutputError(f"{path} is not a table of this checkpoint's readings of clips; name another --out")
        try:
            for line in file:
                name = json.loads(line)["video"] if not writer.columns else next(csv.reader([line.decode()]))[0]
                names[str(name)] = None
        except (ValueError, KeyError, IndexError, TypeError, StopIteration):
            raise VideoOutputError(f"{path} holds lines other than readings of clips; name another --out") from None
    return list(names)


def append(part: Path, out: BinaryIO) -> None:
    """Append a clip's own file to the results, and remove it."""
    with part.open("rb") as file:
        shutil.copyfileobj(file, out)
    out.flush()
    part.unlink()


def _flat(record: Mapping[str, Any]) -> dict[str, Any]:
    return flat(record) | {name: record[name] for name in FIRST if name in record}


def _csv_line(values: Sequence[object]) -> bytes:
    text = io.StringIO()
    csv.writer(text).writerow(values)
    return text.getvalue().encode(errors="backslashreplace")

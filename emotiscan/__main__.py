"""Read faces without a browser: `python -m emotiscan PHOTO…`."""

import argparse
import csv
import io
import json
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from emotiscan.images import ImageError
from emotiscan.records import columns, flat, record

if TYPE_CHECKING:
    from emotiscan.analysis import Analyzer, Reading
    from emotiscan.model import FaceModel


def argument_parser() -> argparse.ArgumentParser:
    """The command line."""
    parser = argparse.ArgumentParser(
        prog="python -m emotiscan",
        description="Read emotion and FACS codes of every face in photographs. Writes one line a face.",
        epilog="An image that cannot be read gives a line with an “error”, the rest go on, and the exit status is 1.",
    )
    parser.add_argument(
        "photos", nargs="+", metavar="PHOTO", help="picture files; - reads their paths from standard input"
    )
    parser.add_argument("--cropped", action="store_true", help="each picture already is one face")
    parser.add_argument("--format", choices=("jsonl", "csv"), default="jsonl", help="default: jsonl")
    parser.add_argument("--heatmaps", metavar="DIR", type=Path, help="also write a heat map of each present code there")
    parser.add_argument(
        "--weights", metavar="FILE", type=Path, help="checkpoint to read with (default: the shipped one)"
    )
    return parser


def main(arguments: list[str] | None = None) -> int:
    """Read the photos and print what was read.

    Returns:
        Exit status: 0, 1 if any image could not be read, 2 if nothing can be (no checkpoint).
    """
    parsed = argument_parser().parse_args(arguments)
    sys.stdout.reconfigure(errors="backslashreplace")  # a file's name need not be valid text
    if isinstance(sys.stdin, io.TextIOWrapper):
        sys.stdin.reconfigure(errors="surrogateescape")
    # Imported late, so that --help and a mistyped option answer at once.
    from emotiscan.analysis import Analyzer
    from emotiscan.checkpoint import DEFAULT_WEIGHTS, CheckpointError

    try:
        analyzer = Analyzer(parsed.weights or DEFAULT_WEIGHTS)
    except CheckpointError as error:
        print(f"emotiscan: {error}", file=sys.stderr)
        return 2
    try:
        if parsed.heatmaps:
            parsed.heatmaps.mkdir(parents=True, exist_ok=True)
        return int(_read_all(analyzer, parsed))
    except BrokenPipeError:  # whoever read our output, e.g. `head`, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except OSError as error:
        print(f"emotiscan: heat maps cannot be written: {error}", file=sys.stderr)
        return 2


def _read_all(analyzer: "Analyzer", parsed: argparse.Namespace) -> bool:
    """Read and write every photo; returns whether any could not be read."""
    config = analyzer.card.config
    write = _csv_writer(sys.stdout, config.emotions, config.codes) if parsed.format == "csv" else _write_json
    failed = False
    for place, name in enumerate(_names(parsed.photos, sys.stdin)):
        try:
            analysis = analyzer.analyze(name, cropped=parsed.cropped)
        except ImageError as error:
            failed = True
            write({"image": name, "error": str(error)})
            continue
        for number, reading in enumerate(analysis.readings):
            write(record(name, number, reading))
            if parsed.heatmaps:
                # Numbered, so that photos of the same name in two folders do not overwrite each other.
                _write_heat_maps(parsed.heatmaps / f"{place:04}-{Path(name).stem}-{number}", reading, analyzer.model)
    return failed


def _names(photos: list[str], stdin: TextIO) -> Iterator[str]:
    for photo in photos:
        if photo == "-":
            yield from (line.rstrip("\r\n") for line in stdin if line.strip())
        else:
            yield photo


def _write_json(row: dict) -> None:
    print(json.dumps(row), flush=True)


def _csv_writer(stream: TextIO, emotions: tuple[str, ...], codes: tuple[str, ...]) -> Callable[[dict], None]:
    writer = csv.DictWriter(stream, columns(emotions, codes))
    writer.writeheader()

    def write(row: dict) -> None:
        writer.writerow(flat(row))
        stream.flush()

    return write


def _write_heat_maps(stem: Path, reading: "Reading", model: "FaceModel") -> None:
    from emotiscan.explain import heat_maps, overlay

    for code, heat_map in heat_maps(model, reading.feature_map, reading.present).items():
        overlay(reading.crop, heat_map).save(stem.with_name(f"{stem.name}-{code}.png"))


if __name__ == "__main__":
    sys.exit(main())

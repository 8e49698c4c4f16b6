"""Read faces without a browser: `python -m emotiscan PHOTO…`."""

import argparse
import io
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from emotiscan.batch import Job, Output


def argument_parser() -> argparse.ArgumentParser:
    """The command line."""
    parser = argparse.ArgumentParser(
        prog="python -m emotiscan",
        description="Read emotion and action units of every face in photos. Writes one line a face.",
        epilog="An image that cannot be read gives a line with an “error”, the rest go on, and the exit status is 1. "
        "One without a face gives such a line too.",
    )
    parser.add_argument(
        "photos",
        nargs="+",
        metavar="PHOTO",
        help="picture files, or folders with pictures; - reads their paths from standard input",
    )
    parser.add_argument("--cropped", action="store_true", help="each picture already is one face")
    parser.add_argument("--format", choices=("jsonl", "csv"), default="jsonl", help="default: jsonl")
    parser.add_argument(
        "--heatmaps", metavar="DIR", type=Path, help="also write a heat map of each present action unit there"
    )
    parser.add_argument(
        "--weights", metavar="FILE", type=Path, help="checkpoint to read with (default: the shipped one)"
    )
    parser.add_argument(
        "--out",
        metavar="FILE",
        type=Path,
        help="write the lines there; the same command goes on with what an interrupted one has left",
    )
    parser.add_argument("--workers", metavar="N", type=_count, default=1, help="processes that read (default: 1)")
    parser.add_argument("--ray", action="store_true", help="let a Ray cluster read, with --workers actors")
    return parser


def _count(text: str) -> int:
    if not (text.isdecimal() and int(text) >= 1):
        raise argparse.ArgumentTypeError(f"“{text}” is no whole number from 1 on")
    return int(text)


def main(arguments: list[str] | None = None) -> int:
    """Read the photos and print what was read.

    Returns:
        Exit status: 0, 1 if any image could not be read, 2 if nothing can be (no checkpoint) or nothing more, 130
        when it was interrupted.
    """
    parsed = argument_parser().parse_args(arguments)
    if isinstance(sys.stdin, io.TextIOWrapper):
        sys.stdin.reconfigure(errors="surrogateescape")  # a file's name need not be valid text
    # Imported late, so that --help and a mistyped option answer at once.
    from emotiscan.batch import Job, Output, OutputError, WorkerError
    from emotiscan.model.checkpoint import DEFAULT_WEIGHTS, CheckpointError, load_checkpoint

    job = Job((parsed.weights or DEFAULT_WEIGHTS).absolute(), parsed.cropped, parsed.heatmaps)
    try:
        _, card = load_checkpoint(job.weights)
        vocabulary = card.config.emotions, card.config.action_units
        if parsed.out:
            output = Output.to_file(parsed.out, parsed.format, *vocabulary)
        else:
            output = Output(sys.stdout.buffer, parsed.format, *vocabulary)
        if job.heatmaps:
            job.heatmaps.mkdir(parents=True, exist_ok=True)
        return int(_read_all(job, output, parsed))
    except (CheckpointError, OutputError, WorkerError) as error:
        print(f"emotiscan: {error}", file=sys.stderr)
        return 2
    except BrokenPipeError:  # whoever read our output, e.g. `head`, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except OSError as error:
        print(f"emotiscan: a result cannot be written: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("\nStopped." + (" The same command goes on." if parsed.out else ""), file=sys.stderr)
        return 130


def _read_all(job: "Job", output: "Output", parsed: argparse.Namespace) -> bool:
    """Read and write every photo; returns whether any could not be read."""
    from emotiscan.batch.scorer import NO_FACE

    failed = False
    for _, rows in _scored(job, output, parsed):
        output.write(rows)
        failed |= rows[0].get("error", NO_FACE) != NO_FACE
    return failed


def _scored(job: "Job", output: "Output", parsed: argparse.Namespace) -> Iterator[tuple]:
    from emotiscan.batch import pictures, score

    left = (picture for picture in pictures(parsed.photos, sys.stdin) if picture.name not in output.done)
    if parsed.ray:
        from emotiscan.batch.ray_backend import score_on_ray

        return score_on_ray(left, job, parsed.workers)
    return score(left, job, parsed.workers)


if __name__ == "__main__":
    sys.exit(main())

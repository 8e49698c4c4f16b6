"""Measure how a checkpoint treats different faces, one thing varied at a time."""

import argparse
import json
import logging
import sys
from pathlib import Path

from emotiscan.cli.options import add_machine_options, whole_number
from emotiscan.datasets.table import LabelTable, TableError
from emotiscan.evaluation.fairness.photos import compare_photos
from emotiscan.evaluation.fairness.plots import write_pictures
from emotiscan.evaluation.fairness.rendered_faces import Tools
from emotiscan.evaluation.fairness.report import KIND, compact, measure, print_report
from emotiscan.evaluation.fairness.scenes import ATTRIBUTES
from emotiscan.evaluation.prediction import load_split
from emotiscan.model.checkpoint import DEFAULT_WEIGHTS, CheckpointError, attach_report, load_checkpoint
from emotiscan.rendering import HeadModelError

STOPPED = 130
"""Exit status after Ctrl-C."""


def argument_parser() -> argparse.ArgumentParser:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m emotiscan.evaluation.fairness", description=__doc__)
    parser.add_argument("--weights", type=Path, default=DEFAULT_WEIGHTS, help="default: the shipped checkpoint")
    parser.add_argument("--model", metavar="NPZ", help="the converted ICT-FaceKit (see rendering.convert)")
    parser.add_argument("--faces", type=whole_number(2), default=200, help="rendered persons, 2 or more (default: 200)")
    parser.add_argument(
        "--vary", nargs="+", choices=ATTRIBUTES, default=list(ATTRIBUTES), metavar="NAME",
        help=f"what to vary (default: all): {', '.join(ATTRIBUTES)}",
    )  # fmt: skip
    parser.add_argument("--seed", type=whole_number(0), default=0, help="another seed gives other persons (default: 0)")
    parser.add_argument(
        "--size", type=whole_number(64), default=224, help="side of the pictures, pixels (default: 224)"
    )
    parser.add_argument(
        "--data", action="append", default=[], metavar="KIND:PATH[,…]",
        help="also compare labeled photos, as train.py takes them; may be given several times",
    )  # fmt: skip
    parser.add_argument("--split", help="only this split of the photos (default: all of them)")
    parser.add_argument("--out", type=Path, metavar="DIR", help="write fairness.json and pictures there")
    parser.add_argument("--attach", metavar="NAME", help="write the compact report into the checkpoint, by this name")
    add_machine_options(parser, "draw and read")
    return parser


def main(arguments: list[str] | None = None) -> int:
    """Measure, print, and write what was asked for.

    Returns:
        Exit status: 0, 1 after a mistake, 130 where it was stopped.
    """
    parsed = argument_parser().parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stderr)
    try:
        report = _report(parsed)
        print_report(report)
        if parsed.out:
            parsed.out.mkdir(parents=True, exist_ok=True)
            (parsed.out / "fairness.json").write_text(json.dumps(report, indent=1) + "\n")
            write_pictures(report, parsed.out)
        if parsed.attach:
            attach_report(parsed.weights, parsed.attach, compact(report))
    except (CheckpointError, HeadModelError, TableError, OSError) as error:
        print(f"fairness: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("fairness: stopped", file=sys.stderr)
        return STOPPED
    return 0


def _report(parsed: argparse.Namespace) -> dict:
    if not parsed.model and not parsed.data:
        raise HeadModelError("name the face model with --model to draw faces, or photos with --data, or both")
    tables = {source: load_split(source, parsed.split) for source in parsed.data}
    model, card = load_checkpoint(parsed.weights)
    report: dict = {"kind": KIND, "samples": 0, "subjects": 0, "attributes": {}}
    if parsed.model:
        tools = Tools(parsed.model, str(parsed.weights), parsed.cache, parsed.seed, parsed.size)
        report = measure(tools, card.config, card.calibration, parsed.faces, parsed.vary, parsed.workers)
    if tables:
        report["photographs"] = compare_photos(_named(tables), model, card, parsed.cache, parsed.workers)
    return report


def _named(tables: dict[str, LabelTable]) -> dict[str, LabelTable]:
    """By kind and file name: a report travels, and paths are of the machine that made it."""
    names = [
        f"{kind}:{Path(rest.split(',')[0]).name}" for kind, _, rest in (source.partition(":") for source in tables)
    ]
    twice = {name for name in names if names.count(name) > 1}
    unique = [f"{name} ({place})" if name in twice else name for place, name in enumerate(names, start=1)]
    return dict(zip(unique, tables.values(), strict=True))


if __name__ == "__main__":
    sys.exit(main())

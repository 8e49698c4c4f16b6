"""Measure how a checkpoint treats different faces: `python -m emotiscan.training.fairness --help`.

The renderer draws the same persons with the same expressions again and again, and one thing at a
time is varied: skin tone, age, hair, beard, glasses, pose, light, resolution, compression (see
`fairness_scenes`). The pictures are read as the app reads an uploaded photograph. A face that is not
found is counted as such and left out of the other measures (see `fairness_measures`): the app says
nothing of such a face, so that there is nothing to be right or wrong.

Drawn faces show what one attribute does when nothing else changes, which no collection of photographs
can. They are not photographs: a small gap here does not prove one there.

With `--data`, labelled photographs are split by what can be said of them without guessing at
persons: source, whether the face was found, its size, and the brightness and sharpness of its
picture. Brightness is that of the picture, not of the skin.
"""

import argparse
import dataclasses
import json
import logging
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from emotiscan.calibration import Calibration
from emotiscan.checkpoint import DEFAULT_WEIGHTS, CheckpointError, load_checkpoint, save_checkpoint
from emotiscan.model import ModelConfig
from emotiscan.rendering import CODES, FaceModelError
from emotiscan.training.fairness_measures import MEASURES, compare
from emotiscan.training.fairness_photographs import compare_photographs
from emotiscan.training.fairness_pictures import write_pictures
from emotiscan.training.fairness_reading import BASELINE, Bench, Tools, gather, look_at, truth_of
from emotiscan.training.fairness_scenes import ATTRIBUTES
from emotiscan.training.prediction import load_split
from emotiscan.training.table import LabelTable, TableError

log = logging.getLogger(__name__)

KIND = "fairness"
"""`kind` of the report, by which pages tell it from an evaluation report."""

DECIMALS = 4
"""Of the figures in a compact report."""

STOPPED = 130
"""Exit status after Ctrl-C."""


def measure(
    bench: Bench | Tools,
    config: ModelConfig,
    calibration: Calibration,
    faces: int,
    names: Sequence[str] = tuple(ATTRIBUTES),
    workers: int = 1,
    bootstraps: int = 500,
) -> dict:
    """Draw, read, measure and compare.

    Args:
        bench: what draws and reads, or the files to make that of in each process.
        config, calibration: of the checkpoint that is read with.
        faces: how many base scenes, each another person.
        names: attributes to vary.
        workers: processes, if given `Tools`.
        bootstraps: see `compare`.

    Returns:
        A dict that `json.dumps` takes:

        - `kind`: "fairness"; `samples`: pictures drawn; `subjects`: persons; `codes`: those measured;
          `drawn`: `faces`, `seed` and `size` (pixels) that the pictures depend on.
        - `baseline`: the base scenes as they are: a group as in `compare`, and `eye_distance`.
        - `attributes`: name to `title`, `ordered`, `note`, and the `groups` and `gap` of `compare`.
          Each group also has `eye_distance`, the mean number of pixels between the eyes' centres.

    Raises:
        FaceModelError, CheckpointError: as `look_at`.
    """
    thresholds = {code: calibration.threshold(code) for code in config.codes}
    truth = truth_of(bench.seed, faces, config.emotions, config.codes)
    jobs = [(name, face) for name in (BASELINE, *names) for face in range(faces)]
    looks = look_at(jobs, bench, workers)
    report: dict = {
        "kind": KIND,
        "samples": 0,
        "subjects": faces,
        "codes": [code for code in config.codes if code in CODES],
        "drawn": {"faces": faces, "seed": bench.seed, "size": bench.size},
        "baseline": {},
        "attributes": {},
    }
    for name in (BASELINE, *names):
        readings, distances = gather(name, [next(looks) for _ in range(faces)], truth)
        part = compare(readings, truth, thresholds, bootstraps, bench.seed)
        for group, figures in part["groups"].items():
            report["samples"] += figures["samples"]
            figures["eye_distance"] = None if np.isnan(distances[group]) else round(distances[group], 1)
        if name == BASELINE:
            report["baseline"] = {key: value for key, value in part["groups"][BASELINE].items() if key != "behind"}
        else:
            about = ATTRIBUTES[name]
            report["attributes"][name] = {"title": about.title, "ordered": about.ordered, "note": about.note} | part
        log.info("%s: measured, %d pictures so far", name, report["samples"])
    return report


def compact(report: dict) -> dict:
    """The report as a checkpoint carries it: rounded, and without how far each group lies behind the best."""
    if isinstance(report, dict):
        return {key: compact(value) for key, value in report.items() if key != "behind"}
    return round(report, DECIMALS) if isinstance(report, float) else report


def print_report(report: dict) -> None:
    """For each attribute and measure the worst group beside the best one, and the gap, with 95 % intervals."""
    if report.get("baseline"):
        print(f"{report['subjects']} drawn persons, {report['samples']} pictures. As drawn, with nothing varied:")
        for measure, about in MEASURES.items():
            print(f"  {about.title:18s} {figure_text(report['baseline'][measure])}")
        _print_attributes(report["attributes"])
    photographs = report.get("photographs")
    if photographs:
        print(f"{photographs['samples']} photographs, {photographs['subjects']} persons")
        _print_attributes(photographs["attributes"])
        if not photographs["attributes"]:
            print("  there is nothing by which they differ")
    print("Gaps marked * are larger than chance would make them.")


def _print_attributes(attributes: dict) -> None:
    for about in attributes.values():
        print(f"{about['title']}{' (' + about['note'] + ')' if about['note'] else ''}")
        for measure, gap in about["gap"].items():
            if gap is None:
                continue
            worst, best = (about["groups"][gap[end]][measure] for end in ("worst", "best"))
            if gap["value"] == 0:
                print(f"  {MEASURES[measure].title:18s} {worst['value']:.3f} in every group that is compared")
                continue
            sure = "*" if gap["low"] is not None and gap["low"] > 0 else " "
            print(
                f"  {MEASURES[measure].title:18s} worst {gap['worst']:>13s} {figure_text(worst):22s} "
                f"best {gap['best']:>13s} {figure_text(best):22s} gap {figure_text(gap)} {sure}".rstrip()
            )


def figure_text(figure: dict) -> str:
    """Value and interval, e.g. ``"0.812 [0.790, 0.833]"``."""
    if figure["value"] is None:
        return "–"
    interval = "" if figure["low"] is None else f" [{figure['low']:.3f}, {figure['high']:.3f}]"
    return f"{figure['value']:.3f}{interval}"


def argument_parser() -> argparse.ArgumentParser:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m emotiscan.training.fairness", description=__doc__.split("\n")[0])
    parser.add_argument("--weights", type=Path, default=DEFAULT_WEIGHTS, help="default: the shipped checkpoint")
    parser.add_argument("--model", metavar="NPZ", help="the converted ICT-FaceKit (see rendering.convert)")
    parser.add_argument("--faces", type=_at_least(2), default=200, help="drawn persons, 2 or more (default: 200)")
    parser.add_argument(
        "--vary", nargs="+", choices=ATTRIBUTES, default=list(ATTRIBUTES), metavar="NAME",
        help=f"what to vary (default: all): {', '.join(ATTRIBUTES)}",
    )  # fmt: skip
    parser.add_argument("--seed", type=_at_least(0), default=0, help="another seed gives other persons (default: 0)")
    parser.add_argument("--size", type=_at_least(64), default=224, help="side of the pictures, pixels (default: 224)")
    parser.add_argument(
        "--data", action="append", default=[], metavar="KIND:PATH[,…]",
        help="also compare labelled photographs, as train.py takes them; may be given several times",
    )  # fmt: skip
    parser.add_argument("--split", help="only this split of the photographs (default: all of them)")
    parser.add_argument("--out", type=Path, metavar="DIR", help="write fairness.json and pictures there")
    parser.add_argument("--attach", metavar="NAME", help="write the compact report into the checkpoint, by this name")
    parser.add_argument("--cache", default="cache", metavar="DIR", help="for prepared data (default: cache)")
    parser.add_argument("--workers", type=_at_least(0), default=2, help="processes (default: 2)")
    return parser


def _at_least(least: int) -> Callable[[str], int]:
    def number(text: str) -> int:
        try:
            value = int(text)
        except ValueError:
            value = least - 1
        if value < least:
            raise argparse.ArgumentTypeError(f"“{text}” is no whole number from {least} on")
        return value

    return number


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
            model, card = load_checkpoint(parsed.weights)
            metrics = {**card.metrics, parsed.attach: compact(report)}
            save_checkpoint(parsed.weights, model, dataclasses.replace(card, metrics=metrics))
    except (CheckpointError, FaceModelError, TableError, OSError) as error:
        print(f"fairness: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("fairness: stopped", file=sys.stderr)
        return STOPPED
    return 0


def _report(parsed: argparse.Namespace) -> dict:
    if not parsed.model and not parsed.data:
        raise FaceModelError("name the face model with --model to draw faces, or photographs with --data, or both")
    tables = {source: load_split(source, parsed.split) for source in parsed.data}
    model, card = load_checkpoint(parsed.weights)
    report: dict = {"kind": KIND, "samples": 0, "subjects": 0, "attributes": {}}
    if parsed.model:
        tools = Tools(parsed.model, str(parsed.weights), parsed.cache, parsed.seed, parsed.size)
        report = measure(tools, card.config, card.calibration, parsed.faces, parsed.vary, parsed.workers)
    if tables:
        report["photographs"] = compare_photographs(_named(tables), model, card, parsed.cache, parsed.workers)
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

"""The report on fairness: made, made small, printed."""

import logging
from collections.abc import Sequence

import numpy as np

from emotiscan.evaluation.fairness.metrics import MEASURES, compare
from emotiscan.evaluation.fairness.rendered_faces import BASELINE, Bench, Tools, gather, look_at, truth_of
from emotiscan.evaluation.fairness.scenes import ATTRIBUTES
from emotiscan.evaluation.headline import figure_text
from emotiscan.model.calibration import Calibration
from emotiscan.model.network import ModelConfig
from emotiscan.rendering import AU_NAMES

log = logging.getLogger(__name__)

KIND = "fairness"
"""`kind` of the report, by which pages tell it from an evaluation report."""

DECIMALS = 4
"""Of the figures in a compact report."""


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

        - `kind`: "fairness"; `samples`: pictures drawn; `subjects`: persons; `action_units`: those measured;
          `drawn`: `faces`, `seed` and `size` (pixels) that the pictures depend on.
        - `baseline`: the base scenes as they are: a group as in `compare`, and `eye_distance`.
        - `attributes`: name to `title`, `ordered`, `note`, and the `groups` and `gap` of `compare`.
          Each group also has `eye_distance`, the mean number of pixels between the eyes' centers.

    Raises:
        HeadModelError, CheckpointError: as `look_at`.
    """
    thresholds = {au: calibration.threshold(au) for au in config.action_units}
    truth = truth_of(bench.seed, faces, config.emotions, config.action_units)
    jobs = [(name, face) for name in (BASELINE, *names) for face in range(faces)]
    looks = look_at(jobs, bench, workers)
    report: dict = {
        "kind": KIND,
        "samples": 0,
        "subjects": faces,
        "codes": [au for au in config.action_units if au in AU_NAMES],
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
        print(f"{report['subjects']} rendered persons, {report['samples']} pictures. As drawn, with nothing varied:")
        for measure, about in MEASURES.items():
            print(f"  {about.title:18s} {figure_text(report['baseline'][measure])}")
        _print_attributes(report["attributes"])
    photos = report.get("photographs")
    if photos:
        print(f"{photos['samples']} photos, {photos['subjects']} persons")
        _print_attributes(photos["attributes"])
        if not photos["attributes"]:
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

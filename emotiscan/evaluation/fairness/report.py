"""The fairness report: render faces, predict them and compare groups; likewise for labeled photos."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from emotiscan.datasets.source_files import expand_sources
from emotiscan.datasets.sources import DataSource
from emotiscan.datasets.table import LabelTable
from emotiscan.evaluation.fairness.metrics import compare
from emotiscan.evaluation.fairness.photos import compare_photos
from emotiscan.evaluation.fairness.rendered_faces import (
    BASELINE,
    FaceTester,
    FaceTesterFiles,
    collect_groups,
    run_jobs,
    truth_of,
)
from emotiscan.evaluation.fairness.scenes import ATTRIBUTES
from emotiscan.evaluation.prediction import load_split
from emotiscan.model.calibration import Calibration
from emotiscan.model.checkpoint import load_checkpoint
from emotiscan.model.device import resolve_device
from emotiscan.model.network import ModelConfig
from emotiscan.rendering import AU_NAMES
from emotiscan.reports import AttributeReport, FairnessReport, GroupReport

log = logging.getLogger(__name__)


def fairness_report(
    weights: Path,
    head_model: str | None = None,
    sources: Sequence[str] = (),
    split: str | None = None,
    faces: int = 200,
    attributes: Sequence[str] = tuple(ATTRIBUTES),
    seed: int = 0,
    size: int = 224,
    cache: str = "cache",
    workers: int = 1,
    device: str = "auto",
) -> FairnessReport:
    """Measure a checkpoint on rendered faces, on labeled photos, or on both.

    Args:
        weights: the checkpoint.
        head_model: the converted face model to render with; None: no rendered faces.
        sources: labeled photos, as `expand_sources` takes them.
        split: only this split of the photos.
        faces: rendered subjects.
        attributes: what is varied on rendered faces, keys of `ATTRIBUTES`.
        seed, size: of the rendered images; the size in pixels.
        cache: folder for the renderer's prepared data and the positions of faces.
        workers: processes that render and predict.
        device: see `resolve_device`.

    Raises:
        HeadModelError: the face model cannot be used.
        TableError: a data set cannot be loaded.
        CheckpointError: the checkpoint cannot be used.
        DeviceError: this machine has no such device.
    """
    tables = {source: load_split(source, split) for source in expand_sources(sources)}
    model, card = load_checkpoint(weights)
    report = FairnessReport()
    if head_model:
        tester = FaceTesterFiles(head_model, str(weights), cache, seed, size, device)
        report = measure_fairness(tester, card.config, card.calibration, faces, attributes, workers)
    if tables:
        photos = compare_photos(_named(tables), model.to(resolve_device(device)), card, cache, workers)
        report = replace(report, photos=photos)
    return report


def _named(tables: Mapping[DataSource, LabelTable]) -> dict[str, LabelTable]:
    """Name the tables by kind and file name: a report is shared, and paths belong to the machine that made it."""
    names = [f"{source.kind}:{source.path.name}" for source in tables]
    repeated = {name for name in names if names.count(name) > 1}
    unique = [f"{name} ({place})" if name in repeated else name for place, name in enumerate(names, start=1)]
    return dict(zip(unique, tables.values(), strict=True))


def measure_fairness(
    tester: FaceTester | FaceTesterFiles,
    config: ModelConfig,
    calibration: Calibration,
    faces: int,
    names: Sequence[str] = tuple(ATTRIBUTES),
    workers: int = 1,
    bootstraps: int = 500,
) -> FairnessReport:
    """Vary one attribute of rendered faces at a time, and compare how well each group is predicted.

    Args:
        tester: renders and predicts, or the files from which each process makes its own.
        config, calibration: of the checkpoint.
        faces: number of base scenes, each of another subject.
        names: attributes to vary.
        workers: processes, if given `FaceTesterFiles`.
        bootstraps: see `compare`.

    Raises:
        HeadModelError, CheckpointError: as `run_jobs`.
    """
    thresholds = {au: calibration.threshold(au) for au in config.action_units}
    truth = truth_of(tester.seed, faces, config.emotions, config.action_units)
    jobs = [(name, face) for name in (BASELINE, *names) for face in range(faces)]
    results = run_jobs(jobs, tester, workers)
    samples, baseline, attributes = 0, GroupReport(), {}
    for name in (BASELINE, *names):
        predictions, distances = collect_groups(name, [next(results) for _ in range(faces)], truth)
        part = compare(predictions, truth, thresholds, bootstraps, tester.seed)
        groups = {
            group: replace(report, eye_distance=None if np.isnan(distances[group]) else round(distances[group], 1))
            for group, report in part.groups.items()
        }
        samples += sum(report.samples for report in groups.values())
        if name == BASELINE:
            baseline = replace(groups[BASELINE], behind={})
        else:
            about = ATTRIBUTES[name]
            attributes[name] = AttributeReport(about.title, about.ordered, about.note, groups, part.gap)
        log.info("%s: measured, %d images so far", name, samples)
    return FairnessReport(
        samples=samples,
        subjects=faces,
        action_units=tuple(au for au in config.action_units if au in AU_NAMES),
        rendering={"faces": faces, "seed": tester.seed, "size": tester.size},
        baseline=baseline,
        attributes=attributes,
    )

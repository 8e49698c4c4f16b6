"""Make a checkpoint's heat maps and measure whether they land where action units move the skin.

Rendered faces that come with motion maps say where each action unit moves the skin in that very image; for photos
the action unit's anatomical region in the canonical crop stands in. A map is measured where its action unit is present
(see `evaluation.localization`), and compared with what any map must beat: a blob in the middle of the crop, and the
mean of all maps. Maps of absent action units are compared with the action unit's region.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch.utils.data import DataLoader

from emotiscan.datasets.aligned import align_table
from emotiscan.datasets.face_dataset import FaceDataset
from emotiscan.datasets.table import LabelTable, TableError
from emotiscan.evaluation.bootstrap import Bools
from emotiscan.evaluation.localization import Maps, centered_blob, localization
from emotiscan.explain import DEFAULT_METHOD, METHODS, heat_maps, region_mask
from emotiscan.model.network import FaceModel
from emotiscan.reports import LocalizationMetrics, LocalizationReport

SIDE = 56
"""Side of the maps and target regions that are compared, in cells."""

MIN_MOVEMENT = 0.1
"""Smallest movement at which a place belongs to an action unit's target region, as a share of the largest movement in
the face."""

BATCH = 32
"""Faces whose feature maps are computed at a time."""


@dataclass(frozen=True)
class HeatMapData:
    """Heat maps of n faces and k action units, and where they should land.

    Attributes:
        maps: by method, (n, k, SIDE, SIDE), 0 to 1.
        targets: (n, k, SIDE, SIDE) where each action unit moves the skin.
        present: (n, k) whether the action unit is present and moves visible skin.
        absent: (n, k) whether the action unit is known to be absent.
        subjects: (n,) names.
    """

    maps: Mapping[str, NDArray[np.floating]]
    targets: Bools
    present: Bools
    absent: Bools
    subjects: NDArray[np.str_]


def collect_heat_maps(
    model: FaceModel,
    table: LabelTable,
    cache: str | Path,
    workers: int = 2,
    methods: Sequence[str] = (DEFAULT_METHOD,),
) -> HeatMapData:
    """Make the heat maps of every action unit in every face with at least one present action unit.

    Args:
        model: as `optimize_for_inference` returns it.
        table: labeled faces.
        cache, workers: see `predict_tables`.
        methods: keys of `explain.METHODS`.

    Raises:
        TableError: no action unit is present in any face.
    """
    action_units = model.config.action_units
    shown = (table.frame.reindex(columns=list(action_units)).to_numpy(float) == 1).any(1)
    if not shown.any():
        raise TableError("the table", "no action unit is present in any of its faces")
    data = align_table(table.where(shown), cache, workers)
    dataset = FaceDataset(data.table, data.transforms, model.config, movement=SIDE)
    maps: dict[str, list[NDArray[np.float16]]] = {method: [] for method in methods}
    targets, present, absent = [], [], []
    for feature_map, movement, labels in _faces(model, dataset, workers):
        for method, of_faces in maps.items():
            found = heat_maps(model, feature_map, action_units, method)
            of_faces.append(np.stack([_resized(found[au].values) for au in action_units]).astype(np.float16))
        known: Bools = np.logical_not(np.isnan(movement).any((1, 2)))
        target = known[:, None, None] & (np.nan_to_num(movement) >= MIN_MOVEMENT)
        for k in np.flatnonzero(~known):
            target[k] = _region(action_units[k])
        targets.append(target)
        present.append((labels == 1) & target.any((1, 2)))
        absent.append(labels == 0)
    return HeatMapData(
        {method: np.stack(of_faces) for method, of_faces in maps.items()},
        np.stack(targets),
        np.stack(present),
        np.stack(absent),
        data.table.frame["subject"].to_numpy(str),
    )


def _region(au: str) -> Bools:
    return _resized(region_mask(au).astype(np.float32)) >= 0.5


def _faces(
    model: FaceModel, dataset: FaceDataset, workers: int
) -> Iterator[tuple[torch.Tensor, NDArray[np.float32], NDArray[np.float32]]]:
    """Each face's feature map (1, c, h, w), movement (k, SIDE, SIDE) and labels (k,)."""
    for batch in DataLoader(dataset, BATCH, num_workers=workers):
        with torch.inference_mode():
            feature_maps = model.features(batch["crop"].to(model.device))
        for row in range(len(feature_maps)):
            yield feature_maps[row : row + 1], batch["movement"][row].numpy(), batch["action_units"][row].numpy()


def _resized(values: NDArray[np.float32]) -> NDArray[np.float32]:
    image = Image.fromarray(values)
    return np.asarray(image.resize((SIDE, SIDE), Image.Resampling.BOX))


def localization_report(
    data: HeatMapData, action_units: tuple[str, ...], method: str = DEFAULT_METHOD, bootstraps: int = 500
) -> LocalizationReport:
    """Measure one method's maps, and the baselines that they must beat.

    The baselines are "centered blob", "mean of all maps", "another action unit's map" (each target region with the
    map of the next action unit, which shows whether maps of different action units differ at all) and "absent action
    units": maps of absent action units that show anything, compared with the action unit's region. `absent_empty` and
    `present_empty` are the shares of the maps of absent and of present action units that show nothing.
    """
    maps = np.asarray(data.maps[method], np.float32)

    def measured(maps: Maps, targets: Bools = data.targets, included: Bools = data.present) -> LocalizationReport:
        return localization(action_units, maps, targets, included, data.subjects, bootstraps)

    others = {
        "centered blob": np.broadcast_to(centered_blob(SIDE), maps.shape),
        "mean of all maps": np.broadcast_to(maps.mean((0, 1)), maps.shape),
        "another action unit's map": np.roll(maps, 1, axis=1),
    }
    baselines = {name: measured(other).mean for name, other in others.items()}
    regions = np.broadcast_to(np.stack([_region(au) for au in action_units]), maps.shape)
    shown = data.absent & maps.any((2, 3))
    if shown.any():
        baselines["absent action units"] = measured(maps, regions, shown).mean
    return replace(
        measured(maps),
        method=method,
        baselines={name: mean for name, mean in baselines.items() if mean},
        absent_empty=1 - float(shown.sum() / max(1, data.absent.sum())),
        present_empty=1 - float((data.present & maps.any((2, 3))).sum() / max(1, data.present.sum())),
    )


def localize_heat_maps(
    model: FaceModel,
    table: LabelTable,
    cache: str | Path,
    workers: int = 2,
    method: str = DEFAULT_METHOD,
    compare_on: int = 0,
) -> LocalizationReport:
    """Measure where a model's heat maps of a table's faces land.

    Args:
        model, table, cache, workers: see `collect_heat_maps`.
        method: key of `explain.METHODS`.
        compare_on: number of the table's first faces on which the means of all other methods are measured too; 0 for
            none.

    Raises:
        TableError: no action unit is present in any face.
    """
    action_units = model.config.action_units
    data = collect_heat_maps(model, table, cache, workers, [method])
    report = localization_report(data, action_units, method)
    if not compare_on:
        return report
    methods = [method, *(name for name in METHODS if name != method)]
    data = collect_heat_maps(model, table.where(np.arange(len(table)) < compare_on), cache, workers, methods)
    rest = (data.targets, data.present, data.subjects)
    measured = {name: localization(action_units, data.maps[name], *rest) for name in methods}
    means: dict[str, LocalizationMetrics] = {name: one.mean for name, one in measured.items() if one.mean}
    return replace(report, methods=means, methods_samples=measured[method].samples)

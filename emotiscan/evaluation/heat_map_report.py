"""Measure whether heat maps land on the muscle: `python -m emotiscan.evaluation.heat_map_report --help`.

Rendered faces drawn with --maps tell where each action unit moves the skin in that very picture; for
photos the action unit's anatomical region in the canonical crop stands in. A map is judged where its
action unit is present (see `evaluation.localization`), beside what any map must beat: a blob in the crop's
middle, and the mean of all maps of all faces. Maps of absent action units are held against the action unit's region.
"""

import argparse
import json
import logging
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch.utils.data import DataLoader

from emotiscan.cli.options import add_measuring_options, whole_number
from emotiscan.datasets.alignment import align
from emotiscan.datasets.face_dataset import FaceDataset
from emotiscan.datasets.table import LabelTable, TableError
from emotiscan.evaluation.headline import figure_text
from emotiscan.evaluation.localization import FIGURES, centerd_blob, localization
from emotiscan.evaluation.prediction import load_split
from emotiscan.explain import DEFAULT_METHOD, METHODS, heat_maps, region_mask
from emotiscan.model.checkpoint import CheckpointError, attach_report, load_checkpoint
from emotiscan.model.network import FaceModel

log = logging.getLogger(__name__)

KIND = "localisation"
"""`kind` of the report, by which pages tell it from others."""

SIDE = 56
"""Of the maps and places that are compared, in cells."""

MOVES = 0.1
"""Least movement, as a share of the face's largest by that action unit, of a place where the action unit moves the skin."""

TITLES = {
    "pointing": "peak in place",
    "energy": "energy in place",
    "sides": "even sides",
    "area": "place's share of the crop",
}
"""Heads of the printed columns, by figure."""


@dataclass(frozen=True)
class Judged:
    """Heat maps of faces, and where they should land.

    Attributes:
        maps: of each method (n, k, SIDE, SIDE), 0 to 1.
        places: (n, k, SIDE, SIDE) where each action unit moves the skin.
        present: (n, k) whether the action unit is there, and moves skin that is seen.
        absent: (n, k) whether the action unit is known not to be there.
        subjects: (n,) names.
    """

    maps: Mapping[str, NDArray[np.floating]]
    places: NDArray[np.bool_]
    present: NDArray[np.bool_]
    absent: NDArray[np.bool_]
    subjects: NDArray[np.str_]


def judged_maps(
    model: FaceModel,
    table: LabelTable,
    cache: str | Path,
    workers: int = 2,
    methods: Sequence[str] = (DEFAULT_METHOD,),
) -> Judged:
    """Heat maps of every action unit in every face of a table; faces without a present action unit are left out.

    Args:
        methods: keys of `explain.METHODS`.

    Raises:
        TableError: no action unit is present in any face.
    """
    action_units = model.config.action_units
    shown = (table.frame.reindex(columns=list(action_units)).to_numpy(float) == 1).any(1)
    if not shown.any():
        raise TableError("the table", "no action unit is present in any of its faces")
    table = table.where(shown)
    alignment = align(table, cache, workers)
    table, transforms = table.where(alignment.readable), alignment.transforms[alignment.readable]
    dataset = FaceDataset(table, transforms, model.config, movement=SIDE)
    maps: dict[str, list[NDArray[np.float16]]] = {method: [] for method in methods}
    places, present, absent = [], [], []
    for feature_map, movement, labels in _batches(model, dataset, workers):
        for method, of_faces in maps.items():
            found = heat_maps(model, feature_map, action_units, method)
            of_faces.append(np.stack([_small(found[au].values) for au in action_units]).astype(np.float16))
        known = ~np.isnan(movement).any((1, 2))
        place = np.where(known[:, None, None], movement >= MOVES, False)
        for k in np.flatnonzero(~known):
            place[k] = _region(action_units[k])
        places.append(place)
        present.append((labels == 1) & place.any((1, 2)))
        absent.append(labels == 0)
    return Judged(
        {method: np.stack(of_faces) for method, of_faces in maps.items()},
        np.stack(places),
        np.stack(present),
        np.stack(absent),
        table.frame["subject"].to_numpy(str),
    )


def _region(au: str) -> NDArray[np.bool_]:
    return _small(region_mask(au).astype(np.float32)) >= 0.5


def _batches(
    model: FaceModel, dataset: FaceDataset, workers: int
) -> Iterator[tuple[torch.Tensor, NDArray[np.float32], NDArray[np.float32]]]:
    """Of each face its feature map (1, c, h, w), movement (k, SIDE, SIDE) and labels (k,)."""
    for batch in DataLoader(dataset, 32, num_workers=workers):
        with torch.inference_mode():
            feature_maps = model.features(batch["crop"])
        for row in range(len(feature_maps)):
            yield feature_maps[row : row + 1], batch["movement"][row].numpy(), batch["action_units"][row].numpy()


def _small(values: NDArray[np.float32]) -> NDArray[np.float32]:
    picture = Image.fromarray(values)
    return np.asarray(picture.resize((SIDE, SIDE), Image.Resampling.BOX))


def report_on_maps(
    judged: Judged, action_units: tuple[str, ...], method: str = DEFAULT_METHOD, bootstraps: int = 500
) -> dict:
    """The report of `localization` on one method's maps, and the means of what it is to be held against.

    Returns:
        That of `localization` with `kind`, `method`, and `baselines`: name to the `mean` of `localization`:
        "centerd blob"; "mean of all maps"; "another action unit's map", each place held against the map
        of the next action unit, which tells whether maps of different action units differ at all; and "absent action units",
        maps of action units that are not there, held against the action unit's region, where they show anything:
        `absent_empty` is the share of them that does not.
    """

    maps = np.asarray(judged.maps[method], np.float32)

    def measured(maps: NDArray[np.float32]) -> dict:
        return localization(action_units, maps, judged.places, judged.present, judged.subjects, bootstraps)

    report = {"kind": KIND, "method": method} | measured(maps)
    others = {
        "centerd blob": np.broadcast_to(centerd_blob(SIDE), maps.shape),
        "mean of all maps": np.broadcast_to(maps.mean((0, 1)), maps.shape),
        "another action unit's map": np.roll(maps, 1, axis=1),
    }
    report["baselines"] = {name: measured(other)["mean"] for name, other in others.items()}
    regions = np.broadcast_to(np.stack([_region(au) for au in action_units]), maps.shape)
    shown = judged.absent & maps.any((2, 3))
    if shown.any():
        absent = localization(action_units, maps, regions, shown, judged.subjects, bootstraps)["mean"]
        report["baselines"]["absent action units"] = absent
    report["absent_empty"] = 1 - float(shown.sum() / max(1, judged.absent.sum()))
    return report


def print_report(report: dict) -> None:
    """A line for each action unit, then the mean and the baselines, with 95 % intervals in brackets."""
    print(f"{report['samples']} faces, {report['subjects']} persons")
    figures = [figure for figure in FIGURES if figure in report["mean"]]  # reports of earlier versions lack some
    print(f"{'':20s} {'maps':>5s}  {' '.join(f'{TITLES[figure]:22s}' for figure in figures)}")
    for au, scores in report["codes"].items():
        if scores:
            _print_line(au, str(scores["faces"]), scores)
    for name, scores in {"mean of the action units": report["mean"], **report["baselines"]}.items():
        _print_line(name, "", scores)
    if "absent_empty" in report:  # reports of earlier versions lack it
        print(f"{report['absent_empty']:.1%} of the maps of absent action units show nothing")
    if "methods_samples" in report:
        print(f"methods, on {report['methods_samples']} faces")
    for name, scores in report.get("methods", {}).items():
        _print_line(METHODS[name].title, "", scores)


def _print_line(name: str, faces: str, scores: dict) -> None:
    texts = [f"{figure_text(scores[figure]):22s}" for figure in FIGURES[:-1] if figure in scores]
    print(f"{name:20s} {faces:>5s}  {' '.join(texts)} {scores['area']['value']:.3f}")


def argument_parser() -> argparse.ArgumentParser:
    """The command line."""
    parser = argparse.ArgumentParser(
        prog="python -m emotiscan.evaluation.heat_map_report", description=__doc__.split("\n")[0]
    )
    add_measuring_options(parser)
    parser.add_argument("--method", choices=METHODS, default=DEFAULT_METHOD, help=f"default: {DEFAULT_METHOD}")
    parser.add_argument(
        "--compare",
        type=whole_number(1),
        nargs="?",
        const=sys.maxsize,
        metavar="FACES",
        help="also measure all other methods, their means alone, on so many faces (default: all)",
    )
    parser.add_argument("--untrained", action="store_true", help="sanity check: the same network with random weights")
    parser.add_argument("--out", type=Path, metavar="FILE", help="also write the report there, as JSON")
    return parser


def main(arguments: list[str] | None = None) -> int:
    """Measure, print, and write what was asked for.

    Returns:
        Exit status: 0, or 1 after a mistake.
    """
    parsed = argument_parser().parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stderr)
    try:
        table = load_split(parsed.data, parsed.split)
        model, card = load_checkpoint(parsed.weights)
        if parsed.untrained:
            torch.manual_seed(0)
            model = FaceModel(card.config)
        report = _report(model.optimize_for_inference(), table, parsed)
        report |= {"note": parsed.note} if parsed.note else {}
        print_report(report)
        if parsed.out:
            parsed.out.parent.mkdir(parents=True, exist_ok=True)
            parsed.out.write_text(json.dumps(report, indent=1) + "\n")
        if parsed.attach and not parsed.untrained:
            attach_report(parsed.weights, parsed.attach, report)
    except (TableError, CheckpointError, OSError) as error:
        print(f"localize: {error}", file=sys.stderr)
        return 1
    return 0


def _report(model: FaceModel, table: LabelTable, parsed: argparse.Namespace) -> dict:
    action_units = model.config.action_units
    report = report_on_maps(
        judged_maps(model, table, parsed.cache, parsed.workers, [parsed.method]), action_units, parsed.method
    )
    if parsed.compare:
        methods = [parsed.method, *(name for name in METHODS if name != parsed.method)]
        few = table.where(np.arange(len(table)) < parsed.compare)
        judged = judged_maps(model, few, parsed.cache, parsed.workers, methods)
        rest = (judged.places, judged.present, judged.subjects)
        measured = {name: localization(action_units, judged.maps[name], *rest) for name in methods}
        report["methods"] = {name: of_method["mean"] for name, of_method in measured.items()}
        report["methods_samples"] = measured[parsed.method]["samples"]
    return report


if __name__ == "__main__":
    sys.exit(main())

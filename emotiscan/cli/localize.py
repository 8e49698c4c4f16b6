"""`emotiscan localize`: measure whether heat maps land where the face moves."""

import argparse
import sys
from dataclasses import replace
from pathlib import Path

from emotiscan.cli.main import OK
from emotiscan.cli.options import (
    add_cache,
    add_data,
    add_device,
    add_report,
    add_weights,
    add_workers,
    weights_of,
    whole_number,
)

DESCRIPTION = """\
Measure whether heat maps land where the action units move the skin: against the motion maps of rendered faces
(emotiscan render --maps), or against each action unit's anatomical region in photos."""

METHODS = ("cells", "gradcam", "hirescam", "gradcam++", "layercam", "xgradcam", "eigengradcam")
"""Values of `--method`, the keys of `explain.METHODS`, which would load torch."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    add_data(parser)
    add_weights(parser)
    add_report(parser)
    parser.add_argument("--out", type=Path, metavar="FILE", help="also write the report there, as JSON")
    parser.add_argument("--method", choices=METHODS, default="cells", help="heat map method (default: cells)")
    parser.add_argument(
        "--compare",
        type=whole_number(1),
        nargs="?",
        const=sys.maxsize,
        metavar="FACES",
        help="also measure the means of all other methods, on this many faces (default: all)",
    )
    parser.add_argument("--untrained", action="store_true", help="sanity check: the same network with random weights")
    add_device(parser)
    add_cache(parser)
    add_workers(parser, "find faces and load images")


def run(arguments: argparse.Namespace) -> int:
    """Measure, print the report, and write what was asked for.

    Raises:
        TableError: the data set cannot be loaded, or none of its faces shows an action unit.
        CheckpointError: the checkpoint cannot be used.
        DeviceError: this machine has no such device.
        OSError: the report cannot be written.
    """
    import torch

    from emotiscan.cli.reports import attach, log_progress, write_json
    from emotiscan.evaluation.heat_map_localization import localize_heat_maps
    from emotiscan.evaluation.prediction import load_split
    from emotiscan.evaluation.text import localization_text
    from emotiscan.model.checkpoint import load_checkpoint
    from emotiscan.model.device import resolve_device
    from emotiscan.model.network import FaceModel

    log_progress()
    weights, device = weights_of(arguments), resolve_device(arguments.device)
    table = load_split(arguments.data, arguments.split)
    model, card = load_checkpoint(weights)
    if arguments.untrained:
        torch.manual_seed(0)
        model = FaceModel(card.config)
    report = localize_heat_maps(
        model.to(device).optimize_for_inference(),
        table,
        arguments.cache,
        arguments.workers,
        arguments.method,
        arguments.compare or 0,
    )
    report = replace(report, note=arguments.note)
    print(localization_text(report))
    if arguments.out:
        write_json(report, arguments.out)
    if not arguments.untrained:  # a sanity check says nothing about the checkpoint
        attach(report, weights, arguments.attach)
    return OK

"""`emotiscan fairness`: measure how a checkpoint treats different faces."""

import argparse
from pathlib import Path

from emotiscan.cli.main import OK
from emotiscan.cli.options import (
    UsageError,
    add_cache,
    add_data,
    add_device,
    add_weights,
    add_workers,
    weights_of,
    whole_number,
)

DESCRIPTION = """\
Measure how a checkpoint treats different faces. With --model, rendered faces are varied in one attribute at a time:
skin tone, age, hair, beard, glasses, pose, light, resolution, compression. With --data, labeled photos are compared by
source, face size, brightness and sharpness."""

ATTRIBUTES = (
    *("skin_tone", "age", "habits", "hair", "beard", "glasses", "yaw", "pitch", "light", "resolution", "jpeg"),
)
"""Values of `--vary`, the keys of `scenes.ATTRIBUTES`, which would load the renderer."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    add_weights(parser)
    parser.add_argument("--model", metavar="NPZ", help="the converted ICT-FaceKit, to render faces with")
    add_data(parser, several=True, required=False)
    parser.add_argument("--split", help="only this split of the photos (default: all of them)")
    parser.add_argument(
        "--vary",
        nargs="+",
        choices=ATTRIBUTES,
        default=list(ATTRIBUTES),
        metavar="NAME",
        help=f"attributes to vary (default: all): {', '.join(ATTRIBUTES)}",
    )
    parser.add_argument(
        "--faces", type=whole_number(2), default=200, metavar="N", help="rendered subjects (default: 200)"
    )
    parser.add_argument(
        "--seed", type=whole_number(0), default=0, metavar="N", help="another seed gives other subjects (default: 0)"
    )
    parser.add_argument(
        "--size",
        type=whole_number(64),
        default=224,
        metavar="PIXELS",
        help="side of the rendered images (default: 224)",
    )
    parser.add_argument("--out", type=Path, metavar="DIR", help="also write fairness.json and plots to this folder")
    parser.add_argument(
        "--attach", metavar="NAME", help="also store the compact report in the checkpoint, under this name"
    )
    add_device(parser)
    add_cache(parser)
    add_workers(parser, "render and predict")


def run(arguments: argparse.Namespace) -> int:
    """Measure, print the report, and write what was asked for.

    Raises:
        UsageError: neither a face model nor photos are given.
        HeadModelError: the face model cannot be used.
        TableError: a data set cannot be loaded.
        CheckpointError: the checkpoint cannot be used.
        DeviceError: this machine has no such device.
        OSError: a file cannot be written.
    """
    from emotiscan.cli.reports import attach, log_progress, write_json
    from emotiscan.evaluation.fairness.report import fairness_report
    from emotiscan.evaluation.plots.fairness import write_fairness_plots
    from emotiscan.evaluation.text import fairness_text

    if not arguments.model and not arguments.data:
        raise UsageError("give a face model with --model to render faces, or photos with --data, or both")
    log_progress()
    weights = weights_of(arguments)
    report = fairness_report(
        weights,
        head_model=arguments.model,
        sources=arguments.data or (),
        split=arguments.split,
        faces=arguments.faces,
        attributes=arguments.vary,
        seed=arguments.seed,
        size=arguments.size,
        cache=arguments.cache,
        workers=arguments.workers,
        device=arguments.device,
    )
    print(fairness_text(report))
    if arguments.out:
        write_json(report, arguments.out / "fairness.json")
        write_fairness_plots(report, arguments.out)
    attach(report.compact(), weights, arguments.attach)
    return OK

"""`emotiscan calibrate`: recalibrate a checkpoint's probabilities."""

import argparse
from pathlib import Path

from emotiscan import facs
from emotiscan.cli.main import OK
from emotiscan.cli.options import add_cache, add_data, add_device, add_workers

DESCRIPTION = """\
Recalibrate a checkpoint's probabilities on labeled faces that it was not trained on. The weights stay as they are.
Reports in the checkpoint were made with the old calibration; they are replaced by one of these faces."""

SPLITS = ("train", "validation", "test", "all")
"""Values of `--split`: those of `datasets.table`, which would load pandas, and all rows."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("--weights", required=True, type=Path, metavar="FILE", help="checkpoint to calibrate")
    add_data(parser, several=True)
    parser.add_argument(
        "--split",
        choices=SPLITS,
        default="validation",
        help="rows to fit to, which the network must not have been trained on (default: validation); a data set "
        "without splits is taken whole",
    )
    parser.add_argument(
        "--leave",
        nargs="+",
        default=[],
        choices=facs.AU_NAMES,
        metavar="AU",
        help="action units whose calibration stays, e.g. because it was fitted to better labels before; their labels "
        "here are ignored",
    )
    parser.add_argument(
        "--flip-tta",
        action=argparse.BooleanOptionalAction,
        help="from now on average each prediction over the face and its mirror image: slightly more accurate, at "
        "twice the network's time (default: as before)",
    )
    parser.add_argument(
        "--biases",
        action="store_true",
        help="also fit a bias for each of the eight expressions, which changes how often it wins",
    )
    parser.add_argument("--mirrored", dest="flip_tta", action=argparse.BooleanOptionalAction, help=argparse.SUPPRESS)
    parser.add_argument(
        "--out",
        required=True,
        type=Path,
        metavar="FILE",
        help="checkpoint to write; give the same name as to --weights to replace it",
    )
    add_device(parser)
    add_cache(parser)
    add_workers(parser, "find faces and load images")


def run(arguments: argparse.Namespace) -> int:
    """Fit, write the checkpoint, and print the metrics before and after.

    Raises:
        TableError: a data set cannot be loaded, or there is nothing to fit to.
        CheckpointError: the checkpoint cannot be used, or `--out` is another name of it.
        DeviceError: this machine has no such device.
        OSError: the checkpoint cannot be written.
    """
    from emotiscan.cli.reports import log_progress
    from emotiscan.evaluation.recalibration import recalibrate
    from emotiscan.evaluation.text import recalibration_text

    log_progress()
    result = recalibrate(
        arguments.weights,
        arguments.out,
        arguments.data,
        arguments.split,
        arguments.leave,
        arguments.flip_tta,
        arguments.cache,
        arguments.workers,
        arguments.device,
        arguments.biases,
    )
    print(recalibration_text(result))
    return OK

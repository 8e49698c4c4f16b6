"""`emotiscan evaluate`: measure a checkpoint on labeled faces."""

import argparse
from dataclasses import replace
from pathlib import Path

from emotiscan.cli.main import OK
from emotiscan.cli.options import add_cache, add_data, add_device, add_report, add_weights, add_workers, weights_of

DESCRIPTION = """\
Measure a checkpoint on labeled faces: accuracy, F1, AUC and calibration error, each with its 95% interval from a
bootstrap over subjects. With --attach the report is stored in the checkpoint, and the app's Model page shows it."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    add_data(parser)
    add_weights(parser)
    add_report(parser)
    parser.add_argument("--out", type=Path, metavar="DIR", help="also write report.json and plots to this folder")
    parser.add_argument(
        "--masking", action="store_true", help="also find action units that are predicted worse beside another one"
    )
    parser.add_argument("--hiding", dest="masking", action="store_true", help=argparse.SUPPRESS)
    add_device(parser)
    add_cache(parser)
    add_workers(parser, "find faces and load images")


def run(arguments: argparse.Namespace) -> int:
    """Evaluate, print the report, and write what was asked for.

    Raises:
        TableError: the data set cannot be loaded.
        CheckpointError: the checkpoint cannot be used.
        DeviceError: this machine has no such device.
        OSError: a file cannot be written.
    """
    from emotiscan.cli.reports import attach, log_progress, write_json
    from emotiscan.evaluation.plots import write_plots
    from emotiscan.evaluation.prediction import evaluate_table, load_split
    from emotiscan.evaluation.text import evaluation_text

    log_progress()
    weights = weights_of(arguments)
    table = load_split(arguments.data, arguments.split)
    report = evaluate_table(table, weights, arguments.cache, arguments.workers, arguments.masking, arguments.device)
    report = replace(report, note=arguments.note)
    print(evaluation_text(report))
    if arguments.out:
        write_json(report, arguments.out / "report.json")
        write_plots(report, arguments.out, table)
    attach(report, weights, arguments.attach)
    return OK

"""`emotiscan evaluate`: measure a checkpoint on labeled faces."""

import argparse
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from emotiscan.cli.main import OK
from emotiscan.cli.options import (
    UsageError,
    add_cache,
    add_data,
    add_device,
    add_report,
    add_weights,
    add_workers,
    weights_of,
    whole_number,
)

if TYPE_CHECKING:
    from emotiscan.analysis import Analyzer
    from emotiscan.datasets.table import LabelTable
    from emotiscan.reports import EvaluationReport, PairReport, PeerReport, QualityReport, ScaleReport

    Measured = EvaluationReport | QualityReport | ScaleReport | PairReport | PeerReport

DESCRIPTION = """\
Measure a checkpoint on labeled faces: accuracy, F1, AUC and calibration error, each with its 95% interval from a
bootstrap over subjects; and, where the checkpoint and the labels have them, expressions, intensities, sides and pose.
With --attach the report is stored in the checkpoint, and the app's Model page shows it.

--quality, --scale-consistency, --pairs, --even and --against each make another report in its place."""

PEERS = ("mediapipe", "fer", "face-api")
"""Values of `--against`: the keys of `evaluation.peers.PEERS`, which would load numpy and pandas."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    add_data(parser, required=False)
    add_weights(parser)
    add_report(parser)
    parser.add_argument("--out", type=Path, metavar="DIR", help="also write report.json and plots to this folder")
    parser.add_argument(
        "--masking", action="store_true", help="also find action units that are predicted worse beside another one"
    )
    parser.add_argument("--hiding", dest="masking", action="store_true", help=argparse.SUPPRESS)
    _add_other_reports(parser)
    add_device(parser)
    parser.add_argument(
        "--engine",
        choices=("torch", "openvino"),
        help="what runs the network on the CPU, to compare both (default: torch)",
    )
    add_cache(parser)
    add_workers(parser, "find faces and load images")


def _add_other_reports(parser: argparse.ArgumentParser) -> None:
    other = parser.add_argument_group("other reports")
    kind = other.add_mutually_exclusive_group()
    kind.add_argument(
        "--quality",
        action="store_true",
        help="read whole photos, as they are and spoiled, and measure which quality problems are named",
    )
    kind.add_argument(
        "--scale-consistency",
        action="store_true",
        help="read each photo at two sizes, and measure how much the probabilities change",
    )
    kind.add_argument(
        "--pairs",
        type=Path,
        metavar="CSV",
        help="pairs of photos (first, second, unit, stronger): how often the stronger movement is told",
    )
    kind.add_argument(
        "--even",
        type=Path,
        metavar="CSV",
        help="photos of even movements (image, unit, even): how often both sides are called present",
    )
    kind.add_argument("--against", choices=PEERS, help="compare with another program on the same photos")
    other.add_argument(
        "--face-sizes",
        nargs=2,
        type=whole_number(8),
        metavar="PX",
        help="with --scale-consistency: sides of the face's box, in pixels (default: 200 40)",
    )
    other.add_argument(
        "--images", type=Path, metavar="DIR", help="with --pairs and --even: folder or zip file of the photos"
    )
    other.add_argument("--peer-model", type=Path, metavar="FILE", help="with --against mediapipe: face_landmarker.task")
    other.add_argument(
        "--peer-python", metavar="PYTHON", help="with --against: interpreter that has the peer (default: this one)"
    )
    other.add_argument(
        "--peer-node", type=Path, metavar="DIR", help="with --against face-api: folder that holds its node_modules"
    )
    other.add_argument(
        "--tight",
        action="store_true",
        help="with --against: each photo is one tightly framed face, as in FER+; fer and face-api need not look for it",
    )


def run(arguments: argparse.Namespace) -> int:
    """Evaluate, print the report, and write what was asked for.

    Raises:
        UsageError: an option is missing, or belongs to another report.
        TableError: the data set cannot be loaded.
        CheckpointError: the checkpoint cannot be used.
        DeviceError: this machine has no such device.
        PeerError: the peer is not installed.
        EngineError: the engine cannot be used.
        OSError: a file cannot be written.
    """
    from emotiscan.cli.reports import attach, log_progress, write_json
    from emotiscan.evaluation.plots import write_plots
    from emotiscan.evaluation.prediction import load_split
    from emotiscan.evaluation.text import text_of
    from emotiscan.reports import EvaluationReport

    check_options(arguments)
    log_progress()
    weights = weights_of(arguments)
    table = load_split(arguments.data, arguments.split) if arguments.data else None
    if arguments.even:
        from emotiscan.evaluation.even_movements import even_table

        table = even_table(arguments.even, arguments.images)
    report = replace(_measured(arguments, weights, table), note=arguments.note)
    print(text_of(report))
    if arguments.out:
        write_json(report, arguments.out / "report.json")
        if isinstance(report, EvaluationReport):
            write_plots(report, arguments.out, table)
    attach(report, weights, arguments.attach)
    return OK


def check_options(arguments: argparse.Namespace) -> None:
    """Check that the options fit each other: an option without effect would be ignored silently.

    Raises:
        UsageError: they do not.
    """
    listed = "--pairs" if arguments.pairs else "--even" if arguments.even else ""
    if not listed and not arguments.data:
        raise UsageError("give a data set with --data, or photos with --pairs or --even")
    if listed and arguments.data:
        raise UsageError(f"{listed} names its own photos; leave --data out, and give their folder with --images")
    if listed and not arguments.images:
        raise UsageError(f"{listed} needs --images: the folder or zip file of the photos")
    belongs = {
        "face_sizes": ("--face-sizes", "--scale-consistency", arguments.scale_consistency),
        "images": ("--images", "--pairs and --even", listed),
        "peer_model": ("--peer-model", "--against mediapipe", arguments.against == "mediapipe"),
        "peer_python": ("--peer-python", "--against mediapipe or fer", arguments.against in ("mediapipe", "fer")),
        "peer_node": ("--peer-node", "--against face-api", arguments.against == "face-api"),
        "tight": ("--tight", "--against", arguments.against),
        "engine": ("--engine", "a report on this checkpoint alone", not arguments.against),
        "masking": ("--masking", "the report on labels", not _other_report(arguments)),
    }
    for name, (option, owner, is_used) in belongs.items():
        if getattr(arguments, name) and not is_used:
            raise UsageError(f"{option} belongs to {owner}; leave it out here")
    if listed and arguments.split:
        raise UsageError(f"--split belongs to --data; leave it out with {listed}")


def _other_report(arguments: argparse.Namespace) -> bool:
    return bool(arguments.quality or arguments.scale_consistency or arguments.pairs or arguments.against)


def _measured(arguments: argparse.Namespace, weights: Path, table: "LabelTable | None") -> "Measured":
    """The report that was asked for; without a table, on pairs of photos."""
    if table is None:
        from emotiscan.evaluation.intensity_pairs import pair_report, read_pairs

        pairs = read_pairs(arguments.pairs)
        return pair_report(_analyzer(arguments, weights), pairs, arguments.images)
    if arguments.against:
        from emotiscan.evaluation.peers import PeerOptions
        from emotiscan.evaluation.peers.checkpoint import compare_checkpoint

        options = PeerOptions(arguments.peer_python, arguments.peer_model, arguments.peer_node)
        where = (arguments.cache, arguments.workers, arguments.device)
        return compare_checkpoint(arguments.against, options, table, weights, arguments.tight, *where)
    if arguments.quality:
        from emotiscan.evaluation.quality_report import quality_report

        return quality_report(_analyzer(arguments, weights), table)
    if arguments.scale_consistency:
        from emotiscan.evaluation.scale_consistency import LARGE, SMALL, scale_report

        large, small = arguments.face_sizes or (LARGE, SMALL)
        if large <= small:
            raise UsageError(f"--face-sizes {large} {small}: write the larger one first")
        return scale_report(_analyzer(arguments, weights), table, large, small)
    from emotiscan.evaluation.prediction import evaluate_table

    return evaluate_table(
        table,
        weights,
        arguments.cache,
        arguments.workers,
        arguments.masking,
        arguments.device,
        arguments.engine or "torch",
    )


def _analyzer(arguments: argparse.Namespace, weights: Path) -> "Analyzer":
    from emotiscan.analysis import Analyzer

    return Analyzer(weights, arguments.device, arguments.engine or "torch")

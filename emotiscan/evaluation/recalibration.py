"""Calibrate a checkpoint anew on labeled pictures: `python -m emotiscan.evaluation.recalibration --help`.

The weights stay as they are; the temperature, slopes, offsets and thresholds (see
`emotiscan.model.calibration`) are fitted to faces that the network did not learn from. Whether it reads
each face mirrored as well can be set here, too, as the calibration hangs on it. Reports that the
checkpoint carries were made with its old calibration: they give way to one of these faces.
"""

import argparse
import dataclasses
import logging
import sys
from pathlib import Path

from emotiscan import facs
from emotiscan.cli.options import add_machine_options
from emotiscan.datasets.table import SPLITS, TableError
from emotiscan.evaluation import headline
from emotiscan.evaluation.calibration_fit import calibrate
from emotiscan.evaluation.prediction import load_split, predict_tables, report_on
from emotiscan.model.calibration import Calibration
from emotiscan.model.checkpoint import CheckpointError, load_checkpoint, save_checkpoint

ALL = "all"
REPORT = "calibration"
"""Name of the report in the checkpoint."""


def argument_parser() -> argparse.ArgumentParser:
    """The command line."""
    parser = argparse.ArgumentParser(
        prog="python -m emotiscan.evaluation.recalibration", description=__doc__.split("\n")[0]
    )
    parser.add_argument("--weights", required=True, type=Path, metavar="IN", help="checkpoint to calibrate")
    parser.add_argument(
        "--data",
        required=True,
        action="append",
        metavar="KIND:PATH[,…]",
        help="a data set, as train.py takes it; of several given, each counts as much as another",
    )
    parser.add_argument(
        "--split",
        choices=(*SPLITS, ALL),
        default="validation",
        help="the rows to fit on, which the network must not have learnt from (default: validation); a data set "
        "without splits is taken whole",
    )
    parser.add_argument(
        "--leave",
        nargs="+",
        default=[],
        choices=facs.AU_NAMES,
        metavar="CODE",
        help="action units that stay as they are, e.g. calibrated on better labels before; what this data says of them is "
        "passed over",
    )
    parser.add_argument(
        "--flip-tta",
        "--mirrored",
        action=argparse.BooleanOptionalAction,
        default=None,
        help="read each face twice from now on, as it is and mirrored, and take the mean: a little better, at twice "
        "the network's time (default: as before)",
    )
    parser.add_argument(
        "--out", required=True, type=Path, metavar="OUT", help="checkpoint to write; name IN again to replace it"
    )
    add_machine_options(parser, "find faces")
    return parser


def main(arguments: list[str] | None = None) -> int:
    """Fit, print the calibration errors before and after, and write the checkpoint.

    Returns:
        Exit status: 0, or 1 after a mistake.
    """
    parsed = argument_parser().parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stderr)
    try:
        model, card = load_checkpoint(parsed.weights)
        if parsed.out != parsed.weights and parsed.out.exists() and parsed.out.samefile(parsed.weights):
            raise CheckpointError(f"--out {parsed.out} is the checkpoint itself; write it as --weights to replace it")
        if parsed.flip_tta is not None:
            model.config = dataclasses.replace(card.config, flip_tta=parsed.flip_tta)
            card = dataclasses.replace(card, config=model.config)
        split = None if parsed.split == ALL else parsed.split
        tables = [
            load_split(source, split, whole_if_undivided=True).without_labels(parsed.leave) for source in parsed.data
        ]
        predictions = predict_tables(model, tables, parsed.cache, parsed.workers)
        calibration = calibrate(predictions, card.config, card.calibration)
        before, after = (report_on(predictions, card.config, c) for c in (card.calibration, calibration))
        if not after["emotion"] and not after["codes_mean"]:
            raise TableError(
                ", ".join(parsed.data), "it has no agreed emotion and no action unit both present and absent"
            )
        fitted_on = {"data": predictions.table.frame["source"].value_counts().to_dict(), "split": parsed.split}
        fitted_on |= {"left": parsed.leave} if parsed.leave else {}
        calibrated = dataclasses.replace(
            card,
            calibration=calibration,
            training={**card.training, "calibration": fitted_on},
            metrics={REPORT: after},
        )
        save_checkpoint(parsed.out, model, calibrated)
    except (TableError, CheckpointError, OSError) as error:
        print(f"calibrate: {error}", file=sys.stderr)
        return 1
    _print(before, after, calibration)
    dropped = sorted(set(card.metrics) - {REPORT})
    if dropped:
        print(
            f"left out, as the old calibration made them: {', '.join(dropped)}; "
            "make them anew with python -m emotiscan.evaluation.checkpoint_report --attach"
        )
    return 0


def _print(before: dict, after: dict, calibration: Calibration) -> None:
    print(f"{after['samples']} pictures; temperature {calibration.temperature:.3f}")
    print(f"{'':27s}before  after")
    old = headline(before)
    for name, figure in headline(after).items():
        was = f"{old[name]['value']:.3f}" if name in old else "–"  # e.g. accuracy, where nobody was clear
        print(f"{name:26s} {was:>6s} {figure['value']:6.3f}")
    for au, scores in (after["codes"] or {}).items():
        if scores["known"]:
            slope, offset = calibration.slopes.get(au, 1.0), calibration.offsets.get(au, 0.0)
            errors = f"{before['codes'][au]['ece']['value']:6.3f} {scores['ece']['value']:6.3f}"
            fitted = f"slope {slope:.2f}, offset {offset:+.2f}, threshold {calibration.threshold(au):.2f}"
            print(f"{au + ' calibration error':26s} {errors}   {fitted}")


if __name__ == "__main__":
    sys.exit(main())

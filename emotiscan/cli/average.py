"""`emotiscan average`: average the weights of several checkpoints."""

import argparse
from pathlib import Path

from emotiscan.cli.main import OK

DESCRIPTION = """\
Average the weights of two or more checkpoints of the same architecture.

If one was fine-tuned from the other, or both from a third, the average often does well wherever one of them does, at
the cost of one network (Wortsman et al., "Model soups", ICML 2022). It has no calibration and no reports: run
`emotiscan calibrate` and `emotiscan evaluate` on it."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of `emotiscan average`."""
    parser.add_argument("checkpoints", nargs="+", type=Path, metavar="CHECKPOINT", help="checkpoint files")
    parser.add_argument("--out", type=Path, required=True, metavar="FILE", help="checkpoint to write")
    parser.add_argument(
        "--shares",
        nargs="+",
        type=float,
        metavar="SHARE",
        help="weight of each checkpoint in the average; only their proportions matter (default: equal)",
    )
    parser.add_argument(
        "--head",
        choices=("action-units", "emotions"),
        help="average only this head; everything else is taken from the first checkpoint",
    )


def run(arguments: argparse.Namespace) -> int:
    """Average the checkpoints and write the result.

    Raises:
        CheckpointError, AveragingError, OSError: there is nothing to average, or it cannot be written.
    """
    from emotiscan.training.averaging import average

    average(arguments.checkpoints, arguments.out, arguments.shares, arguments.head)
    return OK

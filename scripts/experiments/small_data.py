"""The course projects' own systems against ours, on a set as small as theirs.

    python -m emotiscan.rendering.posed --model ict_facekit.npz --out posed
    python -m emotiscan.rendering --model ict_facekit.npz --out rendered --count 9000 --maps
    python -m scripts.small_data --posed posed --rendered rendered --out runs/small-data

Their data (CK+) is licensed. So the set is the posed one that our renderer makes with their size, persons and label
balance, split by person as theirs was (80 % train, the rest 55 to 45), and the frozen backbones are first trained on
rendered faces (`course_projects`). Every system sees the same five splits.
The figures of every single run are written to a CSV file, the table (Markdown) beside it. Runs that are in the file are
not done again: stop it and start it whenever you like.
"""

import argparse
import json
import sys
from collections.abc import Mapping
from pathlib import Path

from emotiscan.cli.options import whole_number
from emotiscan.reports import EvaluationReport
from scripts.experiments import course_projects
from scripts.experiments.runs import Figures, RunFailed, all_trained, parallel_options

SYSTEMS: dict[str, tuple[str, ...]] = {
    **course_projects.SYSTEMS,
    "our network from random weights": (
        *("--init", "none", "--lr", "0.001"),
        *("--stride", "16", "--local-action-units"),
    ),
    "ours: the shipped checkpoint, fine-tuned": ("--init", "shipped"),
}
"""Options of each system; the rest (`COMMON`) is the same for all."""

COMMON = ("--batch", "16", "--patience", "8", "--split", "published")


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--posed", required=True, help="folder of `python -m emotiscan.rendering.posed`")
    parser.add_argument("--rendered", required=True, help="folder of `python -m emotiscan.rendering`")
    parser.add_argument("--seeds", type=int, default=5, help="splits (default: 5)")
    parser.add_argument("--epochs", type=int, default=25, help="at most so many (default: 25)")
    parser.add_argument("--size", type=int, default=96, help="side of the crops (default: 96)")
    parser.add_argument("--out", type=Path, required=True, help="folder for the runs")
    parser.add_argument("--figures", type=Path, help="CSV file of the figures (default: small-data.csv in that folder)")
    parser.add_argument("--jobs", type=whole_number(1), default=1, help="runs at a time (default: 1)")
    parser.add_argument("--cache", default="cache", help="where found faces are kept (default: cache)")
    options = parser.parse_args()
    kept = Figures(options.figures or options.out / "small-data.csv", "system", list(SYSTEMS))
    runs = {
        options.out / f"system{number}-{seed}": (system, seed)
        for seed in range(options.seeds)
        for number, system in enumerate(SYSTEMS)
        if (system, seed) not in kept
    }
    try:
        starts = course_projects.starts(options.rendered, options.out, options.cache, options.jobs)
        told = {run: _told(*of, starts, options) for run, of in runs.items()}
        for run in all_trained(told, options.jobs):
            kept.add(*runs[run], _figures(run))
    except RunFailed:
        return 1
    return 0


def _told(system: str, seed: int, starts: Mapping[str, str], options: argparse.Namespace) -> list[str]:
    """train.py's options for a system's run."""
    told = ["--data", f"ckplus-course:{options.posed}", *COMMON, "--cache", options.cache]
    told += ["--sizes", f"{options.size}:{options.epochs}", "--seed", str(seed), *parallel_options(options.jobs)]
    return told + [option.format(**starts) for option in SYSTEMS[system]]


def _figures(run: Path) -> dict[str, float]:
    report = EvaluationReport.from_dict(json.loads((run / "report.json").read_text())["test"])
    names = ("emotion accuracy", "emotion macro F1", "action units' mean F1", "action units' mean AUC")
    headline = report.headline()
    return {name: metric.value for name in names if (metric := headline[name]).value is not None}


if __name__ == "__main__":
    sys.exit(main())

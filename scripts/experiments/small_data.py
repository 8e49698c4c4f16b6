"""The course projects' systems against ours, on a data set as small as theirs.

    emotiscan render --model ict_facekit.npz --out posed --posed
    emotiscan render --model ict_facekit.npz --out rendered --count 9000 --maps
    python -m scripts.experiments.small_data --posed posed --rendered rendered --out runs/small-data

Their data (CK+) is licensed, so the data set is a posed one from our renderer with the same size, subjects and label
balance. It is split by subject as theirs was (80% train, the rest 55 to 45), and the frozen backbones are first
trained on rendered faces (`course_projects`). Every system sees the same five splits.
The results of each run are written to a CSV file, with a Markdown table beside it. Runs that are in the file are not
repeated, so the program can be interrupted at any time.
"""

import argparse
import json
import sys
from collections.abc import Mapping
from pathlib import Path

from emotiscan.cli.options import whole_number
from emotiscan.reports import EvaluationReport
from scripts.experiments import course_projects
from scripts.experiments.runs import ResultsTable, RunFailed, parallel_options, train_runs

SYSTEMS: dict[str, tuple[str, ...]] = {
    **course_projects.SYSTEMS,
    "our network from random weights": (
        *("--init", "none", "--lr", "0.001"),
        *("--stride", "16", "--local-action-units"),
    ),
    "ours: the shipped checkpoint, fine-tuned": ("--init", "shipped"),
}
"""Options of each system; `COMMON` and the data are the same for all."""

COMMON = ("--batch", "16", "--patience", "8", "--split", "published")


def main() -> int:
    """Run the experiment; return 1 if a training run failed."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--posed", required=True, help="folder of the posed set")
    parser.add_argument("--rendered", required=True, help="folder of rendered faces with motion maps")
    parser.add_argument("--seeds", type=int, default=5, help="number of splits (default: 5)")
    parser.add_argument("--epochs", type=int, default=25, help="maximum number of epochs (default: 25)")
    parser.add_argument("--size", type=int, default=96, help="side of the crops in pixels (default: 96)")
    parser.add_argument("--out", type=Path, required=True, help="folder for the runs")
    parser.add_argument(
        "--results", type=Path, help="CSV file of results (default: small-data.csv in the --out folder)"
    )
    parser.add_argument("--jobs", type=whole_number(1), default=1, help="simultaneous runs (default: 1)")
    parser.add_argument("--cache", default="cache", help="folder that keeps where faces were found (default: cache)")
    options = parser.parse_args()
    results = ResultsTable(options.results or options.out / "small-data.csv", "system", list(SYSTEMS))
    runs = {
        options.out / f"system{number}-{seed}": (system, seed)
        for seed in range(options.seeds)
        for number, system in enumerate(SYSTEMS)
        if (system, seed) not in results
    }
    try:
        backbones = course_projects.pretrain_backbones(options.rendered, options.out, options.cache, options.jobs)
        train_options = {run: _train_options(*key, backbones, options) for run, key in runs.items()}
        for run in train_runs(train_options, options.jobs):
            results.add(*runs[run], _metrics(run))
    except RunFailed:
        return 1
    return 0


def _train_options(system: str, seed: int, backbones: Mapping[str, str], options: argparse.Namespace) -> list[str]:
    """Return the training options of a system's run."""
    arguments = ["--data", f"ckplus-course:{options.posed}", *COMMON, "--cache", options.cache]
    arguments += ["--sizes", f"{options.size}:{options.epochs}", "--seed", str(seed), *parallel_options(options.jobs)]
    return arguments + [option.format(**backbones) for option in SYSTEMS[system]]


def _metrics(run: Path) -> dict[str, float]:
    report = EvaluationReport.from_dict(json.loads((run / "report.json").read_text())["test"])
    names = ("emotion accuracy", "emotion macro F1", "action units' mean F1", "action units' mean AUC")
    headline = report.headline()
    return {name: metric.value for name in names if (metric := headline[name]).value is not None}


if __name__ == "__main__":
    sys.exit(main())

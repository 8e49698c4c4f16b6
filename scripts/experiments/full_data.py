"""The course projects' networks against the shipped checkpoint, on the data that it was trained on.

    python -m scripts.experiments.full_data --ferplus ferplus:ferplus.zip,codes=ferplus.csv \
        --lfw csv:LFW,codes=lfw.csv,without=au_validation.csv --rendered rendered \
        --photos csv:au_validation.csv,images=LFW --out runs/full-data

The backbones of the projects are first trained on rendered faces and then frozen (`course_projects`). `small_data`
does the same, and its backbones are reused if `--out` is the same folder. The dense layers are trained on all three
sources, and all networks are evaluated on the same validation splits. This does not compare architectures: the frozen
networks train for minutes, while all layers of the shipped checkpoint were trained for hours.
The results are written to a CSV file, with a Markdown table beside it. Runs that are in the file are not repeated.
"""

import argparse
import sys
from pathlib import Path

from emotiscan.model.checkpoint import DEFAULT_WEIGHTS
from scripts.experiments import course_projects
from scripts.experiments.runs import CHECKPOINT, ResultsTable, RunFailed, evaluate_checkpoint, train_run

OURS = "ours: the shipped checkpoint"

COMMON = ("--batch", "64", "--patience", "99")


def main() -> int:
    """Run the experiment; return 1 if a training run failed."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    for name in ("ferplus", "lfw", "photos"):
        parser.add_argument(f"--{name}", required=True, help="data source, as for `emotiscan train --data`")
    parser.add_argument("--rendered", required=True, help="folder of rendered faces with motion maps")
    parser.add_argument("--share", type=float, default=0.5, help="share of each source in an epoch (default: 0.5)")
    parser.add_argument("--epochs", type=int, default=4, help="epochs of the dense layers (default: 4)")
    parser.add_argument("--size", type=int, default=96, help="side of the crops in pixels (default: 96)")
    parser.add_argument("--out", type=Path, required=True, help="folder for the runs")
    parser.add_argument("--results", type=Path, help="CSV file of results (default: full-data.csv in the --out folder)")
    parser.add_argument("--cache", default="cache", help="folder that keeps where faces were found (default: cache)")
    options = parser.parse_args()
    rendered = f"rendered:{options.rendered}"
    results = ResultsTable(options.results or options.out / "full-data.csv", "system", [*course_projects.SYSTEMS, OURS])
    common = [*COMMON, "--sizes", f"{options.size}:{options.epochs}", "--cache", options.cache]
    for source in (options.ferplus, options.lfw, rendered):
        common += ["--data", f"{source},share={options.share}"]
    try:
        for number, (system, own) in enumerate(course_projects.SYSTEMS.items()):
            if (system, 0) in results:
                continue
            backbones = course_projects.pretrain_backbones(options.rendered, options.out, options.cache)
            run = train_run(options.out / f"full{number}", [*common, *(option.format(**backbones) for option in own)])
            results.add(system, 0, _evaluate(run / CHECKPOINT, options, rendered))
    except RunFailed:
        return 1
    if (OURS, 0) not in results:
        results.add(OURS, 0, _evaluate(DEFAULT_WEIGHTS, options, rendered))
    return 0


def _evaluate(checkpoint: Path, options: argparse.Namespace, rendered: str) -> dict[str, float]:
    return evaluate_checkpoint(checkpoint, options.ferplus, rendered, options.photos, options.cache)


if __name__ == "__main__":
    sys.exit(main())

"""The course projects' own networks against the shipped checkpoint, on the data that it learnt from.

    python -m scripts.full_data --ferplus ferplus:ferplus.zip,codes=ferplus.csv \
        --lfw csv:LFW,codes=lfw.csv,without=au_validation.csv --rendered rendered \
        --photos csv:au_validation.csv,images=LFW --out runs/full-data

Their backbones are first trained on rendered faces and then frozen (`course_projects`), as in `small_data.py`, whose
runs of them are taken where `--out` is the same folder; the dense layers learn from all three sources. All are read on
the same validation parts. This is no race of architectures: the frozen ones learn for minutes, the shipped checkpoint
learnt for hours, all of it.
The figures are written to a CSV file, the table (Markdown) beside it. Runs that are in the file are not done again.
"""

import argparse
import sys
from pathlib import Path

from emotiscan.model.checkpoint import DEFAULT_WEIGHTS
from scripts.experiments import course_projects
from scripts.experiments.runs import CHECKPOINT, Figures, RunFailed, reached, trained

OURS = "ours: the shipped checkpoint"

COMMON = ("--batch", "64", "--patience", "99")


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    for name in ("ferplus", "lfw", "photos"):
        parser.add_argument(f"--{name}", required=True, help="a data source, as train.py's --data takes it")
    parser.add_argument("--rendered", required=True, help="folder of `python -m emotiscan.rendering --maps`")
    parser.add_argument("--share", type=float, default=0.5, help="of each source in an epoch (default: 0.5)")
    parser.add_argument("--epochs", type=int, default=4, help="of the dense layers (default: 4)")
    parser.add_argument("--size", type=int, default=96, help="side of the crops (default: 96)")
    parser.add_argument("--out", type=Path, required=True, help="folder for the runs")
    parser.add_argument("--figures", type=Path, help="CSV file of the figures (default: full-data.csv in that folder)")
    parser.add_argument("--cache", default="cache", help="where found faces are kept (default: cache)")
    options = parser.parse_args()
    rendered = f"rendered:{options.rendered}"
    kept = Figures(options.figures or options.out / "full-data.csv", "system", [*course_projects.SYSTEMS, OURS])
    told = [*COMMON, "--sizes", f"{options.size}:{options.epochs}", "--cache", options.cache]
    for source in (options.ferplus, options.lfw, rendered):
        told += ["--data", f"{source},share={options.share}"]
    try:
        for number, (system, own) in enumerate(course_projects.SYSTEMS.items()):
            if (system, 0) in kept:
                continue
            starts = course_projects.starts(options.rendered, options.out, options.cache)
            run = trained(options.out / f"full{number}", [*told, *(option.format(**starts) for option in own)])
            kept.add(system, 0, _reached(run / CHECKPOINT, options, rendered))
    except RunFailed:
        return 1
    if (OURS, 0) not in kept:
        kept.add(OURS, 0, _reached(DEFAULT_WEIGHTS, options, rendered))
    return 0


def _reached(checkpoint: Path, options: argparse.Namespace, rendered: str) -> dict[str, float]:
    return reached(checkpoint, options.ferplus, rendered, options.photos, options.cache)


if __name__ == "__main__":
    sys.exit(main())

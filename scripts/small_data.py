"""The course projects' own systems against ours, on a set as small as theirs.

    python -m emotiscan.rendering.posed --model ict_facekit.npz --out posed
    python -m emotiscan.rendering --model ict_facekit.npz --out rendered --count 9000 --maps
    python scripts/small_data.py --posed posed --rendered rendered --out runs/small-data

Their data (CK+) is licensed, and their start (ImageNet weights) cannot be had everywhere. So the set is the posed one
that our renderer makes with their size, persons and label balance, split by person as theirs was (80 % train, the rest
55 to 45), and the frozen backbones are first trained on rendered faces, here. Every system sees the same five splits.
The figures of every single run are written to a CSV file, the table (Markdown) beside it. Runs that are in the file are
not done again: stop it and start it whenever you like.
"""

import argparse
import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path

from runs import Figures, RunFailed, all_trained, trained

from emotiscan.training.options import whole_number

PRETRAINING = ("--init", "none", "--sizes", "64:6", "--l2", "0.05", "--balance", "0", "--patience", "99")
"""Options with which the frozen backbones learn from rendered faces."""

BACKBONES = {
    "vgg16_bn": ("--batch", "64"),
    "densenet201": ("--batch", "32", "--stride", "16", "--local-codes", "--map-loss", "0.2"),
}
"""The course projects' backbones, and how each learns from rendered faces.

Without ImageNet's weights the plain VGG16 does not start to learn in that time (codes' AUC 0.51 after two epochs of
7 200 faces at a learning rate of 0.0002, 0.57 after four at 0.001); its variant with batch norm takes its place.
DenseNet201 starts only where it is also told the places in which the codes move the skin (codes' AUC 0.51 after three
epochs without).
"""

SYSTEMS: dict[str, tuple[str, ...]] = {
    "VGG16 (with batch norm), frozen, dense layers with L1, L2, batch norm and dropout": (
        *("--init", "{vgg16_bn}", "--unfreeze", "0", "--hidden", "256", "--dropout", "0.5"),
        *("--l1", "0.00001", "--l2", "0.01", "--lr", "0.001", "--schedule", "plateau"),
    ),
    "DenseNet201, frozen, dense layers with dropout, class weights": (
        *("--init", "{densenet201}", "--unfreeze", "0", "--no-local-codes"),
        *("--dropout", "0.5", "--balance", "1", "--schedule", "plateau"),
    ),
    "our network from random weights": (
        *("--init", "none", "--lr", "0.001"),
        *("--stride", "16", "--local-codes"),
    ),
    "ours: the shipped checkpoint, fine-tuned": ("--init", "shipped"),
}
"""Options of each system; the rest is the same for all."""

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
        starts = {name: str(_pretrained(name, options)) for name in BACKBONES}
        for run in all_trained({run: _told(*of, starts, options) for run, of in runs.items()}, options.jobs):
            kept.add(*runs[run], _figures(run))
    except RunFailed:
        return 1
    return 0


def _told(system: str, seed: int, starts: Mapping[str, str], options: argparse.Namespace) -> list[str]:
    """train.py's options for a system's run."""
    told = ["--data", f"ckplus-course:{options.posed}", *COMMON, "--cache", options.cache]
    told += ["--sizes", f"{options.size}:{options.epochs}", "--seed", str(seed)]
    if options.jobs > 1:  # the runs share the processor's cores
        told += ["--workers", "1", "--threads", str(max(1, (os.cpu_count() or 1) // options.jobs))]
    return told + [option.format(**starts) for option in SYSTEMS[system]]


def _pretrained(backbone: str, options: argparse.Namespace) -> Path:
    told = ["--data", f"rendered:{options.rendered}", "--backbone", backbone, *PRETRAINING, *BACKBONES[backbone]]
    return trained(options.out / f"{backbone}-rendered", [*told, "--cache", options.cache])


def _figures(run: Path) -> dict[str, float]:
    report = json.loads((run / "report.json").read_text())["test"]
    return {
        "emotion accuracy": report["emotion"]["accuracy"]["value"],
        "emotion macro F1": report["emotion"]["macro_f1"]["value"],
        "codes' mean F1": report["codes_mean"]["f1"]["value"],
        "codes' mean AUC": report["codes_mean"]["auc"]["value"],
    }


if __name__ == "__main__":
    sys.exit(main())

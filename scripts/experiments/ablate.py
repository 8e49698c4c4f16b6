"""Ablation of the training recipe: small networks, with each part left out or changed in turn, over several seeds.

    python -m scripts.experiments.ablate --ferplus ferplus:ferplus.zip,codes=ferplus.csv \
        --lfw csv:LFW,codes=lfw.csv,without=au_validation.csv --rendered rendered:rendered \
        --photos csv:au_validation.csv,images=LFW --out runs/ablation

Every variant trains our small residual network from random weights on the same number of 64 px crops (`COMMON`), once
per seed, and is evaluated on the FER+ validation split, the rendered validation subjects, and AI-annotated photos. The
shipped DenseNet201 would take far longer, and might rank the variants differently.
The results of each run are written to a CSV file, with a Markdown table beside it. Runs that are in the file are not
repeated, so the program can be interrupted at any time.
"""

import argparse
import sys
from collections.abc import Mapping
from pathlib import Path

from emotiscan.cli.options import whole_number
from emotiscan.datasets.loaders import load_source
from emotiscan.training.data_module import split_table
from emotiscan.training.settings import TrainingSettings
from scripts.experiments.runs import CHECKPOINT, ResultsTable, RunFailed, evaluate_checkpoint, train_runs

COMMON = (
    *("--init", "none", "--backbone", "residual", "--sizes", "64:4", "--batch", "64", "--lr", "0.003"),
    *("--l2", "0.05", "--balance", "0", "--ema", "0.98", "--patience", "99", "--stride", "16"),
    *("--local-action-units", "--map-loss", "0.1", "--region-loss", "0.05", "--au-loss", "2"),
    *("--augment", "low_resolution=0.25", "--augment", "noise=0.02"),
    *("--workers", "1", "--threads", "1"),  # images are loaded in another process than the training
)
"""Options of every run; a variant's own options follow and override them."""

FACES = 10_000
"""Training faces per epoch, so that variants differ in what their sources teach, not in how much data they see."""

ALL_SOURCES = {"ferplus": 0.45, "lfw": 0.05, "rendered": 0.5}

VARIANTS: dict[str, tuple[dict[str, float], tuple[str, ...]]] = {
    "the recipe": (ALL_SOURCES, ()),
    "without movement maps": (ALL_SOURCES, ("--map-loss", "0")),
    "without regions on photos": (ALL_SOURCES, ("--region-loss", "0")),
    "action units read in the whole face": (
        ALL_SOURCES,
        ("--no-local-action-units", "--map-loss", "0", "--region-loss", "0"),
    ),
    "twins in different batches": (ALL_SOURCES, ("--no-pairs",)),
    "without rendered faces": ({"ferplus": 0.9, "lfw": 0.1}, ()),
    "without LFW": ({"ferplus": 0.5, "rendered": 0.5}, ()),
    "rendered faces alone": ({"rendered": 1.0}, ()),
    "rendered faces teach action units only": ({"ferplus": 0.45, "lfw": 0.05, "rendered,learn=action_units": 0.5}, ()),
    "photos teach emotions only": (
        {"ferplus,learn=emotions": 0.45, "lfw,learn=emotions": 0.05, "rendered": 0.5},
        (),
    ),
    "each half of the face by itself": (ALL_SOURCES, ("--side-loss", "0.3")),
    "no averaged weights": (ALL_SOURCES, ("--ema", "0")),
    "label smoothing": (ALL_SOURCES, ("--label-smoothing", "0.1")),
    "crops that grow": (ALL_SOURCES, ("--sizes", "48:2,64:2")),
    "stride 32": (ALL_SOURCES, ("--stride", "32")),
    "no loss of resolution": (
        ALL_SOURCES,
        ("--augment", "low_resolution=0", "--augment", "blur=0", "--augment", "noise=0"),
    ),
}
"""Share of each source in an epoch, and further options."""


def main() -> int:
    """Run the experiment; return 1 if a training run failed."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    for name in ("ferplus", "lfw", "rendered", "photos"):
        parser.add_argument(f"--{name}", required=True, help="data source, as for `emotiscan train --data`")
    parser.add_argument("--seeds", type=int, default=3, help="runs per variant (default: 3)")
    parser.add_argument("--only", nargs="*", choices=VARIANTS, help="run only these variants")
    parser.add_argument("--out", type=Path, required=True, help="folder for the runs")
    parser.add_argument("--results", type=Path, help="CSV file of results (default: ablation.csv in the --out folder)")
    parser.add_argument("--jobs", type=whole_number(1), default=1, help="simultaneous runs (default: 1)")
    parser.add_argument("--cache", default="cache", help="folder that keeps where faces were found (default: cache)")
    parser.add_argument("--compile", action="store_true", help="as for `emotiscan train`")
    options = parser.parse_args()
    sources = {name: getattr(options, name) for name in ("ferplus", "lfw", "rendered")}
    counts = {name: training_faces(source, options.out) for name, source in sources.items()}
    results = ResultsTable(options.results or options.out / "ablation.csv", "variant", list(VARIANTS))
    runs = {
        options.out / f"{variant.replace(' ', '-').replace(',', '')}-{seed}": (variant, seed)
        for seed in range(options.seeds)
        for variant in options.only or VARIANTS
        if (variant, seed) not in results
    }
    try:
        train_options = {run: _train_options(*key, sources, counts, options) for run, key in runs.items()}
        for run in train_runs(train_options, options.jobs):
            metrics = evaluate_checkpoint(
                run / CHECKPOINT, options.ferplus, options.rendered, options.photos, options.cache
            )
            results.add(*runs[run], metrics)
    except RunFailed:
        return 1
    return 0


def _train_options(
    variant: str, seed: int, sources: Mapping[str, str], counts: Mapping[str, int], options: argparse.Namespace
) -> list[str]:
    """Return the training options of a variant's run."""
    shares, changes = VARIANTS[variant]
    arguments = [*COMMON, *changes, "--seed", str(seed), "--cache", options.cache]
    for key, share in shares.items():
        name, _, learn = key.partition(",")
        fraction = f"share={share * FACES / counts[name]:.5f}"
        arguments += ["--data", ",".join(filter(None, (sources[name], fraction, learn)))]
    return arguments + (["--compile"] if options.compile else [])


def training_faces(source: str, out: Path) -> int:
    """Return the number of faces of a data source that are in the training split."""
    return len(split_table(load_source(source), TrainingSettings(data=(source,), out=str(out))).part("train"))


if __name__ == "__main__":
    sys.exit(main())

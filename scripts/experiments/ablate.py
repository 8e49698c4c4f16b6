"""What each part of the recipe brings: small networks, each part left out or changed in turn, over several seeds.

    python -m scripts.ablate --ferplus ferplus:ferplus.zip,codes=ferplus.csv \
        --lfw csv:LFW,codes=lfw.csv,without=au_validation.csv --rendered rendered:rendered \
        --photos csv:au_validation.csv,images=LFW --out runs/ablation

Every variant trains our small residual network from random weights on the same number of 64 px crops (`COMMON`), once a
seed, and is then read on the FER+ validation part, the rendered validation persons, and photos AI-annotated. The
shipped DenseNet201 would take far longer, and need not rank the variants alike.
The figures of every single run are written to a CSV file, the table (Markdown) beside it. Runs that are in the file are
not done again: stop it and start it whenever you like.
"""

import argparse
import sys
from collections.abc import Mapping
from pathlib import Path

from emotiscan.cli.options import whole_number
from emotiscan.datasets.loaders import load_source
from emotiscan.training.data_module import split_table
from emotiscan.training.settings import TrainingSettings
from scripts.experiments.runs import CHECKPOINT, Figures, RunFailed, all_trained, reached

COMMON = (
    *("--init", "none", "--backbone", "residual", "--sizes", "64:4", "--batch", "64", "--lr", "0.003"),
    *("--l2", "0.05", "--balance", "0", "--ema", "0.98", "--patience", "99", "--stride", "16"),
    *("--local-action-units", "--map-loss", "0.1", "--region-loss", "0.05", "--au-loss", "2"),
    *("--augment", "low_resolution=0.25", "--augment", "noise=0.02"),
    *("--workers", "1", "--threads", "1"),  # pictures are loaded beside the learning
)
"""Options of every run; a variant's own come after them and win."""

FACES = 10_000
"""Training faces in an epoch, whatever the sources: what differs is what they teach, not how many there are."""

ALL = {"ferplus": 0.45, "lfw": 0.05, "rendered": 0.5}

VARIANTS: dict[str, tuple[dict[str, float], tuple[str, ...]]] = {
    "the recipe": (ALL, ()),
    "without movement maps": (ALL, ("--map-loss", "0")),
    "without regions on photos": (ALL, ("--region-loss", "0")),
    "action units read in the whole face": (ALL, ("--no-local-action-units", "--map-loss", "0", "--region-loss", "0")),
    "twins in different batches": (ALL, ("--no-pairs",)),
    "without rendered faces": ({"ferplus": 0.9, "lfw": 0.1}, ()),
    "without LFW": ({"ferplus": 0.5, "rendered": 0.5}, ()),
    "rendered faces alone": ({"rendered": 1.0}, ()),
    "rendered faces teach action units only": ({"ferplus": 0.45, "lfw": 0.05, "rendered,learn=codes": 0.5}, ()),
    "photos teach emotions only": (
        {"ferplus,learn=emotions": 0.45, "lfw,learn=emotions": 0.05, "rendered": 0.5},
        (),
    ),
    "each half of the face by itself": (ALL, ("--side-loss", "0.3")),
    "no averaged weights": (ALL, ("--ema", "0")),
    "label smoothing": (ALL, ("--label-smoothing", "0.1")),
    "crops that grow": (ALL, ("--sizes", "48:2,64:2")),
    "stride 32": (ALL, ("--stride", "32")),
    "no loss of resolution": (
        ALL,
        ("--augment", "low_resolution=0", "--augment", "blur=0", "--augment", "noise=0"),
    ),
}
"""Share of each source in an epoch, and further options."""


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    for name in ("ferplus", "lfw", "rendered", "photos"):
        parser.add_argument(f"--{name}", required=True, help="a data source, as train.py's --data takes it")
    parser.add_argument("--seeds", type=int, default=3, help="runs of each variant (default: 3)")
    parser.add_argument("--only", nargs="*", choices=VARIANTS, help="these variants alone")
    parser.add_argument("--out", type=Path, required=True, help="folder for the runs")
    parser.add_argument("--figures", type=Path, help="CSV file of the figures (default: ablation.csv in that folder)")
    parser.add_argument("--jobs", type=whole_number(1), default=1, help="runs at a time (default: 1)")
    parser.add_argument("--cache", default="cache", help="where found faces are kept (default: cache)")
    parser.add_argument("--compile", action="store_true", help="as train.py's")
    options = parser.parse_args()
    sources = {name: getattr(options, name) for name in ("ferplus", "lfw", "rendered")}
    counts = {name: training_faces(source, options.out) for name, source in sources.items()}
    kept = Figures(options.figures or options.out / "ablation.csv", "variant", list(VARIANTS))
    runs = {
        options.out / f"{variant.replace(' ', '-').replace(',', '')}-{seed}": (variant, seed)
        for seed in range(options.seeds)
        for variant in options.only or VARIANTS
        if (variant, seed) not in kept
    }
    try:
        for run in all_trained({run: _told(*of, sources, counts, options) for run, of in runs.items()}, options.jobs):
            found = reached(run / CHECKPOINT, options.ferplus, options.rendered, options.photos, options.cache)
            kept.add(*runs[run], found)
    except RunFailed:
        return 1
    return 0


def _told(
    variant: str, seed: int, sources: Mapping[str, str], counts: Mapping[str, int], options: argparse.Namespace
) -> list[str]:
    """train.py's options for a variant's run."""
    shares, changes = VARIANTS[variant]
    told = [*COMMON, *changes, "--seed", str(seed), "--cache", options.cache]
    for key, share in shares.items():
        name, _, learn = key.partition(",")
        taken = f"share={share * FACES / counts[name]:.5f}"
        told += ["--data", ",".join(filter(None, (sources[name], taken, learn)))]
    return told + (["--compile"] if options.compile else [])


def training_faces(source: str, out: Path) -> int:
    """How many faces of a data set train.py trains on."""
    return len(split_table(load_source(source), TrainingSettings(data=(source,), out=str(out))).part("train"))


if __name__ == "__main__":
    sys.exit(main())

"""From a run's checkpoint to the shipped one: calibrate it, measure it, and write its reports and its model card.

    python -m scripts.release --weights runs/…/emotiscan.safetensors --ferplus ferplus:ferplus.zip \
        --coded csv:weights/codes/lfw-held-out.csv,images=LFW \
        --photos csv:au_validation.csv,images=LFW --people csv:LFW,only=au_validation.csv \
        --rendered rendered:rendered --held-out rendered:held-out --model ict_facekit.npz

Every figure of weights/README.md comes from these steps, in this order; `--only` does some of them again. Nothing is
learnt here but the calibration.
"""

import argparse
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

from emotiscan.evaluation import checkpoint_report as evaluate
from emotiscan.evaluation import heat_map_report as localize
from emotiscan.evaluation import recalibration as calibrate
from emotiscan.evaluation.fairness import __main__ as fairness
from emotiscan.model.checkpoint import DEFAULT_WEIGHTS, load_checkpoint, save_checkpoint

ROOT = Path(__file__).resolve().parents[1]

NOTES = {
    "validation": "FER+ validation part: faces on which at least five of ten annotators agree. The temperature of the "
    "emotions was chosen on these faces, so their calibration flatters a little.",
    "coded": "Photos from the web (LFW), AI-annotated as the other 108 were. The last five runs left them out, "
    "the one before but for its first epoch, which took up emotions of many and action units of a few. Slopes, offsets and "
    "thresholds were chosen on them, so calibration and F1 flatter; the AUC does not hang on these. AU26 and AU27 were "
    "coded together.",
    "photographs": "108 photos from the web (LFW), AI-annotated, conservatively: 1 clearly present, 0 clearly "
    "absent, doubtful ones left out. AU26 and AU27 were coded together. Nothing was fitted to them.",
    "people": "Photos from the web (LFW) of the persons who are seen in the 108 that were AI-annotated, all "
    "of whom were left out of training; each has one student's label, and many are doubtful.",
    "rendered": "Faces drawn by the project's renderer, of persons that were not trained or calibrated on; their action units "
    "are exact.",
    "acted": "Those of the rendered faces that act an expression, with action units that go together in people.",
    "random": "Those of the rendered faces whose action units were combined at random, as no person combines them.",
    "places": "Faces drawn by the project's renderer, of persons that were not trained or calibrated on.",
    "photo-places": "The 108 photos whose action units were AI-annotated; held against each action unit's anatomical region, by "
    "which training on other photos also taught where an action unit can show.",
}
"""What is said of each table beside its figures."""

Step = tuple[str, Callable[[list[str]], int], list[str]]
"""A name, a program, and what it is told."""


def steps(options: argparse.Namespace) -> Iterator[Step]:
    """All of them, in their order."""
    weights, report = ["--weights", str(options.out)], ROOT / "weights" / "report"

    def measuring(name: str, data: str, out: Path, *more: str) -> list[str]:
        told = ["--data", data, "--attach", name, "--note", NOTES[name], "--out", str(out), *more]
        return [*told, *weights, "--cache", options.cache]

    # Drawn faces know all action units, photos AI-annotated most of them: fitted to both at once, an action unit's threshold
    # suits both, save AU24's, which too few of these photos show. FER+ knows the emotions alone.
    first = ["--flip-tta"] if options.flip_tta else []
    yield "calibrate", _calibrate, [*first, *_calibrating(options.weights, options.rendered, options)]
    both = ["--leave", "AU24", "--data", options.coded, *_calibrating(options.out, options.rendered, options)]
    yield "calibrate-codes", _calibrate, both
    yield "calibrate-emotions", _calibrate, _calibrating(options.out, options.ferplus, options)
    for name, data, split in (
        ("validation", options.ferplus, ["--split", "validation"]),
        ("coded", options.coded, []),
        ("photographs", options.photos, []),
        ("people", options.people, []),
        ("rendered", options.held_out, ["--masking"]),
        ("acted", f"{options.held_out},faces=acted", []),
        ("random", f"{options.held_out},faces=random", []),
    ):
        yield name, evaluate.main, measuring(name, data, report / name, *split)
    for name, data, more in (("places", options.held_out, ["200"]), ("photo-places", options.photos, [])):
        yield name, localize.main, measuring(name, data, report / name / "report.json", "--compare", *more)
    told = ["--model", str(options.model), "--faces", str(options.persons), "--attach", "fairness"]
    yield "fairness", fairness.main, [*told, "--out", str(report / "fairness"), *weights, "--cache", options.cache]
    yield "card", _write_card, weights


def _calibrating(weights: Path, data: str, options: argparse.Namespace) -> list[str]:
    return ["--weights", str(weights), "--data", data, "--cache", options.cache, "--out", str(options.out)]


def _calibrate(told: list[str]) -> int:
    status = calibrate.main(told)
    if status == 0:  # its own report mixes the tables that are measured one by one below
        out = Path(told[-1])
        model, card = load_checkpoint(out)
        save_checkpoint(out, model, replace(card, metrics={}))
    return status


def _write_card(told: list[str]) -> int:
    return subprocess.run([sys.executable, str(ROOT / "scripts" / "model_card.py"), *told], check=False).returncode


def main() -> int:
    """The command line; the exit status is that of the first step that fails."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--weights", type=Path, required=True, help="a run's checkpoint")
    parser.add_argument("--out", type=Path, default=DEFAULT_WEIGHTS, help="default: the shipped checkpoint's place")
    for name in ("ferplus", "coded", "photos", "people", "rendered", "held-out"):
        parser.add_argument(f"--{name}", required=True, help="a data set, as train.py's --data takes it")
    parser.add_argument("--model", type=Path, required=True, help="the converted ICT-FaceKit (see `emotiscan render --help`)")
    parser.add_argument("--flip-tta", action="store_true", help="each face is to be read mirrored as well")
    parser.add_argument("--persons", type=int, default=60, help="drawn for the fairness report (default: 60)")
    parser.add_argument("--cache", default="cache", help="where found faces are kept (default: cache)")
    parser.add_argument("--only", nargs="*", metavar="STEP", help=f"only these steps: {', '.join(NOTES)}, …")
    options = parser.parse_args()
    for name, program, told in steps(options):
        if options.only and name not in options.only:
            continue
        print(f"\n== {name}", flush=True)
        status = program(told)
        if status:
            return status
    return 0


if __name__ == "__main__":
    sys.exit(main())

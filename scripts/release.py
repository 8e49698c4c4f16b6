"""Turn a run's checkpoint into the shipped one: calibrate it, measure it, write its reports and its model card.

    python -m scripts.release --weights runs/…/emotiscan.safetensors --ferplus ferplus:ferplus.zip \
        --coded csv:weights/codes/lfw-held-out.csv,images=LFW \
        --photos csv:au_validation.csv,images=LFW --people csv:LFW,only=au_validation.csv \
        --rendered rendered:rendered --held-out rendered:held-out --model ict_facekit.npz \
        --lfw LFW --large-faces rendered:large --clear-faces rendered:clear

Every number in weights/README.md comes from these steps, in this order; `--only` repeats some of them. Nothing is
trained here; only the calibration is fitted.
"""

import argparse
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

from emotiscan import runtime
from emotiscan.cli.main import main as emotiscan
from emotiscan.resources import WEIGHTS as DEFAULT_WEIGHTS

ROOT = Path(__file__).resolve().parents[1]

NOTES = {
    "validation": "FER+ validation part: faces on which at least five of ten annotators agree. The temperature of the "
    "emotions was fitted to these faces, so their calibration error is a little optimistic. The action units of 274 of "
    "them are AI-annotated by a vision-language model; nothing was fitted to these.",
    "coded": "Photos from the web (LFW), AI-annotated by a vision-language model as the other 108 were. The last seven "
    "runs left them out, and the one before except in its first epoch, which took emotions from many and action units "
    "from a few. Slopes, offsets and thresholds were fitted to them, so calibration error and F1 are optimistic; the "
    "AUC does not depend on these. AU26 and AU27 were annotated together.",
    "photographs": "108 photos from the web (LFW), AI-annotated conservatively by a vision-language model: 1 clearly "
    "present, 0 clearly absent, doubtful ones left out. AU26 and AU27 were annotated together. Nothing was fitted to "
    "them.",
    "people": "Photos from the web (LFW) of the people in the 108 AI-annotated photos, all of whom were left out of "
    "training; each photo has one student's label, and many labels are doubtful.",
    "rendered": "Synthetic faces, rendered by this project, of subjects that were not used for training or "
    "calibration; their action units are exact.",
    "clear": "Synthetic faces like the others, but with nothing in front of them, sharp and well exposed.",
    "acted": "Those of the rendered faces that act an expression, with action units that occur together in people.",
    "random": "Those of the rendered faces whose action units were combined at random, as nobody combines them.",
    "places": "Synthetic faces, rendered by this project, of subjects that were not used for training or calibration.",
    "photo-places": "The 108 photos with AI-annotated action units, compared with each action unit's anatomical "
    "region; training on other photos also used these regions to teach where an action unit can show.",
    "even": "Photos of even smiles (LFW), AI-annotated by a vision-language model.",
    "pairs": "Pairs of photos of one person (LFW), ordered by strength by a vision-language model (AI-annotated).",
    "quality": "Rendered faces of subjects that were not used for training or calibration, as they are and spoiled.",
    "photo-quality": "Ordinary photos from the web (LFW), as they are and spoiled; none is known to have a problem.",
    "small-faces": "Rendered faces of subjects that were not used for training or calibration, read at two sizes.",
    "against-mediapipe": "The 108 photos with AI-annotated action units.",
    "against-fer": "FER+ validation part. The peer's training data, FER-2013, has other labels of the same images.",
    "against-face-api": "FER+ validation part.",
}
"""What is said about each data set beside its metrics."""

RARE = ("AU9", "AU10", "AU20", "AU24", "AU28")
"""Action units that too few of the AI-annotated photos of `--coded` show to be calibrated on them."""

Step = tuple[str, Callable[[list[str]], int], list[str]]
"""A name, a program, and its arguments."""


def steps(options: argparse.Namespace) -> Iterator[Step]:
    """Yield all steps in order."""
    weights, report = ["--weights", str(options.out)], ROOT / "weights" / "report"

    def measuring(command: str, name: str, data: str, out: Path, *more: str) -> list[str]:
        arguments = [command, "--data", data, "--attach", name, "--note", NOTES[name], "--out", str(out), *more]
        return [*arguments, *weights, "--cache", options.cache]

    # Rendered faces have labels for all action units, AI-annotated photos for most: fitted to both at once, an action
    # unit's threshold suits both, except those of `RARE`. FER+ has emotions only. Photos count as sharp and uncovered,
    # so that the thresholds of problems suit them as well.
    first = ["--flip-tta"] if options.flip_tta else []
    yield "calibrate", _calibrate, [*first, *_calibrating(options.weights, options.rendered, options)]
    photos = ["--data", f"{options.coded},problems=none"]
    both = ["--leave", *RARE, *photos, *_calibrating(options.out, options.rendered, options)]
    yield "calibrate-action-units", _calibrate, both
    yield "calibrate-emotions", _calibrate, _calibrating(options.out, options.ferplus, options)
    expressive = f"{options.ferplus},au={ROOT / 'weights' / 'codes' / 'ferplus-valid.csv'}"
    for name, data, more in (
        ("validation", expressive, ["--split", "validation"]),
        ("coded", options.coded, []),
        ("photographs", options.photos, []),
        ("people", options.people, []),
        ("rendered", options.held_out, ["--masking"]),
        ("acted", f"{options.held_out},faces=acted", []),
        ("random", f"{options.held_out},faces=random", []),
    ):
        yield name, emotiscan, measuring("evaluate", name, data, report / name, *more)
    for name, data, more in (("places", options.held_out, ["200"]), ("photo-places", options.photos, [])):
        out = report / name / "report.json"
        yield name, emotiscan, measuring("localize", name, data, out, "--compare", *more)
    yield from _further_steps(options, measuring, report, weights)
    arguments = ["fairness", "--model", str(options.model), "--faces", str(options.subjects), "--attach", "fairness"]
    yield "fairness", emotiscan, [*arguments, "--out", str(report / "fairness"), *weights, "--cache", options.cache]
    yield "card", _update_model_card, weights


def _further_steps(
    options: argparse.Namespace, measuring: Callable[..., list[str]], report: Path, weights: list[str]
) -> Iterator[Step]:
    """Yield the measurements of the newer outputs, and the comparisons with the peers that are given."""
    codes = ROOT / "weights" / "codes"
    if options.lfw:
        for name in ("even", "pairs"):
            listed = [f"--{name}", str(codes / f"lfw-{name}.csv"), "--images", str(options.lfw)]
            attached = ["--attach", name, "--note", NOTES[name], "--cache", options.cache]
            yield name, emotiscan, ["evaluate", *listed, *attached, *weights]
    validation = ["--split", "validation", "--tight"]
    for name, data, is_asked_for, more in (
        ("clear", options.clear_faces, options.clear_faces, []),
        ("quality", options.held_out, options.lfw, ["--quality"]),
        ("photo-quality", options.people, options.lfw, ["--quality"]),
        ("small-faces", options.large_faces, options.large_faces, ["--scale-consistency"]),
        ("against-mediapipe", options.photos, options.mediapipe_model, ["--peer-model", options.mediapipe_model]),
        ("against-fer", options.ferplus, options.fer_python, [*validation, "--peer-python", options.fer_python]),
        ("against-face-api", options.ferplus, options.node, [*validation, "--peer-node", options.node]),
    ):
        if not is_asked_for:
            continue
        if name.startswith("against-"):
            more = ["--against", name.removeprefix("against-"), *map(str, more)]
            if name == "against-mediapipe" and options.mediapipe_python:
                more += ["--peer-python", options.mediapipe_python]
        yield name, emotiscan, measuring("evaluate", name, data, report / name, *more)


def _calibrating(weights: Path, data: str, options: argparse.Namespace) -> list[str]:
    return ["--weights", str(weights), "--data", data, "--cache", options.cache, "--out", str(options.out)]


def _update_model_card(arguments: list[str]) -> int:
    from scripts import model_card

    return model_card.main(arguments)


def _calibrate(arguments: list[str]) -> int:
    from emotiscan.model.checkpoint import load_checkpoint, save_checkpoint

    status = emotiscan(["calibrate", *arguments])
    if status == 0:  # its own report mixes the data sets that are measured one by one below
        out = Path(arguments[-1])
        model, card = load_checkpoint(out)
        save_checkpoint(out, model, replace(card, metrics={}))
    return status


def main() -> int:
    """Run the command line; returns the exit status of the first step that fails, or 0."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--weights", type=Path, required=True, help="a run's checkpoint")
    parser.add_argument("--out", type=Path, default=DEFAULT_WEIGHTS, help="default: the shipped checkpoint's place")
    for name in ("ferplus", "coded", "photos", "people", "rendered", "held-out"):
        parser.add_argument(f"--{name}", required=True, help="a data set, as `emotiscan train --data` takes it")
    parser.add_argument("--model", type=Path, required=True, help="the converted ICT-FaceKit (see `emotiscan render`)")
    parser.add_argument("--lfw", type=Path, help="folder or zip file of the photos that weights/codes/ names")
    parser.add_argument("--clear-faces", help="a data set of uncovered, sharp, well exposed rendered faces")
    parser.add_argument("--large-faces", help="a data set of faces of at least 200 px, e.g. rendered with --size 512")
    parser.add_argument("--mediapipe-model", type=Path, help="face_landmarker.task, to compare with MediaPipe")
    parser.add_argument("--mediapipe-python", help="interpreter that has mediapipe (default: this one)")
    parser.add_argument("--fer-python", help="interpreter that has fer, to compare with it")
    parser.add_argument("--node", type=Path, help="folder whose node_modules has face-api, to compare with it")
    parser.add_argument("--flip-tta", action="store_true", help="average predictions over a face and its mirror image")
    parser.add_argument("--subjects", type=int, default=60, help="rendered for the fairness report (default: 60)")
    parser.add_argument("--cache", default="cache", help="folder that keeps where faces were found (default: cache)")
    parser.add_argument("--only", nargs="*", metavar="STEP", help=f"only these steps: {', '.join(NOTES)}, …")
    options = parser.parse_args()
    runtime.configure()  # before the first step imports torch
    for name, program, arguments in steps(options):
        if options.only and name not in options.only:
            continue
        print(f"\n== {name}", flush=True)
        status = program(arguments)
        if status:
            return status
    return 0


if __name__ == "__main__":
    sys.exit(main())

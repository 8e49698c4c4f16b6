"""`emotiscan render`: render synthetic faces with exact action units."""

import argparse
import logging
from pathlib import Path

from emotiscan.cli.main import OK
from emotiscan.cli.options import UsageError, add_workers, whole_number

DESCRIPTION = "Render a data set of synthetic faces whose action units are known exactly."

EPILOG = """\
The renderer needs the face model ICT-FaceKit. Convert it once:
  git clone https://github.com/ICT-VGL/ICT-FaceKit
  emotiscan render --convert ICT-FaceKit --out ict_facekit.npz

examples:
  10 000 images to train on
    emotiscan render --model ict_facekit.npz --out faces --count 10000
    emotiscan train --data rendered:faces
  560 posed faces, as the course subset of CK+
    emotiscan render --model ict_facekit.npz --out posed --posed
    emotiscan train --data ckplus-course:posed
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of `emotiscan render`."""
    from emotiscan.rendering.expressions import ACTED, AU_NAMES, OFTEN_FACTOR
    from emotiscan.rendering.problems import USUAL_PROBLEMS

    parser.usage = (
        "%(prog)s --model FILE --out DIR --count N [OPTION …]\n"
        "       %(prog)s --model FILE --out DIR --posed [OPTION …]\n"
        "       %(prog)s --model FILE --out DIR --count N --clips\n"
        "       %(prog)s --convert FACEKIT [--out FILE]"
    )
    parser.add_argument("--model", type=Path, metavar="FILE", help="the converted face model (see below)")
    parser.add_argument("--out", type=Path, metavar="DIR", help="folder for the images and their labels")
    parser.add_argument("--count", type=whole_number(1), metavar="N", help="number of images")
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="other seeds give other people (default: 0)")

    modes = parser.add_argument_group("instead of random faces")
    modes.add_argument(
        "--posed",
        action="store_true",
        help="render a posed set with the layout, size and label balance of the course subset of CK+",
    )
    modes.add_argument(
        "--convert",
        type=Path,
        metavar="FACEKIT",
        help="convert this clone of ICT-FaceKit to the face model --out (default: ict_facekit.npz); render nothing",
    )

    modes.add_argument(
        "--clips",
        action="store_true",
        help="render --count clips with known tracks and as many with known events, to measure `emotiscan video`",
    )

    images = parser.add_argument_group("images")
    images.add_argument(
        "--size", type=whole_number(32, 2048), default=224, metavar="PX", help="side of the images (default: 224)"
    )
    images.add_argument(
        "--first", type=whole_number(0), default=0, metavar="N", help="number of the first image (default: 0)"
    )
    images.add_argument(
        "--maps", action="store_true", help="also write motion maps: where each active action unit moves the skin"
    )
    images.add_argument(
        "--acted",
        type=_share,
        default=ACTED,
        metavar="SHARE",
        help="share of the images that act an emotion, 0 to 1; the others combine action units at random, which is "
        f"harder to read (default: {ACTED})",
    )
    images.add_argument(
        "--often",
        nargs="+",
        choices=AU_NAMES,
        default=[],
        metavar="AU",
        help=f"action units that random combinations contain {OFTEN_FACTOR:g} times as often, e.g. AU7 AU43, so that a "
        "network learns to tell confusable ones apart",
    )
    for name, help in (
        ("occluded", "with something before the face: a mask, a hand, a scarf, sunglasses, hair, a cup or a phone"),
        ("blurred", "that are strongly blurred"),
        ("misexposed", "that are far too dark or too bright"),
    ):
        default = getattr(USUAL_PROBLEMS, name)
        images.add_argument(
            f"--{name}",
            type=_share,
            default=default,
            metavar="SHARE",
            help=f"share of the images {help} (default: {default})",
        )

    machine = parser.add_argument_group("machine")
    add_workers(machine, "render", minimum=1)
    machine.add_argument(
        "--cache", type=Path, default=Path("cache"), metavar="DIR", help="folder for prepared data (default: cache)"
    )


def run(arguments: argparse.Namespace) -> int:
    """Render, or convert the face model.

    Raises:
        UsageError: an option is missing.
        DatasetError, HeadModelError, OSError: nothing can be rendered.
        KeyboardInterrupt: Ctrl-C; the same command resumes.
    """
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    if arguments.convert:
        return _convert(arguments)
    required = ["model", "out"] if arguments.posed else ["model", "out", "count"]
    if missing := [f"--{name}" for name in required if getattr(arguments, name) is None]:
        raise UsageError(f"{' and '.join(missing)} must be given (see --help)")
    if arguments.clips:
        return _render_clips(arguments)
    render = _render_posed if arguments.posed else _render_random
    try:
        print(f"labels: {render(arguments)}")
    except KeyboardInterrupt:
        raise KeyboardInterrupt("stopped; run the same command again to resume") from None
    return OK


def _convert(arguments: argparse.Namespace) -> int:
    from emotiscan.rendering.convert import convert

    out = arguments.out or Path("ict_facekit.npz")
    convert(arguments.convert, out)
    print(f"{out}: {out.stat().st_size / 2**20:.0f} MiB")
    return OK


def _render_posed(arguments: argparse.Namespace) -> Path:
    from emotiscan.rendering.posed import render_posed_set
    from emotiscan.rendering.renderer import Renderer

    render = Renderer(arguments.model, arguments.cache).render
    return render_posed_set(render, arguments.out, arguments.seed, arguments.size)


def _render_clips(arguments: argparse.Namespace) -> int:
    from emotiscan.rendering.clips import acting_script, meeting_script, render_clip
    from emotiscan.rendering.renderer import Renderer

    render = Renderer(arguments.model, arguments.cache).render
    for number in range(arguments.count):
        seed = arguments.seed + number
        scripts = {
            "meeting": meeting_script(seed, 2 + number % 3),
            "hard": meeting_script(seed + 50, 4, hard=True),
            "acting": acting_script(seed + 100),
        }
        for kind, script in scripts.items():
            path = arguments.out / f"{kind}{seed:02}.mp4"
            render_clip(render, script, path, seed)
            _print_line(f"clip: {path}")
    return OK


def _render_random(arguments: argparse.Namespace) -> Path:
    from emotiscan.rendering.dataset import render_dataset
    from emotiscan.rendering.problems import ProblemShares

    return render_dataset(
        arguments.model,
        arguments.out,
        arguments.count,
        seed=arguments.seed,
        size=arguments.size,
        workers=arguments.workers,
        first=arguments.first,
        maps=arguments.maps,
        acted=arguments.acted,
        often=arguments.often,
        problems=ProblemShares(arguments.occluded, arguments.blurred, arguments.misexposed),
        cache_dir=arguments.cache,
        on_progress=_print_line,
    )


def _print_line(line: str) -> None:
    print(line, flush=True)  # a log is read during the run


def _share(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value <= 1:
        raise argparse.ArgumentTypeError(f"“{text}” is not a number from 0 to 1")
    return value

"""Draw a data set of labeled faces.

python -m emotiscan.rendering --model ict_facekit.npz --out DIR --count N
"""

import argparse
import logging
import sys
from pathlib import Path

from emotiscan.rendering.dataset import DatasetError, render_dataset
from emotiscan.rendering.expressions import ACTED, AU_NAMES, OFTENER
from emotiscan.rendering.head_model import HeadModelError


def parser() -> argparse.ArgumentParser:
    """The command line's arguments."""
    arguments = argparse.ArgumentParser(prog="python -m emotiscan.rendering", description=__doc__.splitlines()[0])
    arguments.add_argument(
        "--model", type=Path, required=True, help="the converted ICT-FaceKit (see rendering.convert)"
    )
    arguments.add_argument("--out", type=Path, required=True, help="folder for images/, labels.csv and settings.json")
    arguments.add_argument("--count", type=_positive, required=True, help="how many pictures")
    arguments.add_argument("--seed", type=int, default=0, help="another seed gives other people (default 0)")
    arguments.add_argument("--size", type=_size, default=224, help="side of the pictures in pixels (default 224)")
    arguments.add_argument("--workers", type=_positive, default=2, help="processes (default 2)")
    arguments.add_argument("--first", type=int, default=0, help="number of the first picture (default 0)")
    arguments.add_argument(
        "--maps", action="store_true", help="also write where each active action unit moves the skin"
    )
    arguments.add_argument(
        "--acted",
        type=_share,
        default=ACTED,
        metavar="SHARE",
        help="of pictures that act an emotion, 0 to 1; the others combine action units at random, which is harder to read "
        f"(default {ACTED})",
    )
    arguments.add_argument(
        "--often",
        nargs="+",
        choices=AU_NAMES,
        default=[],
        metavar="CODE",
        help=f"action units that random combinations take {OFTENER:g} times as readily, e.g. AU7 AU43, to learn to tell apart "
        "what is confused",
    )
    arguments.add_argument("--cache", type=Path, default=Path("cache"), help="folder for prepared data (default cache)")
    return arguments


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("it must be 1 or more")
    return number


def _share(text: str) -> float:
    number = float(text)
    if not 0 <= number <= 1:
        raise argparse.ArgumentTypeError("it must lie from 0 to 1")
    return number


def _size(text: str) -> int:
    number = int(text)
    if not 32 <= number <= 2048:
        raise argparse.ArgumentTypeError("it must lie from 32 to 2048 pixels")
    return number


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; the exit status is 1 where something is wrong, 130 where it was stopped."""
    options = parser().parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    try:
        labels = render_dataset(
            options.model,
            options.out,
            options.count,
            seed=options.seed,
            size=options.size,
            workers=options.workers,
            first=options.first,
            maps=options.maps,
            acted=options.acted,
            often=options.often,
            cache_dir=options.cache,
        )
    except (DatasetError, HeadModelError) as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("stopped; start it again with the same arguments to go on", file=sys.stderr)
        return 130
    print(f"labels: {labels}")
    return 0


if __name__ == "__main__":
    sys.exit(main())

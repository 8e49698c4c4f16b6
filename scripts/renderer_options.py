"""Command-line options that the rendering scripts share, and the renderer that they select."""

import argparse
import sys
from pathlib import Path

from emotiscan.rendering import HeadModelError, Renderer

ROOT = Path(__file__).resolve().parents[1]


def renderer_parser(description: str, out: Path) -> argparse.ArgumentParser:
    """Return a parser with `--model`, `--out` and `--cache`.

    Args:
        description: of the program.
        out: default folder for the images.
    """
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument(
        "--model", type=Path, required=True, help="converted ICT-FaceKit (see `emotiscan render --help`)"
    )
    parser.add_argument(
        "--out", type=Path, default=out, help=f"folder for the images (default: {out.relative_to(ROOT)})"
    )
    parser.add_argument(
        "--cache",
        type=Path,
        default=ROOT / "cache",
        help="folder for baked data (default: cache)",
    )
    return parser


def load_renderer(options: argparse.Namespace) -> Renderer | None:
    """Load the renderer and create the output folder; print an error and return None if the face model is broken."""
    try:
        renderer = Renderer(options.model, options.cache)
    except HeadModelError as error:
        print(error, file=sys.stderr)
        return None
    options.out.mkdir(parents=True, exist_ok=True)
    return renderer

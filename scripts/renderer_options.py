"""What the scripts that draw pictures share: their options, and the renderer that these name."""

import argparse
import sys
from pathlib import Path

from emotiscan.rendering import HeadModelError, Renderer

ROOT = Path(__file__).resolve().parents[1]


def drawing_options(description: str, out: Path) -> argparse.ArgumentParser:
    """A parser for `--model`, `--out` and `--cache`.

    Args:
        out: the folder for the pictures where none is named.
    """
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--model", type=Path, required=True, help="the converted ICT-FaceKit (see rendering.convert)")
    parser.add_argument(
        "--out", type=Path, default=out, help=f"folder for the pictures (default: {out.relative_to(ROOT)})"
    )
    parser.add_argument("--cache", type=Path, default=ROOT / "cache", help="folder for prepared data (default: cache)")
    return parser


def renderer_of(options: argparse.Namespace) -> Renderer | None:
    """The renderer, and the folder made; None, said on standard error, where the face model is missing or broken."""
    try:
        renderer = Renderer(options.model, options.cache)
    except HeadModelError as error:
        print(error, file=sys.stderr)
        return None
    options.out.mkdir(parents=True, exist_ok=True)
    return renderer

"""Draw the pictures of the FACS guide: `python scripts/draw_codes.py --model ict_facekit.npz`.

For each code one strip: the same face with the code at 0, 25, 50, 75 and 100 %, aligned as the network sees it.
"""

import argparse
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
from PIL import Image

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from sample_scenes import MODEL_OF_CODES

from emotiscan import facs
from emotiscan.faces import canonical_transform, warp
from emotiscan.rendering import Expression, FaceModelError, Renderer

ROOT = Path(__file__).resolve().parent.parent
SIDE = 256
"""Side of one picture in pixels."""

DRAWN_SIDE = 640
"""Side of the portrait that it is cut from."""

STEPS = (0.0, 0.25, 0.5, 0.75, 1.0)
QUALITY = 82
WITH = {"AU26": {"AU25": 0.5}, "AU27": {"AU25": 0.6}}
"""Codes that come along: a dropped jaw parts the lips."""


def strip(renderer: Renderer, code: str) -> Image.Image:
    """The pictures of one code side by side."""
    drawn = Image.new("RGB", (SIDE * len(STEPS), SIDE))
    still = renderer.render(replace(MODEL_OF_CODES, expression=Expression({})), DRAWN_SIDE)
    to_crop = canonical_transform(still.landmarks5.astype(np.float64))
    for place, step in enumerate(STEPS):
        codes = {name: step * most for name, most in {code: 1.0, **WITH.get(code, {})}.items()} if step else {}
        picture = Image.fromarray(
            renderer.render(replace(MODEL_OF_CODES, expression=Expression(codes)), DRAWN_SIDE).image
        )
        drawn.paste(warp(picture, to_crop, SIDE), (place * SIDE, 0))
    return drawn


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--model", type=Path, required=True, help="the converted ICT-FaceKit (see rendering.convert)")
    parser.add_argument("--out", type=Path, default=ROOT / "samples" / "codes", help="folder for the strips")
    parser.add_argument("--cache", type=Path, default=ROOT / "cache", help="folder for prepared data")
    options = parser.parse_args()
    try:
        renderer = Renderer(options.model, options.cache)
    except FaceModelError as error:
        print(error, file=sys.stderr)
        return 1
    options.out.mkdir(parents=True, exist_ok=True)
    for code in facs.CODES:
        file = options.out / f"{code}.webp"
        strip(renderer, code).save(file, "WEBP", quality=QUALITY, method=6)
        print(file)
    return 0


if __name__ == "__main__":
    sys.exit(main())

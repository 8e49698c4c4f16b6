"""Draw the pictures of the FACS guide: `python scripts/draw_codes.py --model ict_facekit.npz`.

For each code one strip: the same face with the code at 0, 25, 50, 75 and 100 %, aligned as the network sees it.
"""

import sys
from dataclasses import replace

import numpy as np
from PIL import Image

from drawing import ROOT, drawing_options, renderer_of
from emotiscan import facs
from emotiscan.faces import canonical_transform, warp
from emotiscan.rendering import Background, Clothes, Expression, Hair, Person, Renderer, Scene
from sample_scenes import BROWN_EYES, face_shape, from_srgb, studio

SIDE = 256
"""Side of one picture in pixels."""

DRAWN_SIDE = 640
"""Side of the portrait that it is cut from."""

STEPS = (0.0, 0.25, 0.5, 0.75, 1.0)
QUALITY = 82
WITH = {"AU26": {"AU25": 0.5}, "AU27": {"AU25": 0.6}}
"""Codes that come along: a dropped jaw parts the lips."""

MODEL_OF_CODES = Scene(
    person=Person(
        shape=face_shape(23),
        skin_tone=0.4,
        age=47,
        male=True,
        eye_colour=BROWN_EYES,
        brows=3,
        hair_colour="black",
        lip_redness=0.5,
        seed=23,
    ),
    hair=Hair("short", fringe=0.0, seed=23),
    clothes=Clothes(from_srgb(70, 84, 92), seed=23),
    light=studio(side=1.0),
    background=Background("plain", (0.62, 0.6, 0.56), 1.0, 1),
)
"""Who shows the codes in the FACS guide."""


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
    options = drawing_options(__doc__.split("\n")[0], ROOT / "samples" / "codes").parse_args()
    renderer = renderer_of(options)
    if renderer is None:
        return 1
    for code in facs.CODES:
        file = options.out / f"{code}.webp"
        strip(renderer, code).save(file, "WEBP", quality=QUALITY, method=6)
        print(file)
    return 0


if __name__ == "__main__":
    sys.exit(main())

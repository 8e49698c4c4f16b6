"""Draw the pictures of the FACS guide: `python -m scripts.render_action_units --model ict_facekit.npz`.

For each action unit one strip: the same face with the action unit at 0, 25, 50, 75 and 100 %, aligned as the network sees it.
"""

import sys
from dataclasses import replace

import numpy as np
from PIL import Image

from emotiscan import facs
from emotiscan.faces import canonical_transform, warp
from emotiscan.rendering import Background, Clothes, Expression, Hair, Person, Renderer, Scene
from scripts.renderer_options import ROOT, drawing_options, renderer_of
from scripts.sample_scenes import BROWN_EYES, face_shape, from_srgb, studio

SIDE = 256
"""Side of one picture in pixels."""

DRAWN_SIDE = 640
"""Side of the portrait that it is cut from."""

STEPS = (0.0, 0.25, 0.5, 0.75, 1.0)
QUALITY = 82
WITH = {"AU26": {"AU25": 0.5}, "AU27": {"AU25": 0.6}}
"""Action units that come along: a dropped jaw parts the lips."""

MODEL_OF_ACTION_UNITS = Scene(
    person=Person(
        shape=face_shape(23),
        skin_tone=0.4,
        age=47,
        male=True,
        eye_color=BROWN_EYES,
        brows=3,
        hair_color="black",
        lip_redness=0.5,
        seed=23,
    ),
    hair=Hair("short", fringe=0.0, seed=23),
    clothes=Clothes(from_srgb(70, 84, 92), seed=23),
    light=studio(side=1.0),
    background=Background("plain", (0.62, 0.6, 0.56), 1.0, 1),
)
"""Who shows the action units in the FACS guide."""


def strip(renderer: Renderer, au: str) -> Image.Image:
    """The pictures of one action unit side by side."""
    drawn = Image.new("RGB", (SIDE * len(STEPS), SIDE))
    still = renderer.render(replace(MODEL_OF_ACTION_UNITS, expression=Expression({})), DRAWN_SIDE)
    to_crop = canonical_transform(still.landmarks5.astype(np.float64))
    for place, step in enumerate(STEPS):
        action_units = {name: step * most for name, most in {au: 1.0, **WITH.get(au, {})}.items()} if step else {}
        picture = Image.fromarray(
            renderer.render(replace(MODEL_OF_ACTION_UNITS, expression=Expression(action_units)), DRAWN_SIDE).image
        )
        drawn.paste(warp(picture, to_crop, SIDE), (place * SIDE, 0))
    return drawn


def main() -> int:
    """The command line."""
    options = drawing_options(__doc__.split("\n")[0], ROOT / "samples" / "action_units").parse_args()
    renderer = renderer_of(options)
    if renderer is None:
        return 1
    for au in facs.AU_NAMES:
        file = options.out / f"{au}.webp"
        strip(renderer, au).save(file, "WEBP", quality=QUALITY, method=6)
        print(file)
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""Render the images of the FACS guide: `python -m scripts.render_action_units --model ict_facekit.npz`.

Each action unit gets one strip: the same face with the action unit at rest and at each of FACS' intensities A to E,
aligned as the network sees it. Action units that FACS scores on each side also get a picture on the person's left half
alone, at its maximum, as `AU12_left.webp`. `--only AU5 AU9` renders those and leaves the other files as they are.
"""

import sys
from dataclasses import replace

import numpy as np
from PIL import Image

from emotiscan import facs
from emotiscan.faces import canonical_transform, warp
from emotiscan.rendering import Background, Clothes, Expression, Hair, Person, Renderer, Scene
from emotiscan.rendering.people import from_srgb
from scripts.renderer_options import ROOT, load_renderer, renderer_parser
from scripts.studio import BROWN_EYES, face_shape, studio

SIDE = 256
"""Side of one image in pixels."""

PORTRAIT_SIDE = 640
"""Side in pixels of the portrait that it is cropped from."""

STEPS = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)
"""Intensities: at rest, and FACS' A to E."""

WEBP_QUALITY = 82
ACCOMPANYING = {"AU26": {"AU25": 0.5}, "AU27": {"AU25": 0.6}}
"""Action units that come with others: a dropped jaw parts the lips."""

PORTRAIT = Scene(
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
"""The person who shows the action units in the FACS guide."""


def strip(renderer: Renderer, au: str) -> Image.Image:
    """Render the images of one action unit side by side."""
    result = Image.new("RGB", (SIDE * len(STEPS), SIDE))
    neutral = renderer.render(replace(PORTRAIT, expression=Expression({})), PORTRAIT_SIDE)
    to_crop = canonical_transform(neutral.landmarks5.astype(np.float64))
    for number, step in enumerate(STEPS):
        strongest = {au: 1.0, **ACCOMPANYING.get(au, {})}
        expression = Expression({name: step * intensity for name, intensity in strongest.items()} if step else {})
        image = renderer.render(replace(PORTRAIT, expression=expression), PORTRAIT_SIDE).image
        result.paste(warp(Image.fromarray(image), to_crop, SIDE), (number * SIDE, 0))
    return result


def one_sided(renderer: Renderer, au: str) -> Image.Image:
    """Render the image of one action unit on the person's left half alone, aligned as in `strip`."""
    neutral = renderer.render(replace(PORTRAIT, expression=Expression({})), PORTRAIT_SIDE)
    to_crop = canonical_transform(neutral.landmarks5.astype(np.float64))
    expression = Expression({au: 1.0}, balance={au: 1.0})
    image = renderer.render(replace(PORTRAIT, expression=expression), PORTRAIT_SIDE).image
    return warp(Image.fromarray(image), to_crop, SIDE)


def main() -> int:
    """Render all strips; return 1 if the face model is missing or broken."""
    parser = renderer_parser(__doc__.split("\n")[0], ROOT / "samples" / "action_units")
    parser.add_argument("--only", nargs="+", choices=facs.AU_NAMES, metavar="AU", help="action units to render")
    options = parser.parse_args()
    renderer = load_renderer(options)
    if renderer is None:
        return 1
    for au in options.only or facs.AU_NAMES:
        pictures = {f"{au}.webp": strip(renderer, au)}
        if au in facs.SIDED_AUS:
            pictures[f"{au}_left.webp"] = one_sided(renderer, au)
        for name, picture in pictures.items():
            picture.save(options.out / name, "WEBP", quality=WEBP_QUALITY, method=6)
            print(options.out / name)
    return 0


if __name__ == "__main__":
    sys.exit(main())

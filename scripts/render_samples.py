"""Draw the pictures of samples/ and their descriptions: `python -m scripts.bootstrap_samples --model ict_facekit.npz`.

What they show is written out in `sample_scenes.py`. The same face model gives the same files.
"""

import json
import sys
from dataclasses import replace
from functools import partial

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from emotiscan.rendering import Background, Renderer, Scene
from emotiscan.rendering.camera import render_background
from scripts.renderer_options import ROOT, drawing_options, renderer_of
from scripts.sample_scenes import GROUP, GROUP_ALT, GROUP_BACKGROUND, GROUP_LIGHT, PORTRAITS

SIDE = 480
"""Side of a portrait in pixels; the group is as high."""

GROUP_WIDTH = 1000
QUALITY = 90
GAMMA = 2.2


def described() -> list[dict[str, object]]:
    """What samples.json says of each sample, in the order in which the app offers them: the hard one is the last."""
    samples = [entry(p.file, p.title, dict(p.scene.expression.action_units), p.alt) for p in PORTRAITS]
    group = entry("group.jpg", "Four people", [dict(place.scene.expression.action_units) for place in GROUP], GROUP_ALT)
    return [*samples[:-1], group, samples[-1]]


def entry(file: str, title: str, action_units: object, alt: str) -> dict[str, object]:
    """A sample's entry in samples.json."""
    return {"file": file, "title": title, "action_units": action_units, "alt": alt}


def render_portrait(renderer: Renderer, scene: Scene) -> Image.Image:
    """A square portrait."""
    return Image.fromarray(renderer.render(scene, SIDE).image)


def render_group(renderer: Renderer) -> Image.Image:
    """All persons of the group in one light and before one background, the tallest behind the others."""
    picture = render_background(GROUP_BACKGROUND, GROUP_WIDTH)[:SIDE].copy()
    for place in sorted(GROUP, key=lambda place: -place.side):
        person, cover = cut_out(renderer, replace(place.scene, light=GROUP_LIGHT), place.side)
        top, left = place.y - place.side // 2, place.x - place.side // 2
        part = picture[max(top, 0) : top + place.side, max(left, 0) : left + place.side]
        shown = np.s_[max(-top, 0) :, max(-left, 0) :]
        rows, columns = part.shape[:2]
        part *= 1 - cover[shown][:rows, :columns]
        part += person[shown][:rows, :columns]
    return Image.fromarray(np.round(np.clip(picture, 0, 1) ** (1 / GAMMA) * 255).astype(np.uint8))


def cut_out(renderer: Renderer, scene: Scene, side: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """A person without what is behind: (side, side, 3) linear light times cover, and (side, side, 1) cover, 0 to 1.

    What differs between a picture before black and one before white is the background.
    """
    black, white = (
        (renderer.render(replace(scene, background=Background("plain", (level,) * 3)), side).image / np.float32(255))
        ** GAMMA
        for level in (-1.0, 2.0)  # so far out of range that the plain background's own unevenness is cut off
    )
    empty = (white - black).mean(axis=2, keepdims=True) / (white[0, 0] - black[0, 0]).mean()
    empty = np.clip(empty, 0, 1)
    return np.maximum(black - empty * black[0, 0], 0), 1 - empty


def main(arguments: list[str] | None = None) -> int:
    """Draw the samples; the exit status is 1 where the face model is missing or broken."""
    parser = drawing_options(__doc__.split("\n")[0], ROOT / "samples")
    parser.add_argument("--only", nargs="*", metavar="FILE", help="draw only these pictures, e.g. smile.jpg")
    options = parser.parse_args(arguments)
    renderer = renderer_of(options)
    if renderer is None:
        return 1
    drawings = {portrait.file: partial(render_portrait, renderer, portrait.scene) for portrait in PORTRAITS}
    drawings["group.jpg"] = partial(render_group, renderer)
    for file, draw in drawings.items():
        if not options.only or file in options.only:
            draw().save(options.out / file, quality=QUALITY)
            print(options.out / file)
    (options.out / "samples.json").write_text(json.dumps(described(), indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""Render the images of samples/ and describe them in samples.json.

    python -m scripts.render_samples --model ict_facekit.npz

`sample_scenes` and `sample_group` define what they show. The same face model gives the same files.
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
from scripts.renderer_options import ROOT, load_renderer, renderer_parser
from scripts.sample_group import GROUP, GROUP_ALT, GROUP_BACKGROUND, GROUP_LIGHT
from scripts.sample_scenes import PORTRAITS

SIDE = 480
"""Side of a portrait in pixels, and height of the group."""

GROUP_WIDTH = 1000
JPEG_QUALITY = 90
GAMMA = 2.2


def descriptions() -> list[dict[str, object]]:
    """Return the entries of samples.json in the order in which the app offers them; the hard sample comes last."""
    samples = [entry(p.file, p.title, dict(p.scene.expression.action_units), p.alt) for p in PORTRAITS]
    group = entry("group.jpg", "Four people", [dict(place.scene.expression.action_units) for place in GROUP], GROUP_ALT)
    return [*samples[:-1], group, samples[-1]]


def entry(file: str, title: str, action_units: object, alt: str) -> dict[str, object]:
    """Return a sample's entry in samples.json."""
    return {"file": file, "title": title, "action_units": action_units, "alt": alt}


def render_portrait(renderer: Renderer, scene: Scene) -> Image.Image:
    """Render a square portrait."""
    return Image.fromarray(renderer.render(scene, SIDE).image)


def render_group(renderer: Renderer) -> Image.Image:
    """Render the group in one light and before one background, the largest person behind the others."""
    image = render_background(GROUP_BACKGROUND, GROUP_WIDTH)[:SIDE].copy()
    for place in sorted(GROUP, key=lambda place: -place.side):
        person, cover = cut_out(renderer, replace(place.scene, light=GROUP_LIGHT), place.side)
        top, left = place.y - place.side // 2, place.x - place.side // 2
        part = image[max(top, 0) : top + place.side, max(left, 0) : left + place.side]
        shown = np.s_[max(-top, 0) :, max(-left, 0) :]
        rows, columns = part.shape[:2]
        part *= 1 - cover[shown][:rows, :columns]
        part += person[shown][:rows, :columns]
    return Image.fromarray(np.round(np.clip(image, 0, 1) ** (1 / GAMMA) * 255).astype(np.uint8))


def cut_out(renderer: Renderer, scene: Scene, side: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Render a person without a background.

    The background is what differs between an image before black and one before white.

    Returns:
        (side, side, 3) linear light times cover, and (side, side, 1) cover, 0 to 1.
    """
    # Levels so far out of range that the unevenness of the plain background is clipped.
    black, white = (render_linear(renderer, scene, level, side) for level in (-1.0, 2.0))
    empty = (white - black).mean(axis=2, keepdims=True) / (white[0, 0] - black[0, 0]).mean()
    empty = np.clip(empty, 0, 1)
    return np.maximum(black - empty * black[0, 0], 0), 1 - empty


def render_linear(renderer: Renderer, scene: Scene, level: float, side: int) -> NDArray[np.float32]:
    """Render a scene before a gray background: (side, side, 3) linear light."""
    background = Background("plain", (level, level, level))
    image = renderer.render(replace(scene, background=background), side).image.astype(np.float32)
    return (image / np.float32(255)) ** np.float32(GAMMA)


def main(arguments: list[str] | None = None) -> int:
    """Render the samples; return 1 if the face model is missing or broken."""
    parser = renderer_parser(__doc__.split("\n")[0], ROOT / "samples")
    parser.add_argument("--only", nargs="*", metavar="FILE", help="render only these images, e.g. smile.jpg")
    options = parser.parse_args(arguments)
    renderer = load_renderer(options)
    if renderer is None:
        return 1
    renders = {portrait.file: partial(render_portrait, renderer, portrait.scene) for portrait in PORTRAITS}
    renders["group.jpg"] = partial(render_group, renderer)
    for file, render in renders.items():
        if not options.only or file in options.only:
            render().save(options.out / file, quality=JPEG_QUALITY)
            print(options.out / file)
    (options.out / "samples.json").write_text(json.dumps(descriptions(), indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""Surfaces: color, fine relief and gloss of each pixel, before lighting.

Each kernel paints the pixels of some parts of the mesh. Colors are linear, 0 to 1.
"""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from emotiscan.rendering.head_model import EYE, GUMS, HEAD, LASHES, MOUTH, SKIN, SOCKET, TEETH, Floats
from emotiscan.rendering.kernels import kernel, noise_at, smoothstep
from emotiscan.rendering.rasterizer import Pixels

NOTHING, FLESH, MATT, WET, CORNEA = range(5)
"""Materials: how a surface responds to light."""

# Numba reads these as constants.
_SKIN, _HEAD, _MOUTH, _SOCKET, _GUMS, _TEETH, _EYE, _LASHES = SKIN, HEAD, MOUTH, SOCKET, GUMS, TEETH, EYE, LASHES
_MATT, _WET, _CORNEA = MATT, WET, CORNEA


class Surface(NamedTuple):
    """The surface that each pixel shows.

    Attributes:
        albedo: (h, w, 3) linear color.
        relief: (h, w) height of the fine relief, cm.
        openness: (h, w) share of the surroundings that is not hidden, 0 to 1.
        gloss: (h, w) strength of highlights.
        material: (h, w) `NOTHING` to `CORNEA`.
    """

    albedo: Floats
    relief: Floats
    openness: Floats
    gloss: Floats
    material: NDArray[np.uint8]


def empty_surface(side: int) -> Surface:
    """Return an unset surface of a square image."""
    return Surface(
        albedo=np.zeros((side, side, 3), np.float32),
        relief=np.zeros((side, side), np.float32),
        openness=np.zeros((side, side), np.float32),
        gloss=np.zeros((side, side), np.float32),
        material=np.zeros((side, side), np.uint8),
    )


class EyePaint(NamedTuple):
    """A person's eyes.

    Attributes:
        white: brightness of the sclera.
        veins: visibility of veins, 0 to about 1.
        iris: (3,) color.
        pupil: radius, in texture units.
        offsets: (8,) into the noise texture.
    """

    white: float
    veins: float
    iris: Floats
    pupil: float
    offsets: Floats


class MouthPaint(NamedTuple):
    """The inside of a person's mouth.

    Attributes:
        teeth: (3,) color.
        flesh: (3,) color of the eye sockets' lining.
        offsets: (8,) into the noise texture.
    """

    teeth: Floats
    flesh: Floats
    offsets: Floats


class ClothPaint(NamedTuple):
    """Clothes.

    Attributes:
        color: (3,) of the cloth.
        height: of the collar at the throat, cm.
        slope: of the collar towards the nape.
        v_neck: depth of the neckline, cm.
        stripes: strength, 0 to 1.
        stripe_width: cm.
        offsets: (8,) into the noise texture.
    """

    color: Floats
    height: float
    slope: float
    v_neck: float
    stripes: float
    stripe_width: float
    offsets: Floats


IRIS_RADIUS = 0.157
"""Radius of the iris in the eyeball's texture."""


@kernel
def paint_mouth(pixels: Pixels, noise: Floats, paint: MouthPaint, surface: Surface) -> None:
    """Paint teeth, gums, tongue, and the linings of mouth and eye sockets."""
    height, width = pixels.part.shape
    for y in range(height):
        for x in range(width):
            part = pixels.part[y, x]
            rest = pixels.rest[y, x]
            openness = pixels.openness[y, x]
            if part == _TEETH:
                speckle = noise_at(noise, rest[0] * 30 + paint.offsets[0], rest[1] * 30)
                for k in range(3):
                    surface.albedo[y, x, k] = paint.teeth[k] * (0.9 + 0.2 * speckle)
                # Front teeth catch light that passes the lips; back teeth lie in the dark.
                openness = openness**0.8 * (0.15 + 0.85 * smoothstep(6.5, 10.2, rest[2]))
                surface.gloss[y, x] = 0.8 * openness
                surface.relief[y, x] = 0.0
            elif part in (_GUMS, _MOUTH):
                surface.gloss[y, x] = 0.7 * openness
                tongue = part == _GUMS
                surface.albedo[y, x, 0] = 0.42 if tongue else 0.30
                surface.albedo[y, x, 1] = 0.15 if tongue else 0.085
                surface.albedo[y, x, 2] = 0.15 if tongue else 0.085
                surface.relief[y, x] = 0.015 * noise_at(noise, rest[0] * 80, rest[1] * 80 + rest[2] * 60)
                openness *= 0.4 + 0.6 * openness
            elif part == _SOCKET:
                for k in range(3):
                    surface.albedo[y, x, k] = paint.flesh[k]
                surface.gloss[y, x] = 0.0
                surface.relief[y, x] = 0.0
            else:
                continue
            surface.openness[y, x] = openness
            surface.material[y, x] = _WET


@kernel
def paint_eyes(pixels: Pixels, noise: Floats, paint: EyePaint, surface: Surface) -> None:
    """Paint lashes and eyeballs (sclera, iris and pupil by the distance from the middle of the texture)."""
    height, width = pixels.part.shape
    for y in range(height):
        for x in range(width):
            part = pixels.part[y, x]
            if part == _LASHES:
                for k in range(3):
                    surface.albedo[y, x, k] = 0.010
                surface.relief[y, x] = 0.0
                surface.gloss[y, x] = 0.0
                surface.openness[y, x] = pixels.openness[y, x]
                surface.material[y, x] = _MATT
            if part != _EYE:
                continue
            du, dv = pixels.uv[y, x, 0] - 0.5, pixels.uv[y, x, 1] - 0.5
            radius, turn = math.sqrt(du * du + dv * dv), math.atan2(dv, du)
            vein = noise_at(noise, turn * 40 + paint.offsets[0], radius * 60 + paint.offsets[1])
            outer = smoothstep(0.12, 0.5, radius) * (1 + vein) * paint.veins
            white_g, white_b = paint.white * (0.955 - 0.10 * outer), paint.white * (0.94 - 0.11 * outer)
            inside = 1 - smoothstep(IRIS_RADIUS - 0.012, IRIS_RADIUS + 0.012, radius)
            out = radius / IRIS_RADIUS
            fibers = noise_at(noise, turn * 60 + paint.offsets[2], radius * 90 + paint.offsets[3])
            brightness = (0.55 + 0.9 * fibers) * (1 - 0.75 * smoothstep(0.72, 1.0, out)) * (1.25 - 0.35 * out)
            brightness *= smoothstep(paint.pupil - 0.012, paint.pupil + 0.012, radius)
            surface.albedo[y, x, 0] = paint.white * (1 - inside) + (paint.iris[0] * brightness + 0.004) * inside
            surface.albedo[y, x, 1] = white_g * (1 - inside) + (paint.iris[1] * brightness + 0.004) * inside
            surface.albedo[y, x, 2] = white_b * (1 - inside) + (paint.iris[2] * brightness + 0.004) * inside
            surface.gloss[y, x] = 6.0
            surface.relief[y, x] = 0.0
            surface.openness[y, x] = 0.2 + 0.8 * pixels.openness[y, x]
            surface.material[y, x] = _CORNEA


@kernel
def paint_clothes(pixels: Pixels, noise: Floats, paint: ClothPaint, surface: Surface) -> None:
    """Paint clothes over neck and shoulders, below the collar."""
    height, width = pixels.part.shape
    for y in range(height):
        for x in range(width):
            if pixels.part[y, x] > _HEAD:
                continue
            rest = pixels.rest[y, x]
            across = abs(rest[0])
            collar = paint.height - paint.slope * max(0.0, rest[2])
            if rest[2] > -2.0:
                collar -= paint.v_neck * max(0.0, 1.0 - across / 4.5)
            edge = smoothstep(collar + 0.12, collar - 0.12, rest[1])
            if edge <= 0.5:
                continue
            knit = noise_at(noise, rest[0] * 70 + paint.offsets[0], rest[1] * 70 + rest[2] * 40)
            folds = noise_at(noise, rest[0] * 3 + paint.offsets[1], rest[1] * 2 + rest[2] * 2)
            shade = 0.8 + 0.4 * knit
            if paint.stripes > 0 and math.sin(6.283 * (rest[1] + 0.7 * rest[2]) / paint.stripe_width) > 0:
                shade *= 1 - paint.stripes
            # The collar's seam.
            shade *= 0.75 + 0.25 * smoothstep(0.0, 0.5, collar - rest[1])
            for k in range(3):
                surface.albedo[y, x, k] = paint.color[k] * shade
            surface.relief[y, x] = knit * 0.03 + folds * 0.5
            surface.gloss[y, x] = 0.05
            surface.openness[y, x] = pixels.openness[y, x]
            surface.material[y, x] = _MATT

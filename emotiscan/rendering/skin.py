"""Skin: color and relief of each pixel, with lips, brows, stubble, wrinkles, and the scalp under the hair."""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from emotiscan.rendering.brows import BOTTOM, LEFT, SPAN_U, SPAN_V
from emotiscan.rendering.head_model import HEAD, SKIN, Floats
from emotiscan.rendering.kernels import angle_of, kernel, noise_at, smoothstep
from emotiscan.rendering.rasterizer import Pixels
from emotiscan.rendering.skin_masks import (
    BEARD,
    CHANNELS,
    CHIN_DIMPLES,
    EARS,
    FIRST_WRINKLE,
    LASH_LINE,
    LIPS,
    MOUSTACHE,
    MOUTH_LINE,
    NOSTRILS,
    OILY,
    REDNESS,
    SOCKET_SHADE,
)
from emotiscan.rendering.surface import FLESH, MATT, NOTHING, Surface

_SKIN, _HEAD, _FLESH, _MATT, _NOTHING = SKIN, HEAD, FLESH, MATT, NOTHING  # Numba reads these as constants
_CHANNELS, _FIRST_WRINKLE = len(CHANNELS), FIRST_WRINKLE

HAIRLINE_STEPS = 128
"""Number of directions around the head, from -pi to pi, for which the height of the hairline is given."""


class SkinPaint(NamedTuple):
    """A person's skin, as the kernel takes it.

    Attributes:
        offsets: (8,) into the noise texture, so that no two people share their pores.
        tone: (3,) linear color of the skin.
        lips: (3,) linear color.
        beard_color: (3,) linear color.
        brow_color: (3,) linear color.
        scalp_color: (3,) linear color.
        mottling: strength, 0 to about 1.
        redness: strength, 0 to about 1.
        freckles: strength, 0 to about 1.
        spots: strength of age spots, 0 to about 1.
        socket_shade: strength of the shade around the eyes, 0 to about 1.
        lash_line: strength, 0 to about 1.
        oil: strength of the shine, 0 to about 1.
        wrinkles: (2, channels) depth of each group of wrinkles, from age and expression, on the person's right half
            and on the left.
        beard: density, 0 to 1.
        moustache: density, 0 to 1.
        beard_relief: how far the hairs of the beard stand off.
        brow_opacity: 0 to 1.
        hairline: (HAIRLINE_STEPS,) height of the hairline around the head, cm.
        scalp_opacity: 0 (bald) to 1.
        scalp_softness: distance over which the hairline fades, cm.
    """

    offsets: Floats
    tone: Floats
    lips: Floats
    beard_color: Floats
    brow_color: Floats
    scalp_color: Floats
    mottling: float
    redness: float
    freckles: float
    spots: float
    socket_shade: float
    lash_line: float
    oil: float
    wrinkles: Floats
    beard: float
    moustache: float
    beard_relief: float
    brow_opacity: float
    hairline: Floats
    scalp_opacity: float
    scalp_softness: float


@kernel
def _sample_masks(texture: NDArray[np.uint8], u: float, v: float, first: int, end: int, out: Floats) -> None:
    """Look the channels `first` to `end` up at (u, v), bilinearly, into `out`."""
    side = texture.shape[0]
    x, y = u * (side - 1), v * (side - 1)
    x0 = max(0, min(side - 2, int(x)))
    y0 = max(0, min(side - 2, int(y)))
    ax, ay = x - x0, y - y0
    w00, w01 = (1 - ax) * (1 - ay) / 255.0, ax * (1 - ay) / 255.0
    w10, w11 = (1 - ax) * ay / 255.0, ax * ay / 255.0
    for k in range(first, end):
        out[k] = (
            texture[y0, x0, k] * w00
            + texture[y0, x0 + 1, k] * w01
            + texture[y0 + 1, x0, k] * w10
            + texture[y0 + 1, x0 + 1, k] * w11
        )


@kernel
def _sample_brow(pattern: NDArray[np.uint8], u: float, v: float) -> float:
    """Look the opacity of a brow pattern up at (u, v), bilinearly."""
    height, width = pattern.shape
    x, y = (u - LEFT) * (width - 1) / SPAN_U, (v - BOTTOM) * (height - 1) / SPAN_V
    if x < 0 or y < 0 or x >= width - 1 or y >= height - 1:
        return 0.0
    x0, y0 = int(x), int(y)
    ax, ay = x - x0, y - y0
    low = pattern[y0, x0] * (1 - ax) + pattern[y0, x0 + 1] * ax
    high = pattern[y0 + 1, x0] * (1 - ax) + pattern[y0 + 1, x0 + 1] * ax
    return (low * (1 - ay) + high * ay) / 255.0


@kernel
def hairline_at(hairline: Floats, x: float, z: float) -> float:
    """Return the height of the hairline in the direction (x, z) from the head's axis, cm."""
    place = (angle_of(x, z - 1.0) + math.pi) * ((HAIRLINE_STEPS - 1) / (2 * math.pi))
    index = min(HAIRLINE_STEPS - 2, max(0, int(place)))
    share = place - index
    return hairline[index] * (1 - share) + hairline[index + 1] * share


@kernel
def _scalp_cover(
    hairline: Floats,
    opacity: float,
    softness: float,
    noise: Floats,
    offset_x: float,
    offset_y: float,
    cx: float,
    cy: float,
    cz: float,
    bend: float,
) -> float:
    """Return how much the roots of the hair hide the skin at a point of the mean face, 0 to 1."""
    if opacity <= 0 or cy < -7 or (cz > 5 and cy < 4):  # never below the neck, nor in the face
        return 0.0
    above = cy - hairline_at(hairline, cx, cz)
    if above < -2.5:
        return 0.0
    if above > 4.0:
        return opacity
    rough = noise_at(noise, cx * 40 + offset_x, cy * 18 + cz * 30 + offset_y) - 0.5
    return smoothstep(-0.3, softness, above + rough * 1.2 + bend) * opacity


@kernel
def paint_skin(
    pixels: Pixels,
    texture: NDArray[np.uint8],
    brow: NDArray[np.uint8],
    noise: Floats,
    paint: SkinPaint,
    surface: Surface,
) -> None:
    """Paint face, head and neck wherever nothing else is painted yet.

    Args:
        pixels: what each pixel shows.
        texture: (side, side, channels) uint8 masks.
        brow: (h, w) uint8 brow pattern.
        noise: tiling noise.
        paint: the person's skin.
        surface: modified.
    """
    height, width = pixels.part.shape
    m = np.zeros(_CHANNELS, np.float32)
    p = paint.offsets
    # Unpack the tuples once: passing a tuple to a function counts its references each time.
    part_at, rest_at, uv_at, open_at = pixels.part, pixels.rest, pixels.uv, pixels.openness
    albedo_at, relief_at, gloss_at = surface.albedo, surface.relief, surface.gloss
    openness_at, material_at = surface.openness, surface.material
    tone, lip_color, wrinkles = paint.tone, paint.lips, paint.wrinkles
    beard_color, brow_color, scalp_color = paint.beard_color, paint.brow_color, paint.scalp_color
    hairline, opacity, softness = paint.hairline, paint.scalp_opacity, paint.scalp_softness
    wrinkled = wrinkles[:, _FIRST_WRINKLE:].max() > 0.01
    for y in range(height):
        for x in range(width):
            part = part_at[y, x]
            if part > _HEAD or material_at[y, x] != _NOTHING:
                continue
            cx, cy, cz = rest_at[y, x, 0], rest_at[y, x, 1], rest_at[y, x, 2]
            u, v = uv_at[y, x, 0], uv_at[y, x, 1]
            if part == _SKIN:
                _sample_masks(texture, u, v, 0, _FIRST_WRINKLE, m)
            else:
                m[:] = 0
            large_x = noise_at(noise, cx * 2.2 + p[2], cy * 2.2 + p[6]) - 0.5
            large_y = noise_at(noise, cx * 2.2 + p[7], cy * 2.2 + p[1]) - 0.5
            scalp = 0.0
            if m[EARS] < 0.5:
                scalp = _scalp_cover(hairline, opacity, softness, noise, p[5], p[4], cx, cy, cz, large_x + large_y)
            mottle = noise_at(noise, cx * 26 + cz * 20 + p[1], cy * 26 + p[0]) - 0.5
            red, green, blue, relief, gloss = tone[0], tone[1], tone[2], 0.0, 0.0
            if scalp < 0.94:
                pores = noise_at(noise, cx * 110 + cz * 80 + p[2], cy * 110 + p[3]) - 0.5
                grain = noise_at(noise, cx * 55 - cz * 40 + p[3], cy * 55 + p[2]) - 0.5
                lips = m[LIPS]
                # Color: mottled, red where blood shows, dark in freckles, age spots and eye sockets.
                even = 1 + paint.mottling * (0.9 * mottle + 0.5 * grain) + 0.1 * pores
                blood = m[REDNESS] * paint.redness * (1 + 1.5 * mottle)
                red *= even * (1 + 0.10 * blood)
                green *= even * (1 - 0.30 * blood)
                blue *= even * (1 - 0.24 * blood)
                dark = m[SOCKET_SHADE] * paint.socket_shade
                if paint.freckles > 0:
                    dots = smoothstep(0.62, 0.80, noise_at(noise, cx * 75 + p[0] + cz * 50, cy * 75 + p[2]))
                    dark += dots * paint.freckles * (0.3 + m[REDNESS]) * 1.3
                if paint.spots > 0:
                    spots = smoothstep(0.70, 0.86, noise_at(noise, cx * 24 + p[4] + cz * 17, cy * 24 + p[5]))
                    dark += spots * paint.spots * 0.9
                red *= 1 - 0.26 * dark
                green *= 1 - 0.36 * dark
                blue *= 1 - 0.33 * dark
                lip_grain = 1 + 0.5 * mottle + 0.4 * pores
                red += (lip_color[0] * lip_grain - red) * lips
                green += (lip_color[1] * lip_grain - green) * lips
                blue += (lip_color[2] * lip_grain - blue) * lips
                # Wrinkles: a darker, redder groove, bent a little differently in each person.
                depth = 0.0
                if wrinkled and part == _SKIN:
                    _sample_masks(texture, u + large_x * 0.012, v + large_y * 0.016, _FIRST_WRINKLE, _CHANNELS, m)
                    left = smoothstep(0.47, 0.53, u)
                    for k in range(_FIRST_WRINKLE, _CHANNELS):
                        fold = wrinkles[0, k] + (wrinkles[1, k] - wrinkles[0, k]) * left
                        depth += m[k] * fold * (0.75 + 0.9 * mottle)
                shade = (1 - 0.45 * m[MOUTH_LINE]) * (1 - 0.85 * m[NOSTRILS]) * (1 - m[LASH_LINE] * paint.lash_line)
                red *= shade * (1 - 0.28 * depth)
                green *= shade * (1 - 0.36 * depth)
                blue *= shade * (1 - 0.38 * depth)
                relief = -0.035 * depth + m[CHIN_DIMPLES] * wrinkles[0, CHIN_DIMPLES] * grain * 0.10
                relief += pores * 0.006 * (1 - lips) + grain * 0.009
                gloss = (0.55 + 0.25 * pores + 0.5 * m[OILY] * paint.oil) * (1 - lips) + lips * 0.95
            # Beard and stubble.
            beard = m[BEARD] * paint.beard + m[MOUSTACHE] * paint.moustache
            if part == _HEAD and cy < -5 and cz > 1:
                beard = paint.beard * smoothstep(-10.5, -8.0, cy) * smoothstep(2.0, 4.0, cz) * 0.8
            if beard > 0.003:
                hairs = noise_at(noise, cx * 210 + p[4] + cz * 60, cy * 110 + p[5])
                beard = max(0.0, beard * (0.75 + 0.9 * mottle + 0.3 * large_x))
                cover = min(0.96, max(0.0, beard * (0.62 + 2.2 * (hairs - 0.5))))
                lit = 0.6 + 0.8 * hairs
                red += (beard_color[0] * lit - red) * cover
                green += (beard_color[1] * lit - green) * cover
                blue += (beard_color[2] * lit - blue) * cover
                relief += beard * (hairs - 0.5) * 0.05 * paint.beard_relief
                gloss *= 1 - 0.7 * cover
            # Brows.
            if part == _SKIN and v > BOTTOM:
                cover = _sample_brow(brow, u, v)
                relief += cover * 0.02
                cover *= paint.brow_opacity
                red += (brow_color[0] - red) * cover
                green += (brow_color[1] - green) * cover
                blue += (brow_color[2] - blue) * cover
                gloss *= 1 - 0.8 * cover
            # The scalp under the hair, so that no skin shows between the strands.
            if scalp > 0:
                strand = noise_at(noise, cx * 90 + p[6], cz * 90 + cy * 50 + p[7])
                lit = 0.4 + 1.2 * strand
                red += (scalp_color[0] * lit - red) * scalp
                green += (scalp_color[1] * lit - green) * scalp
                blue += (scalp_color[2] * lit - blue) * scalp
                relief += (strand * 0.10 - relief) * scalp
                gloss *= 1 - scalp
            albedo_at[y, x, 0] = red
            albedo_at[y, x, 1] = green
            albedo_at[y, x, 2] = blue
            relief_at[y, x] = relief
            gloss_at[y, x] = gloss
            openness_at[y, x] = open_at[y, x]
            material_at[y, x] = _FLESH if scalp < 0.5 else _MATT

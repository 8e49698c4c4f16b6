"""Lighting of surfaces: ambient light, up to three lamps, and the shadow of the first lamp."""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from emotiscan.rendering.head_model import Floats
from emotiscan.rendering.kernels import kernel
from emotiscan.rendering.rasterizer import Pixels
from emotiscan.rendering.surface import CORNEA, FLESH, MATT, NOTHING, WET, Surface

_NOTHING, _FLESH, _MATT, _WET, _CORNEA = NOTHING, FLESH, MATT, WET, CORNEA


class Lamps(NamedTuple):
    """All light of a scene in camera space, as the kernels take it.

    Attributes:
        ambient: (9, 3) spherical harmonics of the ambient light; red, green, blue.
        directions: (k, 3) unit vectors towards the lamps.
        colors: (k, 3) of the lamps.
        softness: 0 (a point) to 1 (a window): how far the first lamp's shadow is blurred.
    """

    ambient: Floats
    directions: Floats
    colors: Floats
    softness: float


class Shadow(NamedTuple):
    """Shadow map of the first lamp.

    Attributes:
        to_map: (3, 4) matrix from camera space to map pixels and depth in cm.
        nearest: (side, side) depth of what is nearest to the lamp, cm.
    """

    to_map: Floats
    nearest: Floats


SHADOW_SIDE = 256
_SHADOW_SPAN = 34.0
_BIAS = 0.35


def shadow_view(direction: NDArray[np.float64], distance: float) -> Floats:
    """Return the (3, 4) matrix that views a head, `distance` cm in front of the camera, from a lamp's direction."""
    right = np.cross([0, 1, 0.01], direction)
    right /= np.linalg.norm(right)
    up = np.cross(direction, right)
    scale = SHADOW_SIDE / _SHADOW_SPAN
    center = np.array([0, 0, -distance])
    view = np.zeros((3, 4), np.float32)
    view[0, :3], view[1, :3], view[2, :3] = right * scale, -up * scale, direction
    view[:2, 3] = SHADOW_SIDE / 2 - view[:2, :3] @ center
    return view


@kernel
def ambient_at(ambient: Floats, k: int, x: float, y: float, z: float) -> float:
    """Return the ambient light in color channel `k` on a surface that faces (x, y, z)."""
    light = ambient[0, k] + ambient[1, k] * x + ambient[2, k] * y + ambient[3, k] * z
    light += ambient[4, k] * x * y + ambient[5, k] * y * z + ambient[6, k] * (3 * z * z - 1)
    light += ambient[7, k] * x * z + ambient[8, k] * (x * x - y * y)
    return max(light, 0.01)


@kernel
def lit_share(view: Floats, nearest: Floats, px: float, py: float, pz: float, spread: float) -> float:
    """Return the share of the first lamp's light that reaches a point in camera space.

    `spread` is the blur of the shadow, in shadow-map pixels.
    """
    side = nearest.shape[0]
    mx = view[0, 0] * px + view[0, 1] * py + view[0, 2] * pz + view[0, 3]
    my = view[1, 0] * px + view[1, 1] * py + view[1, 2] * pz + view[1, 3]
    depth = view[2, 0] * px + view[2, 1] * py + view[2, 2] * pz + view[2, 3] + _BIAS
    seen = 0
    for oy in range(-1, 2):
        for ox in range(-1, 2):
            ix, iy = int(mx + ox * spread), int(my + oy * spread)
            if ix < 0 or iy < 0 or ix >= side or iy >= side or depth >= nearest[iy, ix]:
                seen += 1
    return seen / 9.0


@kernel
def light_surface(
    pixels: Pixels,
    surface: Surface,
    lamps: Lamps,
    shadow: Shadow,
    pixel_size: float,
    gloss_power: float,
    diffuse: Floats,
    specular: Floats,
    flesh: Floats,
) -> float:
    """Light every pixel; the camera sees albedo times `diffuse` plus `specular`.

    Args:
        pixels: what each pixel shows.
        surface: color and relief of what it shows.
        lamps: lights of the scene.
        shadow: shadow map of the first lamp.
        pixel_size: width of a pixel at a distance of 1 cm, cm.
        gloss_power: exponent of the skin's highlights; higher is sharper.
        diffuse: (h, w, 3) float32, modified: light on the surface.
        specular: (h, w, 3) float32, modified: highlights.
        flesh: (h, w) float32, modified: 1 where light scatters under the skin, else 0.

    Returns:
        Mean unshadowed light on the skin, as luma. The exposure is set by it, so that neither hair nor glasses
        change the exposure.
    """
    # Unpack the tuples once: passing a tuple to a function counts its references each time.
    relief, material_at, openness_at, gloss_at = surface.relief, surface.material, surface.openness, surface.gloss
    normal, position = pixels.normal, pixels.position
    ambient_light, directions, lamp_colors = lamps.ambient, lamps.directions, lamps.colors
    view, nearest, blur = shadow.to_map, shadow.nearest, 1.0 + 3.0 * lamps.softness
    softer = 0.25 * lamps.softness
    metered, count = 0.0, 0
    height, width = relief.shape
    for y in range(height):
        for x in range(width):
            material = material_at[y, x]
            flesh[y, x] = 0.0
            if material == _NOTHING:
                for k in range(3):
                    diffuse[y, x, k] = 0.0
                    specular[y, x, k] = 0.0
                continue
            nx, ny, nz = normal[y, x, 0], normal[y, x, 1], normal[y, x, 2]
            px, py, pz = position[y, x, 0], position[y, x, 1], position[y, x, 2]
            length = 1.0 / math.sqrt(px * px + py * py + pz * pz)
            vx, vy, vz = -px * length, -py * length, -pz * length
            # The relief tilts the normal; at the border of two materials there is none.
            dx, dy = 0.0, 0.0
            if 0 < x < width - 1 and material_at[y, x - 1] == material and material_at[y, x + 1] == material:
                dx = (relief[y, x + 1] - relief[y, x - 1]) * 0.5
            if 0 < y < height - 1 and material_at[y - 1, x] == material and material_at[y + 1, x] == material:
                dy = (relief[y - 1, x] - relief[y + 1, x]) * 0.5
            size = -pz * pixel_size
            bx = nx + min(0.7, max(-0.7, -dx / size))
            by = ny + min(0.7, max(-0.7, -dy / size))
            bz = nz
            facing = bx * vx + by * vy + bz * vz
            if facing < 0.02:
                bx += vx * (0.02 - facing)
                by += vy * (0.02 - facing)
                bz += vz * (0.02 - facing)
            length = 1.0 / math.sqrt(bx * bx + by * by + bz * bz)
            bx *= length
            by *= length
            bz *= length
            openness = openness_at[y, x]
            unshadowed = 0.0
            for k in range(3):
                ambient = ambient_at(ambient_light, k, bx, by, bz)
                bleed = openness
                if material == _FLESH:  # red light reaches corners through the flesh
                    bleed = openness ** (0.75 if k == 0 else 1.05)
                elif material == _WET:  # light that reaches the teeth was reflected back and forth between red lips
                    bleed = openness ** (0.50 if k == 0 else (0.70 if k == 1 else 0.90))
                diffuse[y, x, k] = ambient * bleed
                specular[y, x, k] = 0.0
                unshadowed += ambient * (0.3 if k == 0 else (0.59 if k == 1 else 0.11))
            grazing = 1 - max(0.0, bx * vx + by * vy + bz * vz)
            grazing = grazing * grazing * grazing * grazing * grazing
            for i in range(directions.shape[0]):
                lx, ly, lz = directions[i, 0], directions[i, 1], directions[i, 2]
                lit = 1.0
                if i == 0:
                    lit = lit_share(view, nearest, px, py, pz, blur)
                slope = bx * lx + by * ly + bz * lz
                corner = openness if i > 0 or material >= _WET else 0.35 + 0.65 * openness
                for k in range(3):
                    wrap = 0.05
                    if material == _FLESH:
                        wrap = 0.28 if k == 0 else (0.12 if k == 1 else 0.08)
                    elif material == _MATT:
                        wrap = 0.15
                    wrap += softer
                    received = lamp_colors[i, k] * max(0.0, (slope + wrap) / (1 + wrap))
                    through = lit**0.7 if material == _FLESH and k == 0 else lit
                    diffuse[y, x, k] += received * through * corner
                    unshadowed += received * (0.3 if k == 0 else (0.59 if k == 1 else 0.11))
                hx, hy, hz = lx + vx, ly + vy, lz + vz
                length = 1.0 / math.sqrt(hx * hx + hy * hy + hz * hz + 1e-9)
                half = (bx * hx + by * hy + bz * hz) * length
                if half > 0.6 and nx * lx + ny * ly + nz * lz > 0:
                    power = gloss_power
                    if material == _CORNEA:
                        power = 220.0
                    elif material == _WET:
                        power = 60.0
                    q = 1 - max(0.0, (vx * hx + vy * hy + vz * hz) * length)
                    fresnel = q * q * q * q * q * 0.965 + 0.035
                    shine = gloss_at[y, x] * fresnel * (power + 8) * 0.125 * half**power
                    shine *= min(1.0, (nx * lx + ny * ly + nz * lz) * 3) * lit * (0.3 + 0.7 * openness)
                    for k in range(3):
                        specular[y, x, k] += lamp_colors[i, k] * shine * 0.55
            if material != _MATT:
                rim = grazing * 0.07 * gloss_at[y, x] * openness * openness * (0.2 if material == _CORNEA else 1.0)
                for k in range(3):
                    specular[y, x, k] += ambient_light[0, k] * rim
            if material == _FLESH:
                flesh[y, x] = 1.0
                metered += unshadowed
                count += 1
    return metered / max(count, 1)

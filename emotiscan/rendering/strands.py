"""Thin curves in the image: strands of hair and frames of glasses, lit, and blended with soft edges."""

import math
from typing import NamedTuple

from emotiscan.rendering.head_model import Floats
from emotiscan.rendering.kernels import kernel, random_at
from emotiscan.rendering.lighting import Lamps, Shadow, ambient_at, lit_share


class StrandPaint(NamedTuple):
    """A person's hair, as the kernel takes it.

    Attributes:
        color: (3,) of colored hairs, linear.
        white: (3,) of white hairs, linear.
        graying: share of white hairs, 0 to 1.
        vary: how much single hairs vary in brightness.
        shine: strength of the highlights.
        middle: (3,) of the head, in camera space, cm.
        seed: of the single hairs.
    """

    color: Floats
    white: Floats
    graying: float
    vary: float
    shine: float
    middle: Floats
    seed: int


@kernel
def cast_shadow(positions: Floats, view: Floats, nearest: Floats, thickness: float) -> None:
    """Add every second strand to a shadow map, since hair lets some light through.

    Args:
        positions: (k, p, 3) camera space, cm.
        view: (3, 4) from `lighting.shadow_view`.
        nearest: (side, side) depths, modified.
        thickness: distance by which strands are moved away from the lamp so that they do not shade themselves, cm.
    """
    side = nearest.shape[0]
    for i in range(0, positions.shape[0], 2):
        before_x, before_y, before_depth = 0.0, 0.0, 0.0
        for k in range(positions.shape[1]):
            px, py, pz = positions[i, k, 0], positions[i, k, 1], positions[i, k, 2]
            x = view[0, 0] * px + view[0, 1] * py + view[0, 2] * pz + view[0, 3]
            y = view[1, 0] * px + view[1, 1] * py + view[1, 2] * pz + view[1, 3]
            depth = view[2, 0] * px + view[2, 1] * py + view[2, 2] * pz + view[2, 3] - thickness
            if k > 0:
                steps = int(max(abs(x - before_x), abs(y - before_y))) + 1
                for step in range(steps):
                    t = step / steps
                    ix, iy = int(before_x + (x - before_x) * t), int(before_y + (y - before_y) * t)
                    if 0 <= ix < side and 0 <= iy < side:
                        nearest[iy, ix] = max(nearest[iy, ix], before_depth + (depth - before_depth) * t)
            before_x, before_y, before_depth = x, y, depth


@kernel
def light_strands(positions: Floats, paint: StrandPaint, lamps: Lamps, shadow: Shadow, colors: Floats) -> None:
    """Compute the color of each point of each strand, after Kajiya and Kay (1989).

    Args:
        positions: (k, p, 3) camera space, cm.
        paint: the person's hair.
        lamps: lights of the scene.
        shadow: shadow map of the first lamp.
        colors: (k, p, 3) modified.
    """
    ambient, directions, lamp_colors = lamps.ambient, lamps.directions, lamps.colors
    view, nearest = shadow.to_map, shadow.nearest
    color, white_color, middle = paint.color, paint.white, paint.middle
    count, points = positions.shape[0], positions.shape[1]
    for i in range(count):
        vary = 1 + paint.vary * (random_at(paint.seed + 11, i) - 0.5) * 2
        white = 0.0
        if paint.graying > 0:
            white = min(1.0, max(0.0, paint.graying * 1.3 + (random_at(paint.seed + 12, i) - 0.65) * 0.7))
        for k in range(points):
            before, after = max(0, k - 1), min(points - 1, k + 1)
            tx = positions[i, after, 0] - positions[i, before, 0]
            ty = positions[i, after, 1] - positions[i, before, 1]
            tz = positions[i, after, 2] - positions[i, before, 2]
            norm = 1.0 / math.sqrt(tx * tx + ty * ty + tz * tz + 1e-9)
            tx *= norm
            ty *= norm
            tz *= norm
            px, py, pz = positions[i, k, 0], positions[i, k, 1], positions[i, k, 2]
            nx, ny, nz = px - middle[0], py - middle[1], pz - middle[2]
            norm = 1.0 / math.sqrt(nx * nx + ny * ny + nz * nz + 1e-9)
            nx *= norm
            ny *= norm
            nz *= norm
            norm = 1.0 / math.sqrt(px * px + py * py + pz * pz)
            vx, vy, vz = -px * norm, -py * norm, -pz * norm
            depth = 0.45 + 0.55 * min(1.0, k / (points * 0.4))  # roots lie in the shadow of their neighbors
            red = ambient_at(ambient, 0, nx, ny, nz) * depth
            green = ambient_at(ambient, 1, nx, ny, nz) * depth
            blue = ambient_at(ambient, 2, nx, ny, nz) * depth
            shine = 0.0
            for j in range(directions.shape[0]):
                lx, ly, lz = directions[j, 0], directions[j, 1], directions[j, 2]
                along = tx * lx + ty * ly + tz * lz
                facing = max(0.0, 0.3 + 0.7 * (nx * lx + ny * ly + nz * lz))
                lit = facing * depth
                if j == 0:
                    lit *= lit_share(view, nearest, px, py, pz, 1.6)
                spread = math.sqrt(max(0.0, 1 - along * along)) * lit
                red += lamp_colors[j, 0] * spread
                green += lamp_colors[j, 1] * spread
                blue += lamp_colors[j, 2] * spread
                hx, hy, hz = lx + vx, ly + vy, lz + vz
                norm = 1.0 / math.sqrt(hx * hx + hy * hy + hz * hz + 1e-9)
                half = (tx * hx + ty * hy + tz * hz) * norm + 0.12 * (vary - 1)
                peak = max(0.0, 1 - half * half)
                peak = peak * peak * peak * peak
                peak = peak * peak * peak
                shine += lamp_colors[j, 1] * peak * lit * paint.shine
            for c in range(3):
                light = red if c == 0 else (green if c == 1 else blue)
                mixed = color[c] * vary * (1 - white) + white_color[c] * (0.6 + 0.4 * vary) * white
                colors[i, k, c] = mixed * light + shine


@kernel
def rasterize_strands(
    points: Floats,
    colors: Floats,
    width: float,
    opacity: float,
    tolerance: float,
    sink: float,
    taper: float,
    solid: Floats,
    own: Floats,
    image: Floats,
    cover: Floats,
) -> None:
    """Blend strands over an image, except where something nearer hides them.

    Args:
        points: (k, p, 3) screen points.
        colors: (k, p, 3) linear.
        width: pixels at nearness 1, that is, the width in cm times the focal length in pixels.
        opacity: of a strand, 0 to 1.
        tolerance: share of its nearness by which a strand may lie behind another and still show.
        sink: the same for faces and glasses, because the chords of a strand on a skull cut into it.
        taper: share of the width lost towards the tip.
        solid: (h, w) nearness of faces and glasses.
        own: (h, w) nearness of the strands so far, modified.
        image: (h, w, 3) modified.
        cover: (h, w) modified: how much of what lies behind is hidden, 0 to 1.
    """
    height, span = solid.shape
    segments = points.shape[1] - 1
    for i in range(points.shape[0]):
        for k in range(segments):
            x0, y0, z0 = points[i, k, 0], points[i, k, 1], points[i, k, 2]
            x1, y1, z1 = points[i, k + 1, 0], points[i, k + 1, 1], points[i, k + 1, 2]
            dx, dy = x1 - x0, y1 - y0
            steep = abs(dy) > abs(dx)
            reach = abs(dy) if steep else abs(dx)
            if reach < 1e-4:
                continue
            thick = width * z0 * (1.0 - taper * (k / segments) ** 2)
            strength = opacity * min(1.0, thick)
            # Measured across its main direction, a slanted line is wider than it is thick.
            half = 0.5 * max(1.0, thick) * math.sqrt(dx * dx + dy * dy) / reach
            start, end = (y0, y1) if steep else (x0, x1)
            if start > end:
                start, end = end, start
            first, last = math.floor(start + 0.5), math.floor(end + 0.5)
            for major in range(first, last):
                if major < 0 or major >= (height if steep else span):
                    continue
                t = (major + 0.5 - (y0 if steep else x0)) / (dy if steep else dx)
                t = min(1.0, max(0.0, t))
                middle = x0 + dx * t if steep else y0 + dy * t
                z = z0 + (z1 - z0) * t
                for minor in range(math.floor(middle - half), math.floor(middle + half) + 1):
                    if minor < 0 or minor >= (span if steep else height):
                        continue
                    covered = min(minor + 1.0, middle + half) - max(float(minor), middle - half)
                    if covered <= 0:
                        continue
                    y, x = (major, minor) if steep else (minor, major)
                    if z < solid[y, x] * (1 - sink) or z < own[y, x] * (1 - tolerance):
                        continue
                    alpha = strength * covered
                    if z > own[y, x] and alpha > 0.25:
                        own[y, x] = z
                    for c in range(3):
                        color = colors[i, k, c] * (1 - t) + colors[i, k + 1, c] * t
                        image[y, x, c] += (color - image[y, x, c]) * alpha
                    cover[y, x] += (1 - cover[y, x]) * alpha

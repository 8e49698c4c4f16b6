"""Scalp hair: strands that grow out of the scalp, follow the style, hang and curl.

A style defines how the hair is combed, how long it is and how far it stands off; each strand is a polyline that is
pushed out of the skull wherever it would enter it.
"""

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from emotiscan.rendering.baking import Baked
from emotiscan.rendering.head_model import Floats
from emotiscan.rendering.kernels import kernel, noise_at, random_at, smoothstep
from emotiscan.rendering.people import Hair, Person
from emotiscan.rendering.skin import HAIRLINE_STEPS, hairline_at


@dataclass(frozen=True)
class Style:
    """A hairstyle, lengths in cm.

    Attributes:
        top: length of the hair on top.
        sides: length of the hair at the sides and back.
        forward: how strongly the top is combed forward (1) or back (-1).
        across: how strongly the hair is combed away from the parting.
        down: how soon the hair turns down along the head.
        gravity: how strongly the hair hangs.
        lift: distance from the skull.
        curl: minimum curl, 0 to 1.
        count: number of strands in an image of 224 px.
        points: number of points of a strand.
        width: of a strand; each stands for several hairs.
        ends: height at which the hair is cut, on the model's scale (the chin is at -7).
        recedes: whether a receding hairline shows.
        stands: whether the hair stands straight off the skull.
    """

    top: float
    sides: float
    forward: float
    across: float
    down: float
    gravity: float
    lift: float
    curl: float = 0.0
    count: int = 6500
    points: int = 9
    width: float = 0.09
    ends: float = -30.0
    recedes: bool = True
    stands: bool = False


STYLES: dict[str, Style] = {
    "buzz": Style(0.55, 0.35, 0.2, 0.0, 0.3, 0.0, 0.1, count=9000, points=4, width=0.06),
    "short": Style(3.2, 1.6, 0.75, 0.3, 0.5, 0.05, 0.5, count=7500, points=7),
    "side": Style(5.5, 1.8, 0.25, 1.0, 0.35, 0.05, 0.8, count=7500, points=8),
    "swept": Style(9.0, 6.0, -1.2, 0.1, 0.4, 0.05, 0.6),
    "curly": Style(7.0, 6.0, 0.25, 0.5, 0.4, 0.12, 1.5, curl=0.75, points=13),
    "afro": Style(3.8, 3.4, 0.0, 0.0, 0.0, 0.0, 0.3, curl=0.8, count=10000, points=8, width=0.10, stands=True),
    "bob": Style(22.0, 20.0, -0.5, 1.0, 0.5, 0.35, 0.55, count=5000, points=14, width=0.13, ends=-6.0, recedes=False),
    "long": Style(34.0, 32.0, -0.5, 1.0, 0.5, 0.4, 0.55, count=5000, points=14, width=0.14, recedes=False),
}


def hairline(person: Person, hair: Hair) -> Floats:
    """Return (HAIRLINE_STEPS,) the height of the hairline around the head, cm on the model's scale."""
    bald = hair.style == "bald"
    back = person.recession * 2.2 if hair.style in STYLES and STYLES[hair.style].recedes else person.recession * 0.6
    around = [0, 0.25, 0.5, 0.72, 0.86, 0.98, 1.1, 1.24, 1.36, 1.5, 1.8, 1.98, 2.2, math.pi]
    height = [
        *(10.1 + back * 0.45, 10.1 + back * 0.7, 9.9 + back, 9.0 + back * 0.9, 7.4 + back * 0.5, 5.2),
        *(2.6, 1.2, 1.6, 4.0, 4.8, 1.0, -3.0, -4.4),
    ]
    if bald:  # a shaved head has no hairline
        height = [30.0] * len(around)
    angles = np.linspace(-math.pi, math.pi, HAIRLINE_STEPS)
    return np.interp(np.abs(angles), around, height).astype(np.float32)


class Skull(NamedTuple):
    """The ellipsoid that strands stay out of: `center` (3,) and `radii` (3,), cm."""

    center: Floats
    radii: Floats


def fit_skull(vertices: Floats, ears: NDArray[np.bool_], skin_end: int) -> Skull:
    """Fit an ellipsoid to a person's skull.

    Args:
        vertices: (n, 3) the person's head, cm.
        ears: (n,) vertices to leave out.
        skin_end: vertices before this one belong to the outer surface.
    """
    center = np.array([0.0, 4.8, 1.0], np.float32)
    skin = vertices[:skin_end][~ears[:skin_end]]
    temple = np.abs(skin[(skin[:, 1] > 5.5) & (skin[:, 1] < 9)][:, 0]).max()
    top = skin[:, 1].max() - center[1]
    back = center[2] - skin[skin[:, 1] > 0][:, 2].min()
    radii = np.array([temple * 1.02, top, back], np.float32)
    # A head is not an ellipsoid: unless this one contains nearly all of it, the forehead would hide strands.
    reach = np.linalg.norm((skin[skin[:, 1] > 7.5] - center) / radii, axis=1)
    return Skull(center, radii * np.float32(max(1.0, np.percentile(reach, 85))))


class Grooming(NamedTuple):
    """How strands grow, as the kernel takes it; see `Style` and `Hair`."""

    top: float
    sides: float
    forward: float
    across: float
    down: float
    gravity: float
    lift: float
    curl: float
    parting: float
    fringe: float
    ends: float
    stands: bool
    seed: int


def grow_hair(
    person: Person, hair: Hair, vertices: Floats, normals: Floats, baked: Baked, skull: Skull, share: float = 1.0
) -> Floats:
    """Grow the strands of a hairstyle.

    Args:
        person: whose hair it is.
        hair: the hairstyle.
        vertices: (n, 3) of the person's face with its expression, before it is posed, cm.
        normals: (n, 3) of the same vertices, of length 1.
        baked: the model's baked data.
        skull: of the person, from `fit_skull`.
        share: factor on the number of strands.

    Returns:
        (k, points, 3) cm; k is 0 for a bald head.
    """
    if hair.style == "bald":
        return np.zeros((0, 2, 3), np.float32)
    style = STYLES[hair.style]
    count = min(len(baked.root_triangles), int(style.count * share))
    triangles, weights = baked.root_triangles[:count], baked.root_weights[:count]
    roots = np.einsum("kci,kc->ki", vertices[triangles], weights)
    outward = np.einsum("kci,kc->ki", normals[triangles], weights)
    grooming = Grooming(
        top=style.top * hair.length,
        sides=style.sides * hair.length,
        forward=style.forward,
        across=style.across,
        down=style.down,
        gravity=style.gravity,
        lift=style.lift * hair.volume,
        curl=max(style.curl, hair.curl if style.top > 3 else 0.0),
        parting=hair.parting * 3.0,
        fringe=hair.fringe,
        ends=style.ends + (hair.length - 1) * 8,
        stands=style.stands,
        seed=hair.seed & 0xFFFFFF,
    )
    strands = np.empty((count, style.points, 3), np.float32)
    kept = _grow(
        roots,
        outward,
        baked.root_places[:count],
        hairline(person, hair),
        baked.noise,
        skull,
        grooming,
        strands,
    )
    return strands[:kept]


@kernel
def _grow(
    roots: Floats,
    outward: Floats,
    rest: Floats,
    hairline: Floats,
    noise: Floats,
    skull: Skull,
    grooming: Grooming,
    strands: Floats,
) -> int:
    """Grow strands above the hairline into `strands`, and return how many there are."""
    kept, points = 0, strands.shape[1]
    smoothing = 0.5 * smoothstep(0.6, 1.2, max(grooming.top, grooming.sides) / points)
    for i in range(roots.shape[0]):
        luck = random_at(grooming.seed, i)
        edge = rest[i, 1] - hairline_at(hairline, rest[i, 0], rest[i, 2])
        if edge < (luck - 0.5) * 0.9:
            continue
        x, y, z = roots[i, 0], roots[i, 1], roots[i, 2]
        side = 1.0 if rest[i, 0] > grooming.parting * smoothstep(6.0, 9.0, rest[i, 1]) else -1.0
        top = smoothstep(4.0, 10.5, rest[i, 1] - 0.25 * max(0.0, -rest[i, 2]))
        length = grooming.sides + (grooming.top - grooming.sides) * top
        length *= 0.78 + 0.3 * random_at(grooming.seed + 1, i)
        forward = grooming.forward
        across = grooming.across
        # Hair at the very edge is finer and shorter.
        shortest = 0.45 if length < 12.0 else 0.8
        length *= shortest + (1 - shortest) * smoothstep(-0.4, 1.2, edge)
        is_fringe = (
            grooming.fringe > 0
            and grooming.top > 2.0
            and rest[i, 2] > 4.0
            and abs(rest[i, 0]) < 5.5
            and rest[i, 1] > 8.0
            and random_at(grooming.seed + 2, i) < 0.9
        )
        if is_fringe:
            length = 1.4 + 2.2 * grooming.fringe + 0.9 * max(0.0, rest[i, 1] - 10.0)
            length *= 0.85 + 0.3 * random_at(grooming.seed + 3, i)
            forward = 1.2
            across = 0.3
        # Neighbors share a lock: its direction and the phase of its waves.
        lock_x = noise_at(noise, rest[i, 0] * 9.0 + grooming.seed % 512, rest[i, 1] * 9.0 + rest[i, 2] * 6.0) - 0.5
        lock_y = noise_at(noise, rest[i, 2] * 9.0 + 100.0, rest[i, 0] * 9.0 + grooming.seed % 311) - 0.5
        lift = grooming.lift * (0.15 + 0.85 * random_at(grooming.seed + 4, i)) * smoothstep(-0.3, 2.0, edge)
        dx, dy, dz = outward[i, 0], outward[i, 1], outward[i, 2]
        step = length / (points - 1)
        phase = 6.283 * (lock_x * 4.0 + 0.12 * random_at(grooming.seed + 5, i))
        turns = 2.0 + 2.0 * lock_y + 2.5 * max(0.0, grooming.curl - 0.6)
        tight = grooming.curl * 0.75
        inside = 1.0
        for k in range(points):
            grown = k * step
            wave = tight * smoothstep(0.0, 2.0, grown)
            strands[kept, k, 0] = x + wave * 0.55 * math.sin(phase + turns * grown)
            strands[kept, k, 1] = y + wave * 0.35 * math.cos(phase * 1.7 + turns * grown)
            strands[kept, k, 2] = z + wave * 0.55 * math.cos(phase + turns * grown)
            if y < grooming.ends + 1.5 * luck:
                step = 0.0
            # The direction in which the style combs it from here.
            height = smoothstep(5.0, 11.0, y)
            comb_x = across * side * (0.35 + 0.65 * height) + lock_x * 0.9
            comb_y = -grooming.down - 0.8 * (1 - height) - grooming.gravity * 2.0
            comb_z = forward * height + lock_y * 0.9 - 0.25 * (1 - height)
            # Hair that stands off further than the style allows falls down.
            comb_y -= min(3.0, max(0.0, inside - 1.0) * 25.0)
            if grooming.stands:
                comb_x, comb_y, comb_z = dx + lock_x, dy + 0.5 * lock_y, dz + lock_y
            pull = 0.9 * step / (0.35 + 0.15 * grooming.lift)
            dx += pull * comb_x
            dy += pull * comb_y
            dz += pull * comb_z
            norm = 1.0 / math.sqrt(dx * dx + dy * dy + dz * dz + 1e-9)
            dx *= norm
            dy *= norm
            dz *= norm
            x += dx * step
            y += dy * step
            z += dz * step
            # Push the strand out of the skull; below its middle the head is a column.
            qx = (x - skull.center[0]) / (skull.radii[0] + lift)
            qy = max(0.0, y - skull.center[1]) / (skull.radii[1] + lift)
            qz = (z - skull.center[2]) / (skull.radii[2] + lift)
            if y < skull.center[1] and z < 3.0:
                qz *= 1 + 0.04 * (skull.center[1] - y)
            inside = math.sqrt(qx * qx + qy * qy + qz * qz + 1e-9)
            if inside < 1.0 and k > 0:
                grow = min(1.0 / inside, 1.0 + 0.07 * step)  # gradually, so that short hair does not jump out
                x = skull.center[0] + (x - skull.center[0]) * grow
                z = skull.center[2] + (z - skull.center[2]) * grow
                if y > skull.center[1]:
                    y = skull.center[1] + (y - skull.center[1]) * grow
                sx, sy, sz = (
                    qx / (skull.radii[0] * inside),
                    qy / (skull.radii[1] * inside),
                    qz / (skull.radii[2] * inside),
                )
                norm = 1.0 / math.sqrt(sx * sx + sy * sy + sz * sz + 1e-9)
                inward = (dx * sx + dy * sy + dz * sz) * norm
                if inward < 0:
                    dx -= inward * sx * norm
                    dy -= inward * sy * norm
                    dz -= inward * sz * norm
            # Long hair falls beside the face, not over it.
            if not is_fringe and step > 0.5 and z > 2.5 and y < 10.0:
                free = skull.radii[0] * (0.45 + 0.52 * smoothstep(10.0, 6.0, y))
                if abs(x) < free:
                    x = math.copysign(free, side if abs(x) < 1.5 else x)
                    z -= 0.2
        for _ in range(2):  # round the bends where a strand left the skull or was pushed aside
            for k in range(2, points - 1):
                for c in range(3):
                    middle = 0.5 * (strands[kept, k - 1, c] + strands[kept, k + 1, c])
                    strands[kept, k, c] += smoothing * (middle - strands[kept, k, c])
        kept += 1
    return kept

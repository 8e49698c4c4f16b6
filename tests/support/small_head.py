"""A small synthetic head, so that the renderer's tests need no ICT-FaceKit file.

It has about 2,500 vertices with every part, landmark and blendshape that the renderer uses, in the same coordinates as
ICT-FaceKit: centimeters, the chin at y = -7.5, the tip of the nose at z = 13, and a texture in which the person's right
half lies at u < 0.5. The shape is crude (a barrel with a nose), but eyes close, brows rise and the jaw drops where they
should.
"""

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import Delaunay

from emotiscan.rendering.head_model import EYE, GUMS, HEAD, LASHES, MOUTH, SKIN, SOCKET, TEETH, MeshLayout

IDENTITIES = 100
MOUTH_LINE = -3.4
"""Height at which the lips meet, cm."""

SPACING = 0.03
"""Distance of the skin's vertices in texture space."""

_HALF_LANDMARKS = {
    # Texture coordinates of the landmarks in the person's right half and in the middle.
    **{0: (0.15, 0.71), 1: (0.16, 0.62), 2: (0.17, 0.53), 3: (0.18, 0.46), 4: (0.21, 0.37), 5: (0.28, 0.30)},
    **{6: (0.35, 0.28), 7: (0.43, 0.28), 8: (0.50, 0.28)},
    **{17: (0.25, 0.79), 18: (0.30, 0.81), 19: (0.35, 0.815), 20: (0.41, 0.81), 21: (0.46, 0.80)},
    **{27: (0.50, 0.72), 28: (0.50, 0.68), 29: (0.50, 0.65), 30: (0.50, 0.61)},
    **{31: (0.43, 0.545), 32: (0.47, 0.54), 33: (0.50, 0.54)},
    **{
        36: (0.315, 0.717),
        37: (0.34, 0.723),
        38: (0.37, 0.723),
        39: (0.40, 0.716),
        40: (0.37, 0.711),
        41: (0.34, 0.711),
    },
    **{48: (0.39, 0.44), 49: (0.425, 0.49), 50: (0.47, 0.51), 51: (0.50, 0.508)},
    **{57: (0.50, 0.36), 58: (0.45, 0.363), 59: (0.41, 0.385)},
    **{60: (0.41, 0.434), 61: (0.455, 0.467), 62: (0.50, 0.47), 66: (0.50, 0.392), 67: (0.445, 0.395)},
}
_MIRRORED = {
    **dict(zip(range(9, 17), range(7, -1, -1), strict=True)),
    **dict(zip(range(22, 27), range(21, 16, -1), strict=True)),
    **{34: 32, 35: 31, 42: 39, 43: 38, 44: 37, 45: 36, 46: 41, 47: 40},
    **{52: 50, 53: 49, 54: 48, 55: 59, 56: 58, 63: 61, 64: 60, 65: 67},
}
"""Landmark of the person's left half, and its mirror image."""

_HEIGHT = (
    # v, and y in cm: the openings of eyes and mouth are stretched in texture space, as in ICT-FaceKit
    (0.0, 0.1, 0.2, 0.28, 0.36, 0.393, 0.469, 0.51, 0.54, 0.61, 0.711, 0.723, 0.80, 0.95, 1.0),
    (-15, -11, -8.3, -7.5, -4.4, -3.43, -3.37, -2.45, -1.2, 0.4, 3.1, 3.9, 5.8, 10.9, 12.4),
)
_WIDTH = ((-15, -8, -6, -3, 0, 9, 12.4, 14.5), (5.5, 5.0, 5.5, 6.5, 7.5, 7.5, 6.5, 0.3))
_FRONT = ((-15, -9, -7.5, -3, 2, 6, 11, 12.4, 14.5), (3.0, 5.5, 9.4, 9.8, 9.6, 9.6, 7.7, 6.0, 0.3))
_BACK = ((-15, -8, -3, 5, 9, 12.4, 14.5), (5.5, 6.0, 8.0, 10.0, 9.5, 6.5, 0.3))
"""y and the half axes of the head there, cm: sideways, forwards and backwards from z = 1."""

_SHAPES: dict[str, tuple[tuple[int, ...], tuple[float, float, float], float]] = {
    # landmarks (right half or middle) around whose mean the skin moves, displacement (x outwards) and radius, cm
    "browDown": ((19, 20, 21), (-0.3, -0.8, 0.1), 1.2),
    "browInnerUp": ((20, 21), (0.0, 1.0, 0.0), 1.1),
    "browOuterUp": ((17, 18, 19), (0.0, 1.0, 0.0), 1.1),
    "cheekRaiser": ((41, 48), (0.0, 0.7, 0.5), 2.0),
    "cheekSquint": ((41, 48), (0.0, 0.8, 0.5), 2.0),
    "eyeLookDown": ((37, 38), (0.0, -0.2, 0.0), 0.5),
    "eyeLookUp": ((37, 38), (0.0, 0.1, 0.0), 0.5),
    "eyeWide": ((37, 38), (0.0, 0.6, 0.0), 0.9),
    "mouthDimple": ((48,), (0.4, 0.1, -0.4), 0.8),
    "mouthFrown": ((48,), (0.2, -0.7, 0.0), 1.0),
    "mouthLowerDown": ((57, 66), (0.0, -0.8, 0.0), 1.3),
    "mouthPress": ((50, 58), (0.0, 0.0, -0.25), 0.9),
    "mouthSmile": ((48,), (0.8, 0.9, -0.3), 1.3),
    "mouthStretch": ((48, 59), (0.8, -0.4, -0.2), 1.0),
    "mouthUpperUp": ((51, 62), (0.0, 0.5, 0.1), 1.3),
    "noseSneer": ((31, 27), (0.1, 0.6, 0.2), 1.2),
    "mouthFunnel": ((51, 57), (0.0, 0.0, 0.6), 1.2),
    "mouthPucker": ((48,), (-0.6, 0.0, 0.4), 1.2),
    "mouthRollLower": ((66, 57), (0.0, 0.2, -0.4), 0.7),
    "mouthRollUpper": ((62, 51), (0.0, -0.2, -0.4), 0.7),
    "mouthShrugLower": ((57, 8), (0.0, 0.7, 0.3), 1.6),
    "mouthShrugUpper": ((51, 33), (0.0, 0.4, 0.1), 1.0),
}
_WHOLE = ("mouthFunnel", "mouthPucker", "mouthRollLower", "mouthRollUpper", "mouthShrugLower", "mouthShrugUpper")
"""Shapes that ICT-FaceKit does not split into two halves."""


def landmark_uvs() -> NDArray[np.float64]:
    """Return (68, 2) texture coordinates of the landmarks."""
    uvs = np.zeros((68, 2))
    for number, uv in _HALF_LANDMARKS.items():
        uvs[number] = uv
    for number, other in _MIRRORED.items():
        uvs[number] = (1 - uvs[other, 0], uvs[other, 1])
    return uvs


def _surface(angle: NDArray, y: NDArray, inset: float = 0.0) -> NDArray[np.float64]:
    """Return (…, 3) points on the head, `inset` cm below its surface; angle 0 is the front, in radians."""
    forwards = np.where(np.cos(angle) > 0, np.interp(y, *_FRONT), np.interp(y, *_BACK))
    x = (np.interp(y, *_WIDTH) - inset) * np.sin(angle)
    return np.stack([x, y, 1 + (forwards - inset) * np.cos(angle)], -1)


@dataclass
class _Builder:
    """Collects the parts of the mesh."""

    vertices: list[NDArray] = field(default_factory=list)
    uvs: list[NDArray] = field(default_factory=list)
    triangles: list[NDArray] = field(default_factory=list)
    polygons: list[tuple[int, int, int]] = field(default_factory=list)

    def add(self, part: int, vertices: NDArray, uvs: NDArray, triangles: NDArray) -> tuple[int, int]:
        """Add a part, and return the range of its vertices."""
        first, polygon = sum(map(len, self.vertices)), sum(map(len, self.triangles))
        self.vertices.append(vertices)
        self.uvs.append(uvs)
        self.triangles.append(triangles + first)
        self.polygons.append((polygon, polygon + len(triangles), part))
        return first, first + len(vertices)

    def add_grid(self, part: int, points: NDArray, uvs: NDArray | None = None) -> tuple[int, int]:
        """Add a (rows, columns, 3) grid that faces the camera where rows run up and columns to the right."""
        rows, columns = points.shape[:2]
        index = np.arange(rows * columns).reshape(rows, columns)
        a, b, c, d = index[:-1, :-1], index[:-1, 1:], index[1:, 1:], index[1:, :-1]
        triangles = np.concatenate([np.stack([a, b, c], -1).reshape(-1, 3), np.stack([a, c, d], -1).reshape(-1, 3)])
        flat = np.zeros((rows * columns, 2)) if uvs is None else uvs.reshape(-1, 2)
        return self.add(part, points.reshape(-1, 3), flat, triangles)


def _skin() -> tuple[NDArray, NDArray, NDArray]:
    """Return vertices, texture coordinates and triangles of the face; the landmarks are the first vertices."""
    marks = landmark_uvs()
    steps = np.linspace(0.005, 0.995, round(1 / SPACING))
    grid = np.stack(np.meshgrid(steps, steps), -1).reshape(-1, 2)
    distance = np.linalg.norm(grid[:, None] - marks[None], axis=2).min(1)
    holes = [marks[36:42], marks[42:48], marks[60:68]]
    outside = ~np.any([_inside(grid, hole) for hole in holes], axis=0)
    uvs = np.concatenate([marks, grid[(distance > 0.4 * SPACING) & outside]])
    triangles = Delaunay(uvs).simplices
    triangles = triangles[~np.any([_inside(uvs[triangles].mean(1), hole) for hole in holes], axis=0)]
    u, v = uvs.T
    vertices = _surface((u - 0.5) * np.deg2rad(210), np.interp(v, *_HEIGHT))
    x, y = vertices[:, 0], vertices[:, 1]
    vertices[:, 2] += 2.6 * np.exp(-((x / 0.9) ** 2) - ((y - 0.6) / 1.4) ** 2)
    return vertices, uvs, triangles


def _inside(points: NDArray, outline: NDArray) -> NDArray[np.bool_]:
    """Return which (n, 2) points lie in a polygon (even-odd rule)."""
    inside = np.zeros(len(points), bool)
    x, y = points.T
    for (x0, y0), (x1, y1) in zip(outline, np.roll(outline, -1, 0), strict=True):
        if y0 != y1:
            inside ^= ((y0 > y) != (y1 > y)) & (x < (x1 - x0) * (y - y0) / (y1 - y0) + x0)
    return inside


def _patch(x: tuple[float, float], y: tuple[float, float], z: float, steps: int = 8) -> NDArray[np.float64]:
    columns, rows = np.meshgrid(np.linspace(*x, steps), np.linspace(*y, steps))
    return np.stack([columns, rows, np.full_like(rows, z)], -1)


def _eyeball(middle: NDArray) -> tuple[NDArray, NDArray]:
    """Return the front half of an eyeball as a grid, with texture coordinates around its pupil."""
    polar, turn = np.meshgrid(np.linspace(0, np.pi / 2, 9), np.linspace(0, 2 * np.pi, 17))
    across = np.stack([np.cos(turn), np.sin(turn)], -1)
    points = middle + 1.25 * np.concatenate([across * np.sin(polar)[..., None], np.cos(polar)[..., None]], -1)
    return points, 0.5 + across * (polar / np.pi)[..., None]


def write_small_head(path: Path) -> Path:
    """Write the head as a converted face model."""
    mesh = _Builder()
    skin, skin_uvs, triangles = _skin()
    face_end = mesh.add(SKIN, skin, skin_uvs, triangles)[1]
    angle, y = np.meshgrid(np.deg2rad(np.linspace(100, 260, 24)), np.linspace(-15, 12.4, 20))
    mesh.add_grid(HEAD, _surface(angle, y))
    angle, y = np.meshgrid(np.deg2rad(np.linspace(-180, 180, 40)), np.linspace(12.3, 14.5, 4))
    skin_end = mesh.add_grid(HEAD, _surface(angle, y))[1]
    lining = mesh.add_grid(MOUTH, _patch((-2.6, 2.6), (-5.6, -1.6), 8.0))
    for side in (-1, 1):
        mesh.add_grid(SOCKET, _patch((3.7 * side - 1.4, 3.7 * side + 1.4), (2.2, 4.9), 7.5))
    inside = []
    rows = ((GUMS, -2.6, -1.9, 0.7), (GUMS, -5.2, -4.3, 0.7), (TEETH, -3.45, -2.5, 0.5), (TEETH, -4.4, -3.45, 0.6))
    for part, low, high, depth in rows:
        angle, y = np.meshgrid(np.deg2rad(np.linspace(-18, 18, 10)), np.linspace(low, high, 4))
        inside.append(mesh.add_grid(part, _surface(angle, y, depth)))
    middles = [skin[eye].mean(0) * (1, 1, 0) + (0, 0, 7.6) for eye in (slice(36, 42), slice(42, 48))]
    eyeballs = [mesh.add_grid(EYE, *_eyeball(middle)) for middle in middles]
    lashes = []
    for lid in (skin[36:40], skin[42:46]):
        along = np.linspace(0, 1, 12)
        root = np.stack([np.interp(along, np.linspace(0, 1, 4), axis) for axis in lid.T], 1)
        root[:, 2] += 0.05
        uvs = np.stack(np.meshgrid(along, [0.0, 0.5, 1.0]), -1)
        strip = np.stack([root + np.array([0, 0.2, 0.3]) * out for out in (0, 1, 2)])
        lashes.append(mesh.add_grid(LASHES, strip, uvs))
    vertices = np.concatenate(mesh.vertices)
    layout = MeshLayout(
        vertices=len(vertices),
        part_polygons=tuple(mesh.polygons),
        face_end=face_end,
        skin_end=skin_end,
        mouth_lining=lining,
        teeth_and_gums=(inside[0][0], inside[-1][1]),
        eyeballs=(eyeballs[0], eyeballs[1]),
        lashes=(lashes[0][0], lashes[1][1]),
    )
    triangles = np.concatenate(mesh.triangles)
    names, shapes = zip(*_shapes(vertices, face_end, lashes[0][0]).items(), strict=True)
    np.savez(
        path,
        V=vertices.astype(np.float32),
        F=triangles.astype(np.int32),
        FT=triangles.astype(np.int32),
        VT=np.concatenate(mesh.uvs).astype(np.float32),
        fquad=np.arange(len(triangles), dtype=np.int32),
        ID=_identities(vertices).astype(np.float16),
        EX=np.array(shapes, np.float16),
        ex_names=np.array(names),
        lm68=np.arange(68, dtype=np.int32),
        layout=np.array(layout.to_json()),
    )
    return path


def _identities(vertices: NDArray) -> NDArray[np.float64]:
    """Return heads that are a little wider, longer or deeper."""
    scales = np.random.default_rng(0).normal(0, 0.004, (IDENTITIES, 1, 3))
    return vertices * scales


def _shapes(vertices: NDArray, face_end: int, first_lash: int) -> dict[str, NDArray]:
    """Return every blendshape: a bump around landmarks; lids that shut and a jaw that drops are made separately."""
    x, y, z = vertices.T
    index = np.arange(len(vertices))[:, None]
    on_skin, on_lashes = index < face_end, index >= first_lash
    left = 1 / (1 + np.exp(-x / 0.15))[:, None]
    shapes = {}
    for name, (landmarks, move, radius) in _SHAPES.items():
        middle = vertices[list(landmarks)].mean(0)
        places = np.stack([middle, middle * (-1, 1, 1)])
        distance = np.linalg.norm(vertices[:, None] - places[None], axis=2).min(1)
        outwards = np.stack([np.sign(x), np.ones_like(x), np.ones_like(x)], 1)
        lip = y < MOUTH_LINE if "Lower" in name else y > MOUTH_LINE if "Upper" in name else np.ones_like(y)
        shapes[name] = np.exp(-((distance / radius) ** 2))[:, None] * outwards * move * on_skin * lip[:, None]
    upper = (y > 3.4) & (y < 4.6) & (np.abs(np.abs(x) - 3.7) < 1.6)
    fall = np.where(upper, 3.1 - y, 0) * np.exp(-((np.maximum(y - 3.9, 0) / 0.3) ** 2))
    lid = np.stack([0 * x, fall, 0.12 * upper], 1) * (on_skin | on_lashes)
    shapes["eyeBlink"], shapes["eyeSquint"] = lid, 0.35 * lid
    split = {name: shape for name, shape in shapes.items() if name not in _WHOLE}
    halves = {f"{name}_L": shape * left for name, shape in split.items()}
    halves |= {f"{name}_R": shape * (1 - left) for name, shape in split.items()}
    below = (y < MOUTH_LINE) & (z > 3)
    drop = np.where(
        below, 2.6 * np.exp(-((np.maximum(np.abs(x) - 2.0, 0) / 1.8) ** 2)) * np.clip((y + 11) / 2, 0, 1), 0
    )
    jaw = np.stack([0 * x, -drop, -0.2 * drop], 1)
    return {**{name: shapes[name] for name in _WHOLE}, **halves, "jawOpen": jaw}

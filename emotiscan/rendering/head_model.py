"""The face model: ICT-FaceKit's mesh, identities and blendshapes, as one checked file.

ICT-FaceKit (Li et al., 2020; github.com/ICT-VGL/ICT-FaceKit, MIT) is published as several
hundred OBJ files; `convert.py` packs them into the one NPZ file that is read here.
"""

import hashlib
import zipfile
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Ints = NDArray[np.int32]

SKIN, HEAD, MOUTH, SOCKET, GUMS, TEETH, EYE, LASHES = range(8)
"""Parts of the mesh: the face, the back of the head with the neck, the mouth's lining, the eye
sockets, gums and tongue, teeth, eyeballs (one surface for white, iris and pupil), lash strips."""

PART_POLYGONS = (
    (0, 9230, SKIN),
    (9230, 11144, HEAD),
    (11144, 13226, MOUTH),
    (13226, 14034, SOCKET),
    (14034, 17006, GUMS),
    (17006, 21496, TEETH),
    (21496, 22296, EYE),
    (23094, 23894, EYE),
    (25304, 26384, LASHES),
)
"""First polygon, end and part. What is left out (cornea, tear film, blends) is painted instead."""

EXPOSED_PARTS = (SKIN, HEAD, MOUTH, SOCKET, GUMS, TEETH, EYE)
"""All that is seen as a surface; lashes are drawn after it, as strands are."""

FACE_VERTICES = 9409
"""Vertices before this one belong to the face proper (with the ears)."""

SKIN_VERTICES = 11248
"""Vertices before this one belong to the outer surface: face, head and neck."""

TEETH_AND_GUMS = (14062, 21451)
"""Vertices of gums, tongue and teeth."""

MOUTH_LINING = (SKIN_VERTICES, 13294)
EYEBALLS = ((21451, 22221), (23021, 23791))
LASH_VERTICES = (25351, 26719)

VERTICES = 26719
_ARRAYS = ("V", "F", "FT", "VT", "fquad", "ID", "EX", "ex_names", "lm68")


class HeadModelError(ValueError):
    """The face model cannot be used; the message says why and what to do, in plain words."""


@dataclass(frozen=True, eq=False)
class Mesh:
    """All triangles that are drawn, lashes last: (t, 3) vertices, (t, 3) texture vertices, (t,) parts."""

    triangles: Ints
    uv_triangles: Ints
    parts: NDArray[np.uint8]
    lashes_from: int


@dataclass(frozen=True, eq=False)
class HeadModel:
    """ICT-FaceKit. Lengths are centimeters; x points to the person's left, y up, z out of the face.

    Attributes:
        neutral: (n, 3) the mean face at rest.
        identities: (100, n, 3) differences from the mean, each scaled to standard deviation 1.
        shapes: (s, n, 3) blendshapes: differences from rest at full strength.
        shape_names: index of each blendshape, e.g. ``"jawOpen"`` or ``"mouthSmile_L"``.
        triangles: (t, 3) vertices of each triangle.
        uv_triangles: (t, 3) texture vertices of each triangle.
        uvs: (m, 2) texture vertices.
        parts: (t,) part of each triangle, `SKIN` to `LASHES`.
        landmarks: (68,) vertices of the usual 68 landmarks.
        digest: of the file, to key what is derived from it.
    """

    neutral: Floats
    identities: Floats
    shapes: Floats
    shape_names: dict[str, int]
    triangles: Ints
    uv_triangles: Ints
    uvs: Floats
    parts: NDArray[np.uint8]
    landmarks: Ints
    digest: str

    def of_part(self, *parts: int) -> tuple[Ints, Ints]:
        """(k, 3) triangles and (k, 3) texture triangles of some parts."""
        chosen = np.isin(self.parts, parts)
        return self.triangles[chosen], self.uv_triangles[chosen]

    @cached_property
    def mesh(self) -> Mesh:
        """The triangles in the order in which they are drawn."""
        exposed, exposed_uv = self.of_part(*EXPOSED_PARTS)
        lashes, lashes_uv = self.of_part(LASHES)
        return Mesh(
            np.concatenate([exposed, lashes]),
            np.concatenate([exposed_uv, lashes_uv]),
            np.concatenate([self.parts[np.isin(self.parts, EXPOSED_PARTS)], np.full(len(lashes), LASHES, np.uint8)]),
            len(exposed),
        )

    @cached_property
    def lip_ring(self) -> Ints:
        """(8,) vertices around the opening of the mouth."""
        return self.landmarks[60:68]


def load_model(path: str | Path) -> HeadModel:
    """Read and check the converted face model.

    Raises:
        HeadModelError: the file is missing, is no such model, or is damaged.
    """
    file = Path(path)
    try:
        data = file.read_bytes()
    except OSError:
        raise HeadModelError(
            f"there is no face model {file}. Clone https://github.com/ICT-VGL/ICT-FaceKit (MIT license) "
            "and convert it:\n"
            f"    python -m emotiscan.rendering.convert --facekit CLONE --out {file}"
        ) from None
    try:
        with np.load(file, allow_pickle=False) as arrays:
            missing = [name for name in _ARRAYS if name not in arrays.files]
            if missing:
                raise HeadModelError(f"{file} is no converted ICT-FaceKit: it lacks the array {missing[0]}")
            loaded = {name: arrays[name] for name in _ARRAYS}
    except (ValueError, OSError, zipfile.BadZipFile, EOFError) as error:
        if isinstance(error, HeadModelError):
            raise
        raise HeadModelError(f"{file} is damaged or no NPZ file ({error}); convert ICT-FaceKit again") from None
    if loaded["V"].shape != (VERTICES, 3):
        raise HeadModelError(f"{file} has {len(loaded['V'])} vertices; ICT-FaceKit has {VERTICES}")
    return _model(loaded, hashlib.sha256(data).hexdigest()[:16])


def _model(arrays: dict[str, NDArray], digest: str) -> HeadModel:
    parts = np.full(len(arrays["F"]), 255, np.uint8)
    for first, end, part in PART_POLYGONS:
        parts[(arrays["fquad"] >= first) & (arrays["fquad"] < end)] = part
    used = parts != 255
    return HeadModel(
        neutral=arrays["V"].astype(np.float32),
        identities=arrays["ID"].astype(np.float32),
        shapes=arrays["EX"].astype(np.float32),
        shape_names={str(name): index for index, name in enumerate(arrays["ex_names"])},
        triangles=np.ascontiguousarray(arrays["F"][used], np.int32),
        uv_triangles=np.ascontiguousarray(arrays["FT"][used], np.int32),
        uvs=arrays["VT"].astype(np.float32),
        parts=parts[used],
        landmarks=arrays["lm68"].astype(np.int32),
        digest=digest,
    )

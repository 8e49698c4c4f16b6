"""The face model: ICT-FaceKit's mesh, identities and blendshapes, as one checked file.

ICT-FaceKit (Li et al., 2020; github.com/ICT-VGL/ICT-FaceKit, MIT) is published as several
hundred OBJ files; `convert.py` packs them into the one NPZ file that is read here.
"""

import hashlib
import json
import zipfile
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

Floats: TypeAlias = NDArray[np.float32]
Ints: TypeAlias = NDArray[np.int32]
Range: TypeAlias = tuple[int, int]
"""First index, and one past the last."""

SKIN, HEAD, MOUTH, SOCKET, GUMS, TEETH, EYE, LASHES = range(8)
"""Parts of the mesh: the face, the back of the head with the neck, the mouth's lining, the eye
sockets, gums and tongue, teeth, eyeballs (one surface for white, iris and pupil), lash strips."""

EXPOSED_PARTS = (SKIN, HEAD, MOUTH, SOCKET, GUMS, TEETH, EYE)
"""Parts that are rendered as surfaces; lashes come after them, strand by strand."""


@dataclass(frozen=True)
class MeshLayout:
    """Where the parts of a mesh lie among its polygons and vertices.

    Attributes:
        vertices: number of vertices.
        part_polygons: (first polygon, end, part); polygons in none of these are not rendered.
        face_end: vertices before this one belong to the face proper (with the ears).
        skin_end: vertices before this one belong to the outer surface: face, head and neck.
        mouth_lining: vertices of the mouth's lining.
        teeth_and_gums: vertices of gums, tongue and teeth.
        eyeballs: vertices of the two eyeballs.
        lashes: vertices of the lash strips.
    """

    vertices: int
    part_polygons: tuple[tuple[int, int, int], ...]
    face_end: int
    skin_end: int
    mouth_lining: Range
    teeth_and_gums: Range
    eyeballs: tuple[Range, Range]
    lashes: Range

    def to_json(self) -> str:
        """The layout as it is kept in a model file."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> "MeshLayout":
        """Read a layout that `to_json` wrote.

        Raises:
            ValueError: the text is no layout.
        """
        try:
            values: dict[str, Any] = {name: _as_tuple(value) for name, value in json.loads(text).items()}
            return cls(**values)
        except (TypeError, AttributeError) as error:
            raise ValueError(f"the mesh layout cannot be read: {error}") from None


def _as_tuple(value: object) -> object:
    return tuple(_as_tuple(item) for item in value) if isinstance(value, list) else value


ICT_LAYOUT = MeshLayout(
    vertices=26719,
    part_polygons=(
        (0, 9230, SKIN),
        (9230, 11144, HEAD),
        (11144, 13226, MOUTH),
        (13226, 14034, SOCKET),
        (14034, 17006, GUMS),
        (17006, 21496, TEETH),
        (21496, 22296, EYE),
        (23094, 23894, EYE),
        (25304, 26384, LASHES),
    ),
    face_end=9409,
    skin_end=11248,
    mouth_lining=(11248, 13294),
    teeth_and_gums=(14062, 21451),
    eyeballs=((21451, 22221), (23021, 23791)),
    lashes=(25351, 26719),
)
"""The layout of ICT-FaceKit. Its cornea, tear film and blends are left out: they are painted instead."""

_ARRAYS = ("V", "F", "FT", "VT", "fquad", "ID", "EX", "ex_names", "lm68")


class HeadModelError(ValueError):
    """The face model cannot be used; the message says why and what to do."""


@dataclass(frozen=True, eq=False)
class Mesh:
    """All triangles that are rendered, lashes last.

    Attributes:
        triangles: (t, 3) vertices.
        uv_triangles: (t, 3) texture vertices.
        parts: (t,) part of each triangle.
        first_lash: the first triangle of the lashes.
    """

    triangles: Ints
    uv_triangles: Ints
    parts: NDArray[np.uint8]
    first_lash: int


@dataclass(frozen=True, eq=False)
class HeadModel:
    """A morphable head. Lengths are centimeters; x points to the person's left, y up, z out of the face.

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
        layout: where the parts lie among the vertices.
        digest: of the file; the cache is keyed by it.
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
    layout: MeshLayout
    digest: str

    def of_part(self, *parts: int) -> tuple[Ints, Ints]:
        """(k, 3) triangles and (k, 3) texture triangles of some parts."""
        chosen = np.isin(self.parts, parts)
        return self.triangles[chosen], self.uv_triangles[chosen]

    @cached_property
    def mesh(self) -> Mesh:
        """The triangles in the order in which they are rendered."""
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
    """Read and check a converted face model.

    A file without a layout of its own is taken for ICT-FaceKit (`ICT_LAYOUT`).

    Raises:
        HeadModelError: the file is missing or damaged, or is no such model.
    """
    file = Path(path)
    try:
        data = file.read_bytes()
    except OSError:
        raise HeadModelError(
            f"there is no face model {file}. Clone https://github.com/ICT-VGL/ICT-FaceKit (MIT license) "
            "and convert it:\n"
            f"    emotiscan render --convert CLONE --out {file}"
        ) from None
    try:
        with np.load(file, allow_pickle=False) as arrays:
            missing = [name for name in _ARRAYS if name not in arrays.files]
            if missing:
                raise HeadModelError(f"{file} is no converted ICT-FaceKit: it lacks the array {missing[0]}")
            loaded = {name: arrays[name] for name in _ARRAYS}
            layout = MeshLayout.from_json(str(arrays["layout"])) if "layout" in arrays.files else ICT_LAYOUT
    except (ValueError, OSError, zipfile.BadZipFile, EOFError) as error:
        if isinstance(error, HeadModelError):
            raise
        raise HeadModelError(f"{file} is damaged or no NPZ file ({error}); convert ICT-FaceKit again") from None
    if loaded["V"].shape != (layout.vertices, 3):
        owner = "ICT-FaceKit" if layout == ICT_LAYOUT else "its layout"
        raise HeadModelError(f"{file} has {len(loaded['V'])} vertices; {owner} has {layout.vertices}")
    return _model(loaded, layout, hashlib.sha256(data).hexdigest()[:16])


def _model(arrays: dict[str, NDArray], layout: MeshLayout, digest: str) -> HeadModel:
    parts = np.full(len(arrays["F"]), 255, np.uint8)
    for first, end, part in layout.part_polygons:
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
        layout=layout,
        digest=digest,
    )

"""Pack a clone of ICT-FaceKit into the one NPZ file that the renderer reads.

emotiscan render --convert CLONE --out ict_facekit.npz
"""

import itertools
import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from emotiscan.rendering.head_model import ICT_LAYOUT, HeadModelError

IDENTITIES = 100
EXTRA_SHAPES = ("cheekRaiser_L", "cheekRaiser_R")
"""Blendshapes that the clone contains but its list of expressions does not name."""

# fmt: off
LANDMARKS = (
    1225, 1888, 1052, 367, 1719, 1722, 2199, 1447, 966, 3661, 4390, 3927, 3924, 2608, 3272, 4088, 3443,
    268, 493, 1914, 2044, 1401, 3615, 4240, 4114, 2734, 2509, 978, 4527, 4942, 4857, 1140, 2075, 1147, 4269, 3360,
    1507, 1542, 1537, 1528, 1518, 1511, 3742, 3751, 3756, 3721, 3725, 3732,
    5708, 5695, 2081, 0, 4275, 6200, 6213, 6346, 6461, 5518, 5957, 5841, 5702, 5711, 5533, 6216, 6207, 6470, 5517, 5966,
)
"""Vertices of the 68 landmarks, as ICT-FaceKit's documentation numbers them."""
# fmt: on


def convert(facekit: Path, out: Path) -> None:
    """Pack the OBJ files of a clone into one NPZ file.

    Raises:
        HeadModelError: the folder is not a clone of ICT-FaceKit, or a file in it is broken.
    """
    folder = facekit / "FaceXModel"
    neutral_file = folder / "generic_neutral_mesh.obj"
    if not neutral_file.is_file():
        raise HeadModelError(
            f"{facekit} is no clone of ICT-FaceKit: it has no FaceXModel/{neutral_file.name}. "
            "Get it with: git clone https://github.com/ICT-VGL/ICT-FaceKit"
        )
    neutral = _vertices(neutral_file)
    names = [*json.loads((folder / "vertex_indices.json").read_text())["expressions"], *EXTRA_SHAPES]
    identities = [_vertices(folder / f"identity{number:03d}.obj") - neutral for number in range(IDENTITIES)]
    shapes = [_vertices(folder / f"{name}.obj") - neutral for name in names]
    arrays: dict[str, Any] = {
        "V": neutral.astype(np.float32),
        "ID": np.array(identities, np.float16),
        "EX": np.array(shapes, np.float16),
        "ex_names": np.array(names),
        "lm68": np.array(LANDMARKS, np.int32),
        "layout": np.array(ICT_LAYOUT.to_json()),
        **_topology(neutral_file),
    }
    np.savez_compressed(out, **arrays)


def _vertices(file: Path) -> NDArray[np.float64]:
    try:
        lines = [line[2:] for line in file.read_bytes().split(b"\n") if line.startswith(b"v ")]
        vertices = np.array(b" ".join(lines).split(), float).reshape(-1, 3)
    except (OSError, ValueError) as error:
        raise HeadModelError(f"{file} cannot be read: {error}") from None
    if vertices.shape != (ICT_LAYOUT.vertices, 3):
        raise HeadModelError(f"{file} has {len(vertices)} vertices; ICT-FaceKit has {ICT_LAYOUT.vertices}")
    return vertices


def _topology(file: Path) -> dict[str, NDArray]:
    """Read the triangles, their texture vertices, and the polygon that each triangle was cut from."""
    uvs, triangles, uv_triangles, polygons = [], [], [], []
    polygon = 0
    for line in file.read_text().splitlines():
        kind, _, rest = line.partition(" ")
        if kind == "vt":
            uvs.append([float(word) for word in rest.split()[:2]])
        elif kind == "f":
            corners = [tuple(int(part) - 1 for part in word.split("/")[:2]) for word in rest.split()]
            for second, third in itertools.pairwise(corners[1:]):
                triangle = (corners[0], second, third)
                triangles.append([vertex for vertex, _ in triangle])
                uv_triangles.append([uv for _, uv in triangle])
                polygons.append(polygon)
            polygon += 1
    return {
        "F": np.array(triangles, np.int32),
        "FT": np.array(uv_triangles, np.int32),
        "VT": np.array(uvs, np.float32),
        "fquad": np.array(polygons, np.int32),
    }

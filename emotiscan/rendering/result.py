"""What a rendering gives: the image, landmarks, movement maps, and what is hidden."""

from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np
from numpy.typing import NDArray

from emotiscan.faces import apply, canonical_transform, invert
from emotiscan.rendering.action_units import Muscles
from emotiscan.rendering.expressions import AU_NAMES, Expression
from emotiscan.rendering.head_model import Floats, Mesh
from emotiscan.rendering.movement import FLOOR, movement_map
from emotiscan.rendering.scenes import Scene
from emotiscan.visibility import CANONICAL_EYE_DISTANCE, EYES, GRID, HIDDEN, MOUTH, effective_blur, region_shares


@dataclass(frozen=True, eq=False)
class Buffers:
    """What a finished rendering keeps.

    Attributes:
        points: (n, 3) screen points.
        triangle_at: (h, w) the triangle of the head that each pixel shows, or would show if nothing were in front.
        cover: (h, w) how much of it is hidden by hair, glasses or an occluder, 0 to 1.
        mesh: the triangles.
        full_movements: (k, t) how far each of `AU_NAMES`, at full intensity, moves each triangle.
    """

    points: Floats
    triangle_at: NDArray[np.int32]
    cover: Floats
    mesh: Mesh
    full_movements: Floats


@dataclass(frozen=True, eq=False)
class Rendering:
    """A rendered image.

    Attributes:
        image: (size, size, 3) uint8 RGB.
        landmarks68: (68, 2) the usual 68 landmarks, in pixels, including hidden ones.
        landmarks5: (5, 2) eyes, nose tip, mouth corners, in pixels; of each pair, the viewer's left comes first.
    """

    image: NDArray[np.uint8]
    landmarks68: NDArray[np.float32]
    landmarks5: NDArray[np.float32]
    _scene: Scene
    _muscles: Muscles
    _buffers: Buffers

    def matte(self) -> NDArray[np.float32]:
        """Share of each pixel that the person covers, (size, size) 0 to 1: for laying the person over a picture."""
        kept = self._buffers
        solid = np.maximum((kept.triangle_at >= 0).astype(np.float32), np.clip(kept.cover, 0, 1))
        size = len(self.image)
        return np.asarray(cv2.resize(solid, (size, size), interpolation=cv2.INTER_AREA), np.float32)

    def movement(self, au: str, side: int = 56) -> NDArray[np.float32]:
        """Map where an action unit moves the visible skin in this image.

        Returns:
            (side, side) 0 to 1; all 0 if the action unit is absent.
        """
        lengths = self._muscles.movement(self._scene.expression, au)
        kept = self._buffers
        return movement_map(lengths, kept.points, kept.triangle_at, kept.mesh, kept.cover, side)

    @cached_property
    def regions(self) -> dict[str, float]:
        """Share of each of `facs.REGIONS` that hair, glasses or an occluder hides, 0 to 1.

        Of a turned head, only what it shows to the camera counts.
        """
        kept = self._buffers
        scale = len(kept.cover) / len(self.image)
        rows, columns = (np.mgrid[0:GRID, 0:GRID] + 0.5) / GRID
        cells = np.stack([columns.ravel(), rows.ravel()], 1)
        places = apply(invert(canonical_transform(self.landmarks5.astype(float))), cells) * scale
        x, y = np.floor(places).astype(int).T
        inside = (x >= 0) & (y >= 0) & (x < len(kept.cover)) & (y < len(kept.cover))
        x, y = np.where(inside, x, 0), np.where(inside, y, 0)
        seen = inside & (kept.triangle_at[y, x] >= 0)
        return region_shares(kept.cover[y, x].reshape(GRID, GRID), seen.reshape(GRID, GRID))

    @property
    def mouth_covered(self) -> float:
        """Share of the mouth that is hidden, 0 to 1."""
        return self.regions[MOUTH]

    @property
    def eyes_covered(self) -> float:
        """Share of both eyes that is hidden, 0 to 1."""
        return self.regions[EYES]

    @cached_property
    def hidden_shares(self) -> dict[str, float]:
        """Share of the skin that each action unit would move, whether it does or not, that is hidden, 0 to 1."""
        kept = self._buffers
        if not kept.cover.any():
            return dict.fromkeys(AU_NAMES, 0.0)
        shown = kept.triangle_at >= 0
        count = len(kept.mesh.triangles)
        pixels = np.bincount(kept.triangle_at[shown], minlength=count)
        covered = np.bincount(kept.triangle_at[shown], kept.cover[shown], minlength=count)
        # Not "@", which would start threads in every worker process.
        total, hidden = (np.einsum("kt,t->k", kept.full_movements, of.astype(np.float32)) for of in (pixels, covered))
        shares = np.divide(hidden, total, out=np.zeros_like(total), where=total > 0)
        return dict(zip(AU_NAMES, np.clip(shares, 0, 1).tolist(), strict=True))

    @property
    def hidden(self) -> tuple[str, ...]:
        """Action units that are not visible: more than half of the skin they would move is hidden."""
        return tuple(au for au, share in self.hidden_shares.items() if share > HIDDEN)

    @property
    def blur(self) -> float:
        """Effective blur of the face, in eye distances (see `visibility.effective_blur`)."""
        eyes, camera, blur = eye_distance(self.landmarks5), self._scene.camera, self._scene.blur
        lens = camera.blur * len(self.image) / 224 / eyes
        smallest = min(eyes * camera.resolution, eyes if blur.eye_distance is None else blur.eye_distance)
        return effective_blur(float(np.hypot(lens, blur.sigma)), smallest)


def eye_distance(landmarks5: NDArray[np.float32]) -> float:
    """Return the distance of the eyes, in pixels, as if the head faced the camera."""
    to_crop = canonical_transform(landmarks5.astype(float))
    return CANONICAL_EYE_DISTANCE / float(np.hypot(*to_crop[:, 0]))


def full_movements(muscles: Muscles, mesh: Mesh) -> Floats:
    """Return (k, t) how far each of `AU_NAMES`, at full intensity, moves each triangle, as in movement maps."""
    rows = []
    for au in AU_NAMES:
        lengths = muscles.movement(Expression({au: 1.0}), au)
        per_vertex = np.zeros(int(mesh.triangles.max()) + 1, np.float32)
        per_vertex[: len(lengths)] = lengths
        moved = per_vertex[mesh.triangles].mean(1)
        rows.append(np.clip(moved / max(float(moved.max()), 1e-6) - FLOOR, 0, None))
    return np.array(rows, np.float32)

"""A scene in, a picture out, with its landmarks and with where each action unit moved the skin."""

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from emotiscan.rendering import paints, strands
from emotiscan.rendering.action_units import Muscles
from emotiscan.rendering.anatomy import open_mouth, surface_normals, turn_eyes
from emotiscan.rendering.baking import bake
from emotiscan.rendering.glasses import draw_lenses, put_on, shade_curve
from emotiscan.rendering.hair import STYLES, fit_skull, grow_hair
from emotiscan.rendering.head_model import (
    GUMS,
    HEAD,
    LASHES,
    MOUTH,
    MOUTH_LINING,
    SKIN,
    SOCKET,
    TEETH_AND_GUMS,
    Floats,
    Mesh,
    load_model,
)
from emotiscan.rendering.kernels import add_weighted
from emotiscan.rendering.lighting import SHADOW_SIDE, Shadow, light_surface, shadow_view
from emotiscan.rendering.movement import movement_map
from emotiscan.rendering.people import Person
from emotiscan.rendering.photo import draw_backdrop, expose, take
from emotiscan.rendering.projection import View
from emotiscan.rendering.rasterizer import Attributes, Pixels, empty_pixels, interpolate, rasterize, rasterize_lashes
from emotiscan.rendering.scenes import Scene
from emotiscan.rendering.skin import paint_skin
from emotiscan.rendering.surface import NOTHING, Surface, empty_surface, paint_clothes, paint_eyes, paint_mouth

SUPERSAMPLING = 1.5
"""Pictures are drawn this much larger, then averaged down."""

_SCATTER = (0.14, 0.06, 0.035)
"""How far red, green and blue light spread under the skin, cm."""


@dataclass(frozen=True, eq=False)
class Rendering:
    """A rendered picture.

    Attributes:
        image: (size, size, 3) uint8 RGB.
        landmarks68: (68, 2) the usual 68 landmarks, pixels, also where they are hidden.
        landmarks5: (5, 2) eyes, nose tip, mouth corners, each pair from the viewer's left, pixels.
    """

    image: NDArray[np.uint8]
    landmarks68: NDArray[np.float32]
    landmarks5: NDArray[np.float32]
    _scene: Scene
    _muscles: Muscles
    _drawn: "_Drawn"

    def movement(self, au: str, side: int = 56) -> NDArray[np.float32]:
        """(side, side) where an action unit moves the visible skin in this picture, 0 to 1; all 0 where it is absent."""
        lengths = self._muscles.movement(self._scene.expression, au)
        return movement_map(
            lengths, self._drawn.points, self._drawn.triangle_at, self._drawn.mesh, self._drawn.cover, side
        )


@dataclass(frozen=True, eq=False)
class _Drawn:
    """What a finished picture keeps for its movement maps."""

    points: Floats
    triangle_at: NDArray[np.int32]
    cover: Floats
    mesh: Mesh


class _Canvas:
    """Buffers of one internal picture size, kept between pictures."""

    def __init__(self, side: int) -> None:
        self.pixels: Pixels = empty_pixels(side)
        self.surface: Surface = empty_surface(side)
        self.diffuse = np.zeros((side, side, 3), np.float32)
        self.specular = np.zeros((side, side, 3), np.float32)
        self.flesh = np.zeros((side, side), np.float32)


class Renderer:
    """Draws scenes with one face model. Not to be shared among threads."""

    def __init__(self, model_path: str | Path, cache_dir: str | Path | None = None) -> None:
        """Load a face model.

        Args:
            model_path: NPZ file that `emotiscan.rendering.convert` made.
            cache_dir: where what is worked out once is kept; ``cache`` by default.

        Raises:
            HeadModelError: the file is missing or no face model.
        """
        cv2.setNumThreads(1)
        self.model = load_model(model_path)
        self._baked = bake(self.model, cache_dir or "cache")
        self._muscles = Muscles(self.model, self._baked)
        lashes, lashes_uv = self.model.of_part(LASHES)
        self._lash_uvs = self.model.uvs.copy()
        self._lash_uvs[lashes_uv.ravel(), 1] = self._baked.lash_tips[lashes.ravel()]
        self._casters = self.model.of_part(SKIN, HEAD, MOUTH, SOCKET, GUMS)[0]
        self._identities = self.model.identities.reshape(len(self.model.identities), -1)
        self._canvas = lru_cache(maxsize=2)(_Canvas)
        self._rest = lru_cache(maxsize=4)(self._person_at_rest)

    def _person_at_rest(self, shape: tuple[float, ...]) -> Floats:
        rest = self.model.neutral.copy()
        add_weighted(self._identities, np.asarray(shape, np.float32), rest.reshape(-1))
        return rest

    def render(self, scene: Scene, size: int = 224) -> Rendering:
        """Draw a scene as a square picture of `size` pixels."""
        side = round(size * SUPERSAMPLING)
        view = View.of(scene.pose, side)
        vertices, normals, openness = self._move(scene)
        positions = view.to_camera(vertices)
        points = view.to_screen(positions)
        nearness, triangle_at = self._rasterize(points, view, scene.person, side)
        hair = view.to_camera(self._grow(scene, vertices, normals, size))
        lamps = paints.lamps(scene.light)
        shadow = self._cast(positions, hair, scene, lamps.directions[0], view)
        canvas = self._canvas(side)
        attributes = Attributes(
            self.model.uvs, self.model.neutral, (normals @ view.turn.T).astype(np.float32), positions, openness
        )
        mesh = self.model.mesh
        interpolate(points, triangle_at, mesh.triangles, mesh.uv_triangles, mesh.parts, attributes, canvas.pixels)
        self._paint(scene, canvas)
        metered = light_surface(
            canvas.pixels,
            canvas.surface,
            lamps,
            shadow,
            1 / view.focal,
            8 + 16 * scene.person.shine,
            canvas.diffuse,
            canvas.specular,
            canvas.flesh,
        )
        _scatter(canvas, view.focal / view.distance)
        image = canvas.surface.albedo * canvas.diffuse + canvas.specular
        empty = triangle_at < 0
        image[empty] = (draw_backdrop(scene.background, side) * np.float32(metered))[empty]
        cover = np.zeros((side, side), np.float32)
        if scene.glasses.frame != "none":
            light = metered * np.asarray(scene.light.ambient[0]) / max(np.mean(scene.light.ambient[0]), 1e-3)
            self._draw_glasses(scene, view, light.astype(np.float32), nearness, image, cover)
        if len(hair):
            middle = view.to_camera(fit_skull(vertices, self._baked.ears).center[None])[0]
            self._draw_hair(scene, hair, view, middle, lamps, shadow, nearness, image, cover)
        image = cv2.resize(image, (size, size), interpolation=cv2.INTER_AREA)
        picture = take(expose(image, metered, scene.person.tone, scene.camera), scene.camera)
        landmarks = points[self.model.landmarks, :2] / SUPERSAMPLING
        drawn = _Drawn(points, triangle_at, cover, mesh)
        return Rendering(picture, landmarks, five_landmarks(landmarks), scene, self._muscles, drawn)

    def _move(self, scene: Scene) -> tuple[Floats, Floats, Floats]:
        """Vertices, normals and openness of the person's face with its expression, unposed."""
        rest = self._rest(scene.person.shape)
        vertices, change = self._muscles.move(rest, scene.expression)
        turn_eyes(vertices, scene.expression.gaze)
        normals = surface_normals(vertices, self.model.mesh.triangles[: self.model.mesh.lashes_from])
        openness = np.clip(self._baked.openness + change, 0, 1).astype(np.float32)
        open_mouth(self.model, vertices, normals, openness)
        return vertices, normals, openness

    def _rasterize(self, points: Floats, view: View, person: Person, side: int) -> tuple[Floats, NDArray[np.int32]]:
        nearness = np.zeros((side, side), np.float32)
        triangle_at = np.full((side, side), -1, np.int32)
        # Teeth and gums are moved back a little, or they would poke through smiling lips.
        behind = points.copy()
        behind[slice(*TEETH_AND_GUMS), 2] *= np.float32(1 - 0.25 / view.distance)
        behind[slice(*MOUTH_LINING), 2] *= np.float32(1 - 0.10 / view.distance)
        mesh, first = self.model.mesh, self.model.mesh.lashes_from
        rasterize(behind, mesh.triangles[:first], nearness, triangle_at, 0, True)
        in_front = points.copy()
        in_front[:, 2] *= np.float32(1.002)
        density = 0.20 if person.male else 0.36
        rasterize_lashes(
            in_front,
            mesh.triangles[first:],
            mesh.uv_triangles[first:],
            self._lash_uvs,
            nearness,
            triangle_at,
            first,
            density,
            person.seed & 0xFFFF,
        )
        return nearness, triangle_at

    def _grow(self, scene: Scene, vertices: Floats, normals: Floats, size: int) -> Floats:
        return grow_hair(scene.person, scene.hair, vertices, normals, self._baked, _hair_share(size))

    def _cast(self, positions: Floats, hair: Floats, scene: Scene, direction: Floats, view: View) -> Shadow:
        to_map = shadow_view(direction.astype(float), view.distance)
        nearest = np.full((SHADOW_SIDE, SHADOW_SIDE), -1e9, np.float32)
        points = positions @ to_map[:, :3].T + to_map[:, 3]
        rasterize(points, self._casters, nearest, np.empty(nearest.shape, np.int32), 0, False)
        if len(hair):
            strands.cast_shadow(hair, to_map, nearest, 0.3)
        return Shadow(to_map, nearest)

    def _paint(self, scene: Scene, canvas: _Canvas) -> None:
        person, noise = scene.person, self._baked.noise
        pixels, surface = canvas.pixels, canvas.surface
        surface.material[:] = NOTHING
        paint_clothes(pixels, noise, paints.cloth_paint(scene.clothes), surface)
        skin = paints.skin_paint(person, scene.hair, scene.beard, scene.expression)
        paint_skin(pixels, self._baked.masks, self._baked.brows[person.brows], noise, skin, surface)
        paint_mouth(pixels, noise, paints.mouth_paint(person), surface)
        paint_eyes(pixels, noise, paints.eye_paint(person), surface)

    def _draw_glasses(
        self, scene: Scene, view: View, light: Floats, nearness: Floats, image: Floats, cover: Floats
    ) -> None:
        frame = put_on(scene.glasses, self._rest(scene.person.shape), self.model)
        draw_lenses(view.to_screen(view.to_camera(frame.lenses)), scene.glasses, nearness, light, image)
        own = np.zeros_like(nearness)
        for curve in frame.curves:
            placed = view.to_camera(curve)
            colors = shade_curve(placed, np.asarray(scene.glasses.color, np.float32), light)
            width = 2 * frame.radius * view.focal
            points = view.to_screen(placed)
            strands.draw_strands(points[None], colors[None], width, 1.0, 0.05, 0.0, 0.0, nearness, own, image, cover)
        np.maximum(nearness, own, out=nearness)  # hair falls behind the frame

    def _draw_hair(
        self,
        scene: Scene,
        hair: Floats,
        view: View,
        middle: Floats,
        lamps: paints.Lamps,
        shadow: Shadow,
        nearness: Floats,
        image: Floats,
        cover: Floats,
    ) -> None:
        colors = np.empty_like(hair)
        strands.light_strands(hair, paints.strand_paint(scene.person, scene.hair, middle), lamps, shadow, colors)
        width = STYLES[scene.hair.style].width * view.focal / max(1.0, _hair_share(len(image) / SUPERSAMPLING)) ** 0.8
        own = np.zeros_like(nearness)
        strands.draw_strands(
            view.to_screen(hair), colors, width, 0.8, 0.012, 0.25 / view.distance, 0.6, nearness, own, image, cover
        )


def _hair_share(size: float) -> float:
    """Factor on the number of strands: a larger picture shows more and finer ones."""
    return min(2.0, max(0.6, size / 224))


def _scatter(canvas: _Canvas, pixels_per_cm: float) -> None:
    """Spread the light on the skin a little, red furthest, as it does under real skin."""
    flesh = canvas.flesh
    lit = flesh > 0
    for k, reach in enumerate(_SCATTER):
        sigma = reach * pixels_per_cm
        if sigma < 0.5:
            continue
        light = cv2.GaussianBlur(canvas.diffuse[..., k] * flesh, (0, 0), sigma)
        weight = cv2.GaussianBlur(flesh, (0, 0), sigma)
        canvas.diffuse[..., k][lit] = (light / np.maximum(weight, 1e-4))[lit]


def five_landmarks(landmarks: NDArray[np.float32]) -> NDArray[np.float32]:
    """(5, 2) eyes, nose tip and mouth corners, pairs from the viewer's left, of the (68, 2) landmarks."""
    eyes = landmarks[36:42].mean(0), landmarks[42:48].mean(0)
    return np.stack([*eyes, landmarks[30], landmarks[48], landmarks[54]])

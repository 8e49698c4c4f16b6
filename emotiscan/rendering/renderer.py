"""The renderer: from a scene to an image with landmarks and movement maps."""

from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from emotiscan.rendering import paints, solids, strands
from emotiscan.rendering.action_units import Muscles
from emotiscan.rendering.anatomy import open_mouth, surface_normals, turn_eyes
from emotiscan.rendering.baking import bake
from emotiscan.rendering.camera import apply_camera, expose, render_background
from emotiscan.rendering.glasses import fit_glasses, paint_lenses, shade_curve
from emotiscan.rendering.hair import STYLES, fit_skull, grow_hair
from emotiscan.rendering.head_model import (
    GUMS,
    HEAD,
    LASHES,
    MOUTH,
    SKIN,
    SOCKET,
    Floats,
    load_model,
)
from emotiscan.rendering.kernels import add_weighted
from emotiscan.rendering.lighting import SHADOW_SIDE, Shadow, light_surface, shadow_view
from emotiscan.rendering.occluder_shapes import Relief, fit_occluder
from emotiscan.rendering.people import Person
from emotiscan.rendering.problems import apply_blur
from emotiscan.rendering.projection import View
from emotiscan.rendering.rasterizer import Attributes, Pixels, empty_pixels, interpolate, rasterize, rasterize_lashes
from emotiscan.rendering.result import Buffers, Rendering, eye_distance, full_movements
from emotiscan.rendering.scenes import Scene
from emotiscan.rendering.skin import paint_skin
from emotiscan.rendering.surface import NOTHING, Surface, empty_surface, paint_clothes, paint_eyes, paint_mouth

SUPERSAMPLING = 1.5
"""Images are rendered this many times larger, then averaged down."""

_SCATTER = (0.14, 0.06, 0.035)
"""Distance that red, green and blue light spread under the skin, cm."""


class _Canvas:
    """Buffers for images of one internal size, reused between images."""

    def __init__(self, side: int) -> None:
        self.pixels: Pixels = empty_pixels(side)
        self.surface: Surface = empty_surface(side)
        self.diffuse = np.zeros((side, side, 3), np.float32)
        self.specular = np.zeros((side, side, 3), np.float32)
        self.flesh = np.zeros((side, side), np.float32)


RenderFunction: TypeAlias = Callable[[Scene, int], Rendering]
"""Turns a scene into an image of the given size in pixels, as `Renderer.render` does."""


class Renderer:
    """Renders scenes with one face model. Not thread-safe."""

    def __init__(self, model_path: str | Path, cache_dir: str | Path | None = None) -> None:
        """Load a face model.

        Args:
            model_path: NPZ file that `emotiscan render --convert` made.
            cache_dir: folder for data computed once for the model; ``cache`` by default.

        Raises:
            HeadModelError: the file is missing or is no face model.
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
        self._full_movements = full_movements(self._muscles, self.model.mesh)

    def _person_at_rest(self, shape: tuple[float, ...]) -> Floats:
        rest = self.model.neutral.copy()
        add_weighted(self._identities, np.asarray(shape, np.float32), rest.reshape(-1))
        return rest

    def render(self, scene: Scene, size: int = 224) -> Rendering:
        """Render a scene as a square image of `size` pixels."""
        side = round(size * SUPERSAMPLING)
        view = View.of(scene.pose, side)
        vertices, normals, openness = self._move(scene)
        positions = view.to_camera(vertices)
        points = view.to_screen(positions)
        nearness, triangle_at = self._rasterize(points, view, scene.person, side)
        skull = fit_skull(vertices, self._baked.ears, self.model.layout.skin_end)
        hair = view.to_camera(
            grow_hair(scene.person, scene.hair, vertices, normals, self._baked, skull, _strand_share(size))
        )
        lamps = paints.lamps(scene.light)
        shadow = self._cast_shadow(positions, hair, lamps.directions[0], view)
        occluder = fit_occluder(scene.occluder, Relief(vertices, self.model)) if scene.occluder.kind else []
        solids.cast(occluder, view, shadow)
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
        image: NDArray = canvas.surface.albedo * canvas.diffuse + canvas.specular
        empty = triangle_at < 0
        image[empty] = (render_background(scene.background, side) * np.float32(metered))[empty]
        cover = np.zeros((side, side), np.float32)
        if occluder:
            solids.draw(occluder, view, lamps, shadow, self._baked.noise, nearness, image, cover)
        if scene.glasses.frame != "none":
            ambient = np.asarray(scene.light.ambient[0])
            light = metered * ambient / max(float(ambient.mean()), 1e-3)
            self._render_glasses(scene, view, light.astype(np.float32), nearness, image, cover)
        if len(hair):
            middle = view.to_camera(skull.center[None])[0]
            self._render_hair(scene, hair, view, middle, lamps, shadow, nearness, image, cover)
        image = cv2.resize(image, (size, size), interpolation=cv2.INTER_AREA)
        landmarks = points[self.model.landmarks, :2] / SUPERSAMPLING
        image = apply_blur(image, scene.blur, eye_distance(five_landmarks(landmarks)))
        photo = apply_camera(expose(image, metered, scene.person.tone, scene.camera), scene.camera)
        buffers = Buffers(points, triangle_at, cover, mesh, self._full_movements)
        return Rendering(photo, landmarks, five_landmarks(landmarks), scene, self._muscles, buffers)

    def _move(self, scene: Scene) -> tuple[Floats, Floats, Floats]:
        """Return vertices, normals and openness of the person's face with its expression, before it is posed."""
        rest = self._rest(scene.person.shape)
        vertices, change = self._muscles.move(rest, scene.expression)
        turn_eyes(vertices, scene.expression.gaze, self.model.layout.eyeballs)
        normals = surface_normals(vertices, self.model.mesh.triangles[: self.model.mesh.first_lash])
        openness = np.clip(self._baked.openness + change, 0, 1).astype(np.float32)
        open_mouth(self.model, vertices, normals, openness)
        return vertices, normals, openness

    def _rasterize(self, points: Floats, view: View, person: Person, side: int) -> tuple[Floats, NDArray[np.int32]]:
        nearness = np.zeros((side, side), np.float32)
        triangle_at = np.full((side, side), -1, np.int32)
        # Move teeth and gums back a little, or they would poke through smiling lips.
        layout = self.model.layout
        behind = points.copy()
        behind[slice(*layout.teeth_and_gums), 2] *= np.float32(1 - 0.25 / view.distance)
        behind[slice(*layout.mouth_lining), 2] *= np.float32(1 - 0.10 / view.distance)
        mesh, first = self.model.mesh, self.model.mesh.first_lash
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

    def _cast_shadow(self, positions: Floats, hair: Floats, direction: Floats, view: View) -> Shadow:
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
        paint_mouth(pixels, noise, paints.mouth_paint(person, scene.expression), surface)
        paint_eyes(pixels, noise, paints.eye_paint(person), surface)

    def _render_glasses(
        self, scene: Scene, view: View, light: Floats, nearness: Floats, image: Floats, cover: Floats
    ) -> None:
        frame = fit_glasses(scene.glasses, self._rest(scene.person.shape), self.model)
        paint_lenses(view.to_screen(view.to_camera(frame.lenses)), scene.glasses, nearness, light, image, cover)
        own = np.zeros_like(nearness)
        for curve in frame.curves:
            placed = view.to_camera(curve)
            colors = shade_curve(placed, np.asarray(scene.glasses.color, np.float32), light)
            width = 2 * frame.radius * view.focal
            points = view.to_screen(placed)
            strands.rasterize_strands(
                points[None], colors[None], width, 1.0, 0.05, 0.0, 0.0, nearness, own, image, cover
            )
        np.maximum(nearness, own, out=nearness)  # hair passes behind the frame

    def _render_hair(
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
        width = STYLES[scene.hair.style].width * view.focal / max(1.0, _strand_share(len(image) / SUPERSAMPLING)) ** 0.8
        own = np.zeros_like(nearness)
        strands.rasterize_strands(
            view.to_screen(hair), colors, width, 0.8, 0.012, 0.25 / view.distance, 0.6, nearness, own, image, cover
        )


def _strand_share(size: float) -> float:
    """Return the factor on the number of strands: a larger image shows more and finer ones."""
    return min(2.0, max(0.6, size / 224))


def _scatter(canvas: _Canvas, pixels_per_cm: float) -> None:
    """Blur the light on the skin, red light most, as subsurface scattering does."""
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
    """Reduce (68, 2) landmarks to (5, 2): eyes, nose tip and mouth corners; the viewer's left comes first."""
    eyes = landmarks[36:42].mean(0), landmarks[42:48].mean(0)
    return np.stack([*eyes, landmarks[30], landmarks[48], landmarks[54]])

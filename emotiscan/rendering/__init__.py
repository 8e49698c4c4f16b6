"""FACS-controlled synthetic faces, drawn from the ICT-FaceKit morphable model.

    renderer = Renderer("ict_facekit.npz")
    scene = draw_scene(np.random.default_rng(0))
    picture = renderer.render(replace(scene, expression=Expression({"AU6": 0.8, "AU12": 1.0}))).image

Used by training, tests and samples; never by the app. `python -m emotiscan.rendering` draws a data set.
"""

from emotiscan.rendering.expressions import CODES, Expression, Gaze, draw_expression
from emotiscan.rendering.model import FaceModelError
from emotiscan.rendering.people import Beard, Glasses, Hair, Person, draw_person
from emotiscan.rendering.renderer import Renderer, Rendering
from emotiscan.rendering.scenes import (
    Background,
    Camera,
    Clothes,
    Lamp,
    Light,
    Pose,
    Scene,
    draw_light,
    draw_scene,
)

__all__ = [
    "CODES",
    "Background",
    "Beard",
    "Camera",
    "Clothes",
    "Expression",
    "FaceModelError",
    "Gaze",
    "Glasses",
    "Hair",
    "Lamp",
    "Light",
    "Person",
    "Pose",
    "Renderer",
    "Rendering",
    "Scene",
    "draw_expression",
    "draw_light",
    "draw_person",
    "draw_scene",
]

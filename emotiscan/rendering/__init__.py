"""Synthetic faces with controlled action units, rendered from the ICT-FaceKit morphable model.

    renderer = Renderer("ict_facekit.npz")
    scene = sample_scene(np.random.default_rng(0))
    image = renderer.render(replace(scene, expression=Expression({"AU6": 0.8, "AU12": 1.0}))).image

Used by training, tests and samples; never by the app. `emotiscan render` renders a whole data set.
"""

from emotiscan.rendering.expressions import AU_NAMES, Expression, Gaze, sample_expression
from emotiscan.rendering.head_model import HeadModelError
from emotiscan.rendering.occluders import Occluder, sample_occluder
from emotiscan.rendering.people import Beard, Glasses, Hair, Person, sample_person
from emotiscan.rendering.problems import Blur, ProblemShares
from emotiscan.rendering.renderer import Renderer
from emotiscan.rendering.result import Rendering
from emotiscan.rendering.scenes import Background, Camera, Clothes, Lamp, Light, Pose, Scene, sample_light, sample_scene

__all__ = [
    "AU_NAMES",
    "Background",
    "Beard",
    "Blur",
    "Camera",
    "Clothes",
    "Expression",
    "Gaze",
    "Glasses",
    "Hair",
    "HeadModelError",
    "Lamp",
    "Light",
    "Occluder",
    "Person",
    "Pose",
    "ProblemShares",
    "Renderer",
    "Rendering",
    "Scene",
    "sample_expression",
    "sample_light",
    "sample_occluder",
    "sample_person",
    "sample_scene",
]

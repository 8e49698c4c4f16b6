"""A stub of the renderer, and a predictor of its images that is as right or wrong as a test needs it."""

from types import SimpleNamespace

import numpy as np

from emotiscan.evaluation.fairness.rendered_faces import FaceTester
from emotiscan.evaluation.fairness.report import measure_fairness
from emotiscan.evaluation.fairness.scenes import true_class
from emotiscan.model.calibration import Calibration
from emotiscan.model.network import ModelConfig

CONFIG = ModelConfig()
FACES = 60


def flat_image(scene, size):
    """A flat image: its first pixel encodes the skin tone, its second row the emotion, its third the action units."""
    image = np.zeros((4, 32, 3), np.uint8)
    image[0, 0] = round(100 * scene.person.skin_tone)
    image[0, 1] = round(100 * scene.camera.resolution)
    image[1, 0] = true_class(scene.expression, CONFIG.emotions) + 1
    image[2, : len(CONFIG.action_units), 0] = [
        round(100 * scene.expression.action_units.get(au, 0)) for au in CONFIG.action_units
    ]
    return SimpleNamespace(image=image, landmarks5=np.array([[10, 9], [60, 9], [35, 30], [20, 50], [50, 50]], float))


class Oracle:
    """Predicts what was rendered: correctly apart from noise, wrongly for dark skin, not at all for the darkest."""

    def __init__(self, worse_from=2.0, blind_from=2.0, noise=0.0):
        self.worse_from, self.blind_from, self.noise = worse_from, blind_from, noise
        self.rng = np.random.default_rng(0)

    def __call__(self, images):
        return [self.predict(image.image) for image in images]

    def predict(self, image):
        tone, shown = image[0, 0, 0] / 100, image[2, : len(CONFIG.action_units), 0] / 100
        if tone >= self.blind_from:
            return None
        emotion = max(0, int(image[1, 0, 0]) - 1)
        action_units = np.clip(shown + self.noise * self.rng.normal(size=len(shown)), 0, 1)
        if tone >= self.worse_from:
            emotion, action_units = (emotion + 1) % len(CONFIG.emotions), 1 - action_units
        if self.noise and self.rng.random() < self.noise:
            emotion = int(self.rng.integers(len(CONFIG.emotions)))
        return np.eye(len(CONFIG.emotions))[emotion], action_units


def report_of(oracle, names=("skin_tone",), faces=FACES, bootstraps=200):
    tester = FaceTester(0, 32, flat_image, oracle)
    return measure_fairness(
        tester, CONFIG, Calibration(thresholds=dict.fromkeys(CONFIG.action_units, 0.25)), faces, names, 1, bootstraps
    )

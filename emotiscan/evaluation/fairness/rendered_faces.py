"""Render the fairness scenes and predict them as the app does, one face at a time, in several processes."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from emotiscan.analysis import Analyzer, Reading
from emotiscan.evaluation.bootstrap import Floats
from emotiscan.evaluation.fairness.metrics import GroupPredictions, Truth
from emotiscan.evaluation.fairness.scenes import ATTRIBUTES, base_scene, true_action_units, true_class, variants
from emotiscan.parallel_map import parallel_map
from emotiscan.rendering import Renderer, Scene

BASELINE = "baseline"
"""Name of the unchanged base scenes, beside the attributes."""

Job = tuple[str, int]
"""An attribute (or `BASELINE`) and the number of a face: the unit of work of a process."""

Probabilities = tuple[Floats, Floats]
"""Probabilities of the emotions and of the action units of one face."""


class RenderedImage(Protocol):
    """The part of a `rendering.Rendering` that is needed here."""

    @property
    def image(self) -> NDArray[np.uint8]:
        """(h, w, 3) RGB."""

    @property
    def landmarks5(self) -> NDArray[np.float32]:
        """(5, 2) eyes, tip of the nose, corners of the mouth, in pixels."""


Render = Callable[[Scene, int], RenderedImage]
Predict = Callable[[Sequence[RenderedImage]], list[Probabilities | None]]


@dataclass(frozen=True)
class Result:
    """What became of one image.

    Attributes:
        probabilities: None where the face was not found.
        eye_distance: distance of the eyes' centers in pixels.
    """

    probabilities: Probabilities | None
    eye_distance: float


class RenderedFacePredictor:
    """Predicts rendered images with an `Analyzer`, as the app predicts an uploaded photo."""

    def __init__(self, weights: str | Path, device: str = "auto") -> None:
        """Load a checkpoint; the arguments and errors are those of `Analyzer`."""
        self._analyzer = Analyzer(weights, device)

    def __call__(self, images: Sequence[RenderedImage]) -> list[Probabilities | None]:
        """Predict the probabilities of each image's face; None where it is not found.

        Found means that a box contains the rendered tip of the nose; of several such boxes the largest counts. A
        detection where there is no face does not count.
        """
        return [self._predict(image) for image in images]

    def _predict(self, image: RenderedImage) -> Probabilities | None:
        readings = self._analyzer.analyze(Image.fromarray(image.image)).readings
        candidates = [reading for reading in readings if _contains(reading, image.landmarks5[2])]
        if not candidates:
            return None
        reading = max(candidates, key=lambda candidate: candidate.face.side)
        return np.array(list(reading.emotions.values())), np.array(list(reading.action_units.values()))


def _contains(reading: Reading, point: NDArray[np.floating]) -> bool:
    x0, y0, x1, y1 = reading.face.box or (np.nan,) * 4
    return bool(x0 <= point[0] <= x1 and y0 <= point[1] <= y1)


@dataclass(frozen=True)
class FaceTester:
    """Renders and predicts one job at a time; only one attribute's images of one face are in memory at once.

    Attributes:
        seed: of the base scenes.
        size: side of the images in pixels.
        render, predict: do the work.
    """

    seed: int
    size: int
    render: Render
    predict: Predict

    def __call__(self, job: Job) -> list[Result]:
        """Predict a face in each group of an attribute; empty where the face takes no part."""
        name, face = job
        scenes = [base_scene(self.seed, face)] if name == BASELINE else variants(name, self.seed, face)
        images = [self.render(scene, self.size) for scene in scenes]
        return [
            Result(probabilities, _eye_distance(image) * min(1.0, scene.camera.resolution))
            for scene, image, probabilities in zip(scenes, images, self.predict(images), strict=True)
        ]


def _eye_distance(image: RenderedImage) -> float:
    left, right = image.landmarks5[:2].astype(float)
    return float(np.linalg.norm(right - left))


@dataclass(frozen=True)
class FaceTesterFiles:
    """Files and settings from which each process makes its own `FaceTester`.

    Attributes:
        model: the face model, converted (see `rendering.convert`).
        weights: the checkpoint.
        cache: folder for what the renderer prepares.
        seed, size: see `FaceTester`.
        device: where the network runs (see `resolve_device`).
    """

    model: str
    weights: str
    cache: str
    seed: int
    size: int
    device: str = "auto"

    def load(self) -> FaceTester:
        """Load the renderer and the network.

        Raises:
            HeadModelError: the file is missing or is not a face model.
            CheckpointError: the checkpoint cannot be used.
            DeviceError: this machine has no such device.
        """
        predictor = RenderedFacePredictor(self.weights, self.device)
        return FaceTester(self.seed, self.size, Renderer(self.model, self.cache).render, predictor)


def run_jobs(jobs: Sequence[Job], tester: FaceTester | FaceTesterFiles, workers: int = 1) -> Iterator[list[Result]]:
    """Do the jobs in order.

    Args:
        jobs: what to do.
        tester: does the jobs in this process, or files from which each process makes its own.
        workers: processes, if given `FaceTesterFiles`.

    Raises:
        HeadModelError, CheckpointError: as `FaceTesterFiles.load`, before any process starts.
        WorkerError: a process died, e.g. because memory ran out.
    """
    if isinstance(tester, FaceTester):
        yield from map(tester, jobs)
        return
    own = tester.load()  # reports errors and prepares the renderer's cache before processes start
    if workers <= 1 or len(jobs) < 2 * workers:
        yield from map(own, jobs)
        return
    del own
    yield from parallel_map(tester.load, jobs, workers, task="test rendered faces", chunk_size=2)


def truth_of(seed: int, faces: int, emotions: tuple[str, ...], action_units: tuple[str, ...]) -> Truth:
    """The true labels of the base scenes of faces 0 to n - 1, the same in every group. Each face is one subject."""
    expressions = [base_scene(seed, face).expression for face in range(faces)]
    labels = [true_action_units(expression, action_units) for expression in expressions]
    return Truth(
        emotions,
        action_units,
        np.array([true_class(expression, emotions) for expression in expressions], np.int64),
        np.array(labels).reshape(faces, len(action_units)),
        np.array([f"{face:06d}" for face in range(faces)]),
    )


def collect_groups(
    name: str, results: Sequence[Sequence[Result]], truth: Truth
) -> tuple[dict[str, GroupPredictions], dict[str, float]]:
    """Sort the results of all faces into groups.

    Args:
        name: attribute or `BASELINE`.
        results: (n,) of each face, by group; empty where it takes no part.
        truth: of the n faces.

    Returns:
        Each group's predictions, and its mean eye distance in pixels.
    """
    groups = (BASELINE,) if name == BASELINE else ATTRIBUTES[name].groups
    members = np.array([bool(of_face) for of_face in results])
    predictions, distances = {}, {}
    for place, group in enumerate(groups):
        emotions = np.full((len(results), len(truth.emotions)), np.nan)
        action_units = np.full((len(results), len(truth.action_units)), np.nan)
        found = np.zeros(len(results), bool)
        for face in np.flatnonzero(members).tolist():
            probabilities = results[face][place].probabilities
            if probabilities is not None:
                emotions[face], action_units[face] = probabilities
                found[face] = True
        predictions[group] = GroupPredictions(members, found, found, emotions, action_units)
        apart = [of_face[place].eye_distance for of_face in results if of_face]
        distances[group] = float(np.mean(apart)) if apart else float("nan")
    return predictions, distances

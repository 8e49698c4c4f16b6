"""Draw the scenes of fairness and read them as the app does, a face at a time, in processes."""

import multiprocessing
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from emotiscan.evaluation.fairness.metrics import Readings, Truth
from emotiscan.evaluation.fairness.scenes import ATTRIBUTES, base_scene, true_action_units, true_class, variants
from emotiscan.faces import Face, FaceDetector
from emotiscan.model.checkpoint import load_checkpoint
from emotiscan.model.network import prepare
from emotiscan.rendering import Renderer, Scene

BASELINE = "baseline"
"""Name of the base scenes as they are, beside the attributes."""

Job = tuple[str, int]
"""An attribute (or `BASELINE`) and the number of a face: what a process does at a time."""

Probabilities = tuple[NDArray[np.float64], NDArray[np.float64]]
"""Of the emotions and of the action units of one face."""


class Drawn(Protocol):
    """What is needed of a `rendering.Rendering`."""

    image: NDArray[np.uint8]
    landmarks5: NDArray[np.float32]


Draw = Callable[[Scene, int], Drawn]
Read = Callable[[Sequence[Drawn]], list[Probabilities | None]]


@dataclass(frozen=True)
class Look:
    """One picture, read: the probabilities, None where the face was not found; and pixels between the eyes."""

    probabilities: Probabilities | None
    eye_distance: float


class Reader:
    """Reads pictures as `analysis.Analyzer` reads a photo that a visitor uploads."""

    def __init__(self, weights: str | Path) -> None:
        """Load a checkpoint.

        Raises:
            CheckpointError: it is missing, damaged or of another version.
        """
        model, self._card = load_checkpoint(weights)
        self._model = model.optimize_for_inference()
        self._detector = FaceDetector()

    def __call__(self, pictures: Sequence[Drawn]) -> list[Probabilities | None]:
        """Calibrated probabilities of each picture's face; None where it is not found.

        Found means that a box holds the drawn tip of the nose; of several such boxes the largest counts.
        A face seen where there is none does not count.
        """
        import torch

        config, calibration = self._card.config, self._card.calibration
        read: list[Probabilities | None] = [None] * len(pictures)
        rows, crops = [], []
        for row, picture in enumerate(pictures):
            photo = Image.fromarray(picture.image)
            holding = [face for face in self._detector.detect(photo) if _holds(face, picture.landmarks5[2])]
            if holding:
                rows.append(row)
                crops.append(max(holding, key=lambda face: face.side).crop(photo, config.input_size))
        if rows:
            with torch.inference_mode():
                _, emotion_logits, au_logits = self._model.predict(prepare(crops, config))
            emotions = calibration.emotions(emotion_logits.numpy())
            action_units = calibration.action_units(au_logits.numpy(), config.action_units)
            for place, row in enumerate(rows):
                read[row] = emotions[place], action_units[place]
        return read


def _holds(face: Face, point: NDArray) -> bool:
    x0, y0, x1, y1 = face.box or (np.nan,) * 4
    return bool(x0 <= point[0] <= x1 and y0 <= point[1] <= y1)


@dataclass(frozen=True)
class Bench:
    """Draws and reads one job at a time; at most one attribute's pictures of one face are held."""

    seed: int
    size: int
    draw: Draw
    read: Read

    def __call__(self, job: Job) -> list[Look]:
        """What was read of a face in each group of an attribute; empty where the face takes no part."""
        name, face = job
        scenes = [base_scene(self.seed, face)] if name == BASELINE else variants(name, self.seed, face)
        pictures = [self.draw(scene, self.size) for scene in scenes]
        return [
            Look(probabilities, _eye_distance(picture) * min(1.0, scene.camera.resolution))
            for scene, picture, probabilities in zip(scenes, pictures, self.read(pictures), strict=True)
        ]


def _eye_distance(picture: Drawn) -> float:
    left, right = picture.landmarks5[:2].astype(float)
    return float(np.linalg.norm(right - left))


@dataclass(frozen=True)
class Tools:
    """Files that a process makes its `Bench` of."""

    model: str
    weights: str
    cache: str
    seed: int
    size: int

    def bench(self) -> Bench:
        """The renderer and the reader, loaded.

        Raises:
            HeadModelError: the face model is missing or none.
            CheckpointError: the checkpoint cannot be used.
        """
        reader = Reader(self.weights)
        return Bench(self.seed, self.size, Renderer(self.model, self.cache).render, reader)


def look_at(jobs: Sequence[Job], bench: Bench | Tools, workers: int = 1) -> Iterator[list[Look]]:
    """Do the jobs, in their order.

    Args:
        bench: to do them in this process, or what each process makes its own of.
        workers: processes, if given `Tools`.

    Raises:
        HeadModelError, CheckpointError: as `Tools.bench`, before any process starts.
    """
    if isinstance(bench, Bench):
        yield from map(bench, jobs)
        return
    own = bench.bench()  # says what is wrong, and prepares the renderer's cache, before processes start
    if workers <= 1 or len(jobs) < 2 * workers:
        yield from map(own, jobs)
        return
    del own
    context = multiprocessing.get_context("spawn")  # forked workers would share the parent's locks
    with context.Pool(workers, _start, (bench,)) as pool:
        yield from pool.imap(_work, jobs, chunksize=2)


_bench: Bench | None = None


def _start(tools: Tools) -> None:
    global _bench
    import torch

    torch.set_num_threads(1)  # the processes share the processor's cores already
    _bench = tools.bench()


def _work(job: Job) -> list[Look]:
    assert _bench is not None
    return _bench(job)


def truth_of(seed: int, faces: int, emotions: tuple[str, ...], action_units: tuple[str, ...]) -> Truth:
    """What the base scenes of faces 0 to n - 1 act out; it is the same in every group. One face, one person."""
    expressions = [base_scene(seed, face).expression for face in range(faces)]
    return Truth(
        emotions,
        action_units,
        np.array([true_class(expression, emotions) for expression in expressions], np.int64),
        np.array([true_action_units(expression, action_units) for expression in expressions]).reshape(
            faces, len(action_units)
        ),
        np.array([f"{face:06d}" for face in range(faces)]),
    )


def gather(name: str, looks: Sequence[Sequence[Look]], truth: Truth) -> tuple[dict[str, Readings], dict[str, float]]:
    """The looks at every face to the readings of each group, and its mean pixels between the eyes.

    Args:
        name: attribute or `BASELINE`.
        looks: (n,) of each face, by group; empty where it takes no part.
        truth: of the n faces.
    """
    groups = (BASELINE,) if name == BASELINE else ATTRIBUTES[name].groups
    members = np.array([bool(of_face) for of_face in looks])
    readings, distances = {}, {}
    for place, group in enumerate(groups):
        emotions = np.full((len(looks), len(truth.emotions)), np.nan)
        action_units = np.full((len(looks), len(truth.action_units)), np.nan)
        found = np.zeros(len(looks), bool)
        for face in np.flatnonzero(members):
            probabilities = looks[face][place].probabilities
            if probabilities is not None:
                emotions[face], action_units[face] = probabilities
                found[face] = True
        readings[group] = Readings(members, found, found, emotions, action_units)
        apart = [of_face[place].eye_distance for of_face in looks if of_face]
        distances[group] = float(np.mean(apart)) if apart else float("nan")
    return readings, distances

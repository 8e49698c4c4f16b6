"""From a photo to readings: the public Python API, shared by the app and the command line.

from emotiscan.analysis import Analyzer
analyzer = Analyzer()
for reading in analyzer.analyze("photo.jpg").readings:
    print(reading.emotion, reading.present)
"""

import contextlib
import ctypes
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from PIL import Image
from torch import Tensor

from emotiscan.faces import Face, FaceDetector
from emotiscan.images import read_image, to_rgb
from emotiscan.model.checkpoint import DEFAULT_WEIGHTS, Card, load_checkpoint
from emotiscan.model.network import FaceModel, prepare

BATCH = 4
"""Faces that go through the network together; more of them would be no quicker and need more memory."""

MAX_FACES = 64
"""Faces of one photo that are read: the largest, where there are more."""


@dataclass(frozen=True, eq=False)
class Reading:
    """What the network reads in one face.

    Attributes:
        face: where it is.
        crop: the canonical crop, RGB, `faces.CROP_SIZE` pixels square.
        feature_map: (1, c, h, w), what the heads saw; explanations start from it.
        emotions: calibrated probability of each, 0 to 1, summing to 1.
        action_units: calibrated probability that each action unit is present, 0 to 1.
        thresholds: the least probability with which each action unit counts as present.
        is_clear: whether one emotion stands out (see `Calibration.clear`); else none should be named alone.
    """

    face: Face
    crop: Image.Image
    feature_map: Tensor
    emotions: Mapping[str, float]
    action_units: Mapping[str, float]
    thresholds: Mapping[str, float]
    is_clear: bool = True

    @property
    def emotion(self) -> str:
        """The most probable emotion, whether it `is_clear` or not."""
        return max(self.emotions, key=self.emotions.__getitem__)

    @property
    def present(self) -> tuple[str, ...]:
        """The action units whose probability reaches their threshold, in the vocabulary's order."""
        return tuple(au for au, p in self.action_units.items() if p >= self.thresholds[au])

    @property
    def likeliest_action_units(self) -> tuple[str, ...]:
        """All action units, first the one whose probability is the largest multiple of its threshold."""
        return tuple(sorted(self.action_units, key=lambda au: -self.action_units[au] / max(self.thresholds[au], 1e-6)))


@dataclass(frozen=True, eq=False)
class Analysis:
    """What was read in one photo.

    Attributes:
        photo: upright, RGB.
        readings: one a face, from left to right.
        passed_over: faces that were found and not read because there were more than `MAX_FACES`.
    """

    photo: Image.Image
    readings: tuple[Reading, ...]
    passed_over: int = 0


class Analyzer:
    """Finds and reads faces. Holds no photo; safe to share among threads."""

    def __init__(self, weights: str | Path = DEFAULT_WEIGHTS) -> None:
        """Load a checkpoint.

        Raises:
            CheckpointError: it is missing, damaged or of another version.
        """
        self.model: FaceModel
        self.card: Card
        model, self.card = load_checkpoint(weights)
        self.model = model.optimize_for_inference()
        self._detector = FaceDetector()
        trim_memory()

    def analyze(self, source: Image.Image | bytes | str | Path, cropped: bool = False) -> Analysis:
        """Read every face of a photo.

        Args:
            source: an upright picture, or a file's bytes or path.
            cropped: the picture is known to be one face: it is read even where no face is found.

        Raises:
            ImageError: the file is no picture that can be used.
        """
        photo = to_rgb(source) if isinstance(source, Image.Image) else read_image(source)
        faces = [self._detector.locate(photo)] if cropped else self._detector.detect(photo)
        largest = sorted(faces, key=lambda face: -face.side)[:MAX_FACES]
        chosen = [face for face in faces if face in largest] if len(faces) > MAX_FACES else faces
        batches = [chosen[start : start + BATCH] for start in range(0, len(chosen), BATCH)]
        readings = tuple(reading for batch in batches for reading in self._predict(photo, batch))
        return Analysis(photo, readings, len(faces) - len(readings))

    def _predict(self, photo: Image.Image, faces: Sequence[Face]) -> Iterator[Reading]:
        config, calibration = self.card.config, self.card.calibration
        crops = prepare([face.crop(photo, config.input_size) for face in faces], config)
        with torch.inference_mode():
            feature_maps, emotion_logits, au_logits = self.model.predict(crops)
        emotions = calibration.emotions(emotion_logits.numpy())
        clear = calibration.is_clear(emotions)
        action_units = calibration.action_units(au_logits.numpy(), config.action_units)
        for row, face in enumerate(faces):
            yield Reading(
                face=face,
                crop=face.crop(photo),
                feature_map=feature_maps[row : row + 1].clone(),
                emotions=dict(zip(config.emotions, emotions[row].tolist(), strict=True)),
                action_units=dict(zip(config.action_units, action_units[row].tolist(), strict=True)),
                thresholds={au: calibration.threshold(au) for au in config.action_units},
                is_clear=bool(clear[row]),
            )


def trim_memory() -> None:
    """Hand freed memory back to the system, within milliseconds; it would else stay with the process.

    After loading the network that is 65 MB, after a large photo half as much.
    """
    with contextlib.suppress(AttributeError, OSError, TypeError):  # only the GNU C library can
        ctypes.CDLL(None).malloc_trim(0)

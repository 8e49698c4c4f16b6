"""From a photograph to readings: the public Python API, shared by the app and the command line.

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

from emotiscan.checkpoint import DEFAULT_WEIGHTS, Card, load_checkpoint
from emotiscan.faces import Face, FaceDetector
from emotiscan.images import read_image, to_rgb
from emotiscan.model import FaceModel, prepare

BATCH = 4
"""Faces that go through the network together; more of them would be no quicker and need more memory."""

MAX_FACES = 64
"""Faces of one photograph that are read: the largest, where there are more."""


@dataclass(frozen=True, eq=False)
class Reading:
    """What the network reads in one face.

    Attributes:
        face: where it is.
        crop: the canonical crop, RGB, `faces.CROP_SIZE` pixels square.
        feature_map: (1, c, h, w), what the heads saw; explanations start from it.
        emotions: calibrated probability of each, 0 to 1, summing to 1.
        codes: calibrated probability that each code is present, 0 to 1.
        thresholds: the least probability with which each code counts as present.
        clear: whether one emotion stands out (see `Calibration.clear`); else none should be named alone.
    """

    face: Face
    crop: Image.Image
    feature_map: Tensor
    emotions: Mapping[str, float]
    codes: Mapping[str, float]
    thresholds: Mapping[str, float]
    clear: bool = True

    @property
    def emotion(self) -> str:
        """The most probable emotion, whether it is `clear` or not."""
        return max(self.emotions, key=self.emotions.__getitem__)

    @property
    def present(self) -> tuple[str, ...]:
        """The codes whose probability reaches their threshold, in the vocabulary's order."""
        return tuple(code for code, p in self.codes.items() if p >= self.thresholds[code])

    @property
    def likeliest_codes(self) -> tuple[str, ...]:
        """All codes, first the one whose probability is the largest multiple of its threshold."""
        return tuple(sorted(self.codes, key=lambda code: -self.codes[code] / max(self.thresholds[code], 1e-6)))


@dataclass(frozen=True, eq=False)
class Analysis:
    """What was read in one photograph.

    Attributes:
        photo: upright, RGB.
        readings: one a face, from left to right.
        passed_over: faces that were found and not read because there were more than `MAX_FACES`.
    """

    photo: Image.Image
    readings: tuple[Reading, ...]
    passed_over: int = 0


class Analyzer:
    """Finds and reads faces. Holds no photograph; safe to share among threads."""

    def __init__(self, weights: str | Path = DEFAULT_WEIGHTS) -> None:
        """Load a checkpoint.

        Raises:
            CheckpointError: it is missing, damaged or of another version.
        """
        self.model: FaceModel
        self.card: Card
        model, self.card = load_checkpoint(weights)
        self.model = model.quicken()
        self._detector = FaceDetector()
        give_back_memory()

    def analyze(self, source: Image.Image | bytes | str | Path, cropped: bool = False) -> Analysis:
        """Read every face of a photograph.

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
        readings = tuple(reading for batch in batches for reading in self._read(photo, batch))
        return Analysis(photo, readings, len(faces) - len(readings))

    def _read(self, photo: Image.Image, faces: Sequence[Face]) -> Iterator[Reading]:
        config, calibration = self.card.config, self.card.calibration
        crops = prepare([face.crop(photo, config.input_size) for face in faces], config)
        with torch.inference_mode():
            feature_maps, emotion_logits, code_logits = self.model.read(crops)
        emotions = calibration.emotions(emotion_logits.numpy())
        clear = calibration.clear(emotions)
        codes = calibration.codes(code_logits.numpy(), config.codes)
        for row, face in enumerate(faces):
            yield Reading(
                face=face,
                crop=face.crop(photo),
                feature_map=feature_maps[row : row + 1].clone(),
                emotions=dict(zip(config.emotions, emotions[row].tolist(), strict=True)),
                codes=dict(zip(config.codes, codes[row].tolist(), strict=True)),
                thresholds={code: calibration.threshold(code) for code in config.codes},
                clear=bool(clear[row]),
            )


def give_back_memory() -> None:
    """Hand freed memory back to the system, within milliseconds; it would else stay with the process.

    After loading the network that is 65 MB, after a large photo half as much.
    """
    with contextlib.suppress(AttributeError, OSError, TypeError):  # only the GNU C library can
        ctypes.CDLL(None).malloc_trim(0)

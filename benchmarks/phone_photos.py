"""Photos as they are uploaded, for benchmarks: made from the samples, as bytes of JPEG files."""

import io
import itertools
from pathlib import Path

import numpy as np
from PIL import Image

from emotiscan.faces import FaceDetector
from emotiscan.images import read_image

SAMPLES = Path(__file__).resolve().parents[1] / "samples"
NAMES = ("smile", "surprise", "anger", "calm", "laugh", "fear", "disgust", "sadness")
SIZE = (4032, 3024)
"""12 megapixels, as phones take them."""


def phone_photos() -> dict[str, bytes]:
    """Make a photo with one face, one with a face that the edge cuts, and one of a group of 24."""
    return {
        "12 MP, one face": _photo([("smile", 1600, 1200, 700)]),
        "12 MP, face at the edge": _photo([("smile", 1600, -440, 700)]),
        "12 MP, group of 24": _photo(
            [
                (name, 640, 16 + 672 * (number % 6), 16 + 756 * (number // 6))
                for number, name in zip(range(24), itertools.cycle(NAMES), strict=False)
            ]
        ),
    }


def small_crop(side: int = 48) -> bytes:
    """Make an image that is one small face, as data sets have them."""
    portrait = read_image(SAMPLES / "smile.jpg")
    (face,) = FaceDetector().detect(portrait)
    return _jpeg(face.crop(portrait, side))


def _photo(portraits: list[tuple[str, int, int, int]]) -> bytes:
    """Paste samples into a photo of a plain wall with sensor noise: name, side, left and top of each."""
    slope = np.linspace(60, 160, SIZE[0])[None, :, None] + np.linspace(0, 60, SIZE[1])[:, None, None]
    photo = Image.fromarray(np.repeat(slope, 3, axis=2).astype(np.uint8))
    for name, side, left, top in portraits:
        portrait = read_image(SAMPLES / f"{name}.jpg")
        photo.paste(portrait.resize((side, side), Image.Resampling.BICUBIC), (left, top))
    noise = np.random.default_rng(0).integers(-6, 7, (SIZE[1], SIZE[0], 1), np.int16)
    return _jpeg(Image.fromarray(np.clip(np.asarray(photo) + noise, 0, 255).astype(np.uint8)))


def _jpeg(image: Image.Image) -> bytes:
    file = io.BytesIO()
    image.save(file, "JPEG", quality=92)
    return file.getvalue()

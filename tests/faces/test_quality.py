"""Which faces the rules find too small, dark, overexposed, cut off or turned away, and that ordinary ones pass."""

import numpy as np
import pytest
from PIL import Image

from emotiscan.faces import Face, Pose, framed_transform
from emotiscan.faces.quality import MIN_SCORE, rule_scores


@pytest.fixture(scope="module")
def face(detector, smile) -> Face:
    return detector.detect(smile)[0]


def problems(face: Face, photo: Image.Image, pose: Pose | None = None) -> set[str]:
    scores = rule_scores(face, face.crop(photo), photo.size, pose)
    assert all(0 <= score <= 1 for score in scores.values())
    return {problem for problem, score in scores.items() if score >= MIN_SCORE}


def darkened(photo: Image.Image, factor: float) -> Image.Image:
    """The photo with this share of its light."""
    linear = (np.asarray(photo) / 255) ** 2.2 * factor
    return Image.fromarray((255 * np.clip(linear, 0, 1) ** (1 / 2.2)).astype(np.uint8))


def test_ordinary_photos_have_no_problem(detector, sample_photo, samples):
    for sample in samples:
        photo = sample_photo(sample["file"])
        for face in detector.detect(photo):
            assert problems(face, photo, Pose(5, -10, 3)) == set(), sample["file"]


@pytest.mark.parametrize(("side", "expected"), [(20, {"small"}), (48, set())])
def test_a_face_with_too_few_pixels_is_small(smile, side, expected):
    """A tightly framed face as in FER+, 48 px wide, is large enough."""
    assert problems(Face(None, None, None, framed_transform(side, side)), smile.resize((side, side))) == expected


@pytest.mark.parametrize(
    ("factor", "expected"), [(0.02, {"dark"}), (0.05, {"dark"}), (0.4, set()), (2.0, set()), (15.0, {"overexposed"})]
)
def test_a_face_without_light_or_with_too_much_is_found(face, smile, factor, expected):
    assert problems(face, darkened(smile, factor)) == expected


def test_a_face_beyond_the_edge_is_cut_off(face, smile):
    half = smile.crop((0, 0, smile.width // 2, smile.height))
    assert problems(face, half) == {"cut off"}


@pytest.mark.parametrize(
    ("pose", "expected"),
    [(Pose(0, 39, 0), set()), (Pose(0, -45, 0), {"turned away"}), (Pose(35, 0, 0), {"turned away"}), (None, set())],
)
def test_a_face_that_looks_far_away_is_turned_away(face, smile, pose, expected):
    assert problems(face, smile, pose) == expected


def test_tilting_the_head_is_no_problem(face, smile):
    assert problems(face, smile, Pose(0, 0, 90)) == set()


@pytest.mark.parametrize("degrees", [-30, 20])
def test_the_tilt_of_a_turned_photo(detector, smile, degrees):
    """Pillow turns counterclockwise: the top of the head goes to the photo's left."""
    (upright,), (tilted,) = detector.detect(smile), detector.detect(smile.rotate(degrees, Image.Resampling.BICUBIC))
    assert tilted.tilt - upright.tilt == pytest.approx(degrees, abs=3)

"""The canonical crop: where the parts of the face are, and resampling."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from emotiscan import faces
from emotiscan.faces import Face, apply, canonical_transform, compose, framed_transform, invert, warp
from tests.faces.geometry import CANONICAL_LANDMARKS, similarity

similarities = st.builds(
    similarity, st.floats(-180, 180), st.floats(20, 5000), st.floats(-3000, 9000), st.floats(-3000, 9000)
)


class TestCanonicalTransform:
    @settings(deadline=None, max_examples=40)
    @given(similarities)
    def test_rotated_scaled_and_shifted_faces_land_on_the_canonical_landmarks(self, placed):
        assert np.allclose(
            apply(canonical_transform(apply(placed, CANONICAL_LANDMARKS)), apply(placed, CANONICAL_LANDMARKS)),
            CANONICAL_LANDMARKS,
        )

    @settings(deadline=None, max_examples=40)
    @given(similarities, st.floats(0.4, 1.6), st.floats(0.7, 1.4), st.floats(-0.2, 0.2))
    def test_a_face_of_other_proportions_is_level_centered_and_undistorted(self, placed, wide, long, aside):
        marks = CANONICAL_LANDMARKS * [wide, long] + [[0, 0], [0, 0], [0, 0], [aside, 0], [aside, 0]]
        to_crop = canonical_transform(apply(placed, marks))
        left, right, _, *mouth = apply(to_crop, apply(placed, marks))
        assert left[1] == pytest.approx(right[1])
        assert left[0] < right[0]
        middle = ((left + right) / 2 + np.mean(mouth, 0)) / 2
        assert np.allclose(middle, [0.5, (faces.EYE_HEIGHT + faces.MOUTH_HEIGHT) / 2])
        linear = to_crop[:, :2]
        assert np.allclose(linear @ linear.T / np.linalg.det(linear), np.eye(2))

    def test_a_turned_head_with_closer_eyes_is_hardly_enlarged(self):
        turned = CANONICAL_LANDMARKS * [0.5, 1] * 100
        sizes = [
            np.linalg.det(canonical_transform(marks)[:, :2]) ** 0.5 for marks in (CANONICAL_LANDMARKS * 100, turned)
        ]
        assert sizes[0] < sizes[1] < 1.25 * sizes[0]

    @pytest.mark.parametrize(
        "marks",
        [
            np.zeros((5, 2)),
            CANONICAL_LANDMARKS[[0, 0, 2, 3, 4]],
            CANONICAL_LANDMARKS[[3, 4, 2, 0, 1]],
            CANONICAL_LANDMARKS * [1, 0],
            CANONICAL_LANDMARKS * np.nan,
        ],
        ids=["one point", "eyes coincide", "mouth above the eyes", "flat", "not numbers"],
    )
    def test_landmarks_that_cannot_be_a_face_are_rejected(self, marks):
        with pytest.raises(ValueError, match=r"eyes|mouth"):
            canonical_transform(marks)


@settings(deadline=None, max_examples=30)
@given(similarities, similarities)
def test_invert_undoes_and_compose_chains_transforms(first, second):
    points = np.array([[0.0, 0.0], [1.0, 0.0], [0.3, 0.8]])
    assert np.allclose(apply(invert(first), apply(first, points)), points, atol=1e-6)
    assert np.allclose(apply(compose(second, first), points), apply(second, apply(first, points)))


@pytest.mark.parametrize(("width", "height"), [(48, 48), (640, 490), (90, 200)])
def test_a_framed_image_is_a_centered_square_with_the_landmarks_of_fer(width, height):
    side = min(width, height)
    eyes = np.array([[0.5 - 0.37 / 2, 0.39], [0.5 + 0.37 / 2, 0.39]]) * side
    left, right = apply(framed_transform(width, height), eyes + np.array([width - side, height - side]) / 2)
    assert left[1] == pytest.approx(right[1])
    assert left[0] + right[0] == pytest.approx(1)
    assert np.allclose([right[0] - left[0], left[1]], [faces.EYE_DISTANCE, faces.EYE_HEIGHT], atol=0.02)


def soft_dot(side: int, place: np.ndarray, radius: float) -> Image.Image:
    y, x = np.mgrid[0:side, 0:side] + 0.5
    return Image.fromarray(np.uint8(255 * np.exp(-((x - place[0]) ** 2 + (y - place[1]) ** 2) / radius**2)))


class TestWarp:
    @pytest.mark.parametrize("size", [48, 224, 301])
    @pytest.mark.parametrize(("degrees", "side"), [(0, 150), (25, 150), (-160, 120), (10, 2900)])
    def test_a_dot_lands_where_the_transform_says(self, size, degrees, side):
        from_crop = similarity(degrees, side, 400, 600)
        place = apply(from_crop, np.array([[0.37, 0.55]]))[0]
        corner = np.floor(place - 0.2 * side)  # of a photo that contains little more than the dot
        photo = soft_dot(int(0.4 * side), place - corner, 0.03 * side)
        crop = np.asarray(warp(photo, compose(invert(from_crop), similarity(0, 1, *corner)), size), float)
        y, x = np.mgrid[0:size, 0:size] + 0.5
        center = np.array([(x * crop).sum(), (y * crop).sum()]) / crop.sum()
        assert np.abs(center - [0.37 * size, 0.55 * size]).max() < 0.1

    @pytest.mark.parametrize("shrink", [2, 4.7, 30])
    def test_fine_texture_is_averaged_without_aliasing(self, shrink):
        side = int(64 * shrink)
        texture = Image.fromarray(((np.indices((side, side)).sum(0) % 2) * 255).astype(np.uint8))
        crop = np.asarray(warp(texture, similarity(0, 1 / side, 0, 0), 64), float)[2:-2, 2:-2]
        assert crop.std() < 10
        assert crop.mean() == pytest.approx(127.5, abs=2)

    def test_edge_pixels_are_repeated_beyond_the_photo(self):
        photo = Image.new("RGB", (40, 40), (255, 0, 0))
        photo.paste((0, 0, 255), (20, 0, 40, 40))
        crop = warp(photo, invert(similarity(0, 120, -40, -40)), 60)
        assert crop.getpixel((0, 0)) == crop.getpixel((0, 59)) == (255, 0, 0)
        assert crop.getpixel((59, 0)) == crop.getpixel((59, 59)) == (0, 0, 255)
        assert {color for _, color in crop.convert("L").getcolors()} <= set(range(20, 90))  # no black anywhere

    @pytest.mark.parametrize("mode", ["L", "RGB"])
    def test_the_crop_has_the_requested_size_and_the_photos_mode(self, smile, mode):
        crop = warp(smile.convert(mode), similarity(0, 1 / 400, 0, 0), 96)
        assert (crop.size, crop.mode) == ((96, 96), mode)


@pytest.mark.parametrize(("side", "small"), [(faces.MIN_FACE_SIDE - 1, True), (faces.MIN_FACE_SIDE, False)])
def test_the_shorter_side_decides_whether_a_face_is_too_small(side, small):
    assert Face((5.0, 5.0, 5.0 + side, 500.0), 1.0, CANONICAL_LANDMARKS, np.eye(2, 3)).too_small is small

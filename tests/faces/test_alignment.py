"""One canonical crop: where its parts lie, that it is the same for the same face, and which faces are found."""

import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from emotiscan import faces
from emotiscan.faces import Face, apply, canonical_transform, compose, detection, framed_transform, invert, warp

CANONICAL = np.array(
    [
        [0.5 - faces.EYE_DISTANCE / 2, faces.EYE_HEIGHT],
        [0.5 + faces.EYE_DISTANCE / 2, faces.EYE_HEIGHT],
        [0.5, 0.57],
        [0.37, faces.MOUTH_HEIGHT],
        [0.63, faces.MOUTH_HEIGHT],
    ]
)


def similarity(degrees: float, scale: float, x: float, y: float) -> faces.Transform:
    """Turn clockwise (as y goes down), enlarge, then move by (x, y)."""
    cos, sin = scale * np.cos(np.radians(degrees)), scale * np.sin(np.radians(degrees))
    return np.array([[cos, -sin, x], [sin, cos, y]])


similarities = st.builds(
    similarity, st.floats(-180, 180), st.floats(20, 5000), st.floats(-3000, 9000), st.floats(-3000, 9000)
)


class TestCanonicalTransform:
    @settings(deadline=None, max_examples=40)
    @given(similarities)
    def test_any_turned_enlarged_or_shifted_face_lands_where_it_should(self, placed):
        assert np.allclose(apply(canonical_transform(apply(placed, CANONICAL)), apply(placed, CANONICAL)), CANONICAL)

    @settings(deadline=None, max_examples=40)
    @given(similarities, st.floats(0.4, 1.6), st.floats(0.7, 1.4), st.floats(-0.2, 0.2))
    def test_a_face_of_other_proportions_is_level_centerd_and_not_distorted(self, placed, wide, long, aside):
        marks = CANONICAL * [wide, long] + [[0, 0], [0, 0], [0, 0], [aside, 0], [aside, 0]]
        to_crop = canonical_transform(apply(placed, marks))
        left, right, _, *mouth = apply(to_crop, apply(placed, marks))
        assert left[1] == pytest.approx(right[1])
        assert left[0] < right[0]
        middle = ((left + right) / 2 + np.mean(mouth, 0)) / 2
        assert np.allclose(middle, [0.5, (faces.EYE_HEIGHT + faces.MOUTH_HEIGHT) / 2])
        linear = to_crop[:, :2]
        assert np.allclose(linear @ linear.T / np.linalg.det(linear), np.eye(2))

    def test_a_turned_head_whose_eyes_look_closer_is_hardly_enlarged(self):
        turned = CANONICAL * [0.5, 1] * 100
        sizes = [np.linalg.det(canonical_transform(marks)[:, :2]) ** 0.5 for marks in (CANONICAL * 100, turned)]
        assert sizes[0] < sizes[1] < 1.25 * sizes[0]

    @pytest.mark.parametrize(
        "marks",
        [
            np.zeros((5, 2)),
            CANONICAL[[0, 0, 2, 3, 4]],
            CANONICAL[[3, 4, 2, 0, 1]],
            CANONICAL * [1, 0],
            CANONICAL * np.nan,
        ],
        ids=["one point", "eyes coincide", "mouth above the eyes", "flat", "not numbers"],
    )
    def test_landmarks_that_are_no_face_are_refused(self, marks):
        with pytest.raises(ValueError, match=r"eyes|mouth"):
            canonical_transform(marks)


@settings(deadline=None, max_examples=30)
@given(similarities, similarities)
def test_invert_undoes_and_compose_does_one_after_the_other(first, second):
    points = np.array([[0.0, 0.0], [1.0, 0.0], [0.3, 0.8]])
    assert np.allclose(apply(invert(first), apply(first, points)), points, atol=1e-6)
    assert np.allclose(apply(compose(second, first), points), apply(second, apply(first, points)))


@pytest.mark.parametrize(("width", "height"), [(48, 48), (640, 490), (90, 200)])
def test_a_framed_picture_is_a_centerd_square_with_the_face_where_fer_frames_it(width, height):
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
        corner = np.floor(place - 0.2 * side)  # of a photo that holds little more than the dot
        photo = soft_dot(int(0.4 * side), place - corner, 0.03 * side)
        crop = np.asarray(warp(photo, compose(invert(from_crop), similarity(0, 1, *corner)), size), float)
        y, x = np.mgrid[0:size, 0:size] + 0.5
        center = np.array([(x * crop).sum(), (y * crop).sum()]) / crop.sum()
        assert np.abs(center - [0.37 * size, 0.55 * size]).max() < 0.1

    @pytest.mark.parametrize("shrink", [2, 4.7, 30])
    def test_fine_texture_is_averaged_and_makes_no_pattern(self, shrink):
        side = int(64 * shrink)
        texture = Image.fromarray(((np.indices((side, side)).sum(0) % 2) * 255).astype(np.uint8))
        crop = np.asarray(warp(texture, similarity(0, 1 / side, 0, 0), 64), float)[2:-2, 2:-2]
        assert crop.std() < 10
        assert crop.mean() == pytest.approx(127.5, abs=2)

    def test_the_photos_edge_goes_on_outside_of_it(self):
        photo = Image.new("RGB", (40, 40), (255, 0, 0))
        photo.paste((0, 0, 255), (20, 0, 40, 40))
        crop = warp(photo, invert(similarity(0, 120, -40, -40)), 60)
        assert crop.getpixel((0, 0)) == crop.getpixel((0, 59)) == (255, 0, 0)
        assert crop.getpixel((59, 0)) == crop.getpixel((59, 59)) == (0, 0, 255)
        assert {color for _, color in crop.convert("L").getcolors()} <= set(range(20, 90))  # no black anywhere

    @pytest.mark.parametrize("mode", ["L", "RGB"])
    def test_size_and_mode_are_as_asked(self, smile, mode):
        crop = warp(smile.convert(mode), similarity(0, 1 / 400, 0, 0), 96)
        assert (crop.size, crop.mode) == ((96, 96), mode)


def difference(one: Image.Image, other: Image.Image) -> float:
    """Mean absolute difference of two crops, in gray levels, without the corners."""
    return float(np.abs(np.asarray(one, float) - np.asarray(other, float))[20:-20, 20:-20].mean())


def moved(photo: Image.Image, move: faces.Transform, width: int, height: int) -> Image.Image:
    return photo.transform(
        (width, height), Image.Transform.AFFINE, tuple(invert(move).ravel()), Image.Resampling.BICUBIC
    )


class TestDetector:
    def test_one_face_in_each_portrait_and_four_from_left_to_right_in_the_group(self, detector, samples, sample_photo):
        for sample in samples:
            found = detector.detect(sample_photo(sample["file"]))
            expected = len(sample["action_units"]) if isinstance(sample["action_units"], list) else 1
            assert len(found) == expected, sample["file"]
            lefts = [face.box[0] for face in found]
            assert lefts == sorted(lefts)

    def test_what_is_said_of_a_face(self, detector, smile):
        (face,) = detector.detect(smile)
        x0, y0, x1, y1 = face.box
        assert 100 < x0 < 180 < 320 < x1 < 380  # where the portrait has the face
        assert 80 < y0 < 150 < 350 < y1 < 420
        assert 0.99 < face.confidence <= 1
        assert ((face.landmarks > [x0, y0]) & (face.landmarks < [x1, y1])).all()
        assert face.landmarks[0, 0] < face.landmarks[1, 0]
        assert np.allclose(face.to_crop, canonical_transform(face.landmarks))
        assert np.allclose(apply(face.to_crop, face.corners), [[0, 0], [1, 0], [1, 1], [0, 1]])
        assert not face.too_small
        assert face.crop(smile).size == (224, 224)

    @pytest.mark.parametrize(
        "move",
        [similarity(18, 1, 120, -30), similarity(-12, 0.6, 20, 90), similarity(0, 3.5, 0, 0)],
        ids=["turned", "turned and smaller", "enlarged beyond the detection size"],
    )
    def test_the_same_face_gives_nearly_the_same_crop(self, detector, smile, move):
        width, height = (int(side * max(1, move[0, 0])) for side in smile.size)
        photo = moved(smile, move, width, height)
        (face,), (again,) = detector.detect(smile), detector.detect(photo)
        exact = compose(face.to_crop, invert(move))
        assert difference(warp(photo, exact, 224), face.crop(smile)) < 3  # the crop itself is faithful
        drift = apply(again.to_crop, apply(invert(exact), CANONICAL)) - CANONICAL
        assert np.abs(drift).max() < 0.05  # and the detector finds the same places

    @pytest.mark.parametrize("name", ["smile.jpg", "anger.jpg", "surprise.jpg"])
    @pytest.mark.parametrize("around", [0, 20])
    def test_the_face_of_a_tight_portrait_is_not_misplaced(self, detector, sample_photo, name, around):
        photo = sample_photo(name)
        (face,) = detector.detect(photo)
        x0, y0, x1, y1 = (round(side) for side in face.box)
        (tight,) = detector.detect(photo.crop((x0 - around, y0 - around, x1 + around, y1 + around)))
        marks = tight.landmarks + np.array([x0, y0]) - around
        assert np.allclose(marks, face.landmarks, atol=0.05 * face.side)

    @pytest.mark.parametrize(
        "size", [(300, 300), (10, 10), (1, 1), (21, 500), (39, 240), (3000, 40), (1, 900)], ids=str
    )
    def test_a_picture_without_a_face_gives_none_whatever_its_size(self, detector, size):
        assert detector.detect(Image.new("RGB", size, (120, 130, 140))) == []

    def test_a_very_long_picture_does_not_take_all_memory(self, detector):
        tracemalloc.start()
        try:
            assert detector.detect(Image.new("RGB", (30_000, 60))) == []
            assert tracemalloc.get_traced_memory()[1] < 100e6
        finally:
            tracemalloc.stop()

    def test_gray_and_transparent_pictures_are_taken(self, detector, smile):
        assert len(detector.detect(smile.convert("L"))) == len(detector.detect(smile.convert("RGBA"))) == 1

    def test_a_tiny_face_is_found_and_flagged(self, detector, smile):
        (face,) = detector.detect(smile.resize((60, 70)))
        assert face.too_small

    def test_locate_finds_the_face_of_a_small_framed_picture(self, detector, smile):
        (face,) = detector.detect(smile)
        small = face.crop(smile, 48)
        found = detector.locate(small)
        assert found.box is not None
        assert np.abs(apply(found.to_crop, CANONICAL * 48) - CANONICAL).max() < 0.06

    def test_locate_takes_the_face_in_the_middle(self, detector, sample_photo):
        three = sample_photo("group.jpg").crop((230, 0, 1000, 480))
        x0, _, x1, _ = detector.locate(three).box
        assert x0 < three.width / 2 < x1

    def test_locate_falls_back_to_the_whole_picture(self, detector):
        face = detector.locate(Image.new("RGB", (90, 60)))
        assert (face.box, face.confidence, face.landmarks) == (None, None, None)
        assert np.array_equal(face.to_crop, framed_transform(90, 60))
        assert 60 < face.side < 75


@pytest.mark.parametrize(("side", "small"), [(faces.MIN_FACE_SIDE - 1, True), (faces.MIN_FACE_SIDE, False)])
def test_the_shorter_side_decides_whether_a_face_is_too_small(side, small):
    assert Face((5.0, 5.0, 5.0 + side, 500.0), 1.0, CANONICAL, np.eye(2, 3)).too_small is small


def test_a_crowd_is_found_the_same_a_few_faces_at_a_time(detector, sample_photo, monkeypatch):
    group = sample_photo("group.jpg")
    together = detector.detect(group)
    seen = []
    network = detector._mtcnn.onet
    watched = network.conv1.register_forward_pre_hook(lambda _, crops: seen.append(len(crops[0])))
    monkeypatch.setattr(detection, "CROWD", 2)
    few = detector.detect(group)
    watched.remove()
    assert max(seen) == 2
    assert len(few) == len(together) == 4
    for one, other in zip(few, together, strict=True):
        assert np.allclose(one.landmarks, other.landmarks, atol=0.01)

"""Face detection: which faces are found, and that the same face gives the same crop."""

import tracemalloc

import numpy as np
import pytest
from PIL import Image

from emotiscan import faces
from emotiscan.faces import apply, canonical_transform, compose, detection, framed_transform, invert, mtcnn, warp
from tests.faces.geometry import CANONICAL_LANDMARKS, similarity


def difference(one: Image.Image, other: Image.Image) -> float:
    """Mean absolute difference of two crops, in gray levels, without the corners."""
    return float(np.abs(np.asarray(one, float) - np.asarray(other, float))[20:-20, 20:-20].mean())


def moved(photo: Image.Image, move: faces.Transform, width: int, height: int) -> Image.Image:
    return photo.transform(
        (width, height), Image.Transform.AFFINE, tuple(invert(move).ravel()), Image.Resampling.BICUBIC
    )


class TestDetector:
    def test_all_faces_are_found_from_left_to_right(self, detector, samples, sample_photo):
        for sample in samples:
            found = detector.detect(sample_photo(sample["file"]))
            expected = len(sample["action_units"]) if isinstance(sample["action_units"], list) else 1
            assert len(found) == expected, sample["file"]
            lefts = [face.box[0] for face in found]
            assert lefts == sorted(lefts)

    def test_a_face_has_box_confidence_landmarks_and_crop(self, detector, smile):
        (face,) = detector.detect(smile)
        x0, y0, x1, y1 = face.box
        assert 100 < x0 < 180 < 320 < x1 < 380  # where the face is in the portrait
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
        drift = apply(again.to_crop, apply(invert(exact), CANONICAL_LANDMARKS)) - CANONICAL_LANDMARKS
        assert np.abs(drift).max() < 0.05  # and the detector finds the same landmarks

    @pytest.mark.parametrize("name", ["smile.jpg", "anger.jpg", "surprise.jpg"])
    @pytest.mark.parametrize("around", [0, 20])
    def test_the_landmarks_of_a_tight_portrait_are_right(self, detector, sample_photo, name, around):
        photo = sample_photo(name)
        (face,) = detector.detect(photo)
        x0, y0, x1, y1 = (round(side) for side in face.box)
        (tight,) = detector.detect(photo.crop((x0 - around, y0 - around, x1 + around, y1 + around)))
        marks = tight.landmarks + np.array([x0, y0]) - around
        assert np.allclose(marks, face.landmarks, atol=0.05 * face.side)

    @pytest.mark.parametrize(
        "size", [(300, 300), (10, 10), (1, 1), (21, 500), (39, 240), (3000, 40), (1, 900)], ids=str
    )
    def test_images_of_any_size_without_a_face_give_none(self, detector, size):
        assert detector.detect(Image.new("RGB", size, (120, 130, 140))) == []

    def test_a_very_long_image_takes_little_memory(self, detector):
        tracemalloc.start()
        try:
            assert detector.detect(Image.new("RGB", (30_000, 60))) == []
            assert tracemalloc.get_traced_memory()[1] < 100e6
        finally:
            tracemalloc.stop()

    def test_gray_and_transparent_images_are_accepted(self, detector, smile):
        assert len(detector.detect(smile.convert("L"))) == len(detector.detect(smile.convert("RGBA"))) == 1

    def test_a_tiny_face_is_found_and_flagged(self, detector, smile):
        (face,) = detector.detect(smile.resize((60, 70)))
        assert face.too_small

    def test_locate_finds_the_face_in_a_small_framed_image(self, detector, smile):
        (face,) = detector.detect(smile)
        small = face.crop(smile, 48)
        found = detector.locate(small)
        assert found.box is not None
        assert np.abs(apply(found.to_crop, CANONICAL_LANDMARKS * 48) - CANONICAL_LANDMARKS).max() < 0.06

    def test_locate_takes_the_most_central_face(self, detector, sample_photo):
        three = sample_photo("group.jpg").crop((230, 0, 1000, 480))
        x0, _, x1, _ = detector.locate(three).box
        assert x0 < three.width / 2 < x1

    def test_locate_falls_back_to_the_whole_image(self, detector):
        face = detector.locate(Image.new("RGB", (90, 60)))
        assert (face.box, face.confidence, face.landmarks) == (None, None, None)
        assert np.array_equal(face.to_crop, framed_transform(90, 60))
        assert 60 < face.side < 75


def test_candidates_in_small_batches_give_the_same_faces(detector, sample_photo, monkeypatch):
    group = sample_photo("group.jpg")
    together = detector.detect(group)
    seen = []
    network = detector._cascade._output
    hook = network.conv1.register_forward_pre_hook(lambda _, crops: seen.append(len(crops[0])))
    monkeypatch.setattr(mtcnn, "CANDIDATE_BATCH", 2)
    in_batches = detector.detect(group)
    hook.remove()
    assert max(seen) == 2
    assert len(in_batches) == len(together) == 4
    for one, other in zip(in_batches, together, strict=True):
        assert np.allclose(one.landmarks, other.landmarks, atol=0.01)


@pytest.mark.parametrize("turn", [Image.Transpose.ROTATE_90, Image.Transpose.ROTATE_180, Image.Transpose.ROTATE_270])
def test_a_lying_photo_is_turned_upright_and_an_upright_one_is_left_alone(detector, smile, turn):
    upright, faces, degrees = detector.detect_any_way_up(smile)
    assert (upright, degrees, len(faces)) == (smile, 0, 1)
    righted, found, degrees = detector.detect_any_way_up(smile.transpose(turn))
    assert degrees
    assert righted.tobytes() == smile.tobytes()
    assert found[0].box == pytest.approx(faces[0].box, abs=1)


@pytest.mark.parametrize("box", [(60, 0, 820, 480), (0, 150, 900, 480), (150, 0, 1000, 300)], ids=str)
def test_the_second_search_finds_what_a_search_of_the_whole_photo_with_a_margin_finds(detector, sample_photo, box):
    photo = sample_photo("group.jpg").crop(box)
    photo = photo.resize((2 * photo.width, 2 * photo.height))
    expected = detector._find(detector._shrink(photo), detection.MARGIN, detection.MIN_CONFIDENCE)
    found = detector.detect(photo)
    assert len(found) >= len(expected) >= 2
    for face in expected:
        best = max(found, key=lambda other: detection.overlap(face.box, other.box))
        assert best.box == pytest.approx(face.box, abs=0.05)
        assert np.allclose(best.landmarks, face.landmarks, atol=0.05)


def test_a_face_that_the_search_with_a_margin_loses_is_kept(detector, sample_photo, monkeypatch):
    photo, find = sample_photo("group.jpg").crop((60, 0, 1000, 480)), detector._find
    complete = detector.detect(photo)

    def losing(shrunk, margin, *arguments, **options):
        found = sorted(find(shrunk, margin, *arguments, **options), key=lambda face: face.box)
        return found[:-1] if margin else found

    monkeypatch.setattr(detector, "_find", losing)
    found = detector.detect(photo)
    assert [face.box for face in found[:-1]] == [face.box for face in complete[:-1]]
    assert detection.overlap(found[-1].box, complete[-1].box) > 0.8


@pytest.fixture
def searches(detector, monkeypatch):
    """The margins of all searches."""
    margins, find = [], detector._find

    def noting(shrunk, margin, *arguments, **options):
        margins.append(margin)
        return find(shrunk, margin, *arguments, **options)

    monkeypatch.setattr(detector, "_find", noting)
    return margins


def test_an_ordinary_photo_is_searched_once(detector, smile, searches):
    detector.detect_any_way_up(smile)
    assert searches == [0]


@pytest.mark.parametrize("turn", detection.TURNS.values())
def test_a_tight_portrait_that_lies_is_turned(detector, smile, turn):
    (face,) = detector.detect(smile)
    x0, y0, x1, y1 = face.box
    around = 0.2 * face.side  # the face still touches the border
    upright = smile.crop(tuple(map(int, (x0 - around, y0 - around, x1 + around, y1 + around))))
    upright = upright.resize((2 * upright.width, 2 * upright.height))
    righted, found, _ = detector.detect_any_way_up(upright.transpose(turn))
    assert righted.tobytes() == upright.tobytes()
    assert [face.box for face in found] == [pytest.approx(face.box, abs=3) for face in detector.detect(upright)]


def test_without_a_face_the_edges_are_searched_in_one_direction_only(detector, searches):
    detector.detect_any_way_up(Image.new("RGB", (300, 300), (120, 130, 140)))
    assert searches == [0, detection.MARGIN, 0, 0, 0]

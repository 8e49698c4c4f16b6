"""The cascade finds what facenet-pytorch's own detection finds, with the same networks."""

import numpy as np
import pytest
import torch
from PIL import Image

from benchmarks.facenet_detector import FacenetCascade, FacenetDetector
from emotiscan.faces import FaceDetector
from emotiscan.faces.mtcnn import Cascade, _pooling
from emotiscan.faces.summed_area_table import SummedAreaTable


@pytest.fixture(scope="module")
def ours() -> Cascade:
    return Cascade()


@pytest.fixture(scope="module")
def reference() -> FacenetCascade:
    return FacenetCascade()


def noise(height: int, width: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8)


def assert_same_faces(found, expected, pixels):
    order, expected_order = (np.argsort(faces.boxes[:, 0]) for faces in (found, expected))
    assert len(order) == len(expected_order)
    assert np.allclose(found.boxes[order], expected.boxes[expected_order], atol=pixels)
    assert np.allclose(found.landmarks[order], expected.landmarks[expected_order], atol=pixels)
    assert np.allclose(found.confidences[order], expected.confidences[expected_order], atol=1e-4)


def test_all_samples_give_the_same_boxes_and_landmarks(ours, reference, samples, sample_photo):
    for sample in samples:
        photo = np.asarray(sample_photo(sample["file"]))
        expected = reference.find(photo, 40)
        assert len(expected.boxes)
        assert_same_faces(ours.find(photo, 40), expected, 0.01)


@pytest.mark.parametrize("side", [(333, 250), (640, 307), (1281, 615)], ids=str)
def test_odd_sizes_give_the_same_boxes_and_landmarks(ours, reference, sample_photo, side):
    photo = np.asarray(sample_photo("group.jpg").resize(side))
    assert_same_faces(ours.find(photo, 31.5), reference.find(photo, 31.5), 0.02)


def test_a_margin_changes_nothing_about_faces_at_the_edge(ours, sample_photo):
    photo = np.asarray(sample_photo("group.jpg").crop((60, 0, 820, 480)))  # cuts the first and the last face
    padded = np.pad(photo, ((190, 190), (190, 190), (0, 0)), mode="edge")
    expected = ours.find(padded, 40)
    assert len(expected.boxes) > 1
    assert_same_faces(ours.find(padded, 40, margin=190), expected, 1e-3)
    assert_same_faces(ours.find(SummedAreaTable(photo).with_border(190), 40, margin=190), expected, 1e-3)


def test_near_the_edges_and_known_faces_less_is_searched_for_the_same_faces(ours, sample_photo):
    group = np.asarray(sample_photo("group.jpg").resize((1280, 614)).crop((80, 0, 1050, 614)))
    photo = np.tile(group, (2, 1, 1))[:1100]  # cuts faces at both sides
    table, areas = SummedAreaTable(photo).with_border(275), []
    hook = ours._proposals.register_forward_pre_hook(lambda _, planes: areas.append(planes[0][0, 0].numel()))
    everywhere = ours.find(table, 40, 275)
    whole = sum(areas)
    known = ours.find(photo, 40).boxes + np.float32(275)
    first = sum(areas) - whole
    found = ours.find(table, 40, 275, known=known)
    searched = sum(areas) - whole - first
    hook.remove()
    low, high = everywhere.boxes[:, 0] - 275, photo.shape[1] + 275 - everywhere.boxes[:, 2]
    assert (np.minimum(low, high) < 10).sum() == 2 < len(low)
    assert_same_faces(found, everywhere, 0.01)
    assert searched < 0.8 * whole


def test_nothing_is_found_where_nothing_is_or_fits(ours):
    for photo in (noise(30, 400), np.full((300, 200, 3), 128, np.uint8)):
        boxes, confidences, landmarks = ours.find(photo, 40)
        assert (boxes.shape, confidences.shape, landmarks.shape) == ((0, 4), (0,), (0, 5, 2))


@pytest.mark.parametrize("size", [(1, 1), (2, 3), (9, 8), (17, 33)], ids=str)
def test_pooling_is_maximum_pooling(size):
    planes = torch.randn(2, 5, *size)
    assert torch.equal(_pooling()(planes), torch.nn.MaxPool2d(2, 2, ceil_mode=True)(planes))


def test_a_large_photo_gives_the_same_faces(sample_photo):
    group = sample_photo("group.jpg").resize((4032, 1935), Image.Resampling.BICUBIC)
    found, expected = FaceDetector().detect(group), FacenetDetector().detect(group)
    assert len(found) == len(expected) == 4
    for face, other in zip(found, expected, strict=True):
        assert np.allclose(face.box, other.box, atol=0.05)
        assert np.allclose(face.landmarks, other.landmarks, atol=0.05)

"""The cascade finds what facenet-pytorch's own detection finds, with the same networks."""

import numpy as np
import pytest
import torch
from PIL import Image
from torch.nn.functional import adaptive_avg_pool2d

from benchmarks.facenet_detector import FacenetCascade, FacenetDetector
from emotiscan.faces import FaceDetector
from emotiscan.faces.mtcnn import Cascade, SummedAreaTable, _along_edges, _pooling, _windows


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


def test_along_the_edges_less_is_searched_for_the_same_faces(ours, sample_photo):
    group = np.asarray(sample_photo("group.jpg").resize((1280, 614)).crop((80, 0, 1050, 614)))
    photo = np.tile(group, (2, 1, 1))[:1100]  # cuts faces at both sides
    table, areas = SummedAreaTable(photo).with_border(275), []
    hook = ours._proposals.register_forward_pre_hook(lambda _, planes: areas.append(planes[0][0, 0].numel()))
    everywhere = ours.find(table, 40, 275)
    whole = sum(areas)
    along = ours.find(table, 40, 275, edges_only=True)
    hook.remove()
    assert sum(areas) - whole < 0.7 * whole
    low, high = everywhere.boxes[:, 0] - 275, photo.shape[1] + 275 - everywhere.boxes[:, 2]
    at_edge = np.minimum(low, high) < 10
    assert at_edge.sum() == 2
    for box, marks in zip(everywhere.boxes[at_edge], everywhere.landmarks[at_edge], strict=True):
        nearest = np.abs(along.boxes - box).max(1).argmin()
        side = (box[2:] - box[:2]).max()
        assert np.abs(along.boxes[nearest] - box).max() < 0.05 * side
        assert np.abs(along.landmarks[nearest] - marks).max() < 0.02 * side


def test_strips_along_the_edges_hold_every_cell_near_them():
    for height, width in ((400, 301), (300, 200), (63, 63), (40, 300)):
        parts = _along_edges(range(10, 10 + height), range(20, 20 + width))
        cells = {(y, x) for rows, columns in parts for y in _cells(rows) for x in _cells(columns)}
        all_cells = {(y, x) for y in _cells(range(10, 10 + height)) for x in _cells(range(20, 20 + width))}
        assert cells <= all_cells
        for y, x in all_cells - cells:
            assert min(y - 10, x - 20, 10 + height - 12 - y, 20 + width - 12 - x) > 12 + 6


def _cells(pixels: range) -> range:
    """First pixels of the cells in a part of a level."""
    return range(pixels.start, pixels.stop - 11, 2)


def test_a_border_repeats_the_edge_pixels():
    photo, border = noise(9, 14), 5
    table, padded = SummedAreaTable(photo).with_border(border), np.pad(photo, ((5, 5), (5, 5), (0, 0)), mode="edge")
    expected = SummedAreaTable(padded)
    assert (table.height, table.width) == (expected.height, expected.width) == padded.shape[:2]
    rows, columns = (np.arange(19), np.arange(19) + 1), (np.array([0, 3, 4, 17]), np.array([6, 24, 9, 24]))
    assert np.array_equal(table.averages(rows, columns), expected.averages(rows, columns))
    boxes = np.array([[0, 0, 24, 19], [2, 1, 9, 4], [16, 12, 24, 19], [6, 6, 15, 12]])
    assert np.array_equal(table.crops(boxes, 7), expected.crops(boxes, 7))


def test_nothing_is_found_where_nothing_is_or_fits(ours):
    for photo in (noise(30, 400), np.full((300, 200, 3), 128, np.uint8)):
        boxes, confidences, landmarks = ours.find(photo, 40)
        assert (boxes.shape, confidences.shape, landmarks.shape) == ((0, 4), (0,), (0, 5, 2))


@pytest.mark.parametrize("size", [(7, 9), (20, 31), (64, 64), (3, 90)], ids=str)
def test_averages_are_those_of_adaptive_pooling(size):
    photo = noise(61, 83)
    found = SummedAreaTable(photo).averages(_windows(61, size[0]), _windows(83, size[1]))
    expected = adaptive_avg_pool2d(torch.from_numpy(photo).permute(2, 0, 1).float(), size)
    assert np.allclose(found.transpose(2, 0, 1), expected, atol=1e-3)


def test_crops_are_reduced_and_enlarged_as_by_adaptive_pooling():
    photo = noise(61, 83)
    boxes = np.array([[0, 0, 83, 61], [10, 20, 40, 50], [70, 3, 83, 5], [5, 5, 6, 6]])
    for (x0, y0, x1, y1), crop in zip(boxes, SummedAreaTable(photo).crops(boxes, 24), strict=True):
        part = torch.from_numpy(photo[y0:y1, x0:x1]).permute(2, 0, 1).float()
        assert np.allclose(crop.transpose(2, 0, 1), adaptive_avg_pool2d(part, 24), atol=1e-3)


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

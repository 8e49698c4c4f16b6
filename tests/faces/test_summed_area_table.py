"""The averages are those of torch's adaptive pooling, and a margin is as if its pixels were there."""

import numpy as np
import pytest
import torch
from torch.nn.functional import adaptive_avg_pool2d

from emotiscan.faces.summed_area_table import SummedAreaTable, windows


def noise(height: int, width: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8)


def test_a_border_repeats_the_edge_pixels():
    photo, border = noise(9, 14), 5
    table, padded = SummedAreaTable(photo).with_border(border), np.pad(photo, ((5, 5), (5, 5), (0, 0)), mode="edge")
    expected = SummedAreaTable(padded)
    assert (table.height, table.width) == (expected.height, expected.width) == padded.shape[:2]
    rows, columns = (np.arange(19), np.arange(19) + 1), (np.array([0, 3, 4, 17]), np.array([6, 24, 9, 24]))
    assert np.array_equal(table.averages(rows, columns), expected.averages(rows, columns))
    boxes = np.array([[0, 0, 24, 19], [2, 1, 9, 4], [16, 12, 24, 19], [6, 6, 15, 12]])
    assert np.array_equal(table.crops(boxes, 7), expected.crops(boxes, 7))


@pytest.mark.parametrize("size", [(7, 9), (20, 31), (64, 64), (3, 90)], ids=str)
def test_averages_are_those_of_adaptive_pooling(size):
    photo = noise(61, 83)
    found = SummedAreaTable(photo).averages(windows(61, size[0]), windows(83, size[1]))
    expected = adaptive_avg_pool2d(torch.from_numpy(photo).permute(2, 0, 1).float(), size)
    assert np.allclose(found.transpose(2, 0, 1), expected, atol=1e-3)


def test_crops_are_reduced_and_enlarged_as_by_adaptive_pooling():
    photo = noise(61, 83)
    boxes = np.array([[0, 0, 83, 61], [10, 20, 40, 50], [70, 3, 83, 5], [5, 5, 6, 6]])
    for (x0, y0, x1, y1), crop in zip(boxes, SummedAreaTable(photo).crops(boxes, 24), strict=True):
        part = torch.from_numpy(photo[y0:y1, x0:x1]).permute(2, 0, 1).float()
        assert np.allclose(crop.transpose(2, 0, 1), adaptive_avg_pool2d(part, 24), atol=1e-3)

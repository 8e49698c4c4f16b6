"""The first network looks at every cell that matters, and at few others."""

import numpy as np
import pytest

from emotiscan.faces.search_area import CELL, overlapping, parts_to_search

NO_FACES = np.empty((0, 4), np.float32)


def test_the_parts_hold_every_cell_near_the_edges():
    for height, width in ((400, 301), (300, 200), (63, 63), (40, 300)):
        parts = parts_to_search(range(10, 10 + height), range(20, 20 + width), NO_FACES)
        cells = {(y, x) for rows, columns in parts for y in _cells(rows) for x in _cells(columns)}
        all_cells = {(y, x) for y in _cells(range(10, 10 + height)) for x in _cells(range(20, 20 + width))}
        assert cells <= all_cells
        for y, x in all_cells - cells:
            assert min(y - 10, x - 20, 10 + height - 12 - y, 20 + width - 12 - x) > 12 + 6


@pytest.mark.parametrize("side", [5, 8, 12, 20, 29])
@pytest.mark.parametrize("center", [(150, 170), (61.5, 90), (3, 390)], ids=str)
def test_the_parts_hold_every_cell_at_a_known_face_of_its_size(side, center):
    x, y = center
    face = np.array([[x - side / 2, y - side / 2, x + side / 2, y + side / 2]], np.float32)
    rows, columns = range(0, 420), range(4, 371)
    parts = parts_to_search(rows, columns, face)
    assert sum(len(down) * len(across) for down, across in parts) < len(rows) * len(columns) / 2
    cells = {(top, left) for down, across in parts for top in _cells(down) for left in _cells(across)}
    for top in _cells(rows):
        for left in _cells(columns):
            if max(abs(left + CELL / 2 - x), abs(top + CELL / 2 - y)) <= 0.7 * side:
                assert (top, left) in cells


@pytest.mark.parametrize("side", [4, 31])
def test_cells_of_another_size_are_not_looked_at_for_a_known_face(side):
    face = np.array([[150, 150, 150 + side, 150 + side]], np.float32)
    assert parts_to_search(range(400), range(400), face) == parts_to_search(range(400), range(400), NO_FACES)


def test_a_level_is_searched_as_a_whole_where_parts_save_little():
    rows, columns = range(10, 90), range(20, 120)
    assert parts_to_search(rows, columns, NO_FACES) == [(rows, columns)]
    crowd = np.array([(x, y, x + 12, y + 12) for x in range(0, 400, 14) for y in range(0, 400, 14)], np.float32)
    assert parts_to_search(range(400), range(400), crowd) == [(range(400), range(400))]


def test_a_level_needs_the_cells_that_overlap_the_photo_and_starts_at_the_stride():
    assert overlapping(400, 0.3, 0, 1280) == range(0, 398)
    assert overlapping(400, 0.3, 320, 960) == range(84, 302)


def _cells(pixels: range) -> range:
    """First pixels of the cells in a part of a level."""
    return range(pixels.start, pixels.stop - 11, 2)

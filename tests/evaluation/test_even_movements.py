"""Photos of movements that are known to be even."""

import pytest

from emotiscan.datasets.errors import TableError
from emotiscan.evaluation.even_movements import even_table
from tests.support.trees import write_csv

COLUMNS = ["image", "unit", "even"]


def test_even_movements_are_present_in_both_halves(tmp_path):
    rows = [["happy0.png", "AU12", 1], ["happy0.png", "AU6", 1], ["happy1.png", "AU12", 0]]
    file = write_csv(tmp_path, COLUMNS, rows)
    table = even_table(file, file.parent)
    assert table.frame["image"].tolist() == ["happy0.png"]
    assert table.frame.loc[0, ["AU12", "AU12_right", "AU12_left", "AU6_right"]].tolist() == [1, 1, 1, 1]


@pytest.mark.parametrize(
    ("row", "words"),
    [
        (["happy0.png", "AU25", 1], "write one that has sides"),
        (["happy0.png", "AU12", "yes"], "even is “yes”"),
        (["happy0.png", "AU12", 0], "none of its photos is even"),
    ],
)
def test_broken_rows_are_refused(tmp_path, row, words):
    file = write_csv(tmp_path, COLUMNS, [row])
    with pytest.raises(TableError, match=words):
        even_table(file, file.parent)

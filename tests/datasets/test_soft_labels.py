import numpy as np
import pytest

from emotiscan.datasets.errors import TableError
from emotiscan.datasets.soft_labels import with_soft_action_units
from emotiscan.datasets.table import LabelRow, build_table


@pytest.fixture
def build(tmp_path):
    """Makes a table of action units by image, for the (empty) images a.png, b.png and c.png."""
    for name in "abc":
        (tmp_path / f"{name}.png").touch()

    def build(labels, action_units):
        rows = [LabelRow(image, action_units=labeled) for image, labeled in labels.items()]
        return build_table(rows, file="labels.csv", root=tmp_path, source="ours", action_units=action_units)

    return build


def test_soft_labels_fill_only_blanks(build, tmp_path):
    table = build({"a.png": {"AU12": 1}, "b.png": {}, "c.png": {}}, ("AU12", "AU4"))
    file = tmp_path / "soft.csv"
    # Another order, an image that is not in the table, a blank, and an unknown action unit.
    file.write_text("image,AU4,AU12,AU99\nelse.png,0.9,0.9,1\nb.png,0.25,,1\na.png,0.75,0.125,1\n")
    soft = with_soft_action_units(table, file)
    np.testing.assert_array_equal(soft.au_labels, [[1, 0.75], [np.nan, 0.25], [np.nan, np.nan]])


def test_soft_labels_of_action_units_that_the_table_lacks_are_added(build, tmp_path):
    file = tmp_path / "soft.csv"
    file.write_text("image,AU43,AU12\nb.png,1,0.5\n")
    soft = with_soft_action_units(build({"a.png": {}, "b.png": {}}, ("AU12",)), file)
    assert soft.action_units == ("AU12", "AU43")
    np.testing.assert_array_equal(soft.au_labels, [[np.nan, np.nan], [0.5, 1]])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("image,AU12\na.png,0.5\nb.png,1.5\n", "line 3: AU12 is “1.5”; write a number from 0 to 1"),
        ("image,AU12\na.png,-0.1\n", "line 2: AU12 is “-0.1”"),
        ("image,AU12\na.png,often\n", "line 2: AU12 is “often”"),
        ("picture,AU12\na.png,1\n", "no column “image”"),
        ("image,smile\na.png,1\n", "no column for any of the action units AU12"),
        ("image,AU12\nother.png,1\n", "none of its images is in the table; names look like a.png"),
        ("", "it cannot be read as CSV"),
    ],
)
def test_broken_soft_labels_are_refused(build, tmp_path, text, message):
    file = tmp_path / "soft.csv"
    file.write_text(text)
    with pytest.raises(TableError) as error:
        with_soft_action_units(build({"a.png": {}, "b.png": {}}, ("AU12",)), file)
    assert str(error.value).startswith(str(file))
    assert message in str(error.value)


def test_soft_labels_may_be_written_with_semicolons_and_padded_numbers(build, tmp_path):
    file = tmp_path / "soft.csv"
    file.write_bytes(b"\xef\xbb\xbffilename; AU04\r\na.png;0.25\r\n")
    soft = with_soft_action_units(build({"a.png": {}}, ("AU12", "AU4")), file)
    np.testing.assert_array_equal(soft.au_labels, [[np.nan, 0.25]])


def test_soft_labels_with_two_columns_for_an_action_unit_are_refused(build, tmp_path):
    file = tmp_path / "soft.csv"
    file.write_text("image,AU4,AU04\na.png,0,1\n")
    with pytest.raises(TableError, match="two columns for AU4; keep one"):
        with_soft_action_units(build({"a.png": {}}, ("AU4",)), file)

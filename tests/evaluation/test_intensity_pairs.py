"""Pairs of photos of one person, ordered by strength."""

import pytest

from emotiscan.datasets.errors import TableError
from emotiscan.evaluation.intensity_pairs import measure_pairs, read_pairs


def written(tmp_path, *lines, header="first,second,unit,stronger"):
    file = tmp_path / "pairs.csv"
    file.write_text("\n".join([header, *lines]) + "\n")
    return file


def test_pairs_are_read_and_undecided_ones_left_out(tmp_path):
    pairs = read_pairs(written(tmp_path, "a,b,AU12,second", "c,d,12,", "e,f,AU1+2,first"))
    assert [(pair.first, pair.unit, pair.stronger) for pair in pairs] == [("a", "AU12", 1), ("e", "AU1+AU2", 0)]


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("a,b,AU99,first", "unit is “AU99”"),
        ("a,b,AU12,left", "stronger is “left”"),
        ("a,,AU12,first", "name of a photo is blank"),
        ("a,b,AU12,", "no pair in it says"),
    ],
)
def test_broken_pairs_are_refused(tmp_path, line, words):
    with pytest.raises(TableError, match=words):
        read_pairs(written(tmp_path, line))


def test_the_stronger_one_must_have_the_higher_number(tmp_path):
    lines = ("a,b,AU12,second", "a,c,AU12,first", "b,c,AU12,first", "a,b,AU1+AU2,first")
    strength = {("a", "AU12"): 0, ("b", "AU12"): 3, ("c", "AU12"): 0, ("a", "AU1"): 2, ("a", "AU2"): 1}
    report = measure_pairs(
        read_pairs(written(tmp_path, *lines)), lambda name, au: float(strength.get((name, au), 1.2)), bootstraps=0
    )
    smile = report.action_units["AU12"]
    assert (smile.pairs, smile.told.value, smile.tied.value) == (3, pytest.approx(2 / 3), pytest.approx(1 / 3))
    assert report.action_units["AU1+AU2"].told.value == 1  # 2 + 1 against 1.2 + 1.2
    assert report.mean.value == pytest.approx((2 / 3 + 1) / 2)

"""Percentages and titles."""

import pytest

from emotiscan.export.text import display_name, percent


@pytest.mark.parametrize(
    ("probability", "text"),
    [
        (0.0, "< 1%"),
        (0.009, "< 1%"),
        (0.01, "1%"),
        (0.385, "38%"),
        (0.5, "50%"),
        (0.99, "99%"),
        (0.991, "> 99%"),
        (1.0, "> 99%"),
    ],
)
def test_percentages_are_never_flat(probability, text):
    assert percent(probability) == text


def test_display_names_of_known_and_unknown_targets():
    assert display_name("AU12") == "AU12 Lip corner puller"
    assert display_name("AU99") == "AU99"
    assert display_name("positive") == "Positive"

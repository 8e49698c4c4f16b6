"""Readings as records and as a table."""

import csv
import io
import json

import pytest

from emotiscan import facs
from emotiscan.export.records import columns, csv_text, flat, record


@pytest.fixture(scope="module")
def reading(analyzer, smile):
    return analyzer.analyze(smile).readings[0]


def test_a_record_says_all_that_was_read_in_json(reading):
    row = record("smile.jpg", 0, reading)
    assert json.loads(json.dumps(row)) == row
    assert (row["image"], row["face"], row["emotion"]) == ("smile.jpg", 0, reading.emotion)
    assert list(row["facs"]) == list(facs.AU_NAMES)
    assert row["present"] == list(reading.present)
    assert row["clear"] is reading.is_clear


def test_a_table_has_a_line_for_each_record_errors_too(reading):
    rows = [record("smile.jpg", 0, reading), {"image": "wall, gray.jpg", "error": "no face was found"}]
    emotions = tuple(reading.emotions)
    table = list(csv.DictReader(io.StringIO(csv_text(rows, emotions, facs.AU_NAMES))))
    assert list(table[0]) == columns(emotions, facs.AU_NAMES)
    assert float(table[0]["AU12"]) == rows[0]["facs"]["AU12"]
    assert table[0]["present"].split() == rows[0]["present"]
    assert {name: value for name, value in table[1].items() if value} == rows[1]


def test_a_face_without_a_box_leaves_its_place_blank(reading):
    row = record("face.jpg", 0, reading) | {"box": None}
    assert "x0" not in flat(row)


@pytest.mark.parametrize("name", ["=1+1.jpg", "+a.jpg", "-a.jpg", "@a.jpg", "\t=a.jpg"])
def test_a_spreadsheet_takes_no_name_for_a_formula(name):
    (row,) = csv.DictReader(io.StringIO(csv_text([{"image": name, "error": "no"}], (), ())))
    assert row["image"] == f"'{name}"
    (row,) = csv.DictReader(io.StringIO(csv_text([{"image": "a=1.jpg", "error": "no"}], (), ())))
    assert row["image"] == "a=1.jpg"

"""Readings as records and as tables."""

import csv
import io
import json

import pytest

from emotiscan import facs
from emotiscan.export.records import NO_FACE, columns, csv_text, flat, frame, record, records


@pytest.fixture(scope="module")
def reading(analyzer, smile):
    return analyzer.analyze(smile).readings[0]


def test_a_record_holds_the_reading_in_json_types(reading):
    row = record("smile.jpg", 0, reading)
    assert json.loads(json.dumps(row)) == row
    assert (row["image"], row["face"], row["emotion"]) == ("smile.jpg", 0, reading.emotion)
    assert list(row["facs"]) == list(facs.AU_NAMES)
    assert row["present"] == list(reading.present)
    assert row["clear"] is reading.is_clear


def test_a_csv_file_has_one_row_per_record_including_errors(reading):
    rows = [record("smile.jpg", 0, reading), {"image": "wall, gray.jpg", "error": "no face was found"}]
    emotions = tuple(reading.emotions)
    table = list(csv.DictReader(io.StringIO(csv_text(rows, emotions, facs.AU_NAMES))))
    assert list(table[0]) == columns(emotions, facs.AU_NAMES)
    assert float(table[0]["AU12"]) == rows[0]["facs"]["AU12"]
    assert table[0]["present"].split() == rows[0]["present"]
    assert {name: value for name, value in table[1].items() if value} == rows[1]


def test_a_face_without_a_box_has_blank_coordinates(reading):
    row = record("face.jpg", 0, reading) | {"box": None}
    assert "x0" not in flat(row)


@pytest.mark.parametrize("name", ["=1+1.jpg", "+a.jpg", "-a.jpg", "@a.jpg", "\t=a.jpg"])
def test_names_that_look_like_formulas_get_an_apostrophe(name):
    (row,) = csv.DictReader(io.StringIO(csv_text([{"image": name, "error": "no"}], (), ())))
    assert row["image"] == f"'{name}"
    (row,) = csv.DictReader(io.StringIO(csv_text([{"image": "a=1.jpg", "error": "no"}], (), ())))
    assert row["image"] == "a=1.jpg"


def test_an_image_without_faces_is_one_record_with_an_error(reading):
    assert records("wall.jpg", []) == [{"image": "wall.jpg", "error": NO_FACE}]
    assert [row["face"] for row in records("two.jpg", [reading, reading])] == [0, 1]


def test_a_frame_distinguishes_no_action_unit_from_no_face(reading):
    calm = record("calm.jpg", 0, reading) | {"present": []}
    table = frame([calm, {"image": "wall.jpg", "error": NO_FACE}], tuple(reading.emotions), facs.AU_NAMES)
    assert list(table.columns) == columns(tuple(reading.emotions), facs.AU_NAMES)
    assert table["present"][0] == ""
    assert table.loc[1].dropna().to_dict() == {"image": "wall.jpg", "error": NO_FACE}
    assert {str(table[name].dtype) for name in ("x0", "confidence", "positive", "AU12")} == {"float64"}

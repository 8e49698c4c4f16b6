"""Readings as records and as tables."""

import csv
import io
import json

import pandas as pd
import pytest

from emotiscan import facs
from emotiscan.export.records import NO_FACE, columns, csv_text, flat, frame, record, records
from emotiscan.model.config import ModelConfig


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
    table = list(csv.DictReader(io.StringIO(csv_text(rows, ModelConfig()))))
    assert list(table[0]) == columns(ModelConfig())
    assert float(table[0]["AU12"]) == rows[0]["facs"]["AU12"]
    assert table[0]["present"].split() == rows[0]["present"]
    assert {name: value for name, value in table[1].items() if value} == rows[1]


def test_a_face_without_a_box_has_blank_coordinates(reading):
    row = record("face.jpg", 0, reading) | {"box": None}
    assert "x0" not in flat(row)


@pytest.mark.parametrize("name", ["=1+1.jpg", "+a.jpg", "-a.jpg", "@a.jpg", "\t=a.jpg"])
def test_names_that_look_like_formulas_get_an_apostrophe(name):
    (row,) = csv.DictReader(io.StringIO(csv_text([{"image": name, "error": "no"}], ModelConfig())))
    assert row["image"] == f"'{name}"
    (row,) = csv.DictReader(io.StringIO(csv_text([{"image": "a=1.jpg", "error": "no"}], ModelConfig())))
    assert row["image"] == "a=1.jpg"


def test_an_image_without_faces_is_one_record_with_an_error(reading):
    assert records("wall.jpg", []) == [{"image": "wall.jpg", "error": NO_FACE}]
    assert [row["face"] for row in records("two.jpg", [reading, reading])] == [0, 1]


def test_a_frame_distinguishes_no_action_unit_from_no_face(reading):
    calm = record("calm.jpg", 0, reading) | {"present": []}
    table = frame([calm, {"image": "wall.jpg", "error": NO_FACE}], ModelConfig())
    assert list(table.columns) == columns(ModelConfig())
    assert table["present"][0] == ""
    assert table.loc[1].dropna().to_dict() == {"image": "wall.jpg", "error": NO_FACE}
    assert {str(table[name].dtype) for name in ("x0", "confidence", "positive", "AU12")} == {"float64"}


@pytest.fixture(scope="module")
def full_readings(full_analyzer, sample_photo):
    """Of a network with every output: a face that can be seen, and one whose mouth is covered."""
    return full_analyzer.analyze(sample_photo("group.jpg")).readings


def test_a_record_has_what_the_checkpoint_predicts_in_a_fixed_order(full_readings):
    row = record("group.jpg", 0, full_readings[0])
    assert json.loads(json.dumps(row)) == row
    assert [name for name in row if name != "sides"] == [
        *("image", "face", "box", "confidence", "emotion", "clear", "emotions", "expressions", "facs", "present"),
        *("intensities", "pose", "quality"),
    ]
    assert list(row["expressions"]) == list(facs.EXPRESSIONS)
    assert list(row["facs"]) == list(row["intensities"]) == list(facs.AU_NAMES)
    assert list(row["pose"]) == ["pitch", "yaw", "roll"]
    assert set(row["quality"]) == {"usable", "problems"}


def test_an_action_unit_that_is_not_visible_is_null_and_blank(covered_reading, full_analyzer):
    config = full_analyzer.card.config
    row = record("mask.jpg", 0, covered_reading)
    assert row["facs"]["AU12"] is None
    assert row["intensities"]["AU12"] is None
    assert "NaN" not in json.dumps(row)
    (flat_row,) = csv.DictReader(io.StringIO(csv_text([row], config)))
    assert (flat_row["AU12"], flat_row["AU12_intensity"], flat_row["AU12_left"]) == ("", "", "")
    assert "AU12" in flat_row["not_visible"].split()
    assert "mouth covered" in flat_row["problems"].split("; ")
    assert flat_row["usable"] == "False"


def test_every_action_unit_column_is_numeric_for_pandas(covered_reading, full_readings, full_analyzer):
    config = full_analyzer.card.config
    rows = [record("a.jpg", n, reading) for n, reading in enumerate([covered_reading, *full_readings])]
    table = pd.read_csv(io.StringIO(csv_text(rows, config)))
    made = frame(rows, config)
    assert list(table.columns) == list(made.columns) == columns(config)
    numbers = [name for name in table.columns if name.startswith("AU")] + ["pitch", "yaw", "roll", "contempt"]
    assert {str(table[name].dtype) for name in numbers} == {"float64"}
    assert {str(made[name].dtype) for name in numbers} == {"float64"}
    assert str(made["usable"].dtype) == "boolean"


def test_an_emotion_with_one_expression_has_one_column(full_readings, full_analyzer):
    names = columns(full_analyzer.card.config)
    assert names.count("surprise") == names.count("neutral") == 1
    row = record("a.jpg", 0, full_readings[0])
    assert flat(row)["surprise"] == row["emotions"]["surprise"] == row["expressions"]["surprise"]


def test_a_turned_photo_says_so(full_readings):
    assert record("a.jpg", 0, full_readings[0], rotated=90)["rotated"] == 90
    assert flat(record("a.jpg", 0, full_readings[0], rotated=90))["rotated"] == 90
    assert "rotated" not in record("a.jpg", 0, full_readings[0])

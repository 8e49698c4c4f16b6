"""Logits of tables, and the labels that they are compared with."""

import numpy as np
import pytest

from emotiscan.datasets.loaders import load_source
from emotiscan.datasets.table import TableError
from emotiscan.evaluation.prediction import agreed_classes, labels_for, load_split, predict_tables
from tests.support.trees import put, write_csv

COLUMNS = ["image", "split", "emotion", "AU12"]
ROWS = [["happy0.png", "train", "happiness", 1], ["anger1.png", "test", "anger", 0], ["calm2.png", "test", "", ""]]


@pytest.fixture
def source(tmp_path):
    return f"csv:{write_csv(tmp_path / 'data', COLUMNS, ROWS)}"


def test_one_split_or_all_rows_are_loaded(source):
    assert load_split(source, "test").frame["image"].tolist() == ["anger1.png", "calm2.png"]
    assert len(load_split(source, None)) == 3
    with pytest.raises(TableError, match="no rows in the split “validation”"):
        load_split(source, "validation")


def test_joined_tables_are_predicted_like_each_alone_and_faces_are_found_once(tiny_model, source, tmp_path):
    labels = write_csv(tmp_path / "other", ["image", "emotion"], [["surprise0.png", "surprise"], ["smile1.png", ""]])
    put(tmp_path / "other" / "smile1.png", b"no picture")
    tables, cache = [load_split(name, None) for name in (source, f"csv:{labels}")], tmp_path / "cache"
    alone = [predict_tables(tiny_model, [table], cache, workers=0) for table in tables]
    kept = {file.name: file.stat().st_mtime_ns for file in cache.iterdir()}
    both = predict_tables(tiny_model, tables, cache, workers=0)
    assert both.table.frame["image"].tolist() == ["happy0.png", "anger1.png", "calm2.png", "surprise0.png"]
    assert np.allclose(both.emotions, np.concatenate([one.emotions for one in alone]), atol=1e-5)
    assert np.allclose(both.action_units, np.concatenate([one.action_units for one in alone]), atol=1e-5)
    assert set(kept) == {file.name for file in cache.iterdir()}
    assert len({row.tobytes() for row in both.emotions}) == 4


def test_no_readable_image_gives_no_rows(tiny_model, tmp_path):
    source = f"csv:{write_csv(tmp_path / 'data', ['image', 'AU12'], [['happy0.png', 1]])}"
    put(tmp_path / "data" / "happy0.png", b"no picture")
    read = predict_tables(tiny_model, [load_source(source)], tmp_path / "cache", workers=0)
    assert (read.emotions.shape, read.action_units.shape, len(read.table)) == (
        (0, 4),
        (0, len(tiny_model.config.action_units)),
        0,
    )


def test_unknown_and_disputed_emotions_do_not_count(source):
    table = load_source(source)
    assert agreed_classes(table, ("positive", "negative")).tolist() == [0, 1, -1]
    assert agreed_classes(table, ("surprise", "negative")).tolist() == [-1, 1, -1]  # a network without “positive”
    table.frame["agreement"] = [4, 5, 10]
    assert agreed_classes(table, ("positive", "negative")).tolist() == [-1, 1, -1]


def test_labels_come_in_the_requested_order_and_unknown_action_units_are_blank(source):
    labels = labels_for(load_source(source), ("AU99", "AU12"))
    assert labels[:, 1].tolist()[:2] == [1, 0]
    assert np.isnan(labels).tolist() == [[True, False], [True, False], [True, True]]

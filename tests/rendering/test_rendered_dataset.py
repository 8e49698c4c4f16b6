"""Data sets of rendered faces: the table, going on after a stop, the command line, the loader."""

import csv
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from emotiscan import facs
from emotiscan.datasets.loaders import load_source
from emotiscan.datasets.table import TableError
from emotiscan.rendering.__main__ import main
from emotiscan.rendering.convert import main as convert_main
from emotiscan.rendering.dataset import COLUMNS, DatasetError, render_dataset, scene_of, split_of, subject_of
from emotiscan.rendering.head_model import HeadModelError, load_model


class Stub:
    """Draws a plain picture that depends on the scene, and counts; may be told to break."""

    def __init__(self, break_after: int = 10**9):
        self.drawn, self.break_after = 0, break_after

    def __call__(self, scene, size):
        if self.drawn >= self.break_after:
            raise KeyboardInterrupt
        self.drawn += 1
        image = np.full((size, size, 3), scene.pose.yaw % 256, np.uint8)
        marks = np.float32([[20, 20], [44, 20], [32, 30], [24, 44], [40, 44]])
        return SimpleNamespace(image=image, landmarks5=marks, movement=lambda au: np.full((56, 56), 0.5, np.float32))


@pytest.fixture
def draw(tmp_path):
    def run(count=10, stub=None, **options):
        stub = stub or Stub()
        lines = []
        options = {"size": 64, "on_progress": lines.append} | options
        render_dataset("model.npz", tmp_path / "faces", count, draw=stub, **options)
        return stub, lines

    return run


def rows(folder):
    with open(folder / "faces/labels.csv", newline="") as file:
        return list(csv.DictReader(file))


def test_a_table_of_all_pictures(draw, tmp_path):
    _, lines = draw(10)
    table = rows(tmp_path)
    assert tuple(table[0]) == COLUMNS
    assert [row["image"] for row in table] == [f"images/{i:06d}.jpg" for i in range(10)]
    assert len({row["subject"] for row in table}) == 5
    assert Image.open(tmp_path / "faces" / table[0]["image"]).size == (64, 64)
    for i, row in enumerate(table):
        scene = scene_of(0, i)
        assert float(row["yaw"]) == pytest.approx(scene.pose.yaw, abs=0.01)
        assert row["emotion"] == scene.expression.emotion
        for au in facs.AU_NAMES:
            assert float(row[au]) == scene.expression.action_units.get(au, 0)
    assert lines[-1].startswith("10 of 10 pictures drawn")


def test_it_goes_on_where_it_stopped(draw, tmp_path):
    with pytest.raises(KeyboardInterrupt):
        draw(120, Stub(break_after=70))
    assert len(rows(tmp_path)) == 50  # of the last, unfinished batch the pictures are drawn again
    stub, lines = draw(120)
    assert stub.drawn == 70
    assert lines[0] == "50 of 120 pictures are there already."
    resumed = (tmp_path / "faces/labels.csv").read_text()
    (tmp_path / "faces").rename(tmp_path / "resumed")
    draw(120)
    assert (tmp_path / "faces/labels.csv").read_text() == resumed


def test_a_torn_line_and_a_lost_picture_are_made_good(draw, tmp_path):
    draw(8)
    whole = (tmp_path / "faces/labels.csv").read_text()
    (tmp_path / "faces/labels.csv").write_text(whole[:-30])
    (tmp_path / "faces/images/000002.jpg").unlink()
    stub, _ = draw(8)
    assert stub.drawn == 2
    assert (tmp_path / "faces/labels.csv").read_text() == whole


def test_later_pictures_join_the_table(draw, tmp_path):
    draw(4, first=4)
    draw(8)
    assert len(rows(tmp_path)) == 8


def test_other_settings_are_refused(draw):
    draw(2)
    with pytest.raises(DatasetError, match="drawn with seed = 0, not 1"):
        draw(2, seed=1)
    with pytest.raises(DatasetError, match="size = 64, not 32"):
        draw(2, size=32)


def test_how_many_act_an_emotion_can_be_chosen(draw, tmp_path):
    draw(60, acted=0.2)
    acting = sum(bool(row["emotion"]) for row in rows(tmp_path))
    assert 4 <= acting <= 20
    # The people and their scenes are those of any other share.
    assert replace(scene_of(0, 8, 0.2), expression=scene_of(0, 8).expression) == scene_of(0, 8)
    with pytest.raises(DatasetError, match="drawn with acted"):
        draw(60)


def test_codes_can_be_drawn_more_often(draw, tmp_path):
    draw(120, acted=0.0, often=("AU7", "AU43"))
    shown = {au: sum(float(row[au]) > 0.25 for row in rows(tmp_path)) for au in ("AU7", "AU43", "AU15")}
    plain = [scene_of(0, index, 0.0).expression.action_units for index in range(120)]
    usual = {au: sum(action_units.get(au, 0) > 0.25 for action_units in plain) for au in shown}
    assert shown["AU7"] > 1.5 * usual["AU7"]
    assert shown["AU43"] > 1.5 * usual["AU43"]
    assert shown["AU15"] <= usual["AU15"]
    draw(120, acted=0.0, often=("AU7", "AU43"))  # the same again: nothing to do, and no complaint
    with pytest.raises(DatasetError, match="drawn with often"):
        draw(120, acted=0.0)


def test_a_folder_begun_before_these_could_be_chosen_goes_on(draw, tmp_path):
    draw(4)
    settings = tmp_path / "faces/settings.json"
    settings.write_text(settings.read_text().replace(' "acted": 0.5,\n', "").replace(' "often": [],\n', ""))
    assert "acted" not in settings.read_text()
    assert "often" not in settings.read_text()
    draw(8)
    assert len(rows(tmp_path)) == 8


def test_a_folder_with_other_things_is_refused(draw, tmp_path):
    (tmp_path / "faces").mkdir()
    (tmp_path / "faces/thesis.doc").touch()
    with pytest.raises(DatasetError, match="not empty"):
        draw(2)


def test_maps_of_active_codes_only(draw, tmp_path):
    draw(6, maps=True)
    for i in range(6):
        with np.load(tmp_path / f"faces/maps/{i:06d}.npz") as maps:
            shown = {au for au in facs.AU_NAMES if scene_of(0, i).expression.action_units.get(au, 0) > 0}
            assert set(maps.files) == shown
            assert all(maps[au].shape == (56, 56) and maps[au].dtype == np.uint8 for au in shown)
    (tmp_path / "faces/maps/000001.npz").unlink()
    stub, _ = draw(6, maps=True)
    assert stub.drawn == 1


def test_twins_differ_in_their_expression_alone():
    for first in (0, 6):
        one, other = scene_of(0, first), scene_of(0, first + 1)
        assert one.expression.action_units != other.expression.action_units
        assert replace(one, expression=other.expression) == other
        assert subject_of(0, first) == subject_of(0, first + 1) != subject_of(0, first + 2)
        assert scene_of(0, first + 2).person != one.person


def test_people_keep_their_split():
    splits = [split_of(subject_of(0, 2 * i)) for i in range(3000)]
    assert 0.77 < splits.count("train") / 3000 < 0.83
    assert 0.08 < splits.count("test") / 3000 < 0.12
    assert scene_of(0, 0).person == scene_of(0, 1).person != scene_of(1, 0).person
    assert subject_of(0, 0) != subject_of(1, 0)


def test_the_loader_makes_a_label_table(draw, tmp_path):
    draw(40)
    for path in ("faces", "faces/labels.csv"):
        table = load_source(f"rendered:{tmp_path / path}")
        assert len(table) == 40
    labels, emotions = table.au_labels, table.emotion_classes
    for i, row in enumerate(rows(tmp_path)):
        for k, au in enumerate(facs.AU_NAMES):
            intensity = float(row[au])
            expected = 1 if intensity >= 0.25 else 0 if intensity <= 0.1 else np.nan
            assert np.array_equal(labels[i, k], expected, equal_nan=True)
        word = row["emotion"]
        assert emotions[i] == (table.emotions.index(facs.high_level_emotion(word)) if word else -1)
    assert list(table.frame["split"]) == [row["split"] for row in rows(tmp_path)]


def test_the_loader_names_what_is_broken(draw, tmp_path):
    draw(2)
    labels = tmp_path / "faces/labels.csv"
    table = rows(tmp_path)
    table[1]["AU4"] = "7"
    with open(labels, "w", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS)
        writer.writeheader()
        writer.writerows(table)
    with pytest.raises(TableError, match="line 3: AU4 is “7”"):
        load_source(f"rendered:{tmp_path / 'faces'}")


def test_a_doubtful_intensity_is_unknown(draw, tmp_path):
    draw(1)
    labels = tmp_path / "faces/labels.csv"
    table = rows(tmp_path)
    table[0] |= {"AU1": "0.2", "AU2": "0.25", "AU4": "0.1"}
    with open(labels, "w", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS)
        writer.writeheader()
        writer.writerows(table)
    frame = load_source(f"rendered:{labels}").frame
    assert np.isnan(frame["AU1"][0])
    assert (frame["AU2"][0], frame["AU4"][0]) == (1, 0)


def test_a_missing_model_says_where_to_get_it(tmp_path, capsys):
    status = main(["--model", str(tmp_path / "no.npz"), "--out", str(tmp_path / "faces"), "--count", "2"])
    told = capsys.readouterr().err
    assert status == 1
    assert "github.com/ICT-VGL/ICT-FaceKit" in told
    assert "emotiscan.rendering.convert --facekit" in told
    assert not (tmp_path / "faces").exists()


def test_damaged_models_are_refused(tmp_path):
    (tmp_path / "text.npz").write_text("no archive")
    with pytest.raises(HeadModelError, match="damaged or no NPZ"):
        load_model(tmp_path / "text.npz")
    np.savez(tmp_path / "other.npz", a=np.zeros(3))
    with pytest.raises(HeadModelError, match="lacks the array V"):
        load_model(tmp_path / "other.npz")


def test_converting_something_else_is_refused(tmp_path, capsys):
    assert convert_main(["--facekit", str(tmp_path), "--out", str(tmp_path / "out.npz")]) == 1
    assert "no clone of ICT-FaceKit" in capsys.readouterr().err


@pytest.mark.parametrize("wrong", [["--count", "0"], ["--count", "3", "--size", "5"]])
def test_the_command_line_refuses_nonsense(tmp_path, wrong):
    with pytest.raises(SystemExit):
        main(["--model", "m.npz", "--out", str(tmp_path), *wrong])

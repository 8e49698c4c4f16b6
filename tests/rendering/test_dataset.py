"""Data sets of rendered faces: the label table, resuming, and the loader."""

import csv
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from emotiscan import facs
from emotiscan.datasets.loaders import load_source
from emotiscan.datasets.table import TableError
from emotiscan.rendering.dataset import COLUMNS, DatasetError, render_dataset, scene_of, split_of, subject_of
from emotiscan.rendering.occluders import KINDS
from emotiscan.rendering.problems import ProblemShares


class Stub:
    """A stand-in for the renderer that counts its images and may be interrupted."""

    def __init__(self, break_after: int = 10**9):
        self.count, self.break_after = 0, break_after

    def __call__(self, scene, size):
        if self.count >= self.break_after:
            raise KeyboardInterrupt
        self.count += 1
        image = np.full((size, size, 3), scene.pose.yaw % 256, np.uint8)
        marks = np.float32([[20, 20], [44, 20], [32, 30], [24, 44], [40, 44]])
        return SimpleNamespace(
            image=image,
            landmarks5=marks,
            movement=lambda au: np.full((56, 56), 0.5, np.float32),
            mouth_covered=0.7531 if scene.occluder.kind else 0.0,
            eyes_covered=0.0,
            hidden=("AU12", "AU25") if scene.occluder.kind else (),
            blur=0.0123,
        )


@pytest.fixture
def render(tmp_path):
    def run(count=10, stub=None, **options):
        stub = stub or Stub()
        lines = []
        options = {"size": 64, "on_progress": lines.append} | options
        render_dataset("model.npz", tmp_path / "faces", count, render=stub, **options)
        return stub, lines

    return run


def rows(folder):
    with open(folder / "faces/labels.csv", newline="") as file:
        return list(csv.DictReader(file))


def test_the_table_has_one_row_per_image(render, tmp_path):
    _, lines = render(10)
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
        for au in facs.SIDED_AUS:
            sides = [float(row[f"{au}_{side}"]) for side in ("right", "left")]
            assert sides == pytest.approx(scene.expression.sides(au), abs=6e-4)
            assert max(sides) == float(row[au])
    assert lines[-1].startswith("10 of 10 images rendered")


def test_an_interrupted_run_resumes(render, tmp_path):
    with pytest.raises(KeyboardInterrupt):
        render(120, Stub(break_after=70))
    assert len(rows(tmp_path)) == 50  # images of the unfinished batch are rendered again
    stub, lines = render(120)
    assert stub.count == 70
    assert lines[0] == "50 of 120 images exist already."
    resumed = (tmp_path / "faces/labels.csv").read_text()
    (tmp_path / "faces").rename(tmp_path / "resumed")
    render(120)
    assert (tmp_path / "faces/labels.csv").read_text() == resumed


def test_a_truncated_row_and_a_lost_image_are_rendered_again(render, tmp_path):
    render(8)
    whole = (tmp_path / "faces/labels.csv").read_text()
    (tmp_path / "faces/labels.csv").write_text(whole[:-30])
    (tmp_path / "faces/images/000002.jpg").unlink()
    stub, _ = render(8)
    assert stub.count == 2
    assert (tmp_path / "faces/labels.csv").read_text() == whole


def test_a_second_run_adds_images_to_the_table(render, tmp_path):
    render(4, first=4)
    render(8)
    assert len(rows(tmp_path)) == 8


def test_a_folder_of_other_settings_is_rejected(render):
    render(2)
    with pytest.raises(DatasetError, match="rendered with seed = 0, not 1"):
        render(2, seed=1)
    with pytest.raises(DatasetError, match="size = 64, not 32"):
        render(2, size=32)


def test_the_share_of_acted_emotions_can_be_chosen(render, tmp_path):
    render(60, acted=0.2)
    acting = sum(bool(row["emotion"]) for row in rows(tmp_path))
    assert 4 <= acting <= 20
    # The share changes neither people nor scenes.
    assert replace(scene_of(0, 8, 0.2), expression=scene_of(0, 8).expression) == scene_of(0, 8)
    with pytest.raises(DatasetError, match="rendered with acted"):
        render(60)


def test_action_units_can_be_made_more_frequent(render, tmp_path):
    render(120, acted=0.0, often=("AU7", "AU43"))
    shown = {au: sum(float(row[au]) > 0.25 for row in rows(tmp_path)) for au in ("AU7", "AU43", "AU15")}
    plain = [scene_of(0, index, 0.0).expression.action_units for index in range(120)]
    usual = {au: sum(action_units.get(au, 0) > 0.25 for action_units in plain) for au in shown}
    assert shown["AU7"] > 1.5 * usual["AU7"]
    assert shown["AU43"] > 1.5 * usual["AU43"]
    assert shown["AU15"] <= usual["AU15"]
    render(120, acted=0.0, often=("AU7", "AU43"))  # the same settings are accepted again
    with pytest.raises(DatasetError, match="rendered with often"):
        render(120, acted=0.0)


def test_the_table_says_what_makes_a_face_hard_to_read(render, tmp_path):
    problems = ProblemShares(occluded=0.5, blurred=0.3, misexposed=0.5)
    render(60, problems=problems)
    table = rows(tmp_path)
    kinds = {row["occluder"] for row in table}
    assert "" in kinds
    assert kinds - {""} <= set(KINDS)
    for row in table:
        assert row["mouth_covered"] == ("0.753" if row["occluder"] else "0.0")
        assert row["hidden"] == ("AU12 AU25" if row["occluder"] else "")
        assert row["blur"] == "0.0123"
    assert {row["exposure"] for row in table} == {"", "dark", "overexposed"}
    render(60, problems=problems)  # the same settings are accepted again
    with pytest.raises(DatasetError, match=r"rendered with occluded = 0\.5, not 0\.18"):
        render(60)


def test_a_folder_from_before_these_settings_can_be_continued(render, tmp_path):
    render(4)
    settings = tmp_path / "faces/settings.json"
    settings.write_text(settings.read_text().replace(' "acted": 0.5,\n', "").replace(' "often": [],\n', ""))
    assert "acted" not in settings.read_text()
    assert "often" not in settings.read_text()
    render(8)
    assert len(rows(tmp_path)) == 8


def test_a_folder_with_other_files_is_rejected(render, tmp_path):
    (tmp_path / "faces").mkdir()
    (tmp_path / "faces/thesis.doc").touch()
    with pytest.raises(DatasetError, match="not empty"):
        render(2)


def test_maps_are_written_for_active_action_units_only(render, tmp_path):
    render(6, maps=True)
    for i in range(6):
        with np.load(tmp_path / f"faces/maps/{i:06d}.npz") as maps:
            shown = {au for au in facs.AU_NAMES if scene_of(0, i).expression.action_units.get(au, 0) > 0}
            assert set(maps.files) == shown
            assert all(maps[au].shape == (56, 56) and maps[au].dtype == np.uint8 for au in shown)
    (tmp_path / "faces/maps/000001.npz").unlink()
    stub, _ = render(6, maps=True)
    assert stub.count == 1


def test_both_images_of_a_person_differ_only_in_expression():
    for first in (0, 6):
        one, other = scene_of(0, first), scene_of(0, first + 1)
        assert one.expression.action_units != other.expression.action_units
        assert replace(one, expression=other.expression) == other
        assert subject_of(0, first) == subject_of(0, first + 1) != subject_of(0, first + 2)
        assert scene_of(0, first + 2).person != one.person


def test_a_subject_keeps_its_split():
    splits = [split_of(subject_of(0, 2 * i)) for i in range(3000)]
    assert 0.77 < splits.count("train") / 3000 < 0.83
    assert 0.08 < splits.count("test") / 3000 < 0.12
    assert scene_of(0, 0).person == scene_of(0, 1).person != scene_of(1, 0).person
    assert subject_of(0, 0) != subject_of(1, 0)


def test_the_loader_reads_the_label_table(render, tmp_path):
    render(40)
    for path in ("faces", "faces/labels.csv"):
        table = load_source(f"rendered:{tmp_path / path}")
        assert len(table) == 40
    labels, emotions = table.au_labels, table.emotion_classes
    for i, row in enumerate(rows(tmp_path)):
        for k, au in enumerate(facs.AU_NAMES):
            intensity = float(row[au])
            expected = 1 if intensity >= 0.25 else 0 if intensity <= 0.1 else np.nan
            if au in row["hidden"].split():
                expected = np.nan
            assert np.array_equal(labels[i, k], expected, equal_nan=True)
        word = row["emotion"]
        assert emotions[i] == (table.emotions.index(facs.high_level_emotion(word)) if word else -1)
    assert list(table.frame["split"]) == [row["split"] for row in rows(tmp_path)]


def test_a_folder_rendered_before_all_action_units_were_drawn_lacks_their_labels(render, tmp_path):
    render(4)
    table = rows(tmp_path)
    columns = [name for name in COLUMNS if name not in ("AU18", "AU28")]
    with open(tmp_path / "faces/labels.csv", "w", newline="") as file:
        writer = csv.DictWriter(file, columns, extrasaction="ignore")
        writer.writeheader()
        writer.writerows(table)
    loaded = load_source(f"rendered:{tmp_path / 'faces'}")
    assert loaded.action_units == tuple(au for au in facs.AU_NAMES if au in columns)
    assert "AU43" in loaded.action_units


def test_the_loader_names_the_broken_cell(render, tmp_path):
    render(2)
    labels = tmp_path / "faces/labels.csv"
    table = rows(tmp_path)
    table[1]["AU4"] = "7"
    with open(labels, "w", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS)
        writer.writeheader()
        writer.writerows(table)
    with pytest.raises(TableError, match="line 3: AU4 is “7”"):
        load_source(f"rendered:{tmp_path / 'faces'}")


def test_an_intermediate_intensity_is_an_unknown_label(render, tmp_path):
    render(1)
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


def test_two_workers_render_the_same_images_as_one(small_head, small_cache, tmp_path):
    folders = [tmp_path / "one", tmp_path / "two"]
    for workers, folder in enumerate(folders, start=1):
        render_dataset(small_head, folder, 4, size=64, workers=workers, maps=True, cache_dir=small_cache)
    for file in ("labels.csv", "images/000003.jpg", "maps/000003.npz"):
        one, two = ((folder / file).read_bytes() for folder in folders)
        assert one == two, file

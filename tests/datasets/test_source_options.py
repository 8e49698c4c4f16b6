import numpy as np
import pytest

from emotiscan.datasets.errors import TableError
from emotiscan.datasets.loaders import load_source
from emotiscan.datasets.table import SPLITS
from emotiscan.evaluation.prediction import load_split
from emotiscan.training.data_module import split_table
from emotiscan.training.settings import TrainingSettings
from tests.support.trees import put, write_csv


def test_first_au_file_that_knows_an_action_unit_decides(tmp_path):
    file = write_csv(tmp_path, ["image", "AU12"], [["happy0.png", ""], ["happy1.png", ""]])
    reviewed = put(tmp_path / "reviewed.csv", "image,AU12\nhappy0.png,1\nhappy1.png,\n")
    teacher = put(tmp_path / "teacher.csv", "image,AU12\nhappy0.png,0.25\nhappy1.png,0.25\n")
    assert load_source(f"csv:{file},au={reviewed},au={teacher}").au_labels.tolist() == [[1], [0.25]]


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("{csv}", "write a data source as KIND:PATH, where KIND is one of ckplus, ckplus-course, disfa, bp4d"),
        ("fer2013:{csv}", "KIND is one of"),
        ("csv:", "write a data source as KIND:PATH"),
        ("csv:{csv}.old", "there is no such file or folder"),
        ("csv:{csv},codes=gone.csv", "gone.csv: there is no such file or folder"),
        ("csv:{csv},labels=x.csv", "“labels=x.csv” is not an option of a data source; use au=FILE, images=DIR,"),
        ("csv:{csv},images", "“images” is not an option"),
        ("ckplus:{folder},images={folder}", "ckplus takes no option images=DIR"),
        ("csv:{csv},share=0", "write a number above 0, e.g. share=0.5"),
        ("csv:{csv},share=half", "write a number above 0, e.g. share=0.5"),
        ("csv:{csv},learn=all", "write learn=emotions or learn=action_units"),
        ("rendered:{csv},faces=sad", "write faces=acted or faces=random"),
        ("rendered:{csv},strength=weak", "write strength=slight or strength=marked or strength=strong"),
        ("csv:{csv},strength=slight", "is an option of rendered faces only; leave it out for csv"),
        ("csv:{csv},faces=acted", "is an option of rendered faces only; leave it out for csv"),
        ("csv:{csv},without=gone.csv", "gone.csv: there is no such file or folder"),
        ("csv:{csv},split=test", "write the seed of the run, a whole number of at least 0"),
        ("csv:{csv},split=0", "at least 3 are needed"),
        ("csv:{csv},images={csv}", "neither a folder nor a zip file"),
    ],
)
def test_unusable_source_says_what_to_write(tmp_path, source, message):
    file = write_csv(tmp_path, ["image"], [["happy0.png"]])
    with pytest.raises(TableError) as error:
        load_source(source.format(csv=file, folder=tmp_path))
    assert message in str(error.value)


def test_without_leaves_out_subjects_with_all_their_images(tmp_path):
    rows = [["happy0.png", "ann"], ["happy1.png", "ann"], ["calm0.png", "ben"]]
    file = write_csv(tmp_path, ["image", "subject"], rows)
    held_out = put(tmp_path / "held_out.csv", b"image,AU12\nhappy1.png,1\nof_another_set.png,0\n")
    assert list(load_source(f"csv:{file},without={held_out}").frame["image"]) == ["calm0.png"]


def test_without_accepts_several_files(tmp_path):
    rows = [["happy0.png", "ann"], ["happy1.png", "ben"], ["calm0.png", "cem"]]
    file = write_csv(tmp_path, ["image", "subject"], rows)
    one, other = (put(tmp_path / f"{name}.csv", f"image\n{name}.png\n") for name in ("happy0", "calm0"))
    assert list(load_source(f"csv:{file},without={one},without={other}").frame["image"]) == ["happy1.png"]
    twice = f"csv:{file},without={one},without={other},without={one}"
    assert list(load_source(twice).frame["image"]) == ["happy1.png"]


def test_split_finds_the_subjects_that_a_run_with_that_seed_held_out(tmp_path):
    rows = [[f"happy{i}.png", f"subject {i // 2}"] for i in range(40)]
    source = f"csv:{write_csv(tmp_path, ['image', 'subject'], rows)}"
    trained_on = split_table(load_source(source), TrainingSettings(data=(source,), out="", seed=7))
    for split in SPLITS:
        images = list(load_split(f"{source},split=7", split).frame["image"])
        assert images == list(trained_on.part(split).frame["image"])
    with pytest.raises(TableError, match="no rows in the split “test”; add the option split=SEED"):
        load_split(source, "test")


def test_only_keeps_the_subjects_that_without_leaves_out(tmp_path):
    rows = [["happy0.png", "ann"], ["happy1.png", "ann"], ["calm0.png", "ben"]]
    file = write_csv(tmp_path, ["image", "subject"], rows)
    held_out = put(tmp_path / "held_out.csv", b"image,AU12\nhappy1.png,1\nof_another_set.png,0\n")
    assert list(load_source(f"csv:{file},only={held_out}").frame["image"]) == ["happy0.png", "happy1.png"]
    strangers = put(tmp_path / "strangers.csv", b"image\nof_another_set.png\n")
    with pytest.raises(TableError, match="none of its images is in the table"):
        load_source(f"csv:{file},only={strangers}")


@pytest.mark.parametrize(
    ("names", "message"),
    [("of_another_set.png", "none of its images is in the table"), ("happy0.png", "without= with this file leaves")],
)
def test_without_refuses_to_leave_out_nobody_or_everybody(tmp_path, names, message):
    file = write_csv(tmp_path, ["image"], [["happy0.png"]])
    held_out = put(tmp_path / "held_out.csv", f"image\n{names}\n".encode())
    with pytest.raises(TableError, match=message):
        load_source(f"csv:{file},without={held_out}")


@pytest.mark.parametrize(
    ("learn", "blank"), [("action_units", "positive"), ("codes", "positive"), ("emotions", "AU12")]
)
def test_learn_keeps_only_one_kind_of_labels(tmp_path, learn, blank):
    file = write_csv(tmp_path, ["image", "emotion", "AU12"], [["happy0.png", "happy", "1"]])
    row = load_source(f"csv:{file},learn={learn}").frame.iloc[0]
    assert {name for name in ("positive", "AU12") if np.isnan(row[name])} == {blank}

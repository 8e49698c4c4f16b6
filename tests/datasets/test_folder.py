"""`folder:PATH`: trees with one folder of images a class."""

import pytest

from emotiscan import facs
from emotiscan.datasets.errors import TableError
from emotiscan.datasets.loaders import load_source
from emotiscan.datasets.loaders.folder import class_label, subject_of
from tests.support.trees import write_images


def emotions_of(table):
    return [table.emotions[label] for label in table.emotion_classes]


def load(root, names):
    return load_source(f"folder:{write_images(root, names)}")


@pytest.mark.parametrize("name", ["faces", "faces.zip"])
def test_folder_with_splits_above_the_classes(tmp_path, name):
    names = ["train/angry/1.png", "train/happy/2.jpg", "val/happy/1.png", "test/neutral/1.png"]
    table = load(tmp_path / name, names)
    assert table.frame["image"].tolist() == ["test/neutral/1.png", *names[:3]]
    assert table.frame["split"].tolist() == ["test", "train", "train", "validation"]
    assert emotions_of(table) == ["neutral", "negative", "positive", "positive"]
    assert table.frame["subject"].is_unique
    assert set(table.frame["source"]) == {"faces"}


@pytest.mark.parametrize(
    ("word", "split"), [("Training", "train"), ("VALID", "validation"), ("Validation", "validation"), ("Test", "test")]
)
def test_folder_split_names_in_any_case(tmp_path, word, split):
    table = load(tmp_path / "faces", [f"{word}/sad/1.png"])
    assert table.frame["split"].tolist() == [split]


def test_folder_without_splits_and_with_folders_around_and_inside(tmp_path):
    table = load(
        tmp_path / "archive", ["CK+48/Anger/S010_004_00000017.png", "CK+48/Surprise/deep/S011_001_00000012.png"]
    )
    assert table.frame["split"].tolist() == ["", ""]
    assert emotions_of(table) == ["negative", "surprise"]
    assert table.frame["subject"].tolist() == ["S010", "S011"]


def test_folder_with_the_names_of_kdef(tmp_path):
    names = ["KDEF/AF01/AF01ANS.JPG", "KDEF/AF01/AF01HAFL.JPG", "KDEF/BF01/BF01AFS.JPG", "KDEF/AM35/AM35NES.JPG"]
    table = load(tmp_path / "kdef", names)
    assert emotions_of(table) == ["negative", "positive", "neutral", "negative"]
    assert table.frame["subject"].tolist() == ["F01", "F01", "M35", "F01"]  # A and B are two sessions


@pytest.mark.parametrize(
    ("folder", "emotion"),
    [
        *[(word, "negative") for word in ("anger", "Angry", "AN", "03_anger", "disgusted", "afraid", "Fearful", "sad")],
        *[(word, "positive") for word in ("Happiness", "joy", "5 - Happy", "HA", "positive")],
        *[(word, "surprise") for word in ("Surprised", "SU")],
        *[(word, "neutral") for word in ("calm", "NE", "0neutral")],
        *[(word, None) for word in ("boredom", "1", "", "anger2")],
    ],
)
def test_class_names_in_any_usual_word(folder, emotion):
    label = class_label(folder)
    assert (label and facs.high_level_emotion(label)) == emotion


@pytest.mark.parametrize(
    ("stem", "subject"),
    [("BM07SUHR", "M07"), ("S005_001_00000011", "S005"), ("s005_001_00000011_crop", "S005"), ("img_001", "")],
)
def test_subjects_are_read_from_the_names_of_known_data_sets(stem, subject):
    assert subject_of(stem) == subject


def test_folder_ignores_hidden_files_and_files_that_are_no_images(tmp_path):
    names = ["happy/1.png", "happy/Thumbs.db", "happy/._1.png", "happy/notes.txt", "README.md"]
    names += [".cache/odd/1.png", "__MACOSX/happy/._1.png", ".DS_Store", "happy/.hidden.png"]
    assert load(tmp_path / "faces", names).frame["image"].tolist() == ["happy/1.png"]


def test_folder_warns_of_images_in_no_class_folder(tmp_path, caplog):
    assert len(load(tmp_path / "faces", ["happy/1.png", "preview.png"])) == 1
    assert "1 images in no class folder are ignored, e.g. preview.png" in caplog.text


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (
            ["happy/1.png", "bored/1.png", "tired/1.png"],
            r"unknown class “bored”, “tired” \(e\.g\. bored/1\.png\).*known are",
        ),
        (["train/1/1.png"], "unknown class “1”"),
        (["bored/1.png"], "unknown class “bored”"),
        (["1.png"], r"1\.png is in no class folder"),
        (["notes.txt"], "it holds no images; put them into one folder a class"),
        (
            ["train/happy/S010_004_00000017.png", "test/sad/S010_002_00000014.png"],
            "subject S010 is in test and train; put each subject into one split only",
        ),
    ],
)
def test_folder_errors_say_what_to_do(tmp_path, names, message):
    with pytest.raises(TableError, match=message) as error:
        load(tmp_path / "faces", names)
    assert str(error.value).startswith(str(tmp_path / "faces"))

"""RAF-DB and AffectNet, in trees of their layouts that the tests write."""

import numpy as np
import pytest

from emotiscan.datasets.errors import TableError
from emotiscan.datasets.loaders import load_source
from tests.support.trees import RAFDB_LINES, put, write_affectnet, write_images, write_rafdb


def emotions_of(table):
    return [table.emotions[label] for label in table.emotion_classes]


@pytest.mark.parametrize("kind", ["aligned", "original"])
@pytest.mark.parametrize("path", ["", "basic"])
def test_rafdb_in_its_publishers_layout(tmp_path, kind, path):
    table = load_source(f"rafdb:{write_rafdb(tmp_path, kind=kind) / path}")
    assert emotions_of(table) == ["negative", "positive", "neutral", "surprise"]
    assert table.frame["split"].tolist() == ["train", "train", "test", "test"]
    assert table.frame["subject"].is_unique
    assert table.frame["image"][0].endswith(
        "Image/aligned/train_00001_aligned.jpg" if kind == "aligned" else "00001.jpg"
    )


def test_rafdb_prefers_aligned_images(tmp_path):
    write_rafdb(tmp_path, kind="original")
    assert load_source(f"rafdb:{write_rafdb(tmp_path)}").frame["image"].str.contains("aligned").all()


def test_rafdb_with_numbered_folders(tmp_path):
    names = [f"DATASET/train/{number}/train_{number:05}_aligned.jpg" for number in range(1, 8)]
    table = load_source(f"rafdb:{write_images(tmp_path, [*names, 'DATASET/test/4/test_0001_aligned.jpg'])}")
    assert emotions_of(table) == [
        *("positive", "surprise", "negative", "negative"),
        *("positive", "negative", "negative", "neutral"),
    ]
    assert table.frame["split"].tolist() == ["test"] + ["train"] * 7


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (
            ["train_00001.jpg 8"],
            r"label\.txt, line 1: “train_00001\.jpg 8” is not an image and its emotion from 1 to 7",
        ),
        (["train_00001.jpg"], "line 1: .*is not an image and its emotion"),
        ([*RAFDB_LINES, "dev_1.jpg 1"], "line 5: “dev_1.jpg” begins with neither train_ nor test_"),
    ],
)
def test_rafdb_errors_name_file_and_line(tmp_path, lines, message):
    with pytest.raises(TableError, match=message):
        load_source(f"rafdb:{write_rafdb(tmp_path, lines)}")


def test_rafdb_names_a_missing_image_and_missing_labels(tmp_path):
    write_rafdb(tmp_path)
    (tmp_path / "basic/Image/aligned/test_0001_aligned.jpg").unlink()
    with pytest.raises(TableError, match=r"line 3: there is no image test_0001\.jpg"):
        load_source(f"rafdb:{tmp_path}")
    (tmp_path / "basic/EmoLabel/list_patition_label.txt").unlink()
    with pytest.raises(TableError, match=r"neither EmoLabel/list_patition_label\.txt nor folders train/1"):
        load_source(f"rafdb:{tmp_path}")


@pytest.mark.parametrize("outer", ["", "AffectNet"])
def test_affectnet_with_annotations_in_files(tmp_path, outer):
    write_affectnet(tmp_path / outer)
    table = load_source(f"affectnet:{tmp_path}")
    prefix = f"{outer}/" if outer else ""
    assert table.frame["image"].tolist() == [
        f"{prefix}{name}" for name in ("train_set/images/0.jpg", "train_set/images/3.jpg", "val_set/images/1.jpg")
    ]
    assert emotions_of(table) == ["positive", "negative", "negative"]  # image 4 has no expression
    assert table.frame["split"].tolist() == ["train", "train", "validation"]


HEADER = "subDirectory_filePath,face_x,face_y,face_width,face_height,facial_landmarks,expression,valence,arousal\n"


def affectnet_lists(root, header=HEADER):
    def row(name, expression):
        return f"{name},1,2,3,4,1.0;2.0;3.0,{expression},-0.5,0.5\n"

    lists = root / "Manually_Annotated_file_lists"
    put(lists / "training.csv", HEADER + row("689/a.jpg", 0) + row("689/b.jpg", 10) + row("2/a.jpg", 3))
    put(lists / "validation.csv", header + row("2/c.jpg", 4) + row("2/d.jpg", 8))
    write_images(root, [f"Manually_Annotated_Images/{name}.jpg" for name in ("689/a", "689/b", "2/a", "2/c", "2/d")])
    return root


@pytest.mark.parametrize("header", [HEADER, ""], ids=["named columns", "unnamed columns"])
def test_affectnet_with_lists(tmp_path, header):
    table = load_source(f"affectnet:{affectnet_lists(tmp_path, header)}")
    assert table.frame["image"].tolist() == [f"Manually_Annotated_Images/{n}.jpg" for n in ("689/a", "2/a", "2/c")]
    assert emotions_of(table) == ["neutral", "surprise", "negative"]
    assert table.frame["split"].tolist() == ["train", "train", "validation"]


def test_affectnet_images_may_be_in_another_folder(tmp_path):
    affectnet_lists(tmp_path / "lists")
    (tmp_path / "lists/Manually_Annotated_Images").rename(tmp_path / "images")
    assert len(load_source(f"affectnet:{tmp_path / 'lists'},images={tmp_path / 'images'}")) == 3
    with pytest.raises(TableError, match=r"training\.csv, line 2: there is no image 689/a\.jpg.*images=DIR"):
        load_source(f"affectnet:{tmp_path / 'lists'}")


def test_affectnet_errors_name_the_file(tmp_path):
    with pytest.raises(TableError, match=r"neither train_set/annotations nor training\.csv"):
        load_source(f"affectnet:{tmp_path}")
    write_affectnet(tmp_path)
    broken = put(tmp_path / "train_set/annotations/0_exp.npy", b"not an array")
    with pytest.raises(TableError, match=r"0_exp\.npy: it holds no number of an expression"):
        load_source(f"affectnet:{tmp_path}")
    np.save(broken, np.array("11"))
    with pytest.raises(TableError, match=r"0_exp\.npy: expression is 11; it must be a number from 0 to 10"):
        load_source(f"affectnet:{tmp_path}")
    np.save(broken, np.array("1"))
    (tmp_path / "val_set/images/1.jpg").unlink()
    with pytest.raises(TableError, match=r"1_exp\.npy: there is no image val_set/images/1\.jpg"):
        load_source(f"affectnet:{tmp_path}")

"""`emotiscan data`: counts what a data set holds and names what looks wrong."""

import json

import pytest
from PIL import Image

from emotiscan.cli.main import FAILED, OK, main
from emotiscan.datasets.loaders import load_source
from emotiscan.evaluation.dataset_report import LabelCounts, SplitCounts, dataset_report
from tests.support.trees import CLIPS, png, put, write_ckplus, write_rows


@pytest.fixture
def suspicious(tmp_path):
    """A row that is fine, and one of each kind that is not."""
    columns = ["image", "subject", "split", "emotion", "AU6", "AU12", "AU25", "AU26", "AU27"]
    rows = [
        ["fine.png", "a", "train", "positive", 1, 1, 1, 0, 0],
        ["silent.png", "b", "train", "", "", "", "", "", ""],
        ["jaws.png", "c", "train", "surprise", 0, 0, 1, 1, 1],
        ["lips.png", "d", "train", "surprise", 0, 0, 0, 0, 1],
        ["gloomy.png", "e", "train", "positive", 0, 0, 0, 0, 0],
        ["again.png", "f", "test", "negative", 1, 1, 1, 0, 0],
    ]
    for number, (name, *_) in enumerate(rows):
        put(tmp_path / name, png("happy", 48, 0 if name == "again.png" else number))
    return write_rows(tmp_path / "labels.csv", columns, rows)


def test_everything_suspicious_is_named_and_nothing_else(suspicious):
    found = {}
    for row in dataset_report(load_source(f"csv:{suspicious}")).suspicious:
        found.setdefault(row.image, []).append(row.reason)
    assert set(found) == {"silent.png", "jaws.png", "lips.png", "gloomy.png", "again.png"}
    assert "no labels" in found["silent.png"][0]
    assert "AU26 and AU27" in found["jaws.png"][0]
    assert "AU27 without AU25" in found["lips.png"][0]
    assert "no sign of a smile" in found["gloomy.png"][0]
    assert found["again.png"] == [
        "the same image as fine.png, with other labels",
        "the same image as fine.png, which is in another split",
    ]


def test_images_subjects_and_labels_are_counted(suspicious):
    found = dataset_report(load_source(f"csv:{suspicious}"))
    assert (found.images, found.subjects) == (6, 6)
    assert found.splits["test"] == SplitCounts(images=1, subjects=1)
    assert found.emotions == {"negative": 1, "positive": 2, "surprise": 2, "neutral": 0, "unknown": 1}
    assert found.action_units["AU25"] == LabelCounts(present=3, absent=2, unknown=1)
    assert found.together["AU27"]["AU25"] == 0.5
    assert found.together["AU25"]["AU12"] == pytest.approx(2 / 3, abs=1e-4)


def test_the_command_prints_and_writes(tmp_path, capsys):
    root = write_ckplus(tmp_path / "CK+")
    assert main(["data", "--data", f"ckplus:{root}", "--out", str(tmp_path / "out")]) == OK
    text = capsys.readouterr().out
    assert f"{len(CLIPS)} images of 8 subjects" in text
    assert "AU12" in text
    assert json.loads((tmp_path / "out/dataset.json").read_text())["images"] == len(CLIPS)
    for name in ("label_distribution.png", "au_pairs.png"):
        assert min(Image.open(tmp_path / "out" / name).size) > 300


def test_a_missing_folder_is_reported(tmp_path, capsys):
    assert main(["data", "--data", f"ckplus:{tmp_path}"]) == FAILED
    assert "there is no folder" in capsys.readouterr().err


def test_expressions_intensities_sides_problems_and_poses_are_counted(tmp_path):
    from emotiscan.datasets.table import LabelRow, build_table
    from emotiscan.evaluation.text import dataset_text

    for name in ("a.png", "b.png"):
        put(tmp_path / name, png("happy", 48, 0))
    rows = [
        LabelRow("a.png", expression_votes={"happiness": 6, "neutral": 4}, intensities={"AU12": 3.0}),
        LabelRow("b.png", sides={"AU12": (1, 0)}, quality={"blurred": 1}, pose={"pitch": 1, "yaw": 2, "roll": 3}),
    ]
    report = dataset_report(build_table(rows, file="f", root=tmp_path, source="mine"))
    assert (report.expressions["happiness"], report.intensities, report.poses) == (1, {"AU12": 1}, 1)
    assert (report.sides["AU12"].one_sided, report.sides["AU12"].two_sided) == (1, 0)
    assert report.problems == {"blurred": LabelCounts(present=1, absent=0, unknown=1)}
    assert "pose known of 1 images" in dataset_text(report)

"""A data set's survey counts what is there and names what looks wrong."""

import json

import pytest
from PIL import Image

from emotiscan.datasets.loaders import load_source
from emotiscan.evaluation.dataset_report import summarize
from emotiscan.training.fit import main
from tests.support.trees import CLIPS, png, put, write_ckplus, write_rows


@pytest.fixture
def doubtful(tmp_path):
    """Rows that are fine, and one of each kind that is not."""
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


def test_everything_doubtful_is_named_and_nothing_else(doubtful):
    found = {}
    for doubt in summarize(load_source(f"csv:{doubtful}"))["suspicious"]:
        found.setdefault(doubt["image"], []).append(doubt["why"])
    assert set(found) == {"silent.png", "jaws.png", "lips.png", "gloomy.png", "again.png"}
    assert "nothing is known" in found["silent.png"][0]
    assert "AU26 and AU27" in found["jaws.png"][0]
    assert "AU27 without AU25" in found["lips.png"][0]
    assert "no sign of a smile" in found["gloomy.png"][0]
    assert found["again.png"] == [
        "the same picture as fine.png, with other labels",
        "the same picture as fine.png, which is in another split",
    ]


def test_counts(doubtful):
    found = summarize(load_source(f"csv:{doubtful}"))
    assert (found["pictures"], found["persons"]) == (6, 6)
    assert found["splits"]["test"] == {"pictures": 1, "persons": 1}
    assert found["emotions"] == {"negative": 1, "positive": 2, "surprise": 2, "neutral": 0, "unknown": 1}
    assert found["codes"]["AU25"] == {"present": 3, "absent": 2, "unknown": 1}
    assert found["together"]["AU27"]["AU25"] == 0.5
    assert found["together"]["AU25"]["AU12"] == pytest.approx(2 / 3, abs=1e-4)


def test_the_command_prints_and_writes(tmp_path, capsys):
    root = write_ckplus(tmp_path / "CK+")
    assert main(["data", "--data", f"ckplus:{root}", "--out", str(tmp_path / "out")]) == 0
    text = capsys.readouterr().out
    assert f"{len(CLIPS)} pictures of 8 persons" in text
    assert "AU12" in text
    assert json.loads((tmp_path / "out/survey.json").read_text())["pictures"] == len(CLIPS)
    for name in ("label_distribution.png", "au_pairs.png"):
        assert min(Image.open(tmp_path / "out" / name).size) > 300


def test_a_mistake_is_said(tmp_path, capsys):
    assert main(["data", "--data", f"ckplus:{tmp_path}"]) == 1
    assert "there is no folder" in capsys.readouterr().err

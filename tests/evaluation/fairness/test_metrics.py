"""The command line of fairness, and photos."""

import json
import shutil

import pytest

from emotiscan.datasets.loaders import load_source
from emotiscan.evaluation.fairness.__main__ import main
from emotiscan.evaluation.fairness.metrics import by_group
from emotiscan.evaluation.fairness.report import compact
from emotiscan.evaluation.prediction import predict_tables
from emotiscan.model.calibration import Calibration
from emotiscan.model.checkpoint import load_checkpoint
from tests.support.trees import write_csv

COLUMNS = ["image", "subject", "emotion", "AU12"]
ROWS = [
    ["happy0.png", "a", "happiness", 1],
    ["anger0.png", "a", "anger", 0],
    ["surprise0.png", "b", "surprise", 0],
    ["surprise1.png", "c", "surprise", 0],
]


@pytest.fixture
def photos(tmp_path):
    return f"csv:{write_csv(tmp_path / 'data', COLUMNS, ROWS)}"


def test_predictions_are_compared_by_any_group(tiny_model, photos, tmp_path):
    predictions = predict_tables(tiny_model, [load_source(photos)], tmp_path / "cache", workers=0)
    probabilities = Calibration().emotions(predictions.emotions)
    right = probabilities.argmax(1) == [1, 0, 2, 2]
    report = by_group(predictions, ["x", "y", "y", "x"], tiny_model.config, Calibration(), order=["y"], bootstraps=20)
    assert list(report["groups"]) == ["y", "x"]
    assert report["groups"]["y"]["accuracy"]["value"] == right[1:3].mean()
    assert report["groups"]["x"]["code_auc"]["value"] in (0, 0.5, 1)
    assert report["groups"]["y"]["code_auc"]["value"] is None  # nobody there shows it
    with pytest.raises(ValueError, match="4 rows"):
        by_group(predictions, ["x"], tiny_model.config, Calibration())


def test_photographs_are_compared_written_and_attached(tiny_weights, photos, tmp_path, capsys):
    weights = shutil.copy(tiny_weights, tmp_path / "copy.safetensors")
    given = ["--data", photos, "--weights", weights, "--cache", tmp_path / "cache", "--workers", "0"]
    assert main([*map(str, given), "--out", str(tmp_path / "out"), "--attach", "fairness"]) == 0
    report = json.loads((tmp_path / "out" / "fairness.json").read_text())
    part = report["photographs"]
    assert (report["kind"], part["samples"], part["subjects"]) == ("fairness", 4, 3)
    assert "source" not in part["attributes"]  # there is only one
    thirds = part["attributes"]["brightness"]["groups"]
    assert [group["samples"] for group in thirds.values()] == [2, 1, 1]
    assert list(thirds) == ["darkest", "middle", "brightest"]
    assert load_checkpoint(weights)[1].metrics == {"fairness": compact(report)}
    assert "4 photos, 3 persons" in capsys.readouterr().out
    assert (tmp_path / "out" / "fairness-photographs-sharpness.png").is_file()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "--model"),
        (["--model", "gone.npz", "--faces", "2"], "no face model gone.npz"),
        (["--model", "gone.npz", "--weights", "gone.safetensors"], "no checkpoint at gone.safetensors"),
        (["--data", "csv:gone.csv"], "no such file"),
    ],
)
def test_mistakes_are_one_plain_line(arguments, said, tiny_weights, capsys):
    assert main(["--weights", str(tiny_weights), *arguments]) == 1
    error = capsys.readouterr().err
    assert error.startswith("fairness: ")
    assert said in error
    assert "Traceback" not in error


@pytest.mark.parametrize(
    ("arguments", "said"),
    [(["--vary", "shoes"], "skin_tone"), (["--faces", "1"], "from 2 on"), (["--seed", "x"], "from 0 on")],
)
def test_wrong_arguments_are_named(arguments, said, capsys):
    with pytest.raises(SystemExit):
        main(arguments)
    assert said in capsys.readouterr().err

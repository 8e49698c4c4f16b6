"""`emotiscan fairness`: its command line, and the comparison of photos."""

import json
import shutil

import pytest

from emotiscan.cli import fairness
from emotiscan.cli.main import FAILED, OK, main
from emotiscan.datasets.loaders import load_source
from emotiscan.evaluation.fairness.metrics import by_group
from emotiscan.evaluation.fairness.scenes import ATTRIBUTES
from emotiscan.evaluation.prediction import predict_tables
from emotiscan.model.calibration import Calibration
from emotiscan.model.checkpoint import load_checkpoint
from emotiscan.reports import FairnessReport
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
    assert list(report.groups) == ["y", "x"]
    assert report.groups["y"].metrics["accuracy"].value == right[1:3].mean()
    assert report.groups["x"].metrics["au_auc"].value in (0, 0.5, 1)
    assert report.groups["y"].metrics["au_auc"].value is None  # nobody there shows it
    with pytest.raises(ValueError, match="4 rows"):
        by_group(predictions, ["x"], tiny_model.config, Calibration())


def test_photos_are_compared_written_and_attached(tiny_weights, photos, tmp_path, capsys):
    weights = shutil.copy(tiny_weights, tmp_path / "copy.safetensors")
    given = ["fairness", "--data", photos, "--weights", weights, "--cache", tmp_path / "cache", "--workers", "0"]
    assert main([*map(str, given), "--out", str(tmp_path / "out"), "--attach", "fairness"]) == OK
    report = json.loads((tmp_path / "out" / "fairness.json").read_text())
    part = report["photos"]
    assert (report["kind"], part["samples"], part["subjects"]) == ("fairness", 4, 3)
    assert "source" not in part["attributes"]  # there is only one
    thirds = part["attributes"]["brightness"]["groups"]
    assert [group["samples"] for group in thirds.values()] == [2, 1, 1]
    assert list(thirds) == ["darkest", "middle", "brightest"]
    assert load_checkpoint(weights)[1].metrics == {"fairness": FairnessReport.from_dict(report).compact()}
    assert "4 photos, 3 subjects" in capsys.readouterr().out
    assert (tmp_path / "out" / "fairness-photos-sharpness.png").is_file()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "--model"),
        (["--model", "gone.npz", "--faces", "2"], "no face model gone.npz"),
        (["--model", "gone.npz", "--weights", "gone.safetensors"], "no checkpoint at gone.safetensors"),
        (["--data", "csv:gone.csv"], "no such file"),
    ],
)
def test_errors_are_one_line(arguments, said, tiny_weights, capsys):
    assert main(["fairness", "--weights", str(tiny_weights), *arguments]) == FAILED
    error = capsys.readouterr().err
    assert error.startswith("emotiscan fairness: ")
    assert said in error
    assert "Traceback" not in error


@pytest.mark.parametrize(
    ("arguments", "said"),
    [(["--vary", "shoes"], "skin_tone"), (["--faces", "1"], "at least 2"), (["--seed", "x"], "at least 0")],
)
def test_wrong_arguments_are_named(arguments, said, capsys):
    with pytest.raises(SystemExit):
        main(["fairness", *arguments])
    assert said in capsys.readouterr().err


def test_the_command_offers_every_attribute():
    assert tuple(ATTRIBUTES) == fairness.ATTRIBUTES

"""The command: a checkpoint and labeled pictures to a report, printed, written and attached."""

import json
import shutil

import numpy as np
import pytest

from emotiscan.evaluation.checkpoint_report import main, print_report
from emotiscan.evaluation.prediction import predict_tables
from emotiscan.model.checkpoint import load_checkpoint
from tests.support.trees import write_csv

COLUMNS = ["image", "split", "emotion", "AU12", "AU26_or_AU27"]
ROWS = [
    ["happy0.png", "test", "happiness", 1, 0],
    ["anger0.png", "test", "anger", 0, 0],
    ["surprise0.png", "test", "surprise", 0, 1],
    ["surprise1.png", "train", "surprise", 0, 1],
]


@pytest.fixture
def run(tiny_weights, tmp_path):
    """`main` on a copy of the tiny checkpoint: its exit status and where that lies."""
    labels = write_csv(tmp_path / "data", COLUMNS, ROWS)
    weights = shutil.copy(tiny_weights, tmp_path / "copy.safetensors")

    def run(*arguments):
        given = ["--data", f"csv:{labels}", "--weights", weights, "--cache", tmp_path / "cache", "--workers", "0"]
        return main([*map(str, given), *map(str, arguments)]), weights

    return run


def test_the_report_is_printed_written_and_attached(run, tmp_path, capsys):
    status, weights = run("--out", tmp_path / "report", "--attach", "mine", "--note", "Drawn faces.", "--split", "test")
    assert status == 0
    report = json.loads((tmp_path / "report" / "report.json").read_text())
    assert load_checkpoint(weights)[1].metrics == {"mine": report}
    assert (report["samples"], report["note"], list(report["codes"])) == (3, "Drawn faces.", ["AU12", "AU26_or_AU27"])
    assert {file.stem for file in (tmp_path / "report").iterdir()} >= {"reliability_diagram", "emotion_confusion"}
    printed = capsys.readouterr().out
    for words, key in (
        ("emotion accuracy", "accuracy"),
        ("emotion calibration error", "ece"),
        ("called clear", "coverage"),
    ):
        assert f"{words:26s} {report['emotion'][key]['value']:.3f}" in printed
    assert "AU26_or_AU27   present       1 of 3" in printed


def test_a_joined_code_is_as_probable_as_its_likeliest_part(tiny_model, run, tmp_path):
    _, weights = run("--out", tmp_path / "report")
    from emotiscan.datasets.loaders import load_source

    table = load_source(f"csv:{tmp_path / 'data' / 'labels.csv'}")
    model, card = load_checkpoint(weights)
    action_units = predict_tables(model, [table], tmp_path / "cache", workers=0).action_units
    places = [card.config.action_units.index(au) for au in ("AU26", "AU27")]
    called = (action_units[:, places].max(1) >= 0).astype(int)  # a probability of one half
    labels = table.frame["AU26_or_AU27"].to_numpy(int)
    wanted = [[int(((labels == row) & (called == column)).sum()) for column in (0, 1)] for row in (0, 1)]
    report = json.loads((tmp_path / "report" / "report.json").read_text())
    assert report["codes"]["AU26_or_AU27"]["confusion"] == wanted
    assert np.sum(wanted) == len(ROWS)


def test_a_report_without_emotions_or_with_undefined_figures_is_printed(capsys):
    none = dict.fromkeys(("value", "low", "high"))
    au = {"support": 0, "known": 9, "auc": none, "f1": none, "ece": none | {"value": 0.25}}
    print_report({"samples": 9, "subjects": 3, "emotion": None, "codes": {"AU1": au}, "codes_mean": None})
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "9 pictures, 3 persons"
    assert lines[1].split() == ["AU1", "present", "0", "of", "9", "AUC", "–", "F1", "–", "ECE", "0.250"]
    assert len(lines) == 2


def test_mistakes_are_one_plain_line(run, capsys):
    assert run("--split", "validation")[0] == 1
    assert "evaluate: " in (error := capsys.readouterr().err)
    assert "no rows in the split “validation”" in error


def test_where_the_report_cannot_be_written_its_figures_are_printed_and_one_plain_line_says_why(run, tmp_path, capsys):
    file = tmp_path / "taken"
    file.write_text("a file, not a folder")
    assert run("--out", file)[0] == 1
    printed = capsys.readouterr()
    assert "emotion accuracy" in printed.out
    assert printed.err.startswith("evaluate: ")
    assert str(file) in printed.err


def test_codes_that_others_hide_are_looked_for_and_printed(run, tmp_path, capsys):
    assert run("--hiding", "--out", tmp_path / "report")[0] == 0
    report = json.loads((tmp_path / "report" / "report.json").read_text())
    assert report["hiding"] == {"pairs": 0, "found": []}  # four faces are too few
    figures = {"auc": {"value": 0.732, "low": 0.65, "high": 0.81}, "lost": {"value": 0.18, "low": 0.09, "high": 0.26}}
    report["hiding"] = {"pairs": 2, "found": [{"code": "AU7", "beside": "AU6", "support": 37, "known": 264} | figures]}
    capsys.readouterr()
    print_report(report)
    *_, heading, last = (" ".join(line.split()) for line in capsys.readouterr().out.splitlines())
    assert heading == "read worse beside another action unit: 1 of 2 pairs"
    assert last == "AU7 beside AU6 37 of 264 AUC 0.732 [0.650, 0.810] without AU6 higher by 0.180 [0.090, 0.260]"

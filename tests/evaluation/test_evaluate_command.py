"""`emotiscan evaluate`: a report on a checkpoint, printed, written and attached."""

import importlib.util
import json
import shutil

import numpy as np
import pytest

from emotiscan.cli.main import FAILED, OK, main
from emotiscan.evaluation.prediction import predict_tables
from emotiscan.evaluation.text import evaluation_text
from emotiscan.model.checkpoint import load_checkpoint
from emotiscan.reports import AUReport, Estimate, EvaluationReport, MaskedAU, Masking
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
    """Evaluate a copy of the tiny checkpoint: exit status and path of the copy."""
    labels = write_csv(tmp_path / "data", COLUMNS, ROWS)
    weights = shutil.copy(tiny_weights, tmp_path / "copy.safetensors")

    def run(*arguments):
        given = ["evaluate", "--data", f"csv:{labels}", "--weights", weights, "--cache", tmp_path / "cache"]
        return main([*map(str, given), "--workers", "0", *map(str, arguments)]), weights

    return run


def test_the_report_is_printed_written_and_attached(run, tmp_path, capsys):
    status, weights = run(
        "--out", tmp_path / "report", "--attach", "mine", "--note", "Rendered faces.", "--split", "test"
    )
    assert status == OK
    report = json.loads((tmp_path / "report" / "report.json").read_text())
    assert load_checkpoint(weights)[1].metrics == {"mine": report}
    assert (report["samples"], report["note"], list(report["action_units"])) == (
        3,
        "Rendered faces.",
        ["AU12", "AU26_or_AU27"],
    )
    assert {file.stem for file in (tmp_path / "report").iterdir()} >= {"reliability_diagram", "emotion_confusion"}
    printed = capsys.readouterr().out
    for words, key in (
        ("emotion accuracy", "accuracy"),
        ("emotion calibration error", "ece"),
        ("called clear", "coverage"),
    ):
        assert f"{words:26s} {report['emotion'][key]['value']:.3f}" in printed
    assert "AU26_or_AU27   present       1 of 3" in printed


def test_a_joined_action_unit_is_as_probable_as_its_likeliest_part(tiny_model, run, tmp_path):
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
    assert report["action_units"]["AU26_or_AU27"]["confusion"] == wanted
    assert np.sum(wanted) == len(ROWS)


def test_a_report_without_emotions_or_with_undefined_metrics_is_printed():
    au = AUReport(support=0, known=9, ece=Estimate(0.25))
    lines = evaluation_text(EvaluationReport(samples=9, subjects=3, action_units={"AU1": au})).splitlines()
    assert lines[0] == "9 images, 3 subjects"
    assert lines[1].split() == ["AU1", "present", "0", "of", "9", "AUC", "–", "F1", "–", "ECE", "0.250"]
    assert len(lines) == 2


def test_errors_are_one_line(run, capsys):
    assert run("--split", "validation")[0] == FAILED
    assert "emotiscan evaluate: " in (error := capsys.readouterr().err)
    assert "no rows in the split “validation”" in error


def test_a_report_that_cannot_be_written_is_printed_with_the_reason(run, tmp_path, capsys):
    file = tmp_path / "taken"
    file.write_text("a file, not a folder")
    assert run("--out", file)[0] == FAILED
    printed = capsys.readouterr()
    assert "emotion accuracy" in printed.out
    assert printed.err.startswith("emotiscan evaluate: ")
    assert str(file) in printed.err


@pytest.mark.parametrize("option", ["--masking", "--hiding"])
def test_masked_action_units_are_looked_for(option, run, tmp_path):
    assert run(option, "--out", tmp_path / "report")[0] == OK
    report = json.loads((tmp_path / "report" / "report.json").read_text())
    assert report["masking"] == {"pairs": 0, "found": []}  # four faces are too few


def test_masked_action_units_are_printed():
    pair = MaskedAU("AU7", "AU6", Estimate(0.732, 0.65, 0.81), Estimate(0.18, 0.09, 0.26), support=37, known=264)
    text = evaluation_text(EvaluationReport(samples=9, masking=Masking(2, (pair,))))
    *_, heading, last = (" ".join(line.split()) for line in text.splitlines())
    assert heading == "predicted worse beside another action unit: 1 of 2 pairs"
    assert last == "AU7 beside AU6 37 of 264 AUC 0.732 [0.650, 0.810] without AU6 higher by 0.180 [0.090, 0.260]"


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ([], "give a data set with --data"),
        (["--pairs", "p.csv"], "--pairs needs --images"),
        (["--pairs", "p.csv", "--images", "d", "--data", "csv:l.csv"], "--pairs names its own photos"),
        (["--even", "p.csv", "--images", "d", "--split", "test"], "--split belongs to --data"),
        (["--data", "csv:l.csv", "--images", "d"], "--images belongs to --pairs and --even"),
        (["--data", "csv:l.csv", "--face-sizes", "200", "40"], "--face-sizes belongs to --scale-consistency"),
        (["--data", "csv:l.csv", "--quality", "--masking"], "--masking belongs to the report on labels"),
        (["--data", "csv:l.csv", "--against", "fer", "--peer-node", "d"], "--peer-node belongs to --against face-api"),
    ],
)
def test_options_that_would_have_no_effect_are_refused(options, words, capsys):
    assert main(["evaluate", *options]) == FAILED
    assert words in capsys.readouterr().err


def test_pairs_and_a_missing_peer(tiny_weights, tmp_path, capsys):
    labels = write_csv(tmp_path / "data", COLUMNS, ROWS)
    pairs = tmp_path / "pairs.csv"
    pairs.write_text("first,second,unit,stronger\nhappy0.png,anger0.png,AU12,first\n")
    weights = ["--weights", str(shutil.copy(tiny_weights, tmp_path / "copy.safetensors"))]
    arguments = ["--pairs", str(pairs), "--images", str(tmp_path / "data"), "--attach", "pairs"]
    assert main(["evaluate", *arguments, *weights]) == OK
    assert "1 pairs of photos" in capsys.readouterr().out
    assert load_checkpoint(weights[1])[1].metrics["pairs"]["kind"] == "intensity pairs"
    peer = ["--against", "fer", "--peer-python", str(tmp_path / "none"), "--cache", str(tmp_path / "cache")]
    assert main(["evaluate", "--data", f"csv:{labels}", *peer, *weights, "--workers", "0"]) == FAILED
    assert "pip install fer" in capsys.readouterr().err


def test_openvino_gives_nearly_the_same_report(run, tmp_path, monkeypatch):
    pytest.importorskip("openvino", reason="the extra “fast” is not installed")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache home"))
    reports = {}
    for engine in ("torch", "openvino"):
        assert run("--engine", engine, "--out", tmp_path / engine)[0] == OK
        report = EvaluationReport.from_dict(json.loads((tmp_path / engine / "report.json").read_text()))
        reports[engine] = [report.emotion.accuracy.value, report.action_units_mean.auc.value]
    assert reports["openvino"] == pytest.approx(reports["torch"], abs=0.02)
    assert (tmp_path / "cache home").exists(), "the network was not converted"


def test_an_engine_that_is_not_installed_is_refused(run, capsys, monkeypatch):
    find_spec = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "openvino" else find_spec(name))
    assert run("--engine", "openvino")[0] == FAILED
    assert "emotiscan[fast]" in capsys.readouterr().err

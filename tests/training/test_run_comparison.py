"""`emotiscan compare`."""

import json

from emotiscan.cli.main import main
from tests.support.trees import put


def run(folder, accuracy, **settings):
    """Write a run folder with its report."""
    emotion = {"accuracy": {"value": accuracy, "low": accuracy - 0.1, "high": accuracy + 0.1}}
    emotion |= {"macro_f1": emotion["accuracy"], "ece": emotion["accuracy"]}
    report = {"samples": 9, "subjects": 3, "emotion": emotion, "codes": None, "codes_mean": None}
    put(
        folder / "settings.json",
        json.dumps({"lr": 0.001, "out": str(folder), "augmentation": {"flip": 0.5}} | settings),
    )
    put(folder / "report.json", json.dumps({"validation": report}))
    put(folder / "metrics.csv", "epoch,val_loss\n0,1\n1,0.5\n")
    return str(folder)


def test_metrics_and_differing_settings_are_shown_and_nothing_else(tmp_path, capsys):
    runs = [run(tmp_path / "a", 0.7), run(tmp_path / "b", 0.8, lr=0.01, augmentation={"flip": 0})]
    assert main(["compare", *runs]) == 0
    text = capsys.readouterr().out
    assert "0.700 [0.600, 0.800]" in text
    assert "0.800 [0.700, 0.900]" in text
    lines = {line.split("  ")[0].strip() for line in text.splitlines()}
    assert {"lr", "augment flip", "epochs"} <= lines
    assert "out" not in lines


def test_runs_with_the_same_settings_are_recognized(tmp_path, capsys):
    assert main(["compare", run(tmp_path / "a", 0.7), run(tmp_path / "b", 0.8)]) == 0
    assert "all settings are the same" in capsys.readouterr().out


def test_settings_that_were_only_renamed_do_not_differ(tmp_path, capsys):
    assert main(["compare", run(tmp_path / "a", 0.7, code_loss=2.0), run(tmp_path / "b", 0.8, au_loss=2.0)]) == 0
    assert "all settings are the same" in capsys.readouterr().out


def test_a_run_without_a_report_is_still_shown(tmp_path, capsys):
    runs = [run(tmp_path / "a", 0.7), run(tmp_path / "b", 0.8)]
    (tmp_path / "b/report.json").unlink()
    assert main(["compare", *runs]) == 0
    assert "–" in capsys.readouterr().out


def test_a_folder_without_a_run_is_refused(tmp_path, capsys):
    assert main(["compare", str(tmp_path)]) == 2
    assert "name a run folder" in capsys.readouterr().err

import json

import pandas as pd
import pytest

from emotiscan.training.command_line import argument_parser, settings_from, trial_settings
from emotiscan.training.fit import main
from emotiscan.training.settings import SettingsError, TrainingSettings
from emotiscan.training.sweep import sweep
from emotiscan.training.sweep_file import read_sweep
from tests.support.tiny_runs import FROM_NOTHING


@pytest.fixture
def listed(tmp_path):
    """Writes a sweep's file."""

    def write(text):
        path = tmp_path / "sweep.toml"
        path.write_text(text)
        return path

    return write


def test_every_combination_is_tried(listed):
    path = listed('lr = [0.001, 0.01]\npairs = [true, false]\naugment = [["rotation=5", "blur=0"]]')
    rest = ("--augment", "rotation=5", "--augment", "blur=0")
    assert read_sweep(path, 0) == (
        ("--lr", "0.001", "--pairs", *rest),
        ("--lr", "0.001", "--no-pairs", *rest),
        ("--lr", "0.01", "--pairs", *rest),
        ("--lr", "0.01", "--no-pairs", *rest),
    )


def test_a_part_of_them_is_drawn_by_the_seed(listed):
    path = listed("lr = [1, 2, 3, 4, 5]\nl2 = [0, 1]\ntrials = 4")
    drawn = read_sweep(path, 1)
    assert len(set(drawn)) == 4
    assert read_sweep(path, 1) == drawn != read_sweep(path, 2)


def test_a_trial_keeps_what_it_does_not_name():
    told = ["--data", "csv:a", "--lr", "0.5", "--unfreeze", "3", "--augment", "blur=0.3", "--augment", "rotation=1"]
    base = settings_from(argument_parser().parse_args(told), "out")
    trial = trial_settings(base, ("--lr", "0.1", "--sizes", "64:2", "--augment", "rotation=9"))
    assert (trial.lr, trial.unfreeze, trial.sizes, trial.data) == (0.1, 3, ((64, 2),), ("csv:a",))
    assert (trial.augmentation.blur, trial.augmentation.rotation) == (0.3, 9)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("lr = ", "write lines like"),
        ("lr = 0.1", "lr needs a list of values"),
        ("lr = []", "lr needs a list of values"),
        ("", "names no option to try"),
        ('data = ["a", "b"]', "all trials share --data"),
        ("lr = [1]\ntrials = 0", "whole number from 1 on"),
        ("speed = [1]", "--sweep: --speed 1: unrecognized arguments"),
        ("lr = [0.1, -1]", "--lr must be above 0"),
        ('lr = ["fast"]', "--sweep: --lr fast: argument --lr: invalid float value"),
        ("devices = [2]", "--batch 3 is shared by 2 processes"),
    ],
)
def test_what_cannot_be_tried_is_said_before_anything_is(listed, tmp_path, capsys, text, message):
    arguments = ["--data", "csv:none", "--batch", "3", "--out", str(tmp_path / "out"), "--sweep", str(listed(text))]
    assert main(arguments) == 1
    assert message in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(SettingsError, match=r"none\.toml"):
        read_sweep(tmp_path / "none.toml", 0)


def test_the_best_trial_comes_first_and_what_is_done_is_kept(tmp_path, capsys):
    settings = TrainingSettings(("csv:a",), str(tmp_path), sweep=(("--lr", "0.1"), ("--lr", "0.2"), ("--lr", "0.3")))
    done = []

    def train(told, begun):
        done.append((told.lr, begun))
        if told.lr == 0.3 and not begun:
            settings.save(tmp_path / "trial-03/settings.json")
            return 130
        figure = {"value": {0.1: 0.5, 0.2: 0.9, 0.3: 0.7}[told.lr], "low": None, "high": None}
        run = tmp_path / f"trial-0{round(told.lr * 10)}"
        run.mkdir(exist_ok=True)
        (run / "report.json").write_text(json.dumps({"validation": {"samples": 9, "emotion": {"accuracy": figure}}}))
        return 0

    assert sweep(settings, train) == 130
    TrainingSettings.load(tmp_path / "settings.json")  # what --resume reads
    (tmp_path / "trial-03/settings.json").unlink()
    assert sweep(TrainingSettings.load(tmp_path / "settings.json"), lambda told, begun: train(told, True)) == 0
    assert done == [(0.1, False), (0.2, False), (0.3, False), (0.3, True)]
    table = pd.read_csv(tmp_path / "sweep.csv", index_col="trial")
    assert list(table["options"]) == ["--lr 0.2", "--lr 0.3", "--lr 0.1"]
    assert "the best first" in capsys.readouterr().out


def test_a_sweep_of_two_short_runs(ckplus, cache, listed, tmp_path, monkeypatch):
    monkeypatch.setattr("emotiscan.training.report.write_plots", lambda *_: None)
    path = listed("hidden = [8, 16]")
    arguments = ["--data", f"ckplus:{ckplus}", *FROM_NOTHING, "--sizes", "32:1", "--cache", str(cache)]
    out = tmp_path / "out"
    assert main([*arguments, "--out", str(out), "--sweep", str(path)]) == 0
    assert [TrainingSettings.load(out / f"trial-0{n}/settings.json").hidden for n in (1, 2)] == [8, 16]
    assert len(pd.read_csv(out / "sweep.csv")) == 2

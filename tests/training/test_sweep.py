"""Sweeps: every combination is tried, mistakes come to light at once, and finished trials are kept."""

import json

import pandas as pd
import pytest

from emotiscan.training.command_line import changed_settings
from emotiscan.training.errors import TrainingInterrupted
from emotiscan.training.settings import SettingsError, TrainingSettings
from emotiscan.training.sweep import read_sweep, sweep, trial_settings
from tests.support.tiny_runs import FROM_NOTHING, emotiscan_train


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


def test_the_seed_samples_some_of_the_combinations(listed):
    path = listed("lr = [1, 2, 3, 4, 5]\nl2 = [0, 1]\ntrials = 4")
    sampled = read_sweep(path, 1)
    assert len(set(sampled)) == 4
    assert read_sweep(path, 1) == sampled != read_sweep(path, 2)


def test_a_trial_keeps_the_settings_that_it_does_not_name():
    options = {"lr": 0.5, "unfreeze": 3, "augment": ["blur=0.3", "rotation=1"]}
    base = changed_settings(TrainingSettings(("csv:a",), "out"), options)
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
        ("lr = [1]\ntrials = 0", "whole number of at least 1"),
        ("speed = [1]", "--sweep: --speed 1: unrecognized arguments"),
        ("lr = [0.1, -1]", "--lr must be above 0"),
        ('lr = ["fast"]', "--sweep: --lr fast: argument --lr: invalid float value"),
        ("devices = [2]", "--batch 3 is shared by 2 processes"),
    ],
)
def test_mistakes_are_reported_before_the_first_trial(listed, tmp_path, capsys, text, message):
    arguments = ["--data", "csv:none", "--batch", "3", "--out", str(tmp_path / "out"), "--sweep", str(listed(text))]
    assert emotiscan_train(arguments) == 2
    assert message in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(SettingsError, match=r"none\.toml"):
        read_sweep(tmp_path / "none.toml", 0)


def test_the_best_trial_comes_first_and_finished_trials_are_kept(tmp_path):
    settings = TrainingSettings(("csv:a",), str(tmp_path), sweep=(("--lr", "0.1"), ("--lr", "0.2"), ("--lr", "0.3")))
    done = []

    def train(trial, begun):
        done.append((trial.lr, begun))
        if trial.lr == 0.3 and not begun:
            settings.save(tmp_path / "trial-03/settings.json")
            raise TrainingInterrupted
        metric = {"value": {0.1: 0.5, 0.2: 0.9, 0.3: 0.7}[trial.lr], "low": None, "high": None}
        run = tmp_path / f"trial-0{round(trial.lr * 10)}"
        run.mkdir(exist_ok=True)
        (run / "report.json").write_text(json.dumps({"validation": {"samples": 9, "emotion": {"accuracy": metric}}}))

    with pytest.raises(TrainingInterrupted, match=f"stopped in trial-03; resume all runs with --resume {tmp_path}"):
        sweep(settings, train)
    TrainingSettings.load(tmp_path / "settings.json")  # what --resume reads
    (tmp_path / "trial-03/settings.json").unlink()
    sweep(TrainingSettings.load(tmp_path / "settings.json"), lambda trial, begun: train(trial, True))
    assert done == [(0.1, False), (0.2, False), (0.3, False), (0.3, True)]
    table = pd.read_csv(tmp_path / "sweep.csv", index_col="trial")
    assert list(table["options"]) == ["--lr 0.2", "--lr 0.3", "--lr 0.1"]


def test_a_sweep_of_two_short_runs(ckplus, cache, listed, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("emotiscan.training.report.write_plots", lambda *_: None)
    path = listed("hidden = [8, 16]")
    arguments = ["--data", f"ckplus:{ckplus}", *FROM_NOTHING, "--sizes", "32:1", "--cache", str(cache)]
    out = tmp_path / "out"
    assert emotiscan_train([*arguments, "--out", str(out), "--sweep", str(path)]) == 0
    assert [TrainingSettings.load(out / f"trial-0{n}/settings.json").hidden for n in (1, 2)] == [8, 16]
    assert len(pd.read_csv(out / "sweep.csv")) == 2
    assert "the best first" in capsys.readouterr().out

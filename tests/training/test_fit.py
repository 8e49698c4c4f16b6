import dataclasses
import json
import logging
import shutil
import signal

import numpy as np
import pandas as pd
import pytest
import torch
from trees import CLIPS, SAMPLES, put, write_ckplus, write_course, write_csv

from emotiscan import facs
from emotiscan.analysis import Analyzer
from emotiscan.checkpoint import load_checkpoint
from emotiscan.training import fit as fit_module
from emotiscan.training import reporting
from emotiscan.training.fit import main
from emotiscan.training.settings import Settings

PLAIN = ["--batch", "8", "--workers", "0", "--precision", "fp32"]
FROM_NOTHING = ["--init", "none", "--backbone", "densenet121", "--hidden", "16", *PLAIN]


@pytest.fixture(autouse=True)
def _numbers_as_before():
    """Training makes the processor flush the smallest numbers to zero; other tests (Hypothesis) mind."""
    yield
    torch.set_flush_denormal(False)


@pytest.fixture(scope="module")
def ckplus(tmp_path_factory):
    return write_ckplus(tmp_path_factory.mktemp("data") / "CK+")


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    """Faces are found once for all tests of this file."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="module")
def run(ckplus, cache, tmp_path_factory):
    """A whole run on the miniature CK+: its exit status and its folder."""
    out = tmp_path_factory.mktemp("runs") / "first"
    arguments = ["--data", f"ckplus:{ckplus}", "--out", str(out), "--cache", str(cache), *FROM_NOTHING]
    return main([*arguments, "--sizes", "32:1,48:1"]), out


@pytest.fixture
def train(cache, tmp_path, monkeypatch):
    """`main` without the report at the run's end: its exit status and its folder."""
    monkeypatch.setattr(reporting, "finish", lambda *_: None)

    def train(*arguments, out="run"):
        return main(["--out", str(tmp_path / out), "--cache", str(cache), *arguments]), tmp_path / out

    return train


def weights(path):
    """The network's weights in one of Lightning's checkpoints."""
    state = torch.load(path, map_location="cpu", weights_only=True)["state_dict"]
    return {name.removeprefix("model."): tensor for name, tensor in state.items() if name.startswith("model.")}


def same(one, other):
    return one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)


# -- a whole run


def test_a_run_leaves_all_that_it_promises(run):
    status, out = run
    assert status == 0
    settings = Settings.load(out / "settings.json")
    assert (settings.sizes, settings.unfreeze, settings.grayscale) == (((32, 1), (48, 1)), 5, True)
    environment = json.loads((out / "environment.json").read_text())
    assert environment["packages"]["torch"].startswith(torch.__version__.split("+")[0])
    assert len(environment["data"]) == 16
    metrics = pd.read_csv(out / "metrics.csv")
    assert metrics["epoch"].tolist() == [0, 1]
    figures = metrics[["train_loss", "val_loss", "val_accuracy", "val_macro_f1", "val_code_auc"]]
    assert np.isfinite(figures.to_numpy()).all()
    reports = json.loads((out / "report.json").read_text())
    frame_counts = {split: report["samples"] for split, report in reports.items()}
    assert frame_counts == {"validation": 3, "test": 3}
    for split in reports:
        drawn = {path.name for path in (out / "figures" / split).iterdir()}
        assert {"emotion_confusion.png", "code_scores.png", "learning_curves.png", "reliability_diagram.png"} <= drawn


def test_its_checkpoint_reads_a_photograph(run):
    analyzer = Analyzer(run[1] / "emotiscan.safetensors")
    (reading,) = analyzer.analyze(SAMPLES / "smile.jpg").readings
    assert tuple(reading.emotions) == facs.EMOTIONS  # nobody in CK+ is neutral
    assert tuple(reading.codes) == facs.CODES
    config, training = analyzer.card.config, analyzer.card.training
    assert (config.backbone, config.input_size, config.hidden) == ("densenet121", 48, 16)
    assert training["data"] == {"ckplus": {"train": 19, "validation": 3, "test": 3}}
    assert training["settings"]["data"] == ["ckplus"]  # paths stay on the machine that trained
    assert str(run[1]) not in json.dumps(dict(training))
    assert set(analyzer.card.metrics) == {"validation", "test"}


def test_its_probabilities_were_calibrated_on_the_validation_part(run):
    _, card = load_checkpoint(run[1] / "emotiscan.safetensors")
    assert card.calibration.temperature != 1
    labels = card.metrics["validation"]["codes"]
    both = {code for code, part in labels.items() if 0 < part["support"] < part["known"]}
    assert both
    assert set(card.calibration.slopes) == set(card.calibration.offsets) == both
    for split in ("validation", "test"):
        report = card.metrics[split]
        assert {"ece", "coverage", "accuracy_clear"} <= report["emotion"].keys()
        assert {code: part["threshold"] for code, part in report["codes"].items()} == card.calibration.thresholds


def test_started_again_from_its_folder_alone_a_run_ends_the_same_to_the_last_bit(train, ckplus, tmp_path):
    status, first = train("--data", f"ckplus:{ckplus}", *FROM_NOTHING, "--sizes", "32:2", "--seed", "3", "--ema", "0.9")
    assert status == 0
    assert main(["--again", str(first), "--out", str(tmp_path / "second")]) == 0
    assert same(weights(first / "best.ckpt"), weights(tmp_path / "second/best.ckpt"))
    assert pd.read_csv(first / "metrics.csv").equals(pd.read_csv(tmp_path / "second/metrics.csv"))


def test_a_run_that_goes_on_with_other_data_says_so(train, ckplus, caplog):
    _, out = train("--data", f"ckplus:{ckplus}", *FROM_NOTHING, "--sizes", "32:1")
    assert main(["--resume", str(out)]) == 0
    assert "not those that this run began with" not in caplog.text
    file = out / "environment.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | {"data": "another"}))
    assert main(["--resume", str(out)]) == 0
    assert "not those that this run began with" in caplog.text


def test_a_folder_that_holds_a_run_is_refused(run, ckplus, capsys):
    before = (run[1] / "metrics.csv").read_bytes()
    assert main(["--data", f"ckplus:{ckplus}", "--out", str(run[1]), *FROM_NOTHING]) == 1
    assert f"{run[1]} already holds a run; go on with --resume {run[1]}" in capsys.readouterr().err
    assert (run[1] / "metrics.csv").read_bytes() == before


def test_the_course_subset_gives_a_checkpoint_of_three_emotions(tmp_path, cache, monkeypatch, tiny_weights):
    monkeypatch.setattr(reporting, "write_figures", lambda *_: None)
    file = write_course(tmp_path / "course", index=True)
    out = tmp_path / "run"
    arguments = ["--data", f"ckplus-course:{file}", "--out", str(out), "--cache", str(cache)]
    assert main([*arguments, "--init", str(tiny_weights), *PLAIN, "--sizes", "32:1"]) == 0
    _, card = load_checkpoint(out / "emotiscan.safetensors")
    assert card.config.emotions == facs.EMOTIONS
    assert card.config.codes == facs.CODES
    report = json.loads((out / "report.json").read_text())
    assert report["test"]["emotion"]["labels"] == list(facs.EMOTIONS)


# -- what is learnt


def test_the_loss_falls_on_pictures_learnt_by_heart(tmp_path, train):
    pictures = [["happy", "happiness", 1, 0], ["surprise", "surprise", 0, 1], ["anger", "anger", 0, 0]]
    rows = [[f"{p[0]}{n}.png", "train" if n < 3 else "validation", *p[1:]] for n in range(4) for p in pictures]
    file = write_csv(tmp_path / "data", ["image", "split", "emotion", "AU12", "AU27"], rows)
    status, out = train(
        *("--data", f"csv:{file}", *FROM_NOTHING, "--sizes", "32:6", "--dropout", "0", "--no-augmentation"),
        *("--lr", "0.003", "--schedule", "constant", "--batch", "9"),
    )
    assert status == 0
    losses = pd.read_csv(out / "metrics.csv")["train_loss"]
    assert losses.iloc[-1] < 0.6 * losses.iloc[0]


def test_frozen_stages_keep_weights_and_batch_statistics(ckplus, train, tiny_weights):
    status, out = train(
        "--data", f"ckplus:{ckplus}", "--init", str(tiny_weights), *PLAIN, "--sizes", "32:2", "--unfreeze", "1"
    )
    assert status == 0
    old, new = load_checkpoint(tiny_weights)[0].state_dict(), weights(out / "last.ckpt")
    changed = {".".join(name.split(".")[:2]) for name in new if not torch.equal(new[name], old[name])}
    last_stage = {"backbone.denseblock4", "backbone.norm5"}
    assert changed & {name for name in changed if name.startswith("backbone")} == last_stage
    assert {"emotion_head.0", "code_head.4"} <= changed


def test_a_frozen_backbone_thaws_when_its_epochs_are_over(ckplus, train, tiny_weights):
    data = ("--data", f"ckplus:{ckplus}", "--init", str(tiny_weights), *PLAIN, "--freeze-epochs", "1")
    old = load_checkpoint(tiny_weights)[0].backbone.state_dict()
    changed = []
    for out, sizes in (("one", "32:1"), ("two", "32:2")):
        _, folder = train(*data, "--sizes", sizes, out=out)
        new = weights(folder / "last.ckpt")
        changed.append({name.split(".")[0] for name in old if not torch.equal(new[f"backbone.{name}"], old[name])})
    assert changed == [set(), {"denseblock3", "transition3", "denseblock4", "norm5"}]


def test_the_same_seed_gives_the_same_weights(ckplus, train, tmp_path):
    data = ("--data", f"ckplus:{ckplus}", *FROM_NOTHING, "--sizes", "32:1")
    runs = {
        "one": ("--seed", "1"),
        # Neither the processes that load pictures nor whether faces were found before make a difference.
        "again": ("--seed", "1", "--workers", "1", "--cache", str(tmp_path / "empty")),
        "other": ("--seed", "2"),
    }
    one, again, other = (weights(train(*data, *more, out=out)[1] / "last.ckpt") for out, more in runs.items())
    assert same(one, again)
    assert not same(one, other)


def test_an_average_of_the_weights_is_what_is_kept(ckplus, train, monkeypatch):
    monkeypatch.setattr(fit_module, "AVERAGED_STEPS", 1)
    data = ("--data", f"ckplus:{ckplus}", *FROM_NOTHING, "--schedule", "constant", "--warm-up", "0", "--batch", "999")
    runs = {"one step": ("32:1", "0"), "two steps": ("32:2", "0"), "averaged": ("32:2", "0.75")}
    one, two, averaged = (
        weights(train(*data, "--sizes", sizes, "--ema", ema, out=out)[1] / "last.ckpt")
        for out, (sizes, ema) in runs.items()
    )
    for name in ("emotion_head.4.weight", "backbone.norm5.running_mean"):
        assert not torch.equal(one[name], two[name])
        assert torch.allclose(averaged[name], 0.75 * one[name] + 0.25 * two[name], atol=1e-6)


# -- interruption


@pytest.fixture
def interrupt(monkeypatch):
    """Ctrl-C in the middle of the second epoch, once; Lightning turns the signal off afterwards."""
    handler = signal.getsignal(signal.SIGINT)
    step = fit_module.FaceLearner.training_step

    def pressed(learner, batch, number):
        if learner.current_epoch == 1 and number == 1:
            monkeypatch.setattr(fit_module.FaceLearner, "training_step", step)
            raise KeyboardInterrupt
        return step(learner, batch, number)

    yield lambda: monkeypatch.setattr(fit_module.FaceLearner, "training_step", pressed)
    signal.signal(signal.SIGINT, handler)


@pytest.mark.parametrize("ema", ["0", "0.9"])
def test_an_interrupted_run_goes_on_as_if_nothing_had_been(
    ckplus, train, interrupt, capsys, tmp_path, monkeypatch, ema
):
    monkeypatch.setattr(fit_module, "AVERAGED_STEPS", 1)
    data = ("--data", f"ckplus:{ckplus}", *FROM_NOTHING, "--sizes", "32:1,48:2", "--ema", ema)
    _, straight = train(*data, out="straight")
    interrupt()
    status, out = train(*data, out="stopped")
    assert status == 130
    assert f"Stopped. Go on with: python train.py --resume {out}" in capsys.readouterr().err
    assert pd.read_csv(out / "metrics.csv")["epoch"].tolist() == [0]

    moved = tmp_path / "moved"
    shutil.move(out, moved)
    assert main(["--resume", str(moved)]) == 0
    assert not out.exists()
    metrics = pd.read_csv(moved / "metrics.csv")
    assert metrics["epoch"].tolist() == [0, 1, 2]
    pd.testing.assert_frame_equal(metrics, pd.read_csv(straight / "metrics.csv"))
    assert same(weights(moved / "last.ckpt"), weights(straight / "last.ckpt"))


def test_a_run_interrupted_in_its_report_can_be_finished(ckplus, train, monkeypatch):
    def pressed(*_):
        raise KeyboardInterrupt

    finished = []
    monkeypatch.setattr(reporting, "finish", pressed)
    status, out = train("--data", f"ckplus:{ckplus}", *FROM_NOTHING, "--sizes", "32:1")
    assert status == 130
    monkeypatch.setattr(reporting, "finish", lambda model, data, settings, history, commit: finished.append(history))
    assert main(["--resume", str(out)]) == 0
    assert finished[0]["epoch"].tolist() == [0]


def test_a_moved_run_remembers_its_best_epoch(tmp_path):
    before, after = (fit_module.Keeper(tmp_path / folder, "best", monitor="val_loss") for folder in ("old", "new"))
    before.best_model_score = torch.tensor(0.5)
    after.load_state_dict(before.state_dict())
    assert after.best_model_score == 0.5


def test_resuming_needs_no_longer_where_the_weights_came_from(ckplus, train, interrupt, tiny_weights, tmp_path):
    init = shutil.copy(tiny_weights, tmp_path / "start.safetensors")
    interrupt()
    status, out = train("--data", f"ckplus:{ckplus}", "--init", str(init), *PLAIN, "--sizes", "32:2")
    assert status == 130
    init.unlink()
    assert main(["--resume", str(out)]) == 0
    assert Settings.load(out / "settings.json").init == str(init)


def test_epochs_without_a_gain_are_not_done_again(ckplus, train, interrupt, monkeypatch):
    """The checkpoint to go on from is that of the last epoch, not of the best."""
    monkeypatch.setattr(fit_module.Keeper, "check_monitor_top_k", lambda self, *_: self.monitor is None)
    interrupt()
    _, out = train("--data", f"ckplus:{ckplus}", *FROM_NOTHING, "--sizes", "32:2")
    assert torch.load(out / "last.ckpt", weights_only=True)["epoch"] == 0


def test_the_best_epoch_is_one_of_the_checkpoints_own_crop_size(ckplus, train, monkeypatch):
    """Losses at small crops are of another task, and must neither win nor use up the patience."""
    losses = iter([0.1, 0.2, 0.9, 0.8])
    monkeypatch.setattr(fit_module.FaceLearner, "on_validation_epoch_end", lambda self: None)
    monkeypatch.setattr(
        fit_module.FaceLearner,
        "validation_step",
        lambda self, batch, place: self.log("val_loss", self.given if place else self.next_loss(losses)),
    )
    monkeypatch.setattr(fit_module.FaceLearner, "next_loss", next_loss, raising=False)
    arguments = ["--data", f"ckplus:{ckplus}", *FROM_NOTHING, "--patience", "1", "--sizes", "32:2,48:2"]
    status, out = train(*arguments)
    assert status == 0
    assert torch.load(out / "best.ckpt", weights_only=True)["epoch"] == 3


def next_loss(learner, losses):
    learner.given = next(losses)
    return learner.given


# -- mistakes


def test_unreadable_pictures_are_counted_named_and_left_out(tmp_path, train, caplog):
    root = write_ckplus(tmp_path / "CK+")
    names = [f"S005/{sequence}/S005_{sequence}_00000011.png" for sequence in ("001", "002")]
    for name in names:
        put(root / "cohn-kanade-images" / name, b"no picture")
    with caplog.at_level(logging.INFO):
        status, _ = train("--data", f"ckplus:{root}", *FROM_NOTHING, "--sizes", "32:1")
    assert status == 0
    assert f"2 of {len(CLIPS)} pictures cannot be read and are left out: {', '.join(names)}" in caplog.text
    assert f"{len(CLIPS) - 2} pictures; the face was found in 100.0 % of them" in caplog.text


def test_rows_with_a_blank_split_are_counted(tmp_path, train, caplog):
    rows = [
        ["happy0.png", "train", 1],
        ["anger1.png", "train", 0],
        ["happy2.png", "validation", 1],
        ["calm3.png", "", 0],
    ]
    file = write_csv(tmp_path / "data", ["image", "split", "AU12"], rows)
    # One code alone and no emotion at all: that, too, can be trained.
    status, out = train("--data", f"csv:{file}", *FROM_NOTHING, "--sizes", "32:1")
    assert status == 0
    assert "1 of 4 pictures have a blank split and are left out" in caplog.text
    assert np.isfinite(pd.read_csv(out / "metrics.csv")["val_loss"]).all()


TWO = [["happy0.png", "train", "happiness"], ["anger1.png", "test", "anger"]]


@pytest.mark.parametrize(
    ("rows", "arguments", "message"),
    [
        (TWO, ["--batch", "1"], "--batch must be at least 2"),
        (
            [*TWO, ["happy2.png", "validation", ""]],
            ["--init", "gone.safetensors"],
            "--init: There is no checkpoint at gone",
        ),
        (TWO, [], "no readable picture is left in the validation split"),
        (TWO, ["--split", "published"], "at least 3 are needed"),
        ([["happy0.png", "", "happiness"]] * 1, ["--split", "table"], "the label table has no column “split”"),
        ([["happy0.png", "train", "happiness"]], [], "every known emotion is positive"),
        ([["happy0.png", "train", "joy"]], [], "line 2: unknown emotion “joy”"),
    ],
)
def test_mistakes_are_one_plain_line(tmp_path, train, capsys, rows, arguments, message):
    file = write_csv(tmp_path / "data", ["image", "split", "emotion"], rows)
    status, out = train("--data", f"csv:{file}", *FROM_NOTHING, *arguments)
    assert status == 1
    lines = [line for line in capsys.readouterr().err.splitlines() if line.startswith("train.py: ")]
    assert len(lines) == 1
    assert message in lines[0]
    assert not out.exists()  # nothing is left that would stand in the next try's way


def test_a_folder_that_holds_no_run_cannot_be_resumed(tmp_path, capsys):
    assert main(["--resume", str(tmp_path)]) == 1
    assert capsys.readouterr().err.startswith("train.py: ")


# -- what is printed


def test_a_log_gets_one_line_an_epoch_with_the_time_left(ckplus, train, capsys, recwarn):
    train("--data", f"ckplus:{ckplus}", *FROM_NOTHING, "--sizes", "32:2")
    out, err = capsys.readouterr()
    lines = out.splitlines()
    assert [line.split("  ")[0] for line in lines] == ["epoch 1/2", "epoch 2/2"]
    assert all("val_loss" in line and "passed" in line for line in lines)
    assert lines[-1].endswith("0:00:00 left")
    assert "%|" not in out + err  # no bar
    assert [str(warning.message) for warning in recwarn] == []


def test_time_left_grows_with_the_crops(tmp_path, monkeypatch, capsys):
    settings = Settings(data=(), out=str(tmp_path), sizes=((32, 2), (64, 1)))
    line = fit_module.EpochLine(settings)
    trainer = dataclasses.make_dataclass("Trainer", ["current_epoch", "callback_metrics"])(0, {"val_loss": 0.5})
    learner = dataclasses.make_dataclass("Learner", [])()
    learner.print = print
    clock = iter([100.0, 110.0])
    monkeypatch.setattr(fit_module.time, "monotonic", lambda: next(clock))
    line.on_train_start(trainer, learner)
    line.on_train_epoch_end(trainer, learner)
    # Ten seconds for one epoch at 32 px; left are one more, and one with four times the pixels.
    assert capsys.readouterr().out == "epoch 1/3  val_loss 0.5000  0:00:10 passed, 0:00:50 left\n"

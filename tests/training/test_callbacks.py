import types

import numpy as np
import pandas as pd
import torch
from PIL import Image
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from emotiscan.model.network import ModelConfig
from emotiscan.training import callbacks
from emotiscan.training import fit as fit_module
from emotiscan.training.batch_preview import label_text
from emotiscan.training.settings import TrainingSettings
from tests.support.tiny_runs import FROM_NOTHING


def test_a_run_whose_folder_was_moved_remembers_its_best_epoch(tmp_path):
    before, after = (callbacks.Keeper(tmp_path / folder, "best", monitor="val_loss") for folder in ("old", "new"))
    before.best_model_score = torch.tensor(0.5)
    after.load_state_dict(before.state_dict())
    assert after.best_model_score == 0.5


def test_only_epochs_of_the_checkpoints_crop_size_can_be_the_best(ckplus, train, monkeypatch):
    """Losses at smaller crops are not comparable; they must neither win nor use up the patience."""
    losses = iter([0.1, 0.2, 0.9, 0.8])
    monkeypatch.setattr(fit_module.FaceLightningModule, "on_validation_epoch_end", lambda self: None)
    monkeypatch.setattr(
        fit_module.FaceLightningModule,
        "validation_step",
        lambda self, batch, place: self.log("val_loss", self.given if place else self.next_loss(losses)),
    )
    monkeypatch.setattr(fit_module.FaceLightningModule, "next_loss", next_loss, raising=False)
    arguments = ["--data", f"ckplus:{ckplus}", *FROM_NOTHING, "--patience", "1", "--sizes", "32:2,48:2"]
    status, out = train(*arguments)
    assert status == 0
    assert torch.load(out / "best.ckpt", weights_only=True)["epoch"] == 3


def next_loss(module, losses):
    module.given = next(losses)
    return module.given


def test_a_log_gets_one_line_per_epoch_with_the_time_left(ckplus, train, capsys, recwarn):
    train("--data", f"ckplus:{ckplus}", *FROM_NOTHING, "--sizes", "32:2")
    out, err = capsys.readouterr()
    lines = out.splitlines()
    assert [line.split("  ")[0] for line in lines] == ["epoch 1/2", "epoch 2/2"]
    assert all("val_loss" in line and "passed" in line for line in lines)
    assert lines[-1].endswith("0:00:00 left")
    assert "%|" not in out + err  # no bar
    assert [str(warning.message) for warning in recwarn] == []


def test_time_left_grows_with_the_crops(tmp_path, monkeypatch, capsys):
    settings = TrainingSettings(data=(), out=str(tmp_path), sizes=((32, 2), (64, 1)))
    line = callbacks.EpochLine(settings)
    trainer = types.SimpleNamespace(current_epoch=0, callback_metrics={"val_loss": 0.5}, is_global_zero=True)
    module = types.SimpleNamespace(print=print)
    clock = iter([100.0, 110.0])
    monkeypatch.setattr(callbacks.time, "monotonic", lambda: next(clock))
    line.on_train_start(trainer, module)
    line.on_train_epoch_end(trainer, module)
    # Ten seconds for one epoch at 32 px; left are one more, and one with four times the pixels.
    assert capsys.readouterr().out == "epoch 1/3  val_loss 0.5000  0:00:10 passed, 0:00:50 left\n"


def test_the_first_batch_is_plotted_with_its_labels(ckplus, train):
    _, out = train("--data", f"ckplus:{ckplus}", *FROM_NOTHING, "--sizes", "32:1")
    with Image.open(out / "first_batch.png") as picture:
        assert picture.width == 1280
        colors = np.asarray(picture.convert("RGB"), int)
    assert (np.ptp(colors, axis=(0, 1)) > 200).all()  # faces, not a blank page


def test_labels_are_described_in_two_short_lines():
    config = ModelConfig(action_units=("AU1", "AU12", "AU25"), emotions=("positive", "negative"))
    unknown, both = np.array([np.nan] * 3), np.array([0.2, 1, 0.7])
    assert label_text(np.array([0.8, 0.2]), both, config) == "positive\nAU12 25"
    assert label_text(np.array([np.nan, np.nan]), np.zeros(3), config) == "emotion unknown\nno action unit"
    assert label_text(np.array([0, 1]), unknown, config) == "negative\naction units unknown"


def test_tensorboard_gets_the_metrics_and_the_first_batch(ckplus, train):
    _, out = train("--data", f"ckplus:{ckplus}", *FROM_NOTHING, "--sizes", "32:2")
    events = EventAccumulator(str(out / "tensorboard")).Reload()
    assert [round(event.value, 4) for event in events.Scalars("val_loss")] == [
        round(value, 4) for value in pd.read_csv(out / "metrics.csv")["val_loss"]
    ]
    assert len(events.Images("first batch")) == 1

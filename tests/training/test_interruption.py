import multiprocessing
import random
import resource
import shutil
import signal
import time

import pandas as pd
import pytest
import torch

from emotiscan.training import callbacks, report
from emotiscan.training import fit as fit_module
from emotiscan.training.settings import TrainingSettings
from tests.support.tiny_runs import FROM_NOTHING, PLAIN, emotiscan_train, same, train_alone, weights
from tests.support.trees import write_ckplus


@pytest.fixture
def interrupt(monkeypatch):
    """Ctrl-C in the middle of the second epoch, once; Lightning turns the signal off afterwards."""
    handler = signal.getsignal(signal.SIGINT)
    step = fit_module.FaceLightningModule.training_step

    def pressed(module, batch, number):
        if module.current_epoch == 1 and number == 1:
            monkeypatch.setattr(fit_module.FaceLightningModule, "training_step", step)
            raise KeyboardInterrupt
        return step(module, batch, number)

    yield lambda: monkeypatch.setattr(fit_module.FaceLightningModule, "training_step", pressed)
    signal.signal(signal.SIGINT, handler)


def test_an_interrupted_run_resumes_as_if_nothing_had_happened(ckplus, train, interrupt, capsys, tmp_path):
    data = ("--data", f"ckplus:{ckplus}", *FROM_NOTHING, "--sizes", "32:1,48:2")
    _, straight = train(*data, out="straight")
    interrupt()
    status, out = train(*data, out="stopped")
    assert status == 130
    assert f"stopped; resume with --resume {out}" in capsys.readouterr().err
    assert pd.read_csv(out / "metrics.csv")["epoch"].tolist() == [0]

    moved = tmp_path / "moved"
    shutil.move(out, moved)
    assert emotiscan_train(["--resume", str(moved)]) == 0
    assert not out.exists()
    metrics = pd.read_csv(moved / "metrics.csv")
    assert metrics["epoch"].tolist() == [0, 1, 2]
    pd.testing.assert_frame_equal(metrics, pd.read_csv(straight / "metrics.csv"))
    assert same(weights(moved / "last.ckpt"), weights(straight / "last.ckpt"))


def test_a_run_interrupted_in_its_report_can_be_finished(ckplus, train, monkeypatch):
    def pressed(*_):
        raise KeyboardInterrupt

    finished = []
    monkeypatch.setattr(report, "finish", pressed)
    status, out = train("--data", f"ckplus:{ckplus}", *FROM_NOTHING, "--sizes", "32:1")
    assert status == 130
    monkeypatch.setattr(report, "finish", lambda model, data, settings, history, commit: finished.append(history))
    assert emotiscan_train(["--resume", str(out)]) == 0
    assert finished[0]["epoch"].tolist() == [0]


def test_a_run_from_before_the_weights_were_renamed_resumes(ckplus, train, interrupt):
    data = ("--data", f"ckplus:{ckplus}", *FROM_NOTHING, "--sizes", "32:2", "--ema", "0.9")
    _, straight = train(*data, out="straight")
    interrupt()
    status, out = train(*data, out="older")
    assert status == 130
    for file in (out / "best.ckpt", out / "last.ckpt"):
        checkpoint = torch.load(file, weights_only=True)
        for key in ("state_dict", "current_model_state"):
            renamed = {name.replace("model.au_", "model.code_"): value for name, value in checkpoint[key].items()}
            assert renamed.keys() != checkpoint[key].keys()
            checkpoint[key] = renamed
        torch.save(checkpoint, file)
    assert emotiscan_train(["--resume", str(out)]) == 0
    assert same(weights(out / "last.ckpt"), weights(straight / "last.ckpt"))


def test_resuming_does_not_need_the_starting_weights(ckplus, train, interrupt, tiny_weights, tmp_path):
    init = shutil.copy(tiny_weights, tmp_path / "start.safetensors")
    interrupt()
    status, out = train("--data", f"ckplus:{ckplus}", "--init", str(init), *PLAIN, "--sizes", "32:2")
    assert status == 130
    init.unlink()
    assert emotiscan_train(["--resume", str(out)]) == 0
    assert TrainingSettings.load(out / "settings.json").init == str(init)


def test_epochs_without_improvement_are_not_repeated(ckplus, train, interrupt, monkeypatch):
    """Resuming starts from the last epoch, not from the best."""
    monkeypatch.setattr(callbacks.Keeper, "check_monitor_top_k", lambda self, *_: self.monitor is None)
    interrupt()
    _, out = train("--data", f"ckplus:{ckplus}", *FROM_NOTHING, "--sizes", "32:2")
    assert torch.load(out / "last.ckpt", weights_only=True)["epoch"] == 0


# -- killed


def test_a_run_killed_at_any_moment_resumes_as_if_nothing_had_happened(ckplus, cache, tmp_path):
    processes = multiprocessing.get_context("forkserver")  # starts each process quickly: torch is loaded once
    processes.set_forkserver_preload(["emotiscan.training.report", "lightning.pytorch.trainer", "tensorboard"])
    rng, kills, ended, took = random.Random(0), 0, 0, None

    def start(out):
        new = ["--data", f"ckplus:{ckplus}", *FROM_NOTHING, "--sizes", "32:2", "--ema", "0.9", "--unfreeze", "1"]
        new += ["--out", str(out)]
        begun = (out / "settings.json").exists()
        process = processes.Process(
            target=train_alone, args=(["--resume", str(out)] if begun else [*new, "--cache", str(cache)],)
        )
        process.start()
        return process

    first = processes.Process(target=print)  # so that loading it is not measured
    first.start()
    first.join()
    undisturbed = tmp_path / "undisturbed"
    began = time.monotonic()
    process = start(undisturbed)
    process.join()
    assert process.exitcode == 0
    took = time.monotonic() - began
    expected = weights(undisturbed / "best.ckpt"), weights(undisturbed / "last.ckpt")
    while kills < 20 or process.exitcode != 0:
        out = tmp_path / f"run {ended}"
        process = start(out)
        process.join(rng.uniform(0, took) if kills < 20 else None)
        if process.is_alive():
            process.kill()
            process.join()
            kills += 1
        else:
            assert process.exitcode == 0
            ended += 1
            assert same(weights(out / "best.ckpt"), expected[0])
            assert same(weights(out / "last.ckpt"), expected[1])
            assert (out / "metrics.csv").read_bytes() == (undisturbed / "metrics.csv").read_bytes()
            assert not list(out.glob(".*"))


# -- what can happen to a machine


@pytest.fixture
def between_epochs(monkeypatch):
    """Arranges for something to happen once, when the first epoch is saved."""

    def arrange(action):
        start = fit_module.FaceLightningModule.on_train_epoch_start

        def and_first(module):
            if module.current_epoch == 1:
                monkeypatch.setattr(fit_module.FaceLightningModule, "on_train_epoch_start", start)
                action()
            start(module)

        monkeypatch.setattr(fit_module.FaceLightningModule, "on_train_epoch_start", and_first)

    return arrange


@pytest.fixture
def limit_files():
    """Limits the size of files, so that writing fails as on a full disk."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    yield lambda size: resource.setrlimit(resource.RLIMIT_FSIZE, (before[0] if size is None else size, before[1]))
    resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_full_disk_costs_no_more_than_an_epoch(ckplus, train, between_epochs, limit_files, capsys):
    arguments = ("--data", f"ckplus:{ckplus}", *FROM_NOTHING, "--sizes", "32:2")
    _, straight = train(*arguments, out="straight")
    between_epochs(lambda: limit_files(1_000_000))
    status, out = train(*arguments)
    limit_files(None)
    assert status == 2
    error = capsys.readouterr().err
    assert "File too large" in error
    assert f"then resume with --resume {out}" in error
    assert torch.load(out / "last.ckpt", weights_only=True)["epoch"] == 0
    assert emotiscan_train(["--resume", str(out)]) == 0
    assert same(weights(out / "last.ckpt"), weights(straight / "last.ckpt"))


@pytest.mark.parametrize("workers", ["0", "1"])
def test_an_image_that_vanishes_is_named_and_can_be_restored(tmp_path, train, between_epochs, capsys, caplog, workers):
    root = write_ckplus(tmp_path / "CK+")
    shutil.copytree(root / "cohn-kanade-images", tmp_path / "copy")
    between_epochs(lambda: shutil.rmtree(root / "cohn-kanade-images/S006"))
    status, out = train("--data", f"ckplus:{root}", *FROM_NOTHING, "--sizes", "32:2", "--workers", workers)
    assert status == 2
    lines = capsys.readouterr().err.splitlines()
    assert lines[-2].startswith("emotiscan train: S006/")
    assert "cannot be read from" in lines[-2]
    assert lines[-1] == f"Fix that, then resume with --resume {out}"
    assert torch.load(out / "last.ckpt", weights_only=True)["epoch"] == 0
    shutil.copytree(tmp_path / "copy", root / "cohn-kanade-images", dirs_exist_ok=True)
    assert emotiscan_train(["--resume", str(out)]) == 0
    assert torch.load(out / "last.ckpt", weights_only=True)["epoch"] == 1


def test_a_diverging_loss_ends_the_run_before_it_spoils_the_weights(ckplus, train, between_epochs, capsys, monkeypatch):
    def diverge():
        loss = fit_module.FaceLightningModule._losses
        monkeypatch.setattr(
            fit_module.FaceLightningModule,
            "_losses",
            lambda self, batch: (loss(self, batch)[0] * torch.nan, None),
        )

    between_epochs(diverge)
    status, out = train("--data", f"ckplus:{ckplus}", *FROM_NOTHING, "--sizes", "32:2")
    assert status == 2
    error = capsys.readouterr().err
    assert "the loss is no longer a number in step 1 of epoch 2; start a new run with a lower --lr" in error
    assert str(out / "best.ckpt") in error
    assert all(tensor.isfinite().all() for tensor in weights(out / "best.ckpt").values())
    assert torch.load(out / "last.ckpt", weights_only=True)["epoch"] == 0

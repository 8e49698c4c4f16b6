"""Throughput of training: `python -m benchmarks.training [--data KIND:PATH] [--steps 20]`.

Prints images per second, in one run on one machine:

- of the network alone (forward, backward and optimizer) on one batch in memory: in single precision, with channels
  last, and with bf16 as well;
- of the training loop as `emotiscan train` runs it on batches in memory, and of the same with `--keep-statistics`;
- of the same loop with images from disk, by the number of loader processes, also relative to batches in memory. Face
  detection is not included, because training does it before its first epoch.

Then prints the memory of the process after each of several short epochs, which should stay constant.
"""

import argparse
import dataclasses
import logging
import os
import tempfile
import time
import warnings
from pathlib import Path

import lightning as L
import pandas as pd
import torch
from lightning.pytorch.callbacks import Callback
from torch.nn import functional
from torch.utils.data import DataLoader

from benchmarks.copied_samples import copy_samples
from emotiscan.cli.options import whole_number
from emotiscan.datasets.aligned import AlignedTable
from emotiscan.model.network import ModelConfig
from emotiscan.training.data_module import FaceDataModule, load_data
from emotiscan.training.distributed import share_processor
from emotiscan.training.fit import IGNORED_WARNINGS, precision_of
from emotiscan.training.initialization import initial_model
from emotiscan.training.lightning_module import FaceLightningModule
from emotiscan.training.settings import TrainingSettings
from tests.support.process_monitor import memory_of

WARM_UP = 4
"""Steps before timing starts."""


class Clock(Callback):
    """Measures the seconds of all steps after the warm-up."""

    def on_train_batch_end(self, trainer: L.Trainer, *_: object) -> None:
        """Start after the warm-up, and update the time after each step."""
        if trainer.global_step == WARM_UP:
            self._start = time.perf_counter()
        self.seconds = time.perf_counter() - getattr(self, "_start", 0)


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--data", metavar="KIND:PATH", help="as for `emotiscan train` (default: copies of the samples)")
    parser.add_argument("--cache", default="cache", help="folder that keeps where faces were found (default: cache)")
    parser.add_argument("--backbone", help="backbone (default: that of the shipped checkpoint)")
    parser.add_argument("--size", type=whole_number(32), default=96, help="side of the crops in pixels (default: 96)")
    parser.add_argument("--batch", type=whole_number(2), default=32, help="batch size (default: 32)")
    parser.add_argument("--steps", type=whole_number(2), default=20, help="timed steps per row (default: 20)")
    parser.add_argument(
        "--workers", type=whole_number(0), nargs="+", default=[0, 1, 2], help="loader processes (default: 0 1 2)"
    )
    parser.add_argument(
        "--epochs", type=whole_number(2), default=5, help="short epochs for measuring memory (default: 5)"
    )
    options = parser.parse_args()
    for message in IGNORED_WARNINGS:
        warnings.filterwarnings("ignore", message=message)
    logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)
    with tempfile.TemporaryDirectory() as folder:
        source = options.data or f"csv:{_samples(Path(folder), (options.steps + WARM_UP) * options.batch)}"
        settings = TrainingSettings(
            data=(source,),
            out=folder,
            cache=options.cache if options.data else folder,
            init="none" if options.backbone else "shipped",
            backbone=options.backbone,
            sizes=((options.size, 1),),
            batch=options.batch,
            unfreeze=5,
        )
        share_processor(settings)
        data = load_data(settings)
        _print_rates(settings, data, options)
        _print_memory(settings, data, options.epochs)


def _samples(folder: Path, count: int) -> Path:
    """Write a table of `count` training images and one validation image, all copies of the samples."""
    names = copy_samples(folder, count + 1)
    rows = [
        {
            "image": name,
            "split": "train" if number else "validation",
            "AU12": number % 2,
            "emotion": ("happiness", "anger")[number % 2],
        }
        for number, name in enumerate(names)
    ]
    pd.DataFrame(rows).to_csv(folder / "labels.csv", index=False)
    return folder / "labels.csv"


def _print_rates(settings: TrainingSettings, data: AlignedTable, options: argparse.Namespace) -> None:
    print(f"images per second; batches of {options.batch}, {options.size} px, {torch.get_num_threads()} threads")
    loader = FaceDataModule(data, *_start(settings, data)).train_dataloader()
    batch = next(iter(loader))
    for name, last, precision in (("plain", False, "fp32"), ("channels last", True, "fp32"), ("bf16", True, "bf16")):
        print(f"network, {name:34s}{_network(settings, data, batch, last, precision, options.steps):8.1f}")
    in_memory = _loop(settings, data, options.steps, [batch] * (options.steps + WARM_UP))
    print(f"loop, batches in memory{in_memory:28.1f}")
    kept = dataclasses.replace(settings, keep_statistics=True)
    print(f"the same, statistics kept{_loop(kept, data, options.steps, [batch] * (options.steps + WARM_UP)):26.1f}")
    for workers in options.workers:
        rate = _loop(dataclasses.replace(settings, workers=workers), data, options.steps)
        print(f"loop, images loaded by {workers} processes{rate:17.1f}   {rate / in_memory:.2f} of that in memory")


def _start(settings: TrainingSettings, data: AlignedTable) -> tuple[ModelConfig, TrainingSettings]:
    model, settings = initial_model(settings, data.table.emotions, data.table.action_units)
    return model.config, settings


def _network(
    settings: TrainingSettings, data: AlignedTable, batch: dict, last: bool, precision: str, steps: int
) -> float:
    model, _ = initial_model(settings, data.table.emotions, data.table.action_units)
    layout = torch.channels_last if last else torch.contiguous_format
    model = model.train().to(memory_format=layout)
    crops = batch["crop"].contiguous(memory_format=layout)
    optimizer = torch.optim.AdamW(model.parameters(), fused=True)
    start = time.perf_counter()
    for step in range(steps + WARM_UP):
        if step == WARM_UP:
            start = time.perf_counter()
        optimizer.zero_grad()
        with torch.autocast("cpu", torch.bfloat16, enabled=precision == "bf16"):
            feature_map = model.features(crops)
            action_units = model.au_logits(model.au_logit_map(feature_map)).float()
            loss = model.emotion_logits(feature_map).float().square().mean()
            loss = loss + functional.binary_cross_entropy_with_logits(action_units, torch.ones_like(action_units))
        loss.backward()
        optimizer.step()
    return steps * len(crops) / (time.perf_counter() - start)


def _trainer(settings: TrainingSettings, clock: Callback, **options: object) -> L.Trainer:
    return L.Trainer(
        accelerator="cpu",
        precision=precision_of(settings.precision),
        gradient_clip_val=1.0,
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        limit_val_batches=0,
        callbacks=[clock],
        **options,
    )


def _loop(settings: TrainingSettings, data: AlignedTable, steps: int, batches: list[dict] | None = None) -> float:
    model, settings = initial_model(settings, data.table.emotions, data.table.action_units)
    faces, clock = FaceDataModule(data, model.config, settings), Clock()
    module = FaceLightningModule(model, settings, steps + WARM_UP)
    trainer = _trainer(settings, clock, max_steps=steps + WARM_UP, max_epochs=-1)
    if batches is None:
        trainer.fit(module, datamodule=faces)
    else:
        trainer.fit(module, train_dataloaders=DataLoader(batches, batch_size=None))
    return steps * settings.batch / clock.seconds


def _print_memory(settings: TrainingSettings, data: AlignedTable, epochs: int) -> None:
    model, settings = initial_model(settings, data.table.emotions, data.table.action_units)
    settings = dataclasses.replace(settings, sizes=((settings.sizes[-1][0], epochs),))
    megabytes = []

    class Memory(Callback):
        def on_train_epoch_end(self, *_: object) -> None:
            megabytes.append(round(memory_of(os.getpid())))

    trainer = _trainer(
        settings, Memory(), max_epochs=epochs, limit_train_batches=4, reload_dataloaders_every_n_epochs=1
    )
    trainer.fit(
        FaceLightningModule(model, settings, 4 * epochs), datamodule=FaceDataModule(data, model.config, settings)
    )
    print("memory after each epoch, MiB:", *megabytes)


if __name__ == "__main__":
    main()

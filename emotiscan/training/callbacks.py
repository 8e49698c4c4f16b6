"""What a run does beside learning: average, keep, stop, and say how it goes."""

import io
import sys
import time
from datetime import timedelta
from pathlib import Path

import lightning as L
import pandas as pd
import torch
from lightning.fabric.plugins import TorchCheckpointIO
from lightning.pytorch.callbacks import Callback, EarlyStopping, EMAWeightAveraging, ModelCheckpoint, TQDMProgressBar

from emotiscan.files import atomic_write, atomic_write_bytes
from emotiscan.training.lightning_module import FaceLightningModule
from emotiscan.training.settings import TrainingSettings

AVERAGED_STEPS = 10
"""Every so many steps the average takes up the weights: as good as every step, and ten times cheaper."""


class Average(EMAWeightAveraging):
    """A running average of the weights and batch statistics; what is validated and kept as the best."""

    def __init__(self, kept: float) -> None:
        """Make one.

        Args:
            kept: share of the average that one step keeps, 0 to 1.
        """
        super().__init__(decay=kept**AVERAGED_STEPS, update_every_n_steps=AVERAGED_STEPS)


class WholeCheckpoints(TorchCheckpointIO):
    """Writes Lightning's checkpoints whole or not at all, also where the run folder is on another disk than /tmp."""

    def save_checkpoint(self, checkpoint: dict, path: str | Path, storage_options: object = None) -> None:
        """Write one."""
        buffer = io.BytesIO()  # torch's own writer makes a full disk into an error that says nothing of it
        torch.save(checkpoint, buffer)
        with atomic_write(path) as file:
            file.write(buffer.getbuffer())


class Keeper(ModelCheckpoint):
    """Keeps weights in the run folder, and knows the best ones also after that folder was moved."""

    def load_state_dict(self, state_dict: dict) -> None:
        """Take up what was kept so far."""
        super().load_state_dict(state_dict | {"dirpath": self.dirpath})


class Bar(TQDMProgressBar):
    """Progress within the epoch; epochs are counted from 1, as everywhere else."""

    def on_train_epoch_start(self, trainer: L.Trainer, *arguments: object) -> None:
        """Name the epoch."""
        super().on_train_epoch_start(trainer, *arguments)
        self.train_progress_bar.set_description(f"epoch {trainer.current_epoch + 1}")


class AtLastSize(Callback):
    """A callback that looks only at epochs whose crops have the checkpoint's own size.

    Figures of smaller crops are of another task: they must neither be kept as the best nor end the run.
    """

    def on_validation_end(self, trainer: L.Trainer, module: FaceLightningModule) -> None:
        """Look at the epoch's figures."""
        if module.settings.is_last_size(trainer.current_epoch):
            super().on_validation_end(trainer, module)

    def on_train_epoch_end(self, trainer: L.Trainer, module: FaceLightningModule) -> None:
        """Look at the epoch's figures."""
        if module.settings.is_last_size(trainer.current_epoch):
            super().on_train_epoch_end(trainer, module)


class BestKeeper(AtLastSize, Keeper):
    """Keeps the best weights."""


class Patience(AtLastSize, EarlyStopping):
    """Stops a run without gain."""


class EpochLine(Callback):
    """The figures of each epoch: a line for any log, and a row of `metrics.csv`."""

    def __init__(self, settings: TrainingSettings) -> None:
        self._settings = settings
        self._file = Path(settings.out) / "metrics.csv"

    def on_train_start(self, trainer: L.Trainer, module: L.LightningModule) -> None:
        """Start the clock."""
        self._began, self._first = time.monotonic(), trainer.current_epoch

    def on_train_epoch_end(self, trainer: L.Trainer, module: L.LightningModule) -> None:
        """Print and keep the epoch's figures."""
        if not trainer.is_global_zero:
            return
        epoch = trainer.current_epoch
        figures = {name: float(value) for name, value in sorted(trainer.callback_metrics.items())}
        text = "  ".join(f"{name} {value:.4f}" for name, value in figures.items())
        passed = time.monotonic() - self._began
        left = passed * self._work(epoch + 1, self._settings.epochs) / self._work(self._first, epoch + 1)
        module.print(f"epoch {epoch + 1}/{self._settings.epochs}  {text}  {_clock(passed)} passed, {_clock(left)} left")
        sys.stdout.flush()  # a log is read while the run goes on
        rows = pd.DataFrame([{"epoch": epoch, **figures}])
        if self._file.is_file():
            kept = pd.read_csv(self._file)
            # An epoch that was interrupted after its row was written is done again.
            rows = pd.concat([kept[kept["epoch"] < epoch], rows])
        atomic_write_bytes(self._file, rows.to_csv(index=False))

    def _work(self, start: int, stop: int) -> int:
        """Pixels of a crop, summed over epochs: what the time of an epoch grows with."""
        return sum(self._settings.size_at(epoch) ** 2 for epoch in range(start, stop))


def _clock(seconds: float) -> str:
    return str(timedelta(seconds=round(seconds)))


class FirstBatch(Callback):
    """Draws the first batch of a run, into its folder and for TensorBoard."""

    def __init__(self, file: Path) -> None:
        """Make one.

        Args:
            file: PNG file to write.
        """
        self._file = file

    def on_train_batch_start(self, trainer: L.Trainer, module: FaceLightningModule, batch: dict, number: int) -> None:
        """Draw it, once in a run."""
        if number or self._file.exists() or not trainer.is_global_zero:
            return
        import matplotlib.image

        from emotiscan.training.batch_preview import plot_first_batch

        picture = matplotlib.image.imread(plot_first_batch(batch, module.model.config, self._file))
        for logger in trainer.loggers:
            logger.experiment.add_image("first batch", picture[..., :3], dataformats="HWC")

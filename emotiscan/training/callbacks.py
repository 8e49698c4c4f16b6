"""Lightning callbacks of a run: average and save weights, stop early, and report progress."""

import io
import sys
import time
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

import lightning as L
import pandas as pd
import torch
from lightning.fabric.plugins import TorchCheckpointIO
from lightning.pytorch.callbacks import Callback, EarlyStopping, EMAWeightAveraging, ModelCheckpoint, TQDMProgressBar
from lightning.pytorch.loggers import TensorBoardLogger
from torch import Tensor

from emotiscan.files import atomic_write, atomic_write_bytes
from emotiscan.training.lightning_module import FaceLightningModule
from emotiscan.training.settings import TrainingSettings

AVERAGED_STEPS = 10
"""Number of steps between updates of the average: as good as every step, and ten times cheaper."""


class Average(EMAWeightAveraging):
    """An exponential moving average of weights and batch statistics, which is validated and saved as the best."""

    def __init__(self, decay: float) -> None:
        """Choose the decay.

        Args:
            decay: share of the average that one step keeps, 0 to 1.
        """
        super().__init__(decay=decay**AVERAGED_STEPS, update_every_n_steps=AVERAGED_STEPS)


class AtomicCheckpoints(TorchCheckpointIO):
    """Writes Lightning's checkpoints atomically, also if the run folder is on another disk than /tmp."""

    def save_checkpoint(self, checkpoint: dict, path: str | Path, storage_options: object = None) -> None:
        """Write a checkpoint."""
        buffer = io.BytesIO()  # torch's own writer hides that a disk is full behind another error
        torch.save(checkpoint, buffer)
        with atomic_write(path) as file:
            file.write(buffer.getbuffer())


class Keeper(ModelCheckpoint):
    """Saves weights in the run folder, and remembers the best ones even if that folder is moved."""

    def load_state_dict(self, state_dict: dict) -> None:
        """Restore what was saved so far."""
        super().load_state_dict(state_dict | {"dirpath": self.dirpath})


class Bar(TQDMProgressBar):
    """Progress bar of an epoch; epochs are counted from 1, as in all other output."""

    def on_train_epoch_start(self, trainer: L.Trainer, *arguments: object) -> None:
        """Show the epoch's number."""
        super().on_train_epoch_start(trainer, *arguments)
        self.train_progress_bar.set_description(f"epoch {trainer.current_epoch + 1}")


class AtLastSize(Callback):
    """Mix-in for callbacks that ignore epochs whose crops are smaller than the checkpoint's.

    Metrics of smaller crops are not comparable: they must neither count as the best nor end the run.
    """

    def on_validation_end(self, trainer: L.Trainer, module: L.LightningModule) -> None:
        """Pass the epoch's metrics on if its crops have the last size."""
        if _is_last_size(trainer, module):
            super().on_validation_end(trainer, module)

    def on_train_epoch_end(self, trainer: L.Trainer, module: L.LightningModule) -> None:
        """Pass the epoch's metrics on if its crops have the last size."""
        if _is_last_size(trainer, module):
            super().on_train_epoch_end(trainer, module)


def _is_last_size(trainer: L.Trainer, module: L.LightningModule) -> bool:
    assert isinstance(module, FaceLightningModule)
    return module.settings.is_last_size(trainer.current_epoch)


class BestKeeper(AtLastSize, Keeper):
    """Saves the best weights."""


class Patience(AtLastSize, EarlyStopping):
    """Stops a run that no longer improves."""


class EpochLine(Callback):
    """Reports the metrics of each epoch: a line for any log, and a row of `metrics.csv`."""

    def __init__(self, settings: TrainingSettings) -> None:
        self._settings = settings
        self._file = Path(settings.out) / "metrics.csv"

    def on_train_start(self, trainer: L.Trainer, module: L.LightningModule) -> None:
        """Start the clock."""
        self._began, self._first = time.monotonic(), trainer.current_epoch

    def on_train_epoch_end(self, trainer: L.Trainer, module: L.LightningModule) -> None:
        """Print and save the epoch's metrics."""
        if not trainer.is_global_zero:
            return
        epoch = trainer.current_epoch
        metrics = {name: float(value) for name, value in sorted(trainer.callback_metrics.items())}
        text = "  ".join(f"{name} {value:.4f}" for name, value in metrics.items())
        passed = time.monotonic() - self._began
        left = passed * self._work(epoch + 1, self._settings.total_epochs) / self._work(self._first, epoch + 1)
        module.print(
            f"epoch {epoch + 1}/{self._settings.total_epochs}  {text}  {_clock(passed)} passed, {_clock(left)} left"
        )
        sys.stdout.flush()  # so that a log can be followed during the run
        rows = pd.DataFrame([{"epoch": epoch, **metrics}])
        if self._file.is_file():
            kept = pd.read_csv(self._file)
            # An epoch that was interrupted after its row was written is repeated.
            rows = pd.concat([kept[kept["epoch"] < epoch], rows])
        atomic_write_bytes(self._file, rows.to_csv(index=False))

    def _work(self, start: int, stop: int) -> int:
        """Pixels of a crop, summed over epochs: the time of an epoch is proportional to them."""
        return sum(self._settings.size_at(epoch) ** 2 for epoch in range(start, stop))


def _clock(seconds: float) -> str:
    return str(timedelta(seconds=round(seconds)))


class FirstBatch(Callback):
    """Plots the first batch of a run, into its folder and for TensorBoard."""

    def __init__(self, file: Path) -> None:
        """Choose the file.

        Args:
            file: PNG file to write.
        """
        self._file = file

    def on_train_batch_start(
        self, trainer: L.Trainer, module: L.LightningModule, batch: Mapping[str, Tensor], number: int
    ) -> None:
        """Plot it, once in a run."""
        if number or self._file.exists() or not trainer.is_global_zero:
            return
        import matplotlib.image

        from emotiscan.training.batch_preview import plot_first_batch

        assert isinstance(module, FaceLightningModule)
        image = matplotlib.image.imread(plot_first_batch(batch, module.model.config, self._file))
        for logger in trainer.loggers:
            assert isinstance(logger, TensorBoardLogger)
            logger.experiment.add_image("first batch", image[..., :3], dataformats="HWC")

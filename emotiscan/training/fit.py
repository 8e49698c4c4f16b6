"""One training run, from settings to a run folder.

A run folder holds

- `settings.json`: all settings, resolved,
- `environment.json`: software, machine and data (see `provenance`),
- `metrics.csv` and `tensorboard/`: the metrics of each epoch,
- `first_batch.png`: images as the network sees them,
- `best.ckpt` and `last.ckpt`: Lightning's checkpoints, for `--resume`,

and at the end `emotiscan.safetensors` (the checkpoint that the app opens), `report.json`, `test.npz` (the prediction
for each test image) and `figures/`.
"""

import dataclasses
import json
import logging
import sys
import warnings
from pathlib import Path
from typing import Literal

import lightning as L
import pandas as pd
import torch
from lightning.pytorch.loggers import TensorBoardLogger

from emotiscan.datasets.alignment import Progress
from emotiscan.datasets.table import LabelTable
from emotiscan.files import atomic_write_bytes
from emotiscan.images import ImageError
from emotiscan.model.checkpoint import with_current_tensor_names
from emotiscan.model.device import resolve_device
from emotiscan.training.callbacks import (
    AtomicCheckpoints,
    Average,
    Bar,
    BestKeeper,
    EpochLine,
    FirstBatch,
    Keeper,
    Patience,
)
from emotiscan.training.data_module import FaceDataModule, load_data
from emotiscan.training.distillation import load_teachers
from emotiscan.training.distributed import is_first, share_processor, trainer_options, uses_cuda
from emotiscan.training.errors import DivergedError, StoppedError, TrainingInterrupted
from emotiscan.training.initialization import initial_model, starting_config
from emotiscan.training.lightning_module import FaceLightningModule
from emotiscan.training.provenance import ENVIRONMENT_FILE, commit, environment
from emotiscan.training.settings import RANDOM, SettingsError, TrainingSettings
from emotiscan.training.vocabulary import choose_outputs
from emotiscan.training.weights import class_weights

log = logging.getLogger("emotiscan.training")

IGNORED_WARNINGS = (
    r".*isinstance\(treespec, LeafSpec\)",  # Lightning's own use of PyTorch
    r"The '\w+' does not have many workers",
    r"Consider setting `persistent_workers=True`",  # each epoch has loaders of its own
    r"Checkpoint directory .* exists and is not empty",
)
"""Beginnings of warnings that ask nothing of the user, as regular expressions."""


def silence_libraries() -> None:
    """Hide Lightning's notices, and the warnings in `IGNORED_WARNINGS`."""
    for library in ("lightning.pytorch", "lightning.fabric"):
        logging.getLogger(library).setLevel(logging.WARNING)
    for message in IGNORED_WARNINGS:
        warnings.filterwarnings("ignore", message=message)


def fit(settings: TrainingSettings, resume: bool = False, on_progress: Progress | None = None) -> None:
    """Train, keep the best weights, evaluate them, and write the run folder.

    Args:
        settings: of the run.
        resume: whether to continue the run in `settings.out` where it stopped.
        on_progress: called with the number of images searched for faces, and their total.

    Raises:
        TableError, SettingsError, DeviceError: the run cannot start.
        StoppedError: it cannot continue; what it has saved is complete.
        TrainingInterrupted: Ctrl-C; the run can be resumed.
    """
    resolve_device(settings.device)  # before anything is written
    out = Path(settings.out)
    # Gradients too small to matter (denormal numbers) make processors ten times slower; set before threads start.
    torch.set_flush_denormal(True)
    share_processor(settings)
    last = out / "last.ckpt"
    resumes = resume and last.is_file()
    data = load_data(settings, on_progress)
    # Seeded only now: the search for faces uses random numbers, and is skipped where its results are known.
    L.seed_everything(settings.seed, workers=True, verbose=False)
    # A resumed run has its weights already; the file that they started from may be gone.
    start = dataclasses.replace(settings, init=RANDOM, keep_statistics=False) if resumes else settings
    vocabulary = dict(settings.vocabulary or choose_outputs(data.table, settings, starting_config(start.init)))
    model, filled = initial_model(start, **vocabulary)
    settings = dataclasses.replace(
        filled, init=settings.init, keep_statistics=settings.keep_statistics, vocabulary=vocabulary
    )
    batches = FaceDataModule(data, model.config, settings)
    _check_trainable(batches, settings)
    if is_first():
        settings.save(out / "settings.json")
        _keep_environment(out / ENVIRONMENT_FILE, data.table)
    module = FaceLightningModule(
        model,
        settings,
        batches.steps_per_epoch * settings.total_epochs,
        class_weights(batches.training.table, model.config, settings),
        load_teachers(settings.teacher, model.config) if settings.distillation else None,
    )
    trainer = _trainer(settings)
    try:
        trainer.fit(module, batches, ckpt_path=last if resumes else None, weights_only=True)
        if not is_first():
            return
        best = torch.load(out / "best.ckpt", map_location="cpu", weights_only=True)["state_dict"]
        module.load_state_dict(with_current_tensor_names(best, "model."), strict=False)
        from emotiscan.training.report import finish  # loads matplotlib, not needed before

        finish(module.model, data, settings, history(out), commit())
    except (KeyboardInterrupt, SystemExit):  # Lightning turns the first into the second
        raise TrainingInterrupted(f"stopped; resume with --resume {out}") from None
    except (ImageError, OSError) as error:
        # The last line of an error in a process that loads images is the error itself.
        lines = str(error).strip().splitlines() or [type(error).__name__]
        reason = lines[-1].rpartition("ImageError: ")[2]
        raise StoppedError(f"{reason}\nFix that, then resume with --resume {out}") from None
    except DivergedError as error:
        kept = f"; the weights of the best epoch are in {out / 'best.ckpt'}" if (out / "best.ckpt").is_file() else ""
        raise StoppedError(f"{error}{kept}") from None


def _check_trainable(batches: FaceDataModule, settings: TrainingSettings) -> None:
    """Check what depends on the network and the data.

    Raises:
        SettingsError: a loss needs action units in each cell, or there are too few images for the processes.
    """
    local = {"--map-loss": settings.map_loss, "--region-loss": settings.region_loss, "--side-loss": settings.side_loss}
    for option, weight in local.items():
        if weight and not batches.config.local_action_units:
            raise SettingsError(
                f"{option} teaches where action units show; add --local-action-units, which predicts that"
            )
    if len(batches.training.table) < 2 * settings.processes:
        raise SettingsError("at least two training images are needed for each process")
    if len(batches.validation.table) < settings.processes:
        raise SettingsError("at least one validation image is needed for each process")


def _trainer(settings: TrainingSettings) -> L.Trainer:
    """Make Lightning's trainer, with the callbacks that write the run folder."""
    out = Path(settings.out)
    # A bar is redrawn again and again, which only a terminal can show; a log gets one line an epoch.
    interactive = sys.stderr.isatty() and sys.stdout.isatty()
    return L.Trainer(
        max_epochs=settings.total_epochs,
        **trainer_options(settings),
        precision=precision_of(settings.precision, uses_cuda(settings)),
        gradient_clip_val=1.0,
        logger=TensorBoardLogger(out, name="", version="tensorboard"),
        log_every_n_steps=1,
        plugins=[AtomicCheckpoints()],
        callbacks=[
            *([Average(settings.ema)] if settings.ema else []),
            BestKeeper(out, "best", monitor="val_loss", enable_version_counter=False),
            # Of every epoch: `save_last` skips those without improvement, which a resumed run would then repeat.
            Keeper(out, "last", enable_version_counter=False),
            Patience("val_loss", patience=settings.patience),
            EpochLine(settings),
            FirstBatch(out / "first_batch.png"),
            *([Bar()] if interactive else []),
        ],
        enable_progress_bar=interactive,
        reload_dataloaders_every_n_epochs=1,
        enable_model_summary=False,
        num_sanity_val_steps=0,
    )


def _keep_environment(file: Path, table: LabelTable) -> None:
    """Write the environment when the run begins; warn if a resumed run finds other data."""
    now = environment(table)
    if not file.is_file():
        atomic_write_bytes(file, json.dumps(now, indent=1) + "\n")
    elif json.loads(file.read_text()).get("data") != now["data"]:
        log.warning("the data have changed since this run began; start a new run to get comparable results")


def history(out: Path) -> pd.DataFrame:
    """Read the metrics of a run folder, one row an epoch."""
    return pd.read_csv(out / "metrics.csv")


def precision_of(choice: str, cuda: bool | None = None) -> Literal["32-true", "bf16-mixed"]:
    """Lightning's name of a precision.

    Args:
        choice: "fp32", "bf16", or "auto" for bf16 where the processor or GPU computes in it.
        cuda: whether a GPU computes; by default, if there is one.
    """
    if choice == "auto":
        cuda = torch.cuda.is_available() if cuda is None else cuda
        supported = torch.cuda.is_bf16_supported() if cuda else torch.cpu._is_avx512_bf16_supported()
        choice = "bf16" if supported else "fp32"
    return "bf16-mixed" if choice == "bf16" else "32-true"

"""One training run, from settings to a run folder.

A run folder holds `settings.json` (all settings, resolved), `environment.json` (see `provenance`), `metrics.csv`
(figures per epoch), `tensorboard/` (the same), `first_batch.png` (what the network is shown), `best.ckpt` and
`last.ckpt` (Lightning's, for `--resume`), and at the end `emotiscan.safetensors` (the checkpoint that the app opens),
`report.json`, `test.npz` (the answer to each test picture) and `figures/`.
"""

import argparse
import dataclasses
import json
import logging
import sys
import warnings
from datetime import datetime
from pathlib import Path

import lightning as L
import pandas as pd
import torch
from lightning.pytorch.loggers import TensorBoardLogger

from emotiscan.datasets.table import LabelTable, TableError
from emotiscan.files import atomic_write_bytes
from emotiscan.images import ImageError
from emotiscan.training.callbacks import (
    Average,
    Bar,
    BestKeeper,
    EpochLine,
    FirstBatch,
    Keeper,
    Patience,
    WholeCheckpoints,
)
from emotiscan.training.command_line import argument_parser, settings_from
from emotiscan.training.data_module import FaceDataModule, load_data
from emotiscan.training.distributed import is_first, share_processor, trainer_options
from emotiscan.training.initialization import initial_model
from emotiscan.training.lightning_module import DivergedError, FaceLightningModule
from emotiscan.training.losses import au_weights, emotion_weights
from emotiscan.training.provenance import FILE, commit, environment
from emotiscan.training.settings import SettingsError, TrainingSettings

log = logging.getLogger("emotiscan.training")


class StoppedError(RuntimeError):
    """A run that had begun cannot go on; the message says why and what to do."""


NOISE = (
    r".*isinstance\(treespec, LeafSpec\)",  # Lightning's own use of PyTorch
    r"The '\w+' does not have many workers",
    r"Consider setting `persistent_workers=True`",  # each epoch's loaders are other ones
    r"Checkpoint directory .* exists and is not empty",
)
"""Warnings that ask nothing of whoever trains, as regular expressions of how they begin."""


def main(arguments: list[str] | None = None) -> int:
    """`train.py`: parse, run, and say in plain words what went wrong.

    Returns:
        Exit status: 0 when the run is done, 1 after a mistake, 130 when it was interrupted.
    """
    arguments = sys.argv[1:] if arguments is None else arguments
    if arguments[:1] in (["data"], ["compare"]):
        from emotiscan.cli.main import main as command
        from emotiscan.training import run_comparison

        return command(arguments) if arguments[0] == "data" else run_comparison.main(arguments[1:])
    parsed = argument_parser().parse_args(arguments)
    logging.basicConfig(level=logging.INFO if is_first() else logging.ERROR, format="%(message)s", stream=sys.stderr)
    for library in ("lightning.pytorch", "lightning.fabric"):
        logging.getLogger(library).setLevel(logging.WARNING)
    for message in NOISE:
        warnings.filterwarnings("ignore", message=message)
    try:
        settings = _settings(parsed)
        if settings.folds and settings.fold is None:
            from emotiscan.training.folds import cross_validate  # matplotlib, not needed by a single run before its end

            return cross_validate(settings, fit)
        if settings.sweep:
            from emotiscan.training.sweep import sweep

            return sweep(settings, fit)
        return fit(settings, resume=bool(parsed.resume))
    except (TableError, SettingsError, StoppedError, OSError) as error:
        print(f"train.py: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nStopped before training began.", file=sys.stderr)
        return 130


def _settings(parsed: argparse.Namespace) -> TrainingSettings:
    """Those of the run to go on with, of the run to do again, or of the command line."""
    if parsed.resume:
        # The folder may have been moved, or be seen from another one, since the run began.
        return dataclasses.replace(TrainingSettings.load(Path(parsed.resume) / "settings.json"), out=parsed.resume)
    out = parsed.out or f"runs/{datetime.now():%Y-%m-%d_%H-%M-%S}"
    # The other processes of a run find what the first has just written.
    if is_first() and (Path(out) / "settings.json").exists():
        raise SettingsError(f"{out} already holds a run; go on with --resume {out}, or name another --out")
    if parsed.rerun:
        return dataclasses.replace(TrainingSettings.load(Path(parsed.rerun) / "settings.json"), out=out)
    return settings_from(parsed, out)


def fit(settings: TrainingSettings, resume: bool = False) -> int:
    """Train, keep the best weights, evaluate them and write the run folder.

    Returns:
        Exit status, as `main` gives it.

    Raises:
        TableError, SettingsError: the run cannot start.
        StoppedError: it cannot go on; what it has kept is whole.
    """
    out = Path(settings.out)
    # Gradients far below any use make processors ten times slower; set before the worker threads start.
    torch.set_flush_denormal(True)
    share_processor(settings)
    last = out / "last.ckpt"
    goes_on = resume and last.is_file()
    data = load_data(settings, _show_alignment)
    # Only now: looking for faces draws random numbers, and need not be done twice.
    L.seed_everything(settings.seed, workers=True, verbose=False)
    # A run that goes on has its weights already; where they once came from may be out of reach.
    start = dataclasses.replace(settings, init="none") if goes_on else settings
    model, filled = initial_model(start, data.table.emotions, data.table.action_units)
    settings = dataclasses.replace(filled, init=settings.init)

    placed = {"--map-loss": settings.map_loss, "--region-loss": settings.region_loss, "--side-loss": settings.side_loss}
    for option, weight in placed.items():
        if weight and not model.config.local_action_units:
            raise SettingsError(
                f"{option} teaches where action units show, which only --local-action-units can tell; add that option"
            )
    batches = FaceDataModule(data, model.config, settings)
    if len(batches.training.table) < 2 * settings.processes:
        raise SettingsError("at least two training pictures are needed for each process")
    if len(batches.validation.table) < settings.processes:
        raise SettingsError("at least one validation picture is needed for each process")
    if is_first():
        settings.save(out / "settings.json")
        _keep_environment(out / FILE, data.table)
    module = FaceLightningModule(
        model, settings, batches.steps_per_epoch * settings.epochs, **_weights(batches, settings)
    )
    # A bar that is redrawn is for people who watch; a log gets one line an epoch.
    watched = sys.stderr.isatty() and sys.stdout.isatty()
    trainer = L.Trainer(
        max_epochs=settings.epochs,
        **trainer_options(settings),
        precision=precision_of(settings.precision),
        gradient_clip_val=1.0,
        logger=TensorBoardLogger(out, name="", version="tensorboard"),
        log_every_n_steps=1,
        plugins=[WholeCheckpoints()],
        callbacks=[
            *([Average(settings.ema)] if settings.ema else []),
            BestKeeper(out, "best", monitor="val_loss", enable_version_counter=False),
            # Of every epoch: `save_last` would skip those without a gain, and a resumed run do them again.
            Keeper(out, "last", enable_version_counter=False),
            Patience("val_loss", patience=settings.patience),
            EpochLine(settings),
            FirstBatch(out / "first_batch.png"),
            *([Bar()] if watched else []),
        ],
        enable_progress_bar=watched,
        reload_dataloaders_every_n_epochs=1,
        enable_model_summary=False,
        num_sanity_val_steps=0,
    )
    try:
        trainer.fit(module, batches, ckpt_path=last if goes_on else None, weights_only=True)
        if not is_first():
            return 0
        best = torch.load(out / "best.ckpt", map_location="cpu", weights_only=True)["state_dict"]
        module.load_state_dict(best, strict=False)
        from emotiscan.training.report import finish  # matplotlib, not needed before

        finish(module.model, data, settings, history(out), commit())
    except (KeyboardInterrupt, SystemExit):  # Lightning makes the one into the other
        print(f"\nStopped. Go on with: python train.py --resume {out}", file=sys.stderr)
        return 130
    except (ImageError, OSError) as error:
        # Of an error in a process that loads pictures, the last line is the error itself.
        lines = str(error).strip().splitlines() or [type(error).__name__]
        reason = lines[-1].rpartition("ImageError: ")[2]
        raise StoppedError(f"{reason}\nMend that, then go on with: python train.py --resume {out}") from None
    except DivergedError as error:
        kept = f"; the weights of the best epoch are in {out / 'best.ckpt'}" if (out / "best.ckpt").is_file() else ""
        raise StoppedError(f"{error}{kept}") from None
    return 0


def _keep_environment(file: Path, table: LabelTable) -> None:
    """Write it when the run begins; say so where a run goes on with other data."""
    now = environment(table)
    if not file.is_file():
        atomic_write_bytes(file, json.dumps(now, indent=1) + "\n")
    elif json.loads(file.read_text()).get("data") != now["data"]:
        log.warning("the data are not those that this run began with; start a new run to compare like with like")


def history(out: Path) -> pd.DataFrame:
    """Figures per epoch of a run folder, one row an epoch."""
    return pd.read_csv(out / "metrics.csv")


def _weights(batches: FaceDataModule, settings: TrainingSettings) -> dict[str, torch.Tensor | None]:
    table = batches.training.table
    votes, labels = table.emotion_votes, table.au_labels
    if not settings.balance:
        return {"emotion_weights": None, "au_weights": None}
    return {
        "emotion_weights": torch.from_numpy(emotion_weights(votes, settings.balance)),
        "au_weights": torch.from_numpy(au_weights(labels, settings.balance)),
    }


def precision_of(wish: str) -> str:
    """Lightning's name of a precision; `auto` is bf16 where the processor or GPU computes with it."""
    if wish == "auto":
        fits = torch.cuda.is_bf16_supported() if torch.cuda.is_available() else torch.cpu._is_avx512_bf16_supported()
        wish = "bf16" if fits else "fp32"
    return {"fp32": "32-true", "bf16": "bf16-mixed"}[wish]


def _show_alignment(done: int, total: int) -> None:
    if sys.stderr.isatty():
        end = "\n" if done == total else "\r"
    elif done == total or done % 5000 == 1:
        end = "\n"
    else:
        return
    print(f"finding faces: {done} of {total}", end=end, file=sys.stderr, flush=True)

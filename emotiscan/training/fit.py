"""One training run, from settings to a run folder.

A run folder holds `settings.json` (all settings, resolved), `environment.json` (see `provenance`), `metrics.csv`
(figures per epoch), `best.ckpt` and `last.ckpt` (Lightning's, for `--resume`), and at the end `emotiscan.safetensors`
(the checkpoint that the app opens), `report.json`, `test.npz` (the answer to each test picture) and `figures/`.
"""

import dataclasses
import json
import logging
import sys
import time
import warnings
from datetime import datetime, timedelta
from pathlib import Path

import lightning as L
import pandas as pd
import torch
from lightning.pytorch.callbacks import (
    Callback,
    EarlyStopping,
    EMAWeightAveraging,
    ModelCheckpoint,
    TQDMProgressBar,
)

from emotiscan.training.command_line import argument_parser, settings_from
from emotiscan.training.data import FaceData, load_data
from emotiscan.training.initialisation import initial_model
from emotiscan.training.learner import FaceLearner
from emotiscan.training.losses import code_weights, emotion_weights
from emotiscan.training.provenance import FILE, commit, environment
from emotiscan.training.settings import Settings, SettingsError
from emotiscan.training.table import LabelTable, TableError

log = logging.getLogger("emotiscan.training")

NOISE = (
    r".*isinstance\(treespec, LeafSpec\)",  # Lightning's own use of PyTorch
    r"The '\w+' does not have many workers",
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
        from emotiscan.training import comparison, survey

        return {"data": survey, "compare": comparison}[arguments[0]].main(arguments[1:])
    parsed = argument_parser().parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stderr)
    logging.getLogger("lightning.pytorch").setLevel(logging.WARNING)
    for message in NOISE:
        warnings.filterwarnings("ignore", message=message)
    try:
        if parsed.resume:
            settings = Settings.load(Path(parsed.resume) / "settings.json")
            # The folder may have been moved, or be seen from another one, since the run began.
            settings = dataclasses.replace(settings, out=parsed.resume)
        else:
            out = parsed.out or f"runs/{datetime.now():%Y-%m-%d_%H-%M-%S}"
            if (Path(out) / "settings.json").exists():
                raise SettingsError(f"{out} already holds a run; go on with --resume {out}, or name another --out")
            settings = _again(parsed.again, out) if parsed.again else settings_from(parsed, out)
        if settings.folds and settings.fold is None:
            from emotiscan.training.folds import cross_validate  # matplotlib, not needed by a single run before its end

            return cross_validate(settings, fit)
        return fit(settings, resume=bool(parsed.resume))
    except (TableError, SettingsError, OSError) as error:
        print(f"train.py: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nStopped before training began.", file=sys.stderr)
        return 130


def _again(run: str, out: str) -> Settings:
    """The settings of another run, for a run of its own."""
    return dataclasses.replace(Settings.load(Path(run) / "settings.json"), out=out)


def fit(settings: Settings, resume: bool = False) -> int:
    """Train, keep the best weights, evaluate them and write the run folder.

    Returns:
        Exit status, as `main` gives it.

    Raises:
        TableError, SettingsError: the run cannot start.
    """
    out = Path(settings.out)
    # Gradients far below any use make processors ten times slower; set before the worker threads start.
    torch.set_flush_denormal(True)
    if settings.threads:
        torch.set_num_threads(settings.threads)
    last = out / "last.ckpt"
    goes_on = resume and last.is_file()
    data = load_data(settings, _show_alignment)
    # Only now: looking for faces draws random numbers, and need not be done twice.
    L.seed_everything(settings.seed, workers=True, verbose=False)
    # A run that goes on has its weights already; where they once came from may be out of reach.
    start = dataclasses.replace(settings, init="none") if goes_on else settings
    model, filled = initial_model(start, data.table.emotions, data.table.codes)
    settings = dataclasses.replace(filled, init=settings.init)

    if settings.map_loss and not model.config.local_codes:
        raise SettingsError("--map-loss teaches where codes show, which only --local-codes can tell; add that option")
    batches = FaceData(data, model.config, settings)
    if len(batches.training.table) < 2:
        raise SettingsError("at least two training pictures are needed")
    out.mkdir(parents=True, exist_ok=True)
    settings.save(out / "settings.json")
    _keep_environment(out / FILE, data.table)
    learner = FaceLearner(model, settings, batches.steps_per_epoch * settings.epochs, **_weights(batches, settings))
    # A bar that is redrawn is for people who watch; a log gets one line an epoch.
    watched = sys.stderr.isatty() and sys.stdout.isatty()
    trainer = L.Trainer(
        max_epochs=settings.epochs,
        accelerator="auto",
        devices=1,
        precision=_precision(settings.precision),
        gradient_clip_val=1.0,
        logger=False,
        callbacks=[
            *([Average(settings.ema)] if settings.ema else []),
            BestKeeper(out, "best", monitor="val_loss", enable_version_counter=False),
            # Of every epoch: `save_last` would skip those without a gain, and a resumed run do them again.
            Keeper(out, "last", enable_version_counter=False),
            Patience("val_loss", patience=settings.patience),
            EpochLine(settings),
            *([Bar()] if watched else []),
        ],
        enable_progress_bar=watched,
        reload_dataloaders_every_n_epochs=1,
        enable_model_summary=False,
        num_sanity_val_steps=0,
    )
    try:
        trainer.fit(learner, batches, ckpt_path=last if goes_on else None, weights_only=True)
        best = torch.load(out / "best.ckpt", map_location="cpu", weights_only=True)["state_dict"]
        learner.load_state_dict(best, strict=False)
        from emotiscan.training.reporting import finish  # matplotlib, not needed before

        finish(learner.model, data, settings, history(out), commit())
    except (KeyboardInterrupt, SystemExit):  # Lightning makes the one into the other
        print(f"\nStopped. Go on with: python train.py --resume {out}", file=sys.stderr)
        return 130
    return 0


def _keep_environment(file: Path, table: LabelTable) -> None:
    """Write it when the run begins; say so where a run goes on with other data."""
    now = environment(table)
    if not file.is_file():
        file.write_text(json.dumps(now, indent=1) + "\n")
    elif json.loads(file.read_text()).get("data") != now["data"]:
        log.warning("the data are not those that this run began with; start a new run to compare like with like")


def history(out: Path) -> pd.DataFrame:
    """Figures per epoch of a run folder, one row an epoch."""
    return pd.read_csv(out / "metrics.csv")


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

    def on_validation_end(self, trainer: L.Trainer, learner: FaceLearner) -> None:
        """Look at the epoch's figures."""
        if learner.settings.is_last_size(trainer.current_epoch):
            super().on_validation_end(trainer, learner)

    def on_train_epoch_end(self, trainer: L.Trainer, learner: FaceLearner) -> None:
        """Look at the epoch's figures."""
        if learner.settings.is_last_size(trainer.current_epoch):
            super().on_train_epoch_end(trainer, learner)


class BestKeeper(AtLastSize, Keeper):
    """Keeps the best weights."""


class Patience(AtLastSize, EarlyStopping):
    """Stops a run without gain."""


class EpochLine(Callback):
    """The figures of each epoch: a line for any log, and a row of `metrics.csv`."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._file = Path(settings.out) / "metrics.csv"

    def on_train_start(self, trainer: L.Trainer, learner: L.LightningModule) -> None:
        """Start the clock."""
        self._began, self._first = time.monotonic(), trainer.current_epoch

    def on_train_epoch_end(self, trainer: L.Trainer, learner: L.LightningModule) -> None:
        """Print and keep the epoch's figures."""
        epoch = trainer.current_epoch
        figures = {name: float(value) for name, value in sorted(trainer.callback_metrics.items())}
        text = "  ".join(f"{name} {value:.4f}" for name, value in figures.items())
        passed = time.monotonic() - self._began
        left = passed * self._work(epoch + 1, self._settings.epochs) / self._work(self._first, epoch + 1)
        learner.print(
            f"epoch {epoch + 1}/{self._settings.epochs}  {text}  {_clock(passed)} passed, {_clock(left)} left"
        )
        sys.stdout.flush()  # a log is read while the run goes on
        rows = pd.DataFrame([{"epoch": epoch, **figures}])
        if self._file.is_file():
            kept = pd.read_csv(self._file)
            # An epoch that was interrupted after its row was written is done again.
            rows = pd.concat([kept[kept["epoch"] < epoch], rows])
        rows.to_csv(self._file, index=False)

    def _work(self, start: int, stop: int) -> int:
        """Pixels of a crop, summed over epochs: what the time of an epoch grows with."""
        return sum(self._settings.size_at(epoch) ** 2 for epoch in range(start, stop))


def _clock(seconds: float) -> str:
    return str(timedelta(seconds=round(seconds)))


def _weights(batches: FaceData, settings: Settings) -> dict[str, torch.Tensor | None]:
    table = batches.training.table
    votes, labels = table.emotion_votes, table.code_labels
    if not settings.balance:
        return {"emotion_weights": None, "code_weights": None}
    return {
        "emotion_weights": torch.from_numpy(emotion_weights(votes, settings.balance)),
        "code_weights": torch.from_numpy(code_weights(labels, settings.balance)),
    }


def _precision(wish: str) -> str:
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

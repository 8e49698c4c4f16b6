"""One training run, from settings to a run folder.

A run folder holds `settings.json` (all settings, resolved), `metrics.csv` (figures per epoch),
`best.ckpt` and `last.ckpt` (Lightning's, for `--resume`), and at the end `emotiscan.safetensors`
(the checkpoint that the app opens), `report.json` and `figures/`.
"""

import logging
import subprocess
import sys
from datetime import datetime
from pathlib import Path

import lightning as L
import pandas as pd
import torch
from lightning.pytorch.callbacks import Callback, EarlyStopping, ModelCheckpoint, TQDMProgressBar
from lightning.pytorch.loggers import CSVLogger

from emotiscan.training.data import FaceData, load_data
from emotiscan.training.initialisation import initial_model
from emotiscan.training.learner import FaceLearner
from emotiscan.training.losses import code_weights, emotion_weights
from emotiscan.training.settings import Settings, SettingsError, argument_parser, settings_from
from emotiscan.training.table import TableError

log = logging.getLogger("emotiscan.training")


def main(arguments: list[str] | None = None) -> int:
    """`train.py`: parse, run, and say in plain words what went wrong.

    Returns:
        Exit status: 0 when the run is done, 1 after a mistake, 130 when it was interrupted.
    """
    parsed = argument_parser().parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stderr)
    logging.getLogger("lightning.pytorch").setLevel(logging.WARNING)
    try:
        if parsed.resume:
            settings = Settings.load(Path(parsed.resume) / "settings.json")
        else:
            out = parsed.out or f"runs/{datetime.now():%Y-%m-%d_%H-%M-%S}"
            if (Path(out) / "settings.json").exists():
                raise SettingsError(f"{out} already holds a run; go on with --resume {out}, or name another --out")
            settings = settings_from(parsed, out)
        return fit(settings, resume=bool(parsed.resume))
    except (TableError, SettingsError) as error:
        print(f"train.py: {error}", file=sys.stderr)
        return 1


def fit(settings: Settings, resume: bool = False) -> int:
    """Train, keep the best weights, evaluate them and write the run folder.

    Returns:
        Exit status, as `main` gives it.

    Raises:
        TableError, SettingsError: the run cannot start.
    """
    out = Path(settings.out)
    L.seed_everything(settings.seed, workers=True, verbose=False)
    if settings.threads:
        torch.set_num_threads(settings.threads)
    data = load_data(settings, _show_alignment)
    model, settings = initial_model(settings, data.table.emotions, data.table.codes)
    out.mkdir(parents=True, exist_ok=True)
    settings.save(out / "settings.json")

    batches = FaceData(data, model.config, settings)
    if batches.steps_per_epoch == 0 or len(batches.training.table) < 2:
        raise SettingsError("at least two training pictures are needed")
    learner = FaceLearner(model, settings, batches.steps_per_epoch * settings.epochs, **_weights(batches, settings))
    trainer = L.Trainer(
        max_epochs=settings.epochs,
        accelerator="auto",
        devices=1,
        precision=_precision(settings.precision),
        gradient_clip_val=1.0,
        logger=CSVLogger(out, name="", version=""),
        callbacks=[
            ModelCheckpoint(out, "best", monitor="val_loss", save_last=True, enable_version_counter=False),
            EarlyStopping("val_loss", patience=settings.patience),
            TQDMProgressBar(refresh_rate=1 if sys.stderr.isatty() else 50),
            EpochLine(),
        ],
        reload_dataloaders_every_n_epochs=1,
        enable_model_summary=False,
        num_sanity_val_steps=0,
    )
    last = out / "last.ckpt"
    try:
        trainer.fit(learner, batches, ckpt_path=last if resume and last.is_file() else None)
    except (KeyboardInterrupt, SystemExit):
        print(f"\nStopped. Go on with: python train.py --resume {out}", file=sys.stderr)
        return 130
    if trainer.interrupted:
        print(f"\nStopped. Go on with: python train.py --resume {out}", file=sys.stderr)
        return 130
    best = torch.load(out / "best.ckpt", map_location="cpu", weights_only=False)["state_dict"]
    learner.load_state_dict(best, strict=False)
    from emotiscan.training.reporting import finish  # matplotlib and scikit-learn, not needed before

    finish(learner.model, data, settings, history(out), _commit())
    return 0


def history(out: Path) -> pd.DataFrame:
    """Figures per epoch of a run folder, one row an epoch."""
    metrics = pd.read_csv(out / "metrics.csv")
    return metrics.groupby("epoch", as_index=False).first().drop(columns="step")


class EpochLine(Callback):
    """One line an epoch, readable in any log."""

    def on_train_epoch_end(self, trainer: L.Trainer, learner: L.LightningModule) -> None:
        """Print the epoch's figures."""
        figures = {name: float(value) for name, value in trainer.callback_metrics.items() if "_step" not in name}
        text = "  ".join(f"{name} {value:.4f}" for name, value in sorted(figures.items()))
        print(f"epoch {trainer.current_epoch + 1}/{trainer.max_epochs}  {text}", flush=True)


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
    end = "\n" if done == total else "\r"
    print(f"finding faces: {done} of {total}", end=end, file=sys.stderr, flush=True)


def _commit() -> str:
    """Commit of the working tree, with a mark where it has changes; "" outside a git checkout."""
    try:
        git = ["git", "-C", str(Path(__file__).parent), "describe", "--always", "--dirty", "--abbrev=12"]
        return subprocess.run(git, capture_output=True, text=True, timeout=10, check=True).stdout.strip()
    except (OSError, subprocess.SubprocessError):
        return ""

"""Everything that a training run can be told; `command_line` reads it."""

import dataclasses
import json
from dataclasses import dataclass, field
from pathlib import Path

from emotiscan.datasets.augmentation import Augmentation
from emotiscan.files import atomic_write_bytes

SETS = "sets"
"""`--folds` by which each data set is held out in turn."""


class SettingsError(ValueError):
    """A setting cannot be used; the message says why and what to do."""


@dataclass(frozen=True)
class TrainingSettings:
    """A training run's settings; saved as `settings.json` in its run folder.

    The fields are the options of `train.py` (see its `--help`), with dashes as underscores.
    `backbone`, `stride`, `sizes`, `hidden`, `dropout`, `grayscale`, `mirrored`, `local_action_units`,
    `unfreeze` and `backbone_lr_factor` may be None: they then follow from `init`; `input_size` then is
    the last of `sizes`.
    `fold` is the number, from 0, of the fold that one run of a cross-validation holds out, else None.
    `sweep` holds the options of each trial (see `sweep_file`), else None.
    """

    data: tuple[str, ...]
    out: str
    cache: str = "cache"
    split: str = "auto"
    folds: str | None = None
    fold: int | None = None
    sweep: tuple[tuple[str, ...], ...] | None = None
    init: str = "shipped"
    backbone: str | None = None
    stride: int | None = None
    hidden: int | None = None
    dropout: float | None = None
    grayscale: bool | None = None
    flip_tta: bool | None = None
    local_action_units: bool | None = None
    sizes: tuple[tuple[int, int], ...] | None = None
    input_size: int | None = None
    batch: int = 32
    lr: float = 1e-3
    backbone_lr_factor: float | None = None
    schedule: str = "cosine"
    warm_up: float = 0.05
    l1: float = 0.0
    l2: float = 0.01
    label_smoothing: float = 0.0
    au_loss: float = 1.0
    map_loss: float = 0.0
    region_loss: float = 0.0
    side_loss: float = 0.0
    balance: float = 0.5
    freeze_epochs: int = 0
    unfreeze: int | None = None
    keep_statistics: bool = False
    pairs: bool = True
    patience: int = 8
    ema: float = 0.0
    augmentation: Augmentation = field(default_factory=Augmentation)
    seed: int = 0
    precision: str = "auto"
    workers: int = 2
    threads: int = 0
    devices: int = 1
    nodes: int = 1
    compile: bool = False

    @property
    def processes(self) -> int:
        """Processes that train together, over all machines."""
        return self.devices * self.nodes

    @property
    def epochs(self) -> int:
        """Epochs at most, over all sizes."""
        return sum(epochs for _, epochs in self.sizes or ())

    def size_at(self, epoch: int) -> int:
        """Side of the crops in an epoch, in pixels."""
        assert self.sizes
        for size, epochs in self.sizes:
            if epoch < epochs:
                return size
            epoch -= epochs
        return self.sizes[-1][0]

    def seed_at(self, epoch: int) -> int:
        """Seed of an epoch's order, augmentation and dropout: a resumed run draws as if it had never stopped."""
        return self.seed * 100_003 + epoch

    def is_last_size(self, epoch: int) -> bool:
        """Whether an epoch's crops have the size that the checkpoint will read."""
        return epoch >= self.epochs - (self.sizes[-1][1] if self.sizes else 0)

    def save(self, path: Path) -> None:
        """Write the settings as JSON."""
        atomic_write_bytes(path, json.dumps(dataclasses.asdict(self), indent=2) + "\n")

    @classmethod
    def load(cls, path: Path) -> "TrainingSettings":
        """Read settings that `save` wrote.

        Raises:
            SettingsError: the file is missing or broken.
        """
        try:
            values = json.loads(path.read_text())
            values["augmentation"] = Augmentation(**values["augmentation"])
            values["data"] = tuple(values["data"])
            values["sizes"] = values["sizes"] and tuple((int(size), int(epochs)) for size, epochs in values["sizes"])
            values["sweep"] = values.get("sweep") and tuple(map(tuple, values["sweep"]))
            return cls(**values)
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise SettingsError(f"{path} holds no settings of a run ({error}); name a run folder of train.py") from None

    def check(self) -> None:
        """Nothing, where every value lies in its range.

        Raises:
            SettingsError: one does not.
        """
        for names, fits, rule in _RULES:
            for name in names:
                value = getattr(self, name)
                if value is not None and not fits(value):
                    raise SettingsError(f"--{name.replace('_', '-')} {rule}; it is {value}")
        if self.batch % self.processes or self.batch < 2 * self.processes:
            raise SettingsError(
                f"--batch {self.batch} is shared by {self.processes} processes; it must be a multiple of that, and at "
                "least two pictures for each, which batch normalization needs"
            )
        if self.keep_statistics and self.init == "none":
            raise SettingsError(
                "--keep-statistics needs a network that has seen faces: leave out --init none, or --keep-statistics"
            )
        if (self.folds or self.sweep) and self.processes > 1:
            raise SettingsError(
                "--folds and --sweep train one run after the other in one process; leave out --devices and --nodes"
            )
        if self.folds and self.sweep:
            raise SettingsError("--sweep judges trials by validation data, --folds tests; do one after the other")
        if self.folds == SETS and len(self.data) < 2:
            raise SettingsError(
                f"--folds {SETS} holds out one data set and trains on the others; name at least two --data"
            )


_RULES = (
    (("input_size",), lambda value: value >= 32, "must be at least 32, which the backbones need"),
    (("batch",), lambda value: value >= 2, "must be at least 2, which batch normalization needs"),
    (("patience", "lr", "hidden"), lambda value: value > 0, "must be above 0"),
    (("dropout", "label_smoothing", "warm_up", "ema"), lambda value: 0 <= value < 1, "must lie from 0 to below 1"),
    (
        (
            "l1",
            "l2",
            "au_loss",
            "map_loss",
            "region_loss",
            "side_loss",
            "balance",
            "backbone_lr_factor",
            "freeze_epochs",
            "unfreeze",
        ),
        lambda value: value >= 0,
        "must be 0 or more",
    ),
    (("devices", "nodes"), lambda value: value >= 1, "must be at least 1"),
    (("seed", "threads"), lambda value: value >= 0, "must be 0 or more"),
)

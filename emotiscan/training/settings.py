"""The settings of a training run. `emotiscan train` derives its options from them (see `command_line`)."""

import dataclasses
import json
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, field
from pathlib import Path
from typing import Any

from emotiscan.datasets.augmentation import Augmentation
from emotiscan.datasets.sources import KINDS
from emotiscan.files import atomic_write_bytes
from emotiscan.model.choices import BACKBONES, DEVICES
from emotiscan.training.option_values import HELD_OUT_SETS, OUTPUTS, parse_folds, parse_outputs, parse_sizes
from emotiscan.training.options import SettingsError, check_options, option

SHIPPED, IMAGENET, RANDOM = "shipped", "imagenet", "none"
"""Values of `init` other than files: the shipped checkpoint, ImageNet's weights, random ones."""

DEFAULT_SIZE, DEFAULT_EPOCHS = 224, 30
"""Crop side in pixels and number of epochs, where neither the settings nor the starting weights say."""

EXECUTION_SETTINGS = ("out", "cache", "workers", "threads", "device", "devices", "nodes", "sweep")
"""Settings of where and how a run is executed; they change nothing about what it learns, apart from rounding."""

COMMON, RUNS, DATA, NETWORK = "common options", "several runs", "data", "network"
SCHEDULE, LOSSES, FREEZING, MACHINE = "optimizer and schedule", "losses", "freezing", "machine"
"""Titles of the groups of options."""

OLD_NAMES = {"code_loss": "au_loss", "mirrored": "flip_tta", "local_codes": "local_action_units"}
"""What settings were called in runs from before December 2026, whose `settings.json` stays readable."""


@dataclass(frozen=True)
class TrainingSettings:
    """The settings of a training run, saved as `settings.json` in its folder; checked on construction.

    `emotiscan train --help` explains each one; its name here has underscores. `backbone`, `stride`, `sizes`, `hidden`,
    `dropout`, `grayscale`, `flip_tta`, `local_action_units`, `unfreeze` and `backbone_lr_factor` may be None: they then
    follow from `init`. `outputs` None follows from the label tables, and `input_size` None from `sizes`. `epochs`
    becomes a part of `sizes` when the run starts.

    Attributes:
        fold: for one run of a cross-validation, the number of the fold that it holds out, from 0; else None.
        sweep: for a sweep, the options of each trial (see `sweep`), e.g. `("--lr", "0.001")`; else None.
        vocabulary: what the network predicts, as fields of `ModelConfig`; chosen when the run starts, so that it can be
            resumed without the weights that it started from.

    Raises:
        SettingsError: a value is out of its range, or two of them exclude each other.
    """

    data: tuple[str, ...] = option(
        MISSING,
        "a labeled data set; repeat it for several, or name a TOML file that lists them. KIND is one of "
        + ", ".join(KINDS)
        + "; see below for what each one is, and for its options",
        COMMON,
        metavar="KIND:PATH[,OPTION=VALUE…]",
    )
    out: str = option(MISSING, "run folder to write (default: runs/ and the time)", COMMON, metavar="DIR")
    epochs: int | None = option(
        None,
        f"number of epochs at most, at the checkpoint's crop size; see also --sizes (default: {DEFAULT_EPOCHS})",
        COMMON,
        metavar="N",
        minimum=1,
    )
    init: str = option(
        SHIPPED,
        "weights to start from: shipped (the checkpoint that comes with EmotiScan), imagenet (torchvision's, "
        "downloaded), none (random), or a file: one of our .safetensors checkpoints or torchvision's .pth",
        COMMON,
        metavar="WHAT",
    )
    folds: str | None = option(
        None,
        "cross-validation: K runs in folders of --out, each tested on subjects that only it holds out (10 is usual on "
        f"CK+), and their predictions pooled; --folds {HELD_OUT_SETS} holds out each --data in turn",
        RUNS,
        metavar="K",
        parse=parse_folds,
    )
    fold: int | None = None
    sweep: tuple[tuple[str, ...], ...] | None = None
    split: str = option(
        "auto",
        "train, validation and test: from the table, the published 80/11/9 split by subject, or (auto) the table's if "
        "it has one",
        DATA,
        choices=("auto", "table", "published"),
    )
    cache: str = option("cache", "folder that remembers where faces were found", DATA, metavar="DIR")
    pairs: bool = option(
        True,
        "put two images of a subject into one batch where there are two, so that what they have in common cancels out "
        "and the expression remains",
        DATA,
    )
    backbone: str | None = option(None, "default: that of --init, else densenet201", NETWORK, choices=BACKBONES)
    stride: int | None = option(
        None,
        "crop pixels for each cell of the feature map; 16 doubles the resolution of a DenseNet's heat maps and costs a "
        "quarter more time (default: that of --init, else 32)",
        NETWORK,
        choices=(16, 32),
    )
    hidden: int | None = option(
        None, "width of each head's dense layer (default: that of --init, else 256)", NETWORK, metavar="N", minimum=1
    )
    dropout: float | None = option(
        None,
        "share of that layer's outputs dropped in training (default: that of --init, else 0.3)",
        NETWORK,
        metavar="SHARE",
        minimum=0,
        below=1,
    )
    grayscale: bool | None = option(
        None,
        "read crops in color (default: as --init does, else gray, so that gray data sets fit color photos)",
        NETWORK,
        spelling="--color",
        switches_off=True,
        older_spellings=("--colour",),
    )
    flip_tta: bool | None = option(
        None,
        "horizontal-flip test-time augmentation: predict from each face and its mirror image, and average; a little "
        "more accurate at twice the network's time (default: as --init does, else no)",
        NETWORK,
        older_spellings=("--mirrored",),
    )
    local_action_units: bool | None = option(
        None,
        "predict action units in each cell of the feature map, so that the network shows where it sees them (default: "
        "as --init does, else no)",
        NETWORK,
        older_spellings=("--local-codes",),
    )
    outputs: tuple[str, ...] | None = option(
        None,
        "what the network predicts beside emotions and action units: a list of " + ", ".join(OUTPUTS) + ", or none "
        "(default: what the data sets label). What they do not label must be in --init, and stays as it is there",
        NETWORK,
        metavar="NAME,…",
        parse=parse_outputs,
    )
    vocabulary: Mapping[str, Any] | None = None
    sizes: tuple[tuple[int, int], ...] | None = option(
        None,
        "crop sides and the epochs at each, small ones first; the last size is the checkpoint's (default: --epochs at "
        f"the size of --init, else at {DEFAULT_SIZE})",
        SCHEDULE,
        metavar="PX:EPOCHS,…",
        parse=parse_sizes,
    )
    input_size: int | None = option(
        None,
        "crop side that the checkpoint reads (default: the last of --sizes); slightly larger than in training can be "
        "more accurate (Touvron et al., 2019)",
        SCHEDULE,
        metavar="PX",
        minimum=32,
        reason="which the backbones need",
    )
    batch: int = option(
        32,
        "images in a step, over all processes",
        SCHEDULE,
        metavar="N",
        minimum=2,
        reason="which batch normalization needs",
    )
    lr: float = option(1e-3, "learning rate of the heads", SCHEDULE, metavar="RATE", above=0)
    backbone_lr_factor: float | None = option(
        None,
        "the backbone's learning rate, as a multiple of the heads' (default: 0.1 with --init, 1 without)",
        SCHEDULE,
        metavar="FACTOR",
        minimum=0,
    )
    schedule: str = option("cosine", "how the learning rate falls", SCHEDULE, choices=("cosine", "plateau", "constant"))
    warm_up: float = option(
        0.05, "share of the steps in which the learning rate rises", SCHEDULE, metavar="SHARE", minimum=0, below=1
    )
    ema: float = option(
        0.0,
        "validate and keep an exponential moving average of the weights with this decay: 0.999 for long runs, 0 for "
        "none (default: 0)",
        SCHEDULE,
        metavar="DECAY",
        minimum=0,
        below=1,
    )
    patience: int = option(8, "stop after this many epochs without improvement", SCHEDULE, metavar="EPOCHS", above=0)
    l1: float = option(0.0, "L1 penalty on the heads' dense layers (default: 0)", LOSSES, metavar="WEIGHT", minimum=0)
    l2: float = option(0.01, "AdamW's decoupled weight decay", LOSSES, metavar="WEIGHT", minimum=0)
    label_smoothing: float = option(
        0.0, "label smoothing of the emotions (default: 0)", LOSSES, metavar="SHARE", minimum=0, below=1
    )
    vote_sharpening: float = option(
        1.0,
        "power to which shares of votes are raised before they are learned; above 1, the majority counts for more "
        "(default: 1)",
        LOSSES,
        metavar="POWER",
        above=0,
    )
    au_loss: float = option(
        1.0,
        "weight of the action units' loss (default: 1)",
        LOSSES,
        metavar="WEIGHT",
        minimum=0,
        older_spellings=("--code-loss",),
    )
    map_loss: float = option(
        0.0,
        "weight of a loss that teaches --local-action-units where each action unit moves the skin, on synthetic faces "
        "rendered with --maps (default: 0)",
        LOSSES,
        metavar="WEIGHT",
        minimum=0,
    )
    region_loss: float = option(
        0.0,
        "weight of a loss that keeps the evidence of --local-action-units inside each action unit's anatomical region, "
        "on images without maps (default: 0)",
        LOSSES,
        metavar="WEIGHT",
        minimum=0,
    )
    side_loss: float = option(
        0.0,
        "weight of a loss that makes each half of the face give evidence for --local-action-units, on images without "
        "maps (default: 0)",
        LOSSES,
        metavar="WEIGHT",
        minimum=0,
    )
    intensity_loss: float = option(
        1.0,
        "weight of the loss of the action units' intensities, where the network has them (default: 1)",
        LOSSES,
        metavar="WEIGHT",
        minimum=0,
    )
    half_loss: float = option(
        1.0,
        "weight of the loss of each half of the face, where the network tells sides and the halves are labeled "
        "(default: 1)",
        LOSSES,
        metavar="WEIGHT",
        minimum=0,
    )
    pose_loss: float = option(
        0.5,
        "weight of the loss of pitch, yaw and roll, where the network has them (default: 0.5)",
        LOSSES,
        metavar="WEIGHT",
        minimum=0,
    )
    quality_loss: float = option(
        0.5,
        "weight of the loss of the quality problems, where the network has them (default: 0.5)",
        LOSSES,
        metavar="WEIGHT",
        minimum=0,
    )
    scale_loss: float = option(
        0.0,
        "weight of a loss that makes a quarter of the faces read the same when they are shrunk; a quarter more time "
        "(default: 0)",
        LOSSES,
        metavar="WEIGHT",
        minimum=0,
    )
    teacher: tuple[str, ...] = option(
        (),
        "a checkpoint whose predictions are learned too, as --distill-loss weighs them; repeat it for the mean of "
        "several. Its outputs are matched by name",
        LOSSES,
        metavar="FILE",
    )
    distill_loss: float | None = option(
        None,
        "weight of the divergence from --teacher on the same crops (default: 1 with --teacher)",
        LOSSES,
        metavar="WEIGHT",
        minimum=0,
    )
    balance: float = option(
        0.5,
        "how strongly rare emotions and action units are weighted up: 0 not at all, 1 inversely to their share",
        LOSSES,
        metavar="POWER",
        minimum=0,
    )
    expression_balance: float | None = option(
        None,
        "the same for expressions, so that disgust and contempt are not given up (default: that of --balance)",
        LOSSES,
        metavar="POWER",
        minimum=0,
    )
    mixup: float = option(
        0.0,
        "mix photos whose only label is an emotion, and their labels, with shares from a beta distribution with both "
        "parameters ALPHA, e.g. 0.2 (default: 0, no mixing)",
        LOSSES,
        metavar="ALPHA",
        minimum=0,
    )
    cutmix: float = option(
        0.0,
        "replace a rectangle of such photos by that of another one, with an area from that distribution, e.g. 1 "
        "(default: 0, none); together with --mixup, each batch takes one of the two",
        LOSSES,
        metavar="ALPHA",
        minimum=0,
    )
    mix_share: float = option(
        0.5, "share of such photos that --mixup and --cutmix change", LOSSES, metavar="SHARE", above=0
    )
    freeze_epochs: int = option(0, "epochs with the whole backbone frozen", FREEZING, metavar="EPOCHS", minimum=0)
    unfreeze: int | None = option(
        None,
        "how many of the backbone's five stages train after that, counted from the last (default: 2 with --init, 5 "
        "without)",
        FREEZING,
        metavar="N",
        minimum=0,
    )
    keep_statistics: bool = option(
        False,
        "keep the backbone's batch statistics as they are in --init, for small batches or several processes; also "
        "faster",
        FREEZING,
    )
    augmentation: Augmentation = field(default_factory=Augmentation)
    seed: int = option(0, "seed of the split, weights, order and augmentation", MACHINE, metavar="N", minimum=0)
    precision: str = option(
        "auto",
        "number format; auto uses bf16 where the processor or GPU computes in it",
        MACHINE,
        choices=("auto", "fp32", "bf16"),
    )
    device: str = option(
        "auto",
        "where the network trains; auto uses a GPU if there is one",
        MACHINE,
        choices=DEVICES,
    )
    workers: int = option(2, "processes that load images", MACHINE, metavar="N", minimum=0)
    threads: int = option(0, "threads that compute; 0 leaves it to torch", MACHINE, metavar="N", minimum=0)
    devices: int = option(
        1,
        "processes that train together on this machine, one for each GPU, or sharing its CPU",
        MACHINE,
        metavar="N",
        minimum=1,
    )
    nodes: int = option(
        1,
        "machines that train together; start the same command on each with torchrun or srun",
        MACHINE,
        metavar="N",
        minimum=1,
    )
    compile: bool = option(
        False,
        "let torch.compile make the training steps faster; takes minutes for each crop size, and a C++ compiler",
        MACHINE,
    )

    def __post_init__(self) -> None:
        check_options(self)
        if self.batch % self.processes or self.batch < 2 * self.processes:
            raise SettingsError(
                f"--batch {self.batch} is shared by {self.processes} processes; it must be a multiple of that, and at "
                "least two images for each, which batch normalization needs"
            )
        if self.epochs is not None and self.sizes is not None:
            raise SettingsError(
                "--epochs sets the number of epochs at one crop size, --sizes at several; give one of the two"
            )
        if self.keep_statistics and self.init == RANDOM:
            raise SettingsError(
                f"--keep-statistics needs a network that has seen faces: omit --init {RANDOM} or --keep-statistics"
            )
        if self.distill_loss and not self.teacher:
            raise SettingsError("--distill-loss needs a network to learn from; name its checkpoint with --teacher FILE")
        if self.mix_share > 1:
            raise SettingsError(f"--mix-share is a share of the photos, at most 1; it is {self.mix_share}")
        if (self.folds or self.sweep) and self.processes > 1:
            raise SettingsError(
                "--folds and --sweep train one run after the other in one process; omit --devices and --nodes"
            )
        if self.folds and self.sweep:
            raise SettingsError("--sweep compares trials on validation data, --folds tests; do one after the other")
        if self.folds == HELD_OUT_SETS and len(self.data) < 2:
            raise SettingsError(
                f"--folds {HELD_OUT_SETS} holds out one data set and trains on the others; name at least two --data"
            )

    @property
    def processes(self) -> int:
        """Number of processes that train together, over all machines."""
        return self.devices * self.nodes

    @property
    def distillation(self) -> float:
        """Weight of the divergence from the teachers; 0 without teachers."""
        return 0.0 if not self.teacher else 1.0 if self.distill_loss is None else self.distill_loss

    @property
    def total_epochs(self) -> int:
        """Number of epochs at most, over all sizes; 0 before `sizes` is known."""
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
        """Seed of an epoch's order, augmentation and dropout, so that a resumed run repeats an uninterrupted one."""
        return self.seed * 100_003 + epoch

    def is_last_size(self, epoch: int) -> bool:
        """Whether an epoch's crops have the size that the checkpoint will read."""
        return epoch >= self.total_epochs - (self.sizes[-1][1] if self.sizes else 0)

    def save(self, path: Path) -> None:
        """Write the settings as JSON."""
        atomic_write_bytes(path, json.dumps(dataclasses.asdict(self), indent=2) + "\n")

    @classmethod
    def load(cls, path: Path) -> "TrainingSettings":
        """Read settings that `save` wrote, also in older versions.

        Raises:
            SettingsError: the file is missing or damaged.
        """
        values = read_settings_file(path)
        try:
            return cls(**_constructor_arguments(values))
        except (ValueError, KeyError, TypeError) as error:
            raise SettingsError(f"{path} holds no settings of a run ({error}); name a run folder") from None


def _constructor_arguments(values: Mapping[str, Any]) -> dict[str, Any]:
    """The JSON values with the types that the constructor takes."""
    sizes, sweep, vocabulary = values["sizes"], values.get("sweep"), values.get("vocabulary")
    return {
        **values,
        "augmentation": Augmentation(**values["augmentation"]),
        "data": tuple(values["data"]),
        "sizes": sizes and tuple((int(size), int(epochs)) for size, epochs in sizes),
        "sweep": sweep and tuple(map(tuple, sweep)),
        "teacher": tuple(values.get("teacher", ())),
        "outputs": None if values.get("outputs") is None else tuple(values["outputs"]),
        "vocabulary": vocabulary and {n: tuple(v) if isinstance(v, list) else v for n, v in vocabulary.items()},
    }


def read_settings_file(path: Path) -> dict[str, Any]:
    """Read the JSON of a run's settings; names from before December 2026 are replaced by the current ones.

    Raises:
        SettingsError: the file is missing, or holds no JSON object.
    """
    try:
        values: Any = json.loads(path.read_text())
    except (OSError, ValueError) as error:
        raise SettingsError(f"{path} cannot be read ({error}); name a run folder") from None
    if not isinstance(values, dict):
        raise SettingsError(f"{path} holds no settings; name a run folder")
    return {OLD_NAMES.get(str(name), str(name)): value for name, value in values.items()}

"""The command line of `train.py`: everything that `settings.Settings` holds."""

import argparse
import dataclasses
from collections.abc import Mapping
from typing import Any, NoReturn

from emotiscan.cli.options import add_machine_options
from emotiscan.datasets.augmentation import Augmentation
from emotiscan.model.backbones import BACKBONES
from emotiscan.training.settings import SETS, SettingsError, TrainingSettings
from emotiscan.training.sweep_file import Options, read_sweep


def parse_sizes(text: str) -> tuple[tuple[int, int], ...]:
    """`"64:5,96:4"` to ((64, 5), (96, 4)): five epochs at 64 px, then four at 96 px."""
    try:
        sizes = tuple((int(size), int(epochs)) for size, epochs in (part.split(":") for part in text.split(",")))
    except ValueError:
        raise argparse.ArgumentTypeError(f"“{text}” is not written like 64:5,96:4 (pixels:epochs)") from None
    if any(size < 32 or epochs < 1 for size, epochs in sizes):
        raise argparse.ArgumentTypeError("sizes are at least 32 px, and each has at least one epoch")
    return sizes


def _folds(text: str) -> str:
    if text != SETS and not (text.isdecimal() and int(text) >= 3):
        raise argparse.ArgumentTypeError(f"“{text}” is neither a number from 3 on nor {SETS}")
    return text


def argument_parser() -> argparse.ArgumentParser:
    """The command line of `train.py`."""
    parser = argparse.ArgumentParser(
        prog="train.py",
        description="Fine-tune EmotiScan's network on labeled faces, and report how well it reads.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--resume", metavar="RUN", help="go on with the run in this folder, with its own settings")
    parser.add_argument(
        "--rerun",
        "--again",
        metavar="RUN",
        help="start anew with the settings of the run in this folder, all other options aside",
    )

    data = parser.add_argument_group("data")
    data.add_argument(
        "--data",
        action="append",
        metavar="KIND:PATH[,OPTION=VALUE…]",
        help="a data set; may be given several times. KIND is ckplus (the official folders), ckplus-course "
        "(data_labels.csv), disfa and bp4d (their labels' folders, and Images/ with the frames), ferplus (folder or "
        "zip), rendered (our renderer's folder) or csv (image, and any of subject, split, emotion, AU1 …). "
        "codes=FILE fills blank action units from a CSV of probabilities (of several, the first that knows one decides); "
        "without=FILE leaves out the persons whose pictures that CSV names, only=FILE all others; split=SEED divides "
        "it by person as --seed SEED does; share=0.5 trains on half of it each epoch, another one each time; "
        "learn=codes or learn=emotions passes over its other labels; images=DIR says where the pictures of a CSV lie; "
        "faces=acted or faces=random takes of rendered faces only those that act an emotion or those of random action units, "
        "strength=slight, strength=marked or strength=strong passes over action units that are present otherwise",
    )
    data.add_argument("--out", metavar="DIR", help="run folder to write (default: runs/ and the time)")
    data.add_argument(
        "--split",
        choices=("auto", "table", "published"),
        default="auto",
        help="train, validation and test: from the table, the published 80/11/9 by subject, or (auto) the table's "
        "where it has one",
    )

    data.add_argument(
        "--sweep",
        metavar="FILE",
        help="a run for each combination of options in a TOML file, with lines like lr = [0.0003, 0.001] (see "
        "emotiscan/training/sweep_file.py), in folders of --out, and a table of what each reached",
    )
    data.add_argument(
        "--folds",
        type=_folds,
        metavar="K",
        help="cross-validation: K runs, each tested on persons that only it holds out (10 is usual on CK+), in folders "
        f"of --out, and their answers pooled; --folds {SETS} holds out each --data in turn",
    )

    net = parser.add_argument_group("network")
    net.add_argument(
        "--init",
        default="shipped",
        metavar="WHAT",
        help="weights to start from: shipped (the checkpoint in weights/), imagenet (torchvision's, downloaded), "
        "none (random), or a file: our .safetensors or torchvision's .pth (default: shipped)",
    )
    net.add_argument("--backbone", choices=BACKBONES, help="default: that of --init, else densenet201")
    net.add_argument(
        "--stride",
        type=int,
        choices=(16, 32),
        help="crop pixels for each cell of the feature map; 16 gives DenseNet's heat maps twice the resolution for a "
        "quarter more time (default: that of --init, else 32)",
    )
    net.add_argument("--hidden", type=int, help="width of each head's dense layer (default: that of --init, else 256)")
    net.add_argument("--dropout", type=float, help="0 to 1 (default: that of --init, else 0.3)")
    net.add_argument(
        "--flip-tta",
        "--mirrored",
        action=argparse.BooleanOptionalAction,
        default=None,
        help="read each face twice, as it is and mirrored, and take the mean: a little better, at twice the network's "
        "time (default: as --init does, else no)",
    )
    net.add_argument(
        "--local-action-units",
        "--local-codes",
        action=argparse.BooleanOptionalAction,
        default=None,
        help="read the action units in each cell of the feature map, so that the network tells where it sees them "
        "(default: as --init does, else no)",
    )
    net.add_argument(
        "--color",
        "--colour",
        dest="grayscale",
        action="store_false",
        default=None,
        help="read crops in color (default: as --init does, else gray, so that gray data sets fit color photos)",
    )

    fit = parser.add_argument_group("fitting")
    fit.add_argument(
        "--sizes",
        type=parse_sizes,
        metavar="PX:EPOCHS,…",
        help="crop sides and epochs at each, small first; the last size is the checkpoint's "
        "(default: 30 epochs at the size of --init, else at 224)",
    )
    fit.add_argument(
        "--input-size",
        type=int,
        metavar="PX",
        help="crop side that the checkpoint reads (default: the last of --sizes); a little more than it was trained "
        "at can read better (Touvron et al., 2019)",
    )
    fit.add_argument("--batch", type=int, default=32, help="pictures a step, over all processes (default: 32)")
    fit.add_argument("--lr", type=float, default=1e-3, help="learning rate of the heads (default: 0.001)")
    fit.add_argument(
        "--backbone-lr-factor",
        type=float,
        help="the backbone's learning rate as a share of the heads' (default: 0.1 with --init, 1 without)",
    )
    fit.add_argument("--schedule", choices=("cosine", "plateau", "constant"), default="cosine")
    fit.add_argument(
        "--warm-up", type=float, default=0.05, help="share of the steps with a rising rate (default: 0.05)"
    )
    fit.add_argument("--l1", type=float, default=0.0, help="L1 penalty on the heads' dense layers (default: 0)")
    fit.add_argument("--l2", type=float, default=0.01, help="AdamW's decoupled weight decay (default: 0.01)")
    fit.add_argument("--label-smoothing", type=float, default=0.0, help="of the emotions, 0 to 1 (default: 0)")
    fit.add_argument(
        "--au-loss", "--code-loss", type=float, default=1.0, help="weight of the action units' loss (default: 1)"
    )
    fit.add_argument(
        "--map-loss",
        type=float,
        default=0.0,
        help="weight of a loss that teaches --local-action-units where each action unit moves the skin, on rendered faces drawn with "
        "--maps (default: 0)",
    )
    fit.add_argument(
        "--region-loss",
        type=float,
        default=0.0,
        help="weight of a loss that keeps what speaks for an action unit with --local-action-units inside its anatomical region, on "
        "pictures without maps (default: 0)",
    )
    fit.add_argument(
        "--side-loss",
        type=float,
        default=0.0,
        help="weight of a loss that has each half of the face speak for an action unit with --local-action-units, on pictures without "
        "maps (default: 0)",
    )
    fit.add_argument(
        "--balance",
        type=float,
        default=0.5,
        help="weights against rare emotions and action units: 0 none, 1 inverse to their share (default: 0.5)",
    )
    fit.add_argument("--freeze-epochs", type=int, default=0, help="epochs with the whole backbone frozen (default: 0)")
    fit.add_argument(
        "--unfreeze",
        type=int,
        help="how many of the backbone's five stages train after that, counted from the last "
        "(default: 2 with --init, 5 without)",
    )
    fit.add_argument(
        "--keep-statistics",
        action="store_true",
        help="keep the backbone's batch statistics as they are in --init, for small batches or several processes; "
        "quicker, too",
    )
    fit.add_argument(
        "--pairs",
        action=argparse.BooleanOptionalAction,
        default=True,
        help="put two pictures of a person into one batch where there are two, so that what they have in common "
        "cancels out and the expression remains (default: yes)",
    )
    fit.add_argument(
        "--ema",
        type=float,
        default=0.0,
        help="judge and keep a running average of the weights, of which each step keeps this share: 0.999 for long "
        "runs, 0 for none (default: 0)",
    )
    fit.add_argument("--patience", type=int, default=8, help="stop after so many epochs without a gain (default: 8)")
    fit.add_argument(
        "--augment",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="change one augmentation, e.g. rotation=10; names: " + ", ".join(Augmentation.__dataclass_fields__),
    )
    fit.add_argument("--no-augmentation", action="store_true", help="train on the pictures as they are")

    machine = parser.add_argument_group("machine")
    machine.add_argument("--seed", type=int, default=0, help="of the split, weights, order and augmentation")
    machine.add_argument(
        "--precision", choices=("auto", "fp32", "bf16"), default="auto", help="auto: bf16 where the processor has it"
    )
    add_machine_options(machine, "load pictures")
    machine.add_argument("--threads", type=int, default=0, help="threads that compute (default: torch's own choice)")
    machine.add_argument(
        "--devices",
        type=int,
        default=1,
        metavar="N",
        help="processes that train together on this machine, one for each GPU, or sharing its processor (default: 1)",
    )
    machine.add_argument(
        "--nodes",
        type=int,
        default=1,
        metavar="M",
        help="machines that train together; start the same command on each with torchrun or srun (default: 1)",
    )
    machine.add_argument(
        "--compile",
        action="store_true",
        help="let torch.compile make faster action unit for the training steps; takes minutes for each crop size, and a C++ "
        "compiler",
    )
    return parser


_EXAMPLES = """examples:
  train on CK+ from the shipped checkpoint (30 epochs at most, early stopping)
    python train.py --data ckplus:/path/to/CK+
  the course subset, frozen backbone first, then its last stage
    python train.py --data ckplus-course:/path/to/data_labels.csv --freeze-epochs 5 --unfreeze 1
  FER+ from nothing, small crops first
    python train.py --data ferplus:ferplus.zip,codes=codes.csv --init none --sizes 64:5,96:4,128:3
  look at a data set before training on it
    python train.py data --data ckplus:/path/to/CK+ --out survey
  hold runs against each other
    python train.py compare runs/one runs/other
  try options against each other
    python train.py --data ckplus:/path/to/CK+ --sweep sweep.toml
  go on after an interruption
    python train.py --resume runs/2026-01-31_12-00-00
"""


def settings_from(arguments: argparse.Namespace, out: str) -> TrainingSettings:
    """Settings from the parsed command line.

    Raises:
        SettingsError: a value is out of its range, or no data is named.
    """
    if not arguments.data:
        raise SettingsError("name at least one data set, e.g. --data ckplus:/path/to/CK+ (see --help)")
    told = vars(arguments) | {"data": tuple(arguments.data), "out": out}
    if arguments.sweep:
        told["sweep"] = read_sweep(arguments.sweep, arguments.seed)
    settings = _changed(TrainingSettings(told["data"], out), told)
    for options in settings.sweep or ():
        trial_settings(settings, options)  # a mistake in the last trial must not come to light after days
    return settings


def trial_settings(settings: TrainingSettings, options: Options) -> TrainingSettings:
    """The settings of all trials of a sweep, with one trial's own.

    Raises:
        SettingsError: an option does not exist, or its value cannot be.
    """
    parser = argument_parser()

    def refuse(message: str) -> NoReturn:
        raise SettingsError(f"--sweep: {' '.join(options)}: {message}")

    parser.error = refuse
    blank = argparse.Namespace(**dict.fromkeys(vars(parser.parse_args([]))))
    told = vars(parser.parse_args(options, blank))
    named = {name: value for name, value in told.items() if value is not None}  # the others stay as they are
    return _changed(dataclasses.replace(settings, sweep=None), named)


def _changed(settings: TrainingSettings, told: Mapping[str, Any]) -> TrainingSettings:
    """Settings with what the command line tells in their place.

    Raises:
        SettingsError: a value is out of its range.
    """
    values = {name: value for name, value in told.items() if name in TrainingSettings.__dataclass_fields__}
    augmentation = Augmentation.none() if told.get("no_augmentation") else settings.augmentation
    values["augmentation"] = dataclasses.replace(augmentation, **dict(map(_change, told.get("augment", ()))))
    settings = dataclasses.replace(settings, **values)
    settings.check()
    return settings


def _change(text: str) -> tuple[str, float]:
    name, _, value = text.partition("=")
    try:
        number = float(value)
        if name not in Augmentation.__dataclass_fields__ or not number >= 0:
            raise ValueError
    except ValueError:
        names = ", ".join(Augmentation.__dataclass_fields__)
        raise SettingsError(f"--augment {text}: write NAME=VALUE, VALUE 0 or more, NAME being one of {names}") from None
    if name == "zoom" and number >= 1:
        raise SettingsError(f"--augment {text}: a zoom lies below 1")
    return name, number

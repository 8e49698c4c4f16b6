"""Training settings on a command line: declare the options, and apply what was parsed."""

import argparse
import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any, NoReturn

from emotiscan.datasets.augmentation import Augmentation
from emotiscan.training.option_values import parse_augmentation
from emotiscan.training.options import SettingsError, add_options
from emotiscan.training.settings import TrainingSettings

AUGMENTATION = "augmentation"
"""Title of the group of options that `--augment` is in."""


def add_training_options(parser: argparse.ArgumentParser) -> Mapping[str, argparse._ArgumentGroup]:
    """Declare the options of a training run; `changed_settings` takes what they parse.

    Returns:
        The groups of the help, by title.
    """
    groups = dict(add_options(parser, TrainingSettings))
    groups[AUGMENTATION] = parser.add_argument_group(AUGMENTATION)
    groups[AUGMENTATION].add_argument(
        "--augment",
        action="append",
        default=argparse.SUPPRESS,
        metavar="NAME=VALUE",
        help="change one augmentation, e.g. rotation=10; names: " + ", ".join(Augmentation.__dataclass_fields__),
    )
    groups[AUGMENTATION].add_argument(
        "--no-augmentation",
        action="store_true",
        default=argparse.SUPPRESS,
        help="train on the images as they are, except for what --augment names",
    )
    return groups


def parse_training_options(words: Sequence[str]) -> dict[str, Any]:
    """Parse training options that stand in a file.

    Returns:
        What `changed_settings` takes.

    Raises:
        SettingsError: an option does not exist, or its value cannot be used.
    """
    parser = _RaisingParser(add_help=False)
    add_training_options(parser)
    return vars(parser.parse_args(words))


class _RaisingParser(argparse.ArgumentParser):
    """Raises mistakes instead of ending the program."""

    def error(self, message: str) -> NoReturn:
        raise SettingsError(message)


def changed_settings(settings: TrainingSettings, options: Mapping[str, Any]) -> TrainingSettings:
    """Change the settings that a command line names.

    Args:
        settings: stay unchanged.
        options: as parsed by `add_training_options`; names that are not settings are ignored.

    Raises:
        SettingsError: a value is out of its range.
    """
    values = {name: value for name, value in options.items() if name in TrainingSettings.__dataclass_fields__}
    values |= {name: tuple(values[name]) for name in ("data", "teacher") if name in values}
    augmentation = Augmentation.none() if options.get("no_augmentation") else settings.augmentation
    changes = dict(map(parse_augmentation, options.get("augment", ())))
    return dataclasses.replace(settings, **values, augmentation=dataclasses.replace(augmentation, **changes))

"""The file that lists what a sweep tries.

The file is TOML: names of `train.py`'s options, each with the values to try. A value that is a list repeats the option;
of an option that is on or off the values are true and false. `trials`, if it is there, is how many of the combinations
are tried; they are drawn by --seed.

    lr = [0.0003, 0.001]
    unfreeze = [1, 2, 5]
    map-loss = [0, 0.2]
    augment = [["rotation=5"], ["rotation=15", "blur=0.1"]]
    trials = 8
"""

import itertools
import random
import tomllib
from pathlib import Path

from emotiscan.training.settings import SettingsError

Options = tuple[str, ...]
"""A trial's own part of the command line, e.g. `("--lr", "0.001")`."""

FIXED = ("data", "out", "resume", "again", "folds", "sweep", "cache")
"""Options that all trials share."""


def read_sweep(path: str | Path, seed: int) -> tuple[Options, ...]:
    """The trials that a file describes.

    Raises:
        SettingsError: it cannot be read, or lists something else than options and their values.
    """
    try:
        listed = tomllib.loads(Path(path).read_text())
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise SettingsError(f"--sweep {path}: {error}; write lines like lr = [0.0003, 0.001]") from None
    trials = listed.pop("trials", None)
    for name, values in listed.items():
        if name in FIXED:
            raise SettingsError(f"--sweep {path}: all trials share --{name}; give it on the command line")
        if not isinstance(values, list) or not values:
            raise SettingsError(f"--sweep {path}: {name} needs a list of values to try, e.g. {name} = [1, 2]")
    if not listed:
        raise SettingsError(f"--sweep {path} names no option to try; write lines like lr = [0.0003, 0.001]")
    combined = itertools.product(*([_tokens(name, value) for value in values] for name, values in listed.items()))
    options = [tuple(itertools.chain.from_iterable(parts)) for parts in combined]
    if trials is not None:
        if not isinstance(trials, int) or isinstance(trials, bool) or trials < 1:
            raise SettingsError(f"--sweep {path}: trials is {trials}; it must be a whole number from 1 on")
        options = random.Random(seed).sample(options, min(trials, len(options)))
    return tuple(options)


def _tokens(name: str, value: object) -> Options:
    if isinstance(value, bool):
        return (f"--{name}" if value else f"--no-{name}",)
    parts = value if isinstance(value, list) else [value]
    return tuple(itertools.chain.from_iterable((f"--{name}", str(part)) for part in parts))

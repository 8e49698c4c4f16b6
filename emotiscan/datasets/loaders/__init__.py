"""One small loader per data set; each makes a `LabelTable`.

A source is written `KIND:PATH[,option=value…]`, as `train.py --data` takes it.
"""

import inspect
import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from emotiscan.datasets.loaders.bp4d import load_bp4d
from emotiscan.datasets.loaders.ckplus import load_ckplus, load_ckplus_course
from emotiscan.datasets.loaders.csv_table import load_csv
from emotiscan.datasets.loaders.disfa import load_disfa
from emotiscan.datasets.loaders.ferplus import load_ferplus
from emotiscan.datasets.loaders.label_files import read_rows
from emotiscan.datasets.loaders.rendered import FACES, STRENGTHS, load_rendered
from emotiscan.datasets.splits import published_split
from emotiscan.datasets.table import LabelTable, TableError, subjects_in, with_soft_action_units
from emotiscan.images import ImageError

LOADERS: dict[str, Callable[..., LabelTable]] = {
    "ckplus": load_ckplus,
    "ckplus-course": load_ckplus_course,
    "disfa": load_disfa,
    "bp4d": load_bp4d,
    "ferplus": load_ferplus,
    "csv": load_csv,
    "rendered": load_rendered,
}


FILES = ("codes", "images", "without", "only")
"""Options of a data source whose value is a file or folder."""

CHOICES = {"learn": ("emotions", "codes"), "faces": FACES, "strength": tuple(STRENGTHS)}
"""Options of a data source whose value is one of a few words."""


def load_source(source: str) -> LabelTable:
    """Load one data set.

    Args:
        source: `KIND:PATH`, then any of these options:

            - `,action_units=FILE`: a CSV of action unit probabilities that fills what is blank; given more than once, the first
              that knows an action unit of a picture decides;
            - `,images=DIR`: where the pictures lie, for `csv`, `ckplus-course`, `disfa` and `bp4d`;
            - `,without=FILE`: a CSV whose column `image` names pictures of persons to leave out; may be given more
              than once;
            - `,only=FILE`: the other part, those persons alone, e.g. to measure on who was left out;
            - `,split=SEED`: train, validation and test by person, as a run of `train.py --seed SEED` divides a data set
              that has no split of its own, e.g. to measure on the persons whom that run held out;
            - `,share=NUMBER`: how much of the data set each epoch trains on, 1 by default; of a
              share below 1 every epoch takes others, above 1 pictures come more than once;
            - `,learn=emotions` or `,learn=action_units`: what to keep of the labels, by default both;
            - `,faces=acted` or `,faces=random`: of `rendered`, only those that act an emotion, or only those whose
              action units were combined at random;
            - `,strength=slight`, `,strength=marked` or `,strength=strong`: of `rendered`, where an action unit is present, only
              so weakly or strongly; elsewhere it becomes unknown.

    Raises:
        TableError: the source is not written so, or its files are missing or broken.
    """
    kind, _, rest = source.partition(":")
    path, *options = rest.split(",")
    if kind not in LOADERS or not path:
        kinds = ", ".join(LOADERS)
        raise TableError(source, f"write a data source as KIND:PATH, KIND being one of {kinds}")
    if not Path(path).exists():
        raise TableError(path, "there is no such file or folder")
    chosen = _options(source, options)
    own = {name: chosen[name] for name in ("images", "faces", "strength") if name in chosen}
    takes = inspect.signature(LOADERS[kind]).parameters
    if "images" in own and "images" not in takes:
        raise TableError(source, f"{kind} takes no option images=DIR; its pictures are looked for below {path}")
    for name in own.keys() - takes:
        raise TableError(source, f"{name}={own[name]} is an option of rendered faces only; leave it out for {kind}")
    try:
        table = LOADERS[kind](path, **own)
    except ImageError as error:  # the folder or zip file itself cannot be read
        raise TableError(source, str(error)) from None
    for file in _all_of("codes", options):
        table = with_soft_action_units(table, file)
    table = table.where(_wanted(table, options))
    if "split" in chosen:
        try:
            table = table.with_split(published_split(table.frame["subject"], int(chosen["split"])))
        except ValueError as error:
            raise TableError(path, str(error)) from None
    blank = {"emotions": [*table.action_units], "codes": [*table.emotions, "agreement"]}.get(
        chosen.get("learn", ""), []
    )
    frame = table.without_labels(blank).frame.assign(share=float(chosen.get("share", 1)))
    return LabelTable(frame, table.emotions, table.action_units)


def _wanted(table: LabelTable, options: list[str]) -> NDArray[np.bool_]:
    """(n,) which rows are of persons in no file of `without` and in every file of `only`."""
    wanted = np.ones(len(table), bool)
    for option, inside in (("without", False), ("only", True)):
        for file in _all_of(option, options):
            wanted &= subjects_in(table, {str(row["image"]) for row in read_rows(file, ["image"])}, file) == inside
            if not wanted.any():
                raise TableError(file, f"{option}= with this file leaves nobody of the data set")
    return wanted


def without_paths(source: str) -> str:
    """A data source without what belongs to a machine: its kind, and the options whose value is no file or folder."""
    path, *options = source.split(",")
    kind = path.partition(":")[0]
    return ",".join([kind, *(option for option in options if option.partition("=")[0] not in FILES)])


def seed_of_split(source: str) -> int | None:
    """SEED of a data source's option `split=SEED`; none without it."""
    seeds = _all_of("split", source.split(",")[1:])
    return int(seeds[-1]) if seeds else None


def _all_of(name: str, options: list[str]) -> list[str]:
    """Every value of an option, in the order given."""
    return [value for key, _, value in (option.partition("=") for option in options) if key == name]


def _options(source: str, options: list[str]) -> dict[str, str]:
    chosen = {}
    for option in options:
        name, equals, value = option.partition("=")
        if not equals or name not in (*FILES, *CHOICES, "share", "split"):
            raise TableError(
                source,
                f"“{option}” is no option of a data source; use codes=FILE, images=DIR, without=FILE, only=FILE, "
                f"share=NUMBER, split=SEED, {', '.join(_ways(name) for name in CHOICES)}",
            )
        if name in FILES and not Path(value).exists():
            raise TableError(value, "there is no such file or folder")
        if name in CHOICES and value not in CHOICES[name]:
            raise TableError(source, f"“{option}”: write {_ways(name)}")
        if name == "share" and not _is_positive(value):
            raise TableError(source, f"“{option}”: write a number above 0, e.g. share=0.5")
        if name == "split" and not value.isdecimal():
            raise TableError(source, f"“{option}”: write the seed of the run, a whole number from 0, e.g. split=0")
        chosen[name] = value
    return chosen


def _ways(name: str) -> str:
    return " or ".join(f"{name}={value}" for value in CHOICES[name])


def _is_positive(text: str) -> bool:
    try:
        return 0 < float(text) < math.inf
    except ValueError:
        return False

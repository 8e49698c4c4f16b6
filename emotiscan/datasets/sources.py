"""Data sources: which labeled data set to load, from where, and with which options.

A source is written `KIND:PATH[,OPTION=VALUE…]`; `source_files` reads several from a TOML file.
"""

import dataclasses
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from emotiscan.datasets.errors import TableError

KINDS: dict[str, str] = {
    "ckplus": "CK+ in its official folders",
    "ckplus-course": "the CK+ course subset (data_labels.csv)",
    "disfa": "DISFA (ActionUnit_Labels/ and Images/)",
    "bp4d": "BP4D (AU_OCC/ and Images/)",
    "ferplus": "FER+ (folder or zip file)",
    "rafdb": "RAF-DB (basic/, or one numbered folder a class)",
    "affectnet": "AffectNet (train_set/ and val_set/, or training.csv and validation.csv)",
    "folder": "one folder of images a class, with or without train/val/test folders above",
    "csv": "a CSV with a row an image",
    "rendered": "synthetic faces of the project's own renderer",
}
"""Kinds of data sets, each with what PATH is."""

WITH_IMAGES = frozenset({"ckplus-course", "disfa", "bp4d", "affectnet", "csv"})
"""Kinds whose images may lie apart from their labels (`images=DIR`)."""

CHOICES: dict[str, tuple[str, ...]] = {
    "learn": ("emotions", "action_units"),
    "problems": ("none",),
    "faces": ("acted", "random"),
    "strength": ("slight", "marked", "strong"),
}
"""Options whose value is one of a few words."""

RENDERED_ONLY = ("faces", "strength")
"""Those of them that only rendered faces take."""

OPTIONS: dict[str, str] = {
    "au=FILE": "fill blank action units from a CSV of probabilities; of several files, the first with a value decides",
    "images=DIR": "folder or zip file of the images",
    "without=FILE": "leave out the subjects of the images that a CSV names",
    "only=FILE": "keep only the subjects of the images that a CSV names",
    "split=SEED": "divide by subject as a training run with that seed does",
    "share=NUMBER": "images used in each epoch, as a multiple of the data set's size",
    "learn=emotions or learn=action_units": "keep only these labels (emotions with expressions; action_units with the "
    "rest)",
    "problems=none": "take every face to be sharp and uncovered where its labels do not say",
    "faces=acted or faces=random": "rendered only: faces that act an emotion, or random combinations of action units",
    "strength=slight, marked or strong": "rendered only: ignore action units that are present at another strength",
}
"""Options of a data source, each with what it does."""

FILE_OPTIONS = ("au", "without", "only")
"""Options that take one file or several."""

OPTION_NAMES = (*FILE_OPTIONS, "images", "split", "share", *CHOICES)

OLD_OPTION_NAMES = {"codes": "au"}
"""Names that options had in earlier versions."""

_OPTION = re.compile(rf",(?=(?:{'|'.join((*OPTION_NAMES, *OLD_OPTION_NAMES))})=)")
"""A comma that ends a path or value: any other belongs to it."""


@dataclass(frozen=True)
class DataSource:
    """A labeled data set to load.

    `DataSource.parse(str(source)) == source` for every source.

    Attributes:
        kind: one of `KINDS`.
        path: file, folder or zip file of the data set.
        au: CSV files of action unit probabilities, 0 to 1, that fill blank labels; the first file that
            has a value for an action unit of an image decides.
        images: folder or zip file of the images, for the kinds in `WITH_IMAGES`.
        without: CSV files whose column `image` names images; their subjects are left out.
        only: CSV files whose column `image` names images; only their subjects are kept, e.g. to measure on held-out
            subjects.
        split: divide into train, validation and test by subject with this seed, 0 or more, as a training run with
            that seed divides a data set without splits, e.g. to measure on the subjects that the run held out.
        share: images used in each epoch, as a multiple of the data set's size. Below 1, every epoch uses others;
            above 1, images repeat.
        learn: "emotions" keeps only emotions and expressions, "action_units" everything but these; None keeps all.
        problems: "none" takes every face to be neither blurred nor covered where its labels do not say, as people who
            could label it must have seen it.
        faces: for `rendered`: "acted" faces only, or only "random" combinations of action units.
        strength: for `rendered`: "slight", "marked" or "strong"; an action unit present at another strength becomes
            unknown.

    Raises:
        TableError: an option is out of range or is not one of this kind's.
    """

    kind: str
    path: Path
    au: tuple[Path, ...] = ()
    images: Path | None = None
    without: tuple[Path, ...] = ()
    only: tuple[Path, ...] = ()
    split: int | None = None
    share: float = 1.0
    learn: Literal["emotions", "action_units"] | None = None
    problems: Literal["none"] | None = None
    faces: Literal["acted", "random"] | None = None
    strength: Literal["slight", "marked", "strong"] | None = None

    def __post_init__(self) -> None:
        problem = self._problem()
        if problem:
            raise TableError(f"{self}", problem)

    def _problem(self) -> str | None:
        if self.kind not in KINDS:
            return f"write a data source as KIND:PATH, where KIND is one of {', '.join(KINDS)}"
        for path in self._paths():
            if _OPTION.search(str(path)):
                return f"the name “{path}” reads like an option; rename the file or folder"
        if self.images and self.kind not in WITH_IMAGES:
            return f"{self.kind} takes no option images=DIR; its images are expected in {self.path}"
        for name, words in CHOICES.items():
            value = getattr(self, name)
            if value is not None and value not in words:
                return f"“{name}={value}”: write {_choices(name)}"
            if value is not None and name in RENDERED_ONLY and self.kind != "rendered":
                return f"{name}={value} is an option of rendered faces only; leave it out for {self.kind}"
        if not 0 < self.share < math.inf:
            return f"“share={self.share:g}”: write a number above 0, e.g. share=0.5"
        if self.split is not None and self.split < 0:
            return f"“split={self.split}”: write the seed of the run, a whole number of at least 0, e.g. split=0"
        return None

    def _paths(self) -> tuple[Path, ...]:
        return (self.path, *self.au, *((self.images,) if self.images else ()), *self.without, *self.only)

    @classmethod
    def parse(cls, text: str) -> "DataSource":
        """Read a source from its short form, `KIND:PATH[,OPTION=VALUE…]`.

        A comma separates options only where a known option and "=" follow it; elsewhere it belongs to the path. The
        old spellings `codes=FILE` and `learn=codes` are accepted.

        Raises:
            TableError: the text is not written like this.
        """
        kind, _, rest = text.partition(":")
        path, *options = _OPTION.split(rest)
        if kind not in KINDS or not path:
            raise TableError(
                text, f"write a data source as KIND:PATH, where KIND is one of {', '.join(KINDS)}, or name a TOML file"
            )
        values: dict[str, object] = {}
        for option in options:
            name, _, value = option.partition("=")
            name = OLD_OPTION_NAMES.get(name, name)
            if not value:
                raise TableError(text, f"“{option}” has no value; write one or leave the option out")
            if name in FILE_OPTIONS:
                values[name] = [*as_list(values.get(name, ())), value]
            else:
                # The last one counts, so that programs can append to a source.
                values[name] = _single_value(name, value, text)
        return cls.from_values(kind, path, values)

    @classmethod
    def from_values(cls, kind: str, path: str, values: Mapping[str, object]) -> "DataSource":
        """Make a source from the values of its options as text or numbers, with a list of paths for `FILE_OPTIONS`.

        Raises:
            TableError: an option is out of range or is not one of this kind's.
        """
        options: dict[str, object] = dict(values)
        for name in FILE_OPTIONS:
            options[name] = tuple(Path(str(file)) for file in as_list(options.get(name, ())))
        if "images" in options:
            options["images"] = Path(str(options["images"]))
        if "share" in options:
            options["share"] = float(str(options["share"]))
        if options.get("learn") == "codes":
            options["learn"] = "action_units"
        # The callers checked names and types; a dict of them has no static type.
        return cls(kind, Path(path), **options)  # type: ignore[arg-type]

    def __str__(self) -> str:
        """The source's short form."""
        return ",".join([f"{self.kind}:{self.path}", *self._options()])

    def _options(self, *, paths: bool = True) -> list[str]:
        options = []
        for field in dataclasses.fields(self)[2:]:
            value = getattr(self, field.name)
            if value == field.default or (not paths and field.name in (*FILE_OPTIONS, "images")):
                continue
            each = value if isinstance(value, tuple) else (value,)
            options += [f"{field.name}={repr(one) if isinstance(one, float) else one}" for one in each]
        return options

    def without_paths(self) -> str:
        """The source without what belongs to one machine: its kind, and the options whose value is not a path."""
        return ",".join([self.kind, *self._options(paths=False)])

    def check_paths(self) -> None:
        """Check that every file and folder of the source exists.

        Raises:
            TableError: one does not.
        """
        for path in self._paths():
            if path.exists():
                continue
            problem = "there is no such file or folder"
            if "," in str(path):
                last = str(path).rpartition(",")[2]
                problem += f", and “{last}” is not an option of a data source; use {', '.join(OPTIONS)}"
            raise TableError(path, problem)


def _single_value(name: str, value: str, text: str) -> str | int | float:
    """The value of an option that takes one, as a number for `split` and `share`."""
    if name == "images":
        return value
    value, comma, rest = value.partition(",")
    if comma:
        raise TableError(text, f"“{rest}” is not an option of a data source; use {', '.join(OPTIONS)}")
    if name == "split":
        if not value.isdecimal():
            raise TableError(text, f"“split={value}”: write the seed of the run, a whole number of at least 0")
        return int(value)
    if name == "share":
        try:
            return float(value)
        except ValueError:
            raise TableError(text, f"“share={value}”: write a number above 0, e.g. share=0.5") from None
    return value


def as_list(value: object) -> list[object]:
    """The items of a list or tuple, or the value alone."""
    return list(value) if isinstance(value, list | tuple) else [value]


def _choices(name: str) -> str:
    return " or ".join(f"{name}={word}" for word in CHOICES[name])


def without_paths(source: str | DataSource) -> str:
    """A data source without what belongs to one machine (see `DataSource.without_paths`).

    Args:
        source: a source, its short form, or what this function made of one earlier, as checkpoints keep it.
    """
    if isinstance(source, str) and ":" not in source:
        return source
    return (DataSource.parse(source) if isinstance(source, str) else source).without_paths()


def seed_of_split(source: str | DataSource) -> int | None:
    """SEED of a data source's option `split=SEED`; None without it.

    Args:
        source: a source, its short form, or what `without_paths` made of one, as checkpoints keep it.
    """
    if isinstance(source, DataSource):
        return source.split
    seeds = [option.partition("=")[2] for option in _OPTION.split(source)[1:] if option.startswith("split=")]
    return int(seeds[-1]) if seeds else None

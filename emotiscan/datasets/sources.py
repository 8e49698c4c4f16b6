"""Data sources: which labeled data set to load, from where, and with which options.

A source is written `KIND:PATH[,OPTION=VALUE…]`, or as a table of a TOML file that lists several:

    [[source]]
    kind = "ferplus"
    path = "ferplus.zip"           # relative to the TOML file
    au = ["reviewed.csv", "teacher.csv"]

    [[source]]
    kind = "folder"
    path = "faces"
    share = 0.5
"""

import dataclasses
import math
import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from emotiscan.datasets.errors import TableError
from emotiscan.datasets.label_files import read_text

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
    "faces": ("acted", "random"),
    "strength": ("slight", "marked", "strong"),
}
"""Options whose value is one of a few words."""

OPTIONS: dict[str, str] = {
    "au=FILE": "fill blank action units from a CSV of probabilities; of several, the first that knows one decides",
    "images=DIR": "folder or zip file of the images",
    "without=FILE": "leave out the subjects of the images that a CSV names",
    "only=FILE": "keep only the subjects of the images that a CSV names",
    "split=SEED": "divide by subject as a training run with that seed does",
    "share=NUMBER": "images used in each epoch, as a multiple of the data set's size",
    "learn=emotions or learn=action_units": "keep only these labels",
    "faces=acted or faces=random": "rendered only: faces that act an emotion, or random combinations of action units",
    "strength=slight, marked or strong": "rendered only: ignore action units that are present at another strength",
}
"""Options of a data source, each with what it does."""

_FILES = ("au", "without", "only")
_NAMES = (*_FILES, "images", "split", "share", *CHOICES)
_OLD_NAMES = {"codes": "au"}
_OLD_VALUES = {("learn", "codes"): "action_units"}
_OPTION = re.compile(rf",(?=(?:{'|'.join((*_NAMES, *_OLD_NAMES))})=)")
"""A comma that ends a path or value: any other belongs to it."""


@dataclass(frozen=True)
class DataSource:
    """A labeled data set to load.

    `DataSource.parse(str(source)) == source` for every source.

    Attributes:
        kind: one of `KINDS`.
        path: file, folder or zip file of the data set.
        au: CSV files of action unit probabilities, 0 to 1, that fill blank labels; the first file that knows an
            action unit of an image decides.
        images: folder or zip file of the images, for the kinds in `WITH_IMAGES`.
        without: CSV files whose column `image` names images; their subjects are left out.
        only: CSV files whose column `image` names images; only their subjects are kept, e.g. to measure on held-out
            subjects.
        split: divide into train, validation and test by subject with this seed, 0 or more, as a training run with
            that seed divides a data set without splits, e.g. to measure on the subjects that the run held out.
        share: images used in each epoch, as a multiple of the data set's size. Below 1, every epoch uses others;
            above 1, images repeat.
        learn: "emotions" or "action_units" to keep only these labels; None keeps both.
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
    learn: str | None = None
    faces: str | None = None
    strength: str | None = None

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
            if value is not None and name != "learn" and self.kind != "rendered":
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
            name = _OLD_NAMES.get(name, name)
            if not value:
                raise TableError(text, f"“{option}” has no value; write one or leave the option out")
            if name in _FILES:
                values[name] = [*_list(values.get(name, ())), value]
            else:
                # The last one counts, so that programs can append to a source.
                values[name] = _number(name, value, text)
        return _source(kind, path, values, text)

    def __str__(self) -> str:
        """The source's short form."""
        return ",".join([f"{self.kind}:{self.path}", *self._options()])

    def _options(self, *, paths: bool = True) -> list[str]:
        options = []
        for field in dataclasses.fields(self)[2:]:
            value = getattr(self, field.name)
            if value == field.default or (not paths and field.name in (*_FILES, "images")):
                continue
            each = value if isinstance(value, tuple) else (value,)
            options += [f"{field.name}={repr(one) if isinstance(one, float) else one}" for one in each]
        return options

    def without_paths(self) -> str:
        """The source without what belongs to one machine: its kind, and the options whose value is no path."""
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


def expand_sources(values: Iterable[str]) -> tuple[DataSource, ...]:
    """Read what `--data` takes: sources in their short form, and TOML files that list sources.

    Raises:
        TableError: a value is neither, or a TOML file cannot be used.
    """
    sources: list[DataSource] = []
    for value in values:
        is_toml = value.lower().endswith(".toml") and value.partition(":")[0] not in KINDS
        sources += read_sources(value) if is_toml else [DataSource.parse(value)]
    return tuple(sources)


def single_source(value: str) -> DataSource:
    """Read one source, in its short form or as the only one of a TOML file.

    Raises:
        TableError: the value cannot be used, or its file lists several sources.
    """
    sources = expand_sources([value])
    if len(sources) > 1:
        raise TableError(value, f"it lists {len(sources)} data sets where one is needed; write that one as KIND:PATH")
    return sources[0]


def read_sources(file: str | Path) -> tuple[DataSource, ...]:
    """Read a TOML file with a table `[[source]]` for each data set.

    Keys are `kind`, `path` and the attributes of `DataSource`; `au`, `without` and `only` take one file or a list.
    Paths are relative to the file's folder.

    Raises:
        TableError: the file is missing or broken, or a source in it cannot be used.
    """
    file = Path(file)
    text = read_text(file, kind="TOML text")
    try:
        content = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        place = re.search(r"at line (\d+)", str(error))
        raise TableError(file, f"it is not valid TOML: {error}", int(place[1]) if place else None) from None
    tables = content.get("source")
    if set(content) != {"source"} or not isinstance(tables, list) or not all(isinstance(t, dict) for t in tables):
        raise TableError(file, "write a table [[source]] with kind and path for each data set, and nothing else")
    starts = [n for n, line in enumerate(text.splitlines(), start=1) if re.match(r"\s*\[\[\s*source\s*\]\]", line)]
    lines = starts if len(starts) == len(tables) else [None] * len(tables)
    sources = []
    for table, line in zip(tables, lines, strict=True):
        try:
            sources.append(_from_toml(table, file.parent))
        except ValueError as error:
            raise TableError(file, str(error), line) from None
    return tuple(sources)


def _from_toml(table: Mapping[str, object], folder: Path) -> DataSource:
    values = {_OLD_NAMES.get(name, name): value for name, value in table.items()}
    kind, path = values.pop("kind", None), values.pop("path", None)
    if not isinstance(kind, str) or not isinstance(path, str) or not path:
        raise ValueError('a source needs kind and path, e.g. kind = "csv" and path = "labels.csv"')
    for name, value in values.items():
        if name not in _NAMES:
            raise ValueError(f"“{name}” is not an option of a data source; use kind, path, {', '.join(_NAMES)}")
        if name in _FILES:
            files = _list(value)
            if not files or not all(isinstance(one, str) and one for one in files):
                raise ValueError(f"{name} must be a file's path or a list of paths")
            values[name] = [str(folder / str(one)) for one in files]
        elif name in ("split", "share"):
            if isinstance(value, bool) or not isinstance(value, int if name == "split" else int | float):
                raise ValueError(f"{name} must be a {'whole ' * (name == 'split')}number")
        elif not isinstance(value, str) or not value:
            raise ValueError(f"{name} must be text in quotes")
        elif name == "images":
            values[name] = str(folder / value)
    return _source(kind, str(folder / path), values, kind)


def _source(kind: str, path: str, values: Mapping[str, object], text: str) -> DataSource:
    """A source from checked names and values of about the right types."""
    options: dict[str, object] = dict(values)
    for name in _FILES:
        options[name] = tuple(Path(str(file)) for file in _list(options.get(name, ())))
    if "images" in options:
        options["images"] = Path(str(options["images"]))
    if "share" in options:
        options["share"] = float(str(options["share"]))
    if "learn" in options:
        options["learn"] = _OLD_VALUES.get(("learn", str(options["learn"])), options["learn"])
    # Names and types were checked above; a dict of them has no static type.
    return DataSource(kind, Path(path), **options)  # type: ignore[arg-type]


def _number(name: str, value: str, text: str) -> str | int | float:
    """The value of an option, as a number where it is one."""
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


def _list(value: object) -> list[object]:
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

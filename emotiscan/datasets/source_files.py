"""TOML files that list data sources, and what `--data` takes.

A file has one table for each data set:

    [[source]]
    kind = "ferplus"
    path = "ferplus.zip"           # relative to the TOML file
    au = ["reviewed.csv", "teacher.csv"]

    [[source]]
    kind = "folder"
    path = "faces"
    share = 0.5
"""

import re
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path

from emotiscan.datasets.errors import TableError
from emotiscan.datasets.label_files import read_text
from emotiscan.datasets.sources import FILE_OPTIONS, KINDS, OLD_OPTION_NAMES, OPTION_NAMES, DataSource, as_list


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
    values = {OLD_OPTION_NAMES.get(name, name): value for name, value in table.items()}
    kind, path = values.pop("kind", None), values.pop("path", None)
    if not isinstance(kind, str) or not isinstance(path, str) or not path:
        raise ValueError('a source needs kind and path, e.g. kind = "csv" and path = "labels.csv"')
    for name, value in values.items():
        if name not in OPTION_NAMES:
            raise ValueError(f"“{name}” is not an option of a data source; use kind, path, {', '.join(OPTION_NAMES)}")
        if name in FILE_OPTIONS:
            files = as_list(value)
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
    return DataSource.from_values(kind, str(folder / path), values)

"""Load the label table of a data source: the loader of each kind, and the source's options."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from emotiscan.datasets.columns import EXPRESSION_AGREEMENT, EXPRESSION_COLUMNS, POSE_COLUMNS, QUALITY_COLUMNS
from emotiscan.datasets.errors import TableError
from emotiscan.datasets.label_files import image_column, read_csv
from emotiscan.datasets.loaders.affectnet import load_affectnet
from emotiscan.datasets.loaders.bp4d import load_bp4d
from emotiscan.datasets.loaders.ckplus import load_ckplus, load_ckplus_course
from emotiscan.datasets.loaders.csv_table import load_csv
from emotiscan.datasets.loaders.disfa import load_disfa
from emotiscan.datasets.loaders.ferplus import load_ferplus
from emotiscan.datasets.loaders.folder import load_folder
from emotiscan.datasets.loaders.rafdb import load_rafdb
from emotiscan.datasets.loaders.rendered import load_rendered
from emotiscan.datasets.soft_labels import with_soft_action_units
from emotiscan.datasets.source_files import single_source
from emotiscan.datasets.sources import DataSource
from emotiscan.datasets.splits import published_split
from emotiscan.datasets.table import LabelTable
from emotiscan.images import ImageError

LOADERS: dict[str, Callable[..., LabelTable]] = {
    "ckplus": load_ckplus,
    "ckplus-course": load_ckplus_course,
    "disfa": load_disfa,
    "bp4d": load_bp4d,
    "ferplus": load_ferplus,
    "rafdb": load_rafdb,
    "affectnet": load_affectnet,
    "folder": load_folder,
    "csv": load_csv,
    "rendered": load_rendered,
}
"""Loader of each of `sources.KINDS`."""


def load_source(source: str | DataSource) -> LabelTable:
    """Load one data set.

    Args:
        source: a data source, its short form `KIND:PATH[,OPTION=VALUE…]`, or a TOML file with one source.

    Raises:
        TableError: the source is not written like this, or its files are missing or broken.
    """
    if isinstance(source, str):
        source = single_source(source)
    source.check_paths()
    own = {name: getattr(source, name) for name in ("images", "faces", "strength")}
    try:
        table = LOADERS[source.kind](source.path, **{name: value for name, value in own.items() if value is not None})
    except ImageError as error:  # the folder or zip file itself cannot be read
        raise TableError(f"{source}", str(error)) from None
    for file in source.au:
        table = with_soft_action_units(table, file)
    table = table.where(_kept_rows(table, source))
    if source.split is not None:
        try:
            table = table.with_split(published_split(table.frame["subject"].tolist(), source.split))
        except ValueError as error:
            raise TableError(source.path, str(error)) from None
    if source.learn == "emotions":
        table = table.without_labels([*table.action_units, *POSE_COLUMNS, *QUALITY_COLUMNS])
    elif source.learn == "action_units":
        columns = [*table.emotions, "agreement", *EXPRESSION_COLUMNS, EXPRESSION_AGREEMENT]
        table = table.without_labels(columns)
    if source.problems == "none":
        table = table.without_problems()
    return LabelTable(table.frame.assign(share=source.share), table.emotions, table.action_units)


def _kept_rows(table: LabelTable, source: DataSource) -> NDArray[np.bool_]:
    """(n,) which rows show subjects of no file in `without` and of every file in `only`."""
    kept = np.ones(len(table), bool)
    for option, files, inside in (("without", source.without, False), ("only", source.only, True)):
        for file in files:
            kept &= _shows_subjects_of(table, file) == inside
            if not kept.any():
                raise TableError(file, f"{option}= with this file leaves no subject of the data set")
    return kept


def _shows_subjects_of(table: LabelTable, file: Path) -> NDArray[np.bool_]:
    """(n,) which rows show a subject whose images a CSV names.

    Raises:
        TableError: none of the CSV's images is in the table.
    """
    listed = read_csv(file)
    column = image_column(listed, file)
    named = table.frame["image"].isin({row.cells[column] for row in listed.rows})
    if not named.any():
        raise TableError(file, f"none of its images is in the table; names look like {table.frame['image'].iloc[0]}")
    return table.frame["subject"].isin(table.frame.loc[named, "subject"]).to_numpy()

"""Action unit labels from another file, e.g. a teacher network's probabilities, in the blanks of a table."""

import io
import re
from pathlib import Path

import numpy as np
import pandas as pd

from emotiscan import facs
from emotiscan.datasets.errors import TableError
from emotiscan.datasets.label_files import IMAGE_COLUMNS, delimiter_of, read_text
from emotiscan.datasets.table import LabelTable


def with_soft_action_units(table: LabelTable, file: str | Path) -> LabelTable:
    """Fill the table's blank action units from a file of probabilities.

    The file is a CSV with `image` (a name as in the table) and one column per action unit (`AU1` or `AU01`), 0 to 1
    or blank. Action units of `facs.AU_NAMES` that the table lacks are added to it.

    Raises:
        TableError: the file is not a CSV, a column is missing or occurs twice, a value is not a number from 0 to 1,
            or no image matches.
    """
    text = read_text(file, kind="CSV text")
    try:
        soft = pd.read_csv(io.StringIO(text), sep=delimiter_of(text))
    except ValueError as error:  # pandas' own errors are ValueErrors
        raise TableError(file, f"it cannot be read as CSV: {error}") from None
    soft.columns = [re.sub(r"^AU0+(?=\d)", "AU", str(name).strip()) for name in soft.columns]
    if not soft.columns.is_unique:
        name = soft.columns[soft.columns.duplicated()][0]
        raise TableError(file, f"it has two columns for {name}; keep one", 1)
    image = next((name for name in IMAGE_COLUMNS if name in soft.columns), None)
    if image is None:
        raise TableError(file, "it has no column “image”; add one with the images' names")
    known = tuple(dict.fromkeys([*table.action_units, *facs.AU_NAMES]))
    action_units = [au for au in known if au in soft.columns]
    if not action_units:
        raise TableError(file, f"it has no column for any of the action units {', '.join(known)}")
    numbers = soft[action_units].apply(pd.to_numeric, errors="coerce")
    wrong = (soft[action_units].notna() & ~numbers.ge(0)) | numbers.gt(1)
    if wrong.to_numpy().any():
        row, column = np.argwhere(wrong.to_numpy())[0]
        value = soft[action_units].iloc[row, column]
        raise TableError(
            file, f"{action_units[column]} is “{value}”; write a number from 0 to 1, or leave it blank", int(row) + 2
        )
    soft[action_units] = numbers
    matched = soft.drop_duplicates(image).set_index(image).reindex(table.frame["image"])[action_units]
    if matched.isna().all(axis=None):
        raise TableError(file, f"none of its images is in the table; names look like {table.frame['image'].iloc[0]}")
    filled = table.frame.reindex(columns=action_units).fillna(matched.reset_index(drop=True))
    all_units = tuple(au for au in known if au in table.action_units or au in action_units)
    return LabelTable(table.frame.assign(**{au: filled[au] for au in action_units}), table.emotions, all_units)

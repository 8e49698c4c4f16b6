"""Any CSV of one's own."""

import logging
import re
from pathlib import Path

from emotiscan import facs
from emotiscan.datasets.loaders.label_files import read_rows
from emotiscan.datasets.table import LabelTable, build_table

log = logging.getLogger(__name__)


def load_csv(path: str | Path, images: str | Path | None = None) -> LabelTable:
    """A CSV with `image`, and any of `subject`, `split`, `emotion` and action units (0, 1 or blank).

    A column like `AU26_or_AU27` says whether any of its action units is present; it serves evaluation.

    Args:
        path: the CSV, or a folder that holds it as `labels.csv`; the data set is called by the name of either.
        images: what its `image` column is relative to; by default the CSV's folder.

    Raises:
        TableError: a column or picture is missing, or a value is not what it should be.
    """
    file = Path(path)
    file = file / "labels.csv" if file.is_dir() else file
    rows = read_rows(file, ["image"])
    # Without a subject each picture is taken as another person.
    pictures = (row | {"subject": str(row.get("subject") or "").strip() or row["image"], "votes": None} for row in rows)
    root = Path(images) if images else file.parent
    action_units = tuple(name for name in rows[0] if _is_au(name)) if rows else ()
    for name in rows[0] if rows else ():
        if name not in action_units and re.match(r"AU[ _]?\d", str(name), re.IGNORECASE):
            log.warning(
                "%s: the column %s is passed over; the action units known here are %s",
                file,
                name,
                ", ".join(facs.AU_NAMES),
            )
    # Many folders hold a labels.csv; two of them are two data sets.
    name = file.stem if file.stem != "labels" else file.resolve().parent.name
    return build_table(pictures, file=file, root=root, source=name, action_units=action_units or facs.AU_NAMES)


def _is_au(column: str) -> bool:
    return all(part in facs.ACTION_UNITS for part in column.split("_or_"))

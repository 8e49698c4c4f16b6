"""Photos of movements that are known to be even, or not: `image`, `unit` and `even` (1 or 0) in a CSV."""

from pathlib import Path

from emotiscan import facs
from emotiscan.datasets.errors import TableError
from emotiscan.datasets.label_files import read_csv
from emotiscan.datasets.table import LabelRow, LabelTable, build_table


def even_table(file: Path, images: Path) -> LabelTable:
    """Make a label table of the photos that show an action unit evenly: it is present in both halves of the face.

    Photos with `even` 0 are left out: the CSV does not say which side is the weaker one, nor whether it moves at all.

    Args:
        file: the CSV.
        images: folder or zip file of the photos.

    Raises:
        TableError: a column or a photo is missing, a value is unknown, or no photo is even.
    """
    rows: dict[str, LabelRow] = {}
    for row in read_csv(file, ["image", "unit", "even"]).rows:
        image, au, even = (row.cells[name].strip() for name in ("image", "unit", "even"))
        if au not in facs.SIDED_AUS:
            raise TableError(file, f"unit is “{au}”; write one that has sides: {', '.join(facs.SIDED_AUS)}", row.line)
        if even not in ("0", "1"):
            raise TableError(file, f"even is “{even}”; write 1 (even) or 0 (not even)", row.line)
        if even == "1":
            before = rows.get(image, LabelRow(image, line=row.line))
            rows[image] = LabelRow(
                image,
                line=row.line,
                action_units={**before.action_units, au: 1},
                sides={**before.sides, au: (1, 1)},
            )
    if not rows:
        raise TableError(file, "none of its photos is even; write 1 in the column even")
    return build_table(rows.values(), file=file, root=images, source="even", action_units=facs.AU_NAMES)

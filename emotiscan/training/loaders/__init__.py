"""One small loader per data set; each makes a `LabelTable`.

A source is written `KIND:PATH[,option=value…]`, as `train.py --data` takes it.
"""

import inspect
from collections.abc import Callable
from pathlib import Path

from emotiscan.images import ImageError
from emotiscan.training.loaders.ckplus import load_ckplus, load_ckplus_course
from emotiscan.training.loaders.ferplus import load_ferplus
from emotiscan.training.loaders.plain import load_csv
from emotiscan.training.table import LabelTable, TableError, with_soft_codes

LOADERS: dict[str, Callable[..., LabelTable]] = {
    "ckplus": load_ckplus,
    "ckplus-course": load_ckplus_course,
    "ferplus": load_ferplus,
    "csv": load_csv,
}


def load_source(source: str) -> LabelTable:
    """Load one data set.

    Args:
        source: `KIND:PATH`, then any of `,codes=FILE` (a CSV of code probabilities that fills
            what is blank), `,images=DIR` (where the pictures lie, for `csv` and `ckplus-course`).

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
    settings = {}
    for option in options:
        name, equals, value = option.partition("=")
        if not equals or name not in ("codes", "images"):
            raise TableError(source, f"“{option}” is no option of a data source; use codes=FILE or images=DIR")
        if not Path(value).exists():
            raise TableError(value, "there is no such file or folder")
        settings[name] = value
    codes = settings.pop("codes", None)
    if settings and "images" not in inspect.signature(LOADERS[kind]).parameters:
        raise TableError(source, f"{kind} takes no option images=DIR; its pictures are looked for below {path}")
    try:
        table = LOADERS[kind](path, **settings)
    except ImageError as error:  # the folder or zip file itself cannot be read
        raise TableError(source, str(error)) from None
    return with_soft_codes(table, codes) if codes else table

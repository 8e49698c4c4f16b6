"""FER+ (Barsoum et al., 2016): ten annotators' votes on each face of FER-2013.

Layout, in a folder or a zip file: `FER2013Train/fer0000000.png`, `FER2013Valid/…`, `FER2013Test/…`, with
`fer2013new.csv` inside or beside it.
"""

from pathlib import Path

from emotiscan.datasets.errors import TableError
from emotiscan.datasets.label_files import CsvRow, read_csv
from emotiscan.datasets.storage import names_in, read_file
from emotiscan.datasets.table import LabelRow, LabelTable, build_table

FOLDERS = {
    "Training": ("FER2013Train", "train"),
    "PublicTest": ("FER2013Valid", "validation"),
    "PrivateTest": ("FER2013Test", "test"),
}
WORDS = ("neutral", "happiness", "surprise", "sadness", "anger", "disgust", "fear", "contempt")


def load_ferplus(path: str | Path) -> LabelTable:
    """Load FER+ with its own split.

    The votes are kept as distributions over the eight expressions and over negative, positive, surprise and neutral.
    A face that most annotators could not read (unknown, or no face) is left out, and so is a part (e.g. the test part)
    whose folder is missing.
    FER+ names no subjects: each image counts as one.

    Args:
        path: folder or zip file.

    Raises:
        TableError: the labels or an image is missing, or a number of votes is broken.
    """
    root = Path(path)
    names = names_in(root)
    # Some archives hold one folder around everything.
    prefix = min((name[: name.index("FER2013")] for name in names if "FER2013" in name), key=len, default="")
    there = {name.removeprefix(prefix).split("/")[0] for name in names}
    if not any(folder in there for folder, _ in FOLDERS.values()):
        raise TableError(root, "it holds none of the folders FER2013Train, FER2013Valid, FER2013Test")
    labels, data = _labels(root, names)
    rows, seen = [], set()
    for row in read_csv(labels, ["Usage", "Image name", *WORDS, "unknown", "NF"], data).rows:
        folder, split = FOLDERS.get(row.cells["Usage"], ("", ""))
        if folder not in there or not row.cells["Image name"]:
            continue  # FER+ leaves the name blank where it removed the image
        same = tuple(row.cells[name] for name in ("Usage", "Image name", *WORDS))
        if same in seen:
            continue  # the published file repeats a few lines exactly
        seen.add(same)
        votes = _votes(row, labels)
        if votes is not None:
            image = f"{prefix}{folder}/{row.cells['Image name']}"
            rows.append(LabelRow(image, split=split, expression_votes=votes, line=row.line))
    return build_table(rows, file=labels, root=root, source="ferplus")


def _votes(row: CsvRow, file: Path) -> dict[str, int] | None:
    """Votes for each expression; None for a face that most could not read."""
    try:
        numbers = {word: int(row.cells[word]) for word in (*WORDS, "unknown", "NF")}
    except ValueError:
        raise TableError(file, "a number of votes is missing or not whole", row.line) from None
    votes = {word: numbers[word] for word in WORDS}
    unreadable = numbers["unknown"] + numbers["NF"]
    return votes if sum(votes.values()) > unreadable else None


def _labels(root: Path, names: frozenset[str]) -> tuple[Path, bytes | None]:
    """Path of the labels, and their bytes where they are in a zip file."""
    inside = [name for name in names if name.split("/")[-1] == "fer2013new.csv"]
    if inside:
        return root / inside[0], read_file(root, inside[0])
    beside = root.parent / "fer2013new.csv"
    if beside.is_file():
        return beside, None
    raise TableError(root, "there is no fer2013new.csv in it or beside it; get it from the FER+ project")


def published_votes(path: str | Path) -> dict[str, tuple[int, ...]]:
    """Read all ten annotators' votes on each image, as FER+'s published protocol counts them.

    Args:
        path: as for `load_ferplus`.

    Returns:
        Votes for each of `WORDS`, then for “unknown” and “no face”, by the image's name below the path.

    Raises:
        TableError: the labels are missing, or a number of votes is broken.
    """
    root = Path(path)
    names = names_in(root)
    prefix = min((name[: name.index("FER2013")] for name in names if "FER2013" in name), key=len, default="")
    labels, data = _labels(root, names)
    columns = (*WORDS, "unknown", "NF")
    votes = {}
    for row in read_csv(labels, ["Usage", "Image name", *columns], data).rows:
        folder, _ = FOLDERS.get(row.cells["Usage"], ("", ""))
        if folder and row.cells["Image name"]:
            try:
                numbers = tuple(int(row.cells[name]) for name in columns)
            except ValueError:
                raise TableError(labels, "a number of votes is missing or not whole", row.line) from None
            votes[f"{prefix}{folder}/{row.cells['Image name']}"] = numbers
    return votes

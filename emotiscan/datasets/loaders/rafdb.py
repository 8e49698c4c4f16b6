"""RAF-DB (Li et al., 2017), the basic emotions: photos from the web with the label of about 40 annotators.

Layouts, in a folder or a zip file:

    basic/EmoLabel/list_patition_label.txt    lines like "train_00001.jpg 5" (the publishers' spelling of partition)
    basic/Image/aligned/train_00001_aligned.jpg, or basic/Image/original/train_00001.jpg

or the common copy with one numbered folder a class: `train/1/train_00001_aligned.jpg`, `test/7/…`.

RAF-DB is licensed to each user by its publishers; this project ships none of it.
"""

import re
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from emotiscan.datasets.errors import TableError
from emotiscan.datasets.label_files import read_text
from emotiscan.datasets.storage import image_names_in, names_in, read_file
from emotiscan.datasets.table import LabelRow, LabelTable, build_table

EMOTIONS = ("surprise", "fear", "disgust", "happiness", "sadness", "anger", "neutral")
"""The emotions numbered from 1."""

_LABELS = re.compile(r"(?:^|/)list_par?tition_label\.txt$", re.IGNORECASE)
_NUMBERED = re.compile(r"(?:^|/)(train|test|val(?:id(?:ation)?)?)/([1-7])/[^/]+$", re.IGNORECASE)


def load_rafdb(path: str | Path) -> LabelTable:
    """Load RAF-DB's basic emotions with its own split into train and test.

    The aligned images are used where they are there, else the original ones. RAF-DB has no validation part and names
    no subjects: each image counts as one.

    Args:
        path: `basic`, the folder above it, the folder above `train` and `test`, or a zip file of one of them.

    Raises:
        TableError: the labels or an image is missing, or a line is broken.
    """
    root = Path(path)
    labels = next((name for name in sorted(names_in(root)) if _LABELS.search(name)), None)
    images = image_names_in(root)
    if labels:
        rows = _listed(root, labels, images)
        return build_table(rows, file=root / labels, root=root, source="rafdb")
    numbered = [(name, match) for name in images if (match := _NUMBERED.search(name))]
    if not numbered:
        raise TableError(
            root,
            "it holds neither EmoLabel/list_patition_label.txt nor folders train/1 … test/7; unpack basic there",
        )
    numbered_rows = (
        LabelRow(name, split=_split(match[1].lower()), emotion=EMOTIONS[int(match[2]) - 1]) for name, match in numbered
    )
    return build_table(numbered_rows, file=root, root=root, source="rafdb")


def _split(word: str) -> str:
    return "validation" if word.startswith("val") else word


def _listed(root: Path, labels: str, images: list[str]) -> Iterator[LabelRow]:
    file = root / labels
    by_stem: dict[str, str] = {}
    # Aligned images last, so that they replace the original ones.
    for name in sorted(images, key=lambda name: "aligned" in PurePosixPath(name).parts):
        by_stem[PurePosixPath(name).stem.removesuffix("_aligned")] = name
    for line, text in enumerate(read_text(file, read_file(root, labels)).splitlines(), start=1):
        words = text.split()
        if not words:
            continue
        if len(words) != 2 or words[1] not in [str(n) for n in range(1, len(EMOTIONS) + 1)]:
            raise TableError(file, f"“{text.strip()}” is not an image and its emotion from 1 to {len(EMOTIONS)}", line)
        stem = PurePosixPath(words[0]).stem
        split = stem.partition("_")[0]
        if split not in ("train", "test"):
            raise TableError(file, f"“{words[0]}” begins with neither train_ nor test_", line)
        yield LabelRow(by_stem.get(stem, words[0]), split=split, line=line, emotion=EMOTIONS[int(words[1]) - 1])

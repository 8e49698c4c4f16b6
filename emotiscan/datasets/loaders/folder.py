"""Folders of images, one for each class, as ImageFolder, CK+48 and KDEF-like trees have them.

Layouts, in a folder or a zip file:

    happy/any/name.jpg                    one folder a class
    train/happy/1.jpg, test/happy/2.jpg   with folders for the splits above: train, val or valid or validation, test
    AF01/AF01HAS.JPG                      KDEF's own names, whose letters give the expression

Class names are any usual words (anger, angry, 03_anger, AN), in any case. One more folder around everything is
allowed. Hidden files, `Thumbs.db` and files that are no images are ignored.
"""

import logging
import re
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

from emotiscan.datasets.emotion_words import LABEL_OF_WORD, emotion_label
from emotiscan.datasets.errors import TableError
from emotiscan.datasets.storage import data_set_name, image_names_in
from emotiscan.datasets.table import LabelRow, LabelTable, build_table

log = logging.getLogger(__name__)

SPLIT_FOLDERS = {
    **dict.fromkeys(("train", "training", "train_set"), "train"),
    **dict.fromkeys(("val", "valid", "validation", "dev", "val_set", "publictest"), "validation"),
    **dict.fromkeys(("test", "testing", "test_set", "privatetest"), "test"),
}
"""Split of each folder name, in lower case."""

ABBREVIATIONS = {
    "an": "anger",
    "co": "contempt",
    "di": "disgust",
    "fe": "fear",
    "af": "fear",
    "ha": "happiness",
    "sa": "sadness",
    "su": "surprise",
    "ne": "neutral",
}
"""Two-letter class names, as KDEF and others use them."""

_KDEF = re.compile(r"[AB]([FM]\d\d)(AF|AN|DI|HA|NE|SA|SU)(FL|FR|HL|HR|S)", re.IGNORECASE)
_CKPLUS = re.compile(r"(S\d{3})_\d{3}_\d{8}", re.IGNORECASE)


def load_folder(path: str | Path) -> LabelTable:
    """Load a tree with one folder of images for each class.

    Subjects are read from names like KDEF's (AF01ANS and BF01ANS both show subject F01) and CK+'s
    (S005_001_00000011); any other image counts as a subject of its own.

    Args:
        path: folder or zip file.

    Raises:
        TableError: a class is unknown, there are no images in class folders, or a subject is in two splits.
    """
    root = Path(path)
    names = image_names_in(root)
    if not names:
        raise TableError(root, "it holds no images; put them into one folder a class, e.g. happy/1.jpg")
    outer = _outer_folders(names)
    rows: list[LabelRow] = []
    unknown: dict[str, str] = {}
    outside: list[str] = []
    for name in names:
        *folders, file = PurePosixPath(name).parts[outer:]
        split = SPLIT_FOLDERS.get(folders[0].lower(), "") if folders else ""
        folders = folders[1:] if split else folders
        stem = PurePosixPath(file).stem
        kdef = _KDEF.fullmatch(stem)
        label = class_label(folders[0]) if folders else None
        if label is None and kdef:
            label = ABBREVIATIONS[kdef[2].lower()]
        if label:
            rows.append(LabelRow(name, subject_of(stem), split, emotion=label))
        elif folders:
            unknown.setdefault(folders[0], name)
        else:
            outside.append(name)
    if unknown:
        raise TableError(
            root,
            f"unknown class {', '.join(f'“{folder}”' for folder in unknown)} (e.g. {next(iter(unknown.values()))}); "
            f"rename or remove the folder; known are {', '.join(LABEL_OF_WORD)}",
        )
    if not rows:
        raise TableError(root, f"{outside[0]} is in no class folder; put images into one folder a class, e.g. happy/")
    if outside:
        log.warning("%s: %d images in no class folder are ignored, e.g. %s", root, len(outside), outside[0])
    return build_table(rows, file=root, root=root, source=data_set_name(root))


def class_label(folder: str) -> str | None:
    """The emotion of a class folder, e.g. "anger" for "03_Angry"; None if it is unknown."""
    word = re.sub(r"^\d+[ ._-]*(?=[a-z])", "", folder.strip().lower())
    return emotion_label(ABBREVIATIONS.get(word, word))


def subject_of(stem: str) -> str:
    """The subject in a name like KDEF's or CK+'s, without its ending; "" in any other name."""
    name = _KDEF.fullmatch(stem) or _CKPLUS.match(stem)
    return name[1].upper() if name else ""


def _outer_folders(names: Sequence[str]) -> int:
    """How many folders surround the whole tree: neither classes nor splits, and alone on their level."""
    folders = [PurePosixPath(name).parts[:-1] for name in names]
    for depth in range(min(map(len, folders))):
        here = {parts[depth] for parts in folders}
        word = min(here)
        # The innermost folder is a class, known or not.
        if len(here) > 1 or word.lower() in SPLIT_FOLDERS or class_label(word) or depth == max(map(len, folders)) - 1:
            return depth
    return min(map(len, folders))

"""CK+ (Lucey et al., 2010): the official folders, and the course subset's one CSV.

CK+ is licensed to each user by its publishers; this project ships none of it.
"""

import re
from pathlib import Path

from emotiscan import facs
from emotiscan.datasets.loaders.label_files import read_rows, read_text
from emotiscan.datasets.table import LabelTable, TableError, build_table

EMOTION_NUMBERS = ("neutral", "anger", "contempt", "disgust", "fear", "happy", "sadness", "surprise")
COURSE_EMOTIONS = facs.EMOTIONS


def load_ckplus(path: str | Path) -> LabelTable:
    """The official folders: `cohn-kanade-images/`, `FACS/` and, for some sequences, `Emotion/`.

    Each labeled sequence gives one picture, its apex: the frame that its FACS file names, which
    is the sequence's last. Every action unit that the FACS file lists is present, whatever its
    intensity (0 means present, not scored); every other is absent.

    Raises:
        TableError: a folder is missing, a file is broken, or a sequence has no picture.
    """
    root = Path(path)
    images, actions = root / "cohn-kanade-images", root / "FACS"
    for folder in (images, actions):
        if not folder.is_dir():
            raise TableError(root, f"there is no folder {folder.name}; unpack the CK+ archives side by side there")
    files = sorted(actions.glob("*/*/*_facs.txt"))
    return build_table((_sequence(file, root) for file in files), file=actions, root=images, source="ckplus")


def _sequence(file: Path, root: Path) -> dict[str, object]:
    subject, sequence = file.parent.parent.name, file.parent.name
    stem = file.name.removesuffix("_facs.txt")
    present = set()
    for number, text in enumerate(read_text(file).splitlines(), start=1):
        if not text.strip():
            continue
        values = _numbers(text, file, number)
        if len(values) != 2 or values[0] not in range(100):
            raise TableError(file, f"“{text.strip()}” is not an action unit and its intensity", number)
        present.add(f"AU{int(values[0])}")
    row: dict[str, object] = {au: int(au in present) for au in facs.AU_NAMES}
    row |= {"subject": subject, "image": f"{subject}/{sequence}/{stem}.png"}
    emotion = root / "Emotion" / subject / sequence / f"{stem}_emotion.txt"
    if emotion.is_file():
        values = _numbers(read_text(emotion), emotion, 1)
        if len(values) != 1 or values[0] not in range(len(EMOTION_NUMBERS)):
            raise TableError(emotion, f"it must hold one number from 0 to {len(EMOTION_NUMBERS) - 1}", 1)
        row["emotion"] = EMOTION_NUMBERS[int(values[0])]
    return row


def _numbers(text: str, file: Path, line: int) -> list[float]:
    try:
        return [float(word) for word in text.split()]
    except ValueError:
        raise TableError(file, f"“{text.strip()}” is not a number", line) from None


def load_ckplus_course(path: str | Path, images: str | Path | None = None) -> LabelTable:
    """The course subset's `data_labels.csv`: 15 action units and one of three emotions a picture.

    Args:
        path: the CSV, or a folder that holds it as `data_labels.csv`.
        images: what its `filepath` column is relative to; by default the CSV's folder.

    Raises:
        TableError: a column or picture is missing, or a value is not what it should be.
    """
    file = Path(path)
    file = file / "data_labels.csv" if file.is_dir() else file
    root = Path(images) if images else file.parent
    wanted = ["subject", "filepath", "high_level_emotion", *facs.AU_NAMES]
    rows = read_rows(file, wanted)
    pictures = (
        row | {"image": re.sub(r"^(\./)+", "", str(row["filepath"])), "emotion": row["high_level_emotion"]}
        for row in rows
    )
    return build_table(pictures, file=file, root=root, source="ckplus-course", emotions=COURSE_EMOTIONS)

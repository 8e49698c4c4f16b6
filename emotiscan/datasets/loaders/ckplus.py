"""CK+ (Lucey et al., 2010): the official folders, and the course subset's one CSV.

Official layout, each archive unpacked into the same folder, in the archives' own or other spellings:

    cohn-kanade-images/S005/001/S005_001_00000011.png    (or extended-cohn-kanade-images/cohn-kanade-images/…)
    FACS/S005/001/S005_001_00000011_facs.txt             (or FACS_labels/FACS/…)
    Emotion/S005/001/S005_001_00000011_emotion.txt       (or Emotion_labels/Emotion/…)

The course subset is `data_labels.csv` with the columns `subject`, `filepath`, `high_level_emotion` and AU1 … AU27.

CK+ is licensed to each user by its publishers; this project ships none of it.
"""

import re
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from emotiscan import facs
from emotiscan.datasets.errors import TableError
from emotiscan.datasets.label_files import read_csv, read_text
from emotiscan.datasets.storage import image_names_in, is_system_file
from emotiscan.datasets.table import LabelRow, LabelTable, build_table

EMOTION_NUMBERS = ("neutral", "anger", "contempt", "disgust", "fear", "happy", "sadness", "surprise")
COURSE_EMOTIONS = facs.EMOTIONS

IMAGES = ("cohn-kanade-images", "extended-cohn-kanade-images")
FACS = ("FACS", "FACS_labels")
EMOTION = ("Emotion", "Emotion_labels")
"""Names, in any case, of the folders that hold the subjects' folders."""

MAX_DEPTH = 3
"""How many folders deep those folders may be."""

_SUBJECT = re.compile(r"S\d+", re.IGNORECASE)


def load_ckplus(path: str | Path) -> LabelTable:
    """Load CK+ from its official folders.

    Each labeled sequence gives one image, its apex: the frame that its FACS file names, which is the sequence's last.
    Every action unit that the FACS file lists is present, whatever its intensity (0 means present, not scored); every
    other is absent. Sequences without an emotion file keep their action units.

    Args:
        path: folder that holds the unpacked archives.

    Raises:
        TableError: a folder is missing, a file is broken, or a sequence has no image.
    """
    root = Path(path)
    images, action_units = (_required_folder(root, names) for names in (IMAGES, FACS))
    emotions = _folder(root, EMOTION)
    # The FACS files decide which frame it is; their case, and the image's ending, may differ from the image's own.
    names = {PurePosixPath(name).with_suffix("").as_posix().lower(): name for name in image_names_in(images)}
    files = sorted(file for file in action_units.glob("*/*/*_*") if _is_label_file(file, "_facs.txt"))
    rows = (_sequence(file, emotions, names) for file in files)
    return build_table(rows, file=action_units, root=images, source="ckplus")


def _is_label_file(file: Path, ending: str) -> bool:
    return file.name.lower().endswith(ending) and not is_system_file(file.name)


def _required_folder(root: Path, names: tuple[str, ...]) -> Path:
    folder = _folder(root, names)
    if folder is None:
        raise TableError(root, f"there is no folder {names[0]}; unpack the CK+ archives side by side there")
    return folder


def _folder(root: Path, names: tuple[str, ...]) -> Path | None:
    """The folder nearest to the root that has one of these names and holds subjects' folders."""
    spellings = {name.lower() for name in names}
    level = [root]
    for _ in range(MAX_DEPTH + 1):
        for folder in level:
            if folder.name.lower() in spellings and any(_SUBJECT.fullmatch(inside.name) for inside in _folders(folder)):
                return folder
        level = [inside for folder in level for inside in _folders(folder) if not _SUBJECT.fullmatch(inside.name)]
    return None


def _folders(folder: Path) -> Iterator[Path]:
    return (inside for inside in sorted(folder.iterdir()) if inside.is_dir() and not is_system_file(inside.name))


def _sequence(file: Path, emotions: Path | None, images: dict[str, str]) -> LabelRow:
    subject, sequence = file.parent.parent.name, file.parent.name
    stem = file.name[: -len("_facs.txt")]
    present = set()
    for line, text in enumerate(read_text(file).splitlines(), start=1):
        if not text.strip():
            continue
        values = _numbers(text, file, line)
        if len(values) != 2 or values[0] not in range(100):
            raise TableError(file, f"“{text.strip()}” is not an action unit and its intensity", line)
        present.add(f"AU{int(values[0])}")
    image = f"{subject}/{sequence}/{stem}"
    return LabelRow(
        image=images.get(image.lower(), f"{image}.png"),
        subject=subject,
        emotion=_emotion(emotions / subject / sequence / f"{stem}_emotion.txt") if emotions else "",
        action_units={au: int(au in present) for au in facs.AU_NAMES},
    )


def _emotion(file: Path) -> str:
    """The emotion that a file holds; "" where there is no file."""
    if not file.is_file():
        return ""
    values = _numbers(read_text(file), file, 1)
    if len(values) != 1 or values[0] not in range(len(EMOTION_NUMBERS)):
        raise TableError(file, f"it must hold one number from 0 to {len(EMOTION_NUMBERS) - 1}", 1)
    return EMOTION_NUMBERS[int(values[0])]


def _numbers(text: str, file: Path, line: int) -> list[float]:
    try:
        return [float(word) for word in text.split()]
    except ValueError:
        raise TableError(file, f"“{text.strip()}” is not a number", line) from None


def load_ckplus_course(path: str | Path, images: str | Path | None = None) -> LabelTable:
    """Load the course subset's `data_labels.csv`: 15 action units and one of three emotions an image.

    Args:
        path: the CSV, or a folder that holds it as `data_labels.csv`.
        images: what its `filepath` column is relative to; by default the CSV's folder.

    Raises:
        TableError: a column or image is missing, or a value is broken.
    """
    file = Path(path)
    file = file / "data_labels.csv" if file.is_dir() else file
    root = Path(images) if images else file.parent
    table = read_csv(file, ["subject", "filepath", "high_level_emotion", *facs.MISSION_AU_NAMES])
    rows = (
        LabelRow(
            image=re.sub(r"^(\./)+", "", row.cells["filepath"]),
            subject=row.cells["subject"],
            split=row.cells.get("split", ""),
            line=row.line,
            emotion=row.cells["high_level_emotion"],
            action_units={au: row.cells[au] for au in facs.MISSION_AU_NAMES},
        )
        for row in table.rows
    )
    return build_table(rows, file=file, root=root, source="ckplus-course", emotions=COURSE_EMOTIONS)

"""DISFA (Mavadati et al., 2013): videos of 27 subjects, the intensity (0 to 5) of twelve action units in every frame.

Layout: `ActionUnit_Labels/SN001/SN001_au1.txt` … with lines of frame and intensity, and `Images/SN001/0001.png` …,
frames that a license holder has extracted from the videos.

DISFA is licensed to each user by its publishers; this project ships none of it.
"""

import re
from collections.abc import Iterator
from pathlib import Path

from emotiscan import facs
from emotiscan.datasets.errors import TableError
from emotiscan.datasets.label_files import read_text
from emotiscan.datasets.loaders.video_frames import frames_by_folder, label_and_image_folders
from emotiscan.datasets.storage import is_system_file, names_in
from emotiscan.datasets.table import LabelRow, LabelTable, build_table, presence_of

_LABELS = re.compile(r"(SN\d+)_au(\d+)\.txt$", re.IGNORECASE)


def load_disfa(path: str | Path, images: str | Path | None = None) -> LabelTable:
    """Load DISFA; intensities become present, absent or unknown (see `table.presence_of`) and are kept as well.

    All frames or only some of them may have been extracted, into one folder per subject that is named like the
    subject. Frames without an image are skipped. DISFA does not label AU7, 11, 14, 23, 24 and 27; they stay unknown.

    Args:
        path: folder that holds `ActionUnit_Labels`.
        images: where the subjects' folders are; by default `Images` below the path.

    Raises:
        TableError: a folder is missing, a file is broken, or a subject has no images.
    """
    labels, frames = label_and_image_folders(Path(path), "ActionUnit_Labels", images)
    return build_table(_rows(labels, frames), file=labels, root=frames, source="disfa")


def _rows(labels: Path, images: Path) -> Iterator[LabelRow]:
    folders = frames_by_folder(names_in(images))
    for subject in sorted(folder for folder in labels.iterdir() if folder.is_dir() and not is_system_file(folder.name)):
        frames = next((found for folder, found in folders.items() if subject.name in folder.split("/")), None)
        if not frames:
            raise TableError(labels, f"there are no images of {subject.name}; put them into {images / subject.name}")
        labeled = {}
        for file in sorted(subject.iterdir()):
            name = _LABELS.match(file.name)
            if name and f"AU{int(name[2])}" in facs.ACTION_UNITS:
                labeled[f"AU{int(name[2])}"] = _intensities(file)
        if not labeled:
            raise TableError(subject, "it holds no file like SN001_au1.txt")
        for number, image in frames.items():
            values = {au: intensities[number] for au, intensities in labeled.items() if number in intensities}
            if values:
                presence = {au: presence_of(value) for au, value in values.items()}
                yield LabelRow(image, subject.name, action_units=presence, intensities=values)


def _intensities(file: Path) -> dict[int, int]:
    found = {}
    for line, text in enumerate(read_text(file).splitlines(), start=1):
        if not text.strip():
            continue
        words = [word.strip() for word in text.split(",")]
        if len(words) != 2 or not all(word.isdecimal() and len(word) < 10 for word in words) or int(words[1]) > 5:
            raise TableError(file, f"“{text.strip()}” is not a frame and its intensity from 0 to 5", line)
        found[int(words[0])] = int(words[1])
    return found

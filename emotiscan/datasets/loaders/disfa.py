"""DISFA (Mavadati et al., 2013): videos of 27 persons, twelve action units in every frame, from 0 to 5.

DISFA is licensed to each user by its publishers; this project ships none of it.
"""

import re
from collections.abc import Iterator
from pathlib import Path

from emotiscan import facs
from emotiscan.datasets.loaders.label_files import read_text
from emotiscan.datasets.loaders.video_frames import frames_by_folder, labels_and_pictures
from emotiscan.datasets.storage import names_in
from emotiscan.datasets.table import LabelTable, TableError, build_table

PRESENT = 2
"""Least intensity (of 5) of an action unit that is present, as in most papers; 1, a trace, is neither present nor absent."""

_LABELS = re.compile(r"(SN\d+)_au(\d+)\.txt$", re.IGNORECASE)


def load_disfa(path: str | Path, images: str | Path | None = None) -> LabelTable:
    """`ActionUnit_Labels/SN001/SN001_au1.txt` … (lines of frame and intensity), and pictures of the frames.

    The pictures are taken out of the videos by whoever holds the license, all or some of them, into a folder for each
    person that is named like the person, below `Images/`: `Images/SN001/0001.png`, say. Frames without a picture are
    passed over. DISFA action units no AU7, 11, 14, 23, 24 and 27; they stay unknown.

    Args:
        images: where the persons' folders lie; by default `Images` below the path.

    Raises:
        TableError: a folder is missing, a file is broken, or a person has no pictures.
    """
    labels, pictures = labels_and_pictures(Path(path), "ActionUnit_Labels", images)
    return build_table(_frames(labels, pictures), file=labels, root=pictures, source="disfa")


def _frames(labels: Path, pictures: Path) -> Iterator[dict[str, object]]:
    folders = frames_by_folder(names_in(pictures))
    for person in sorted(folder for folder in labels.iterdir() if folder.is_dir()):
        frames = next((found for folder, found in folders.items() if person.name in folder.split("/")), None)
        if not frames:
            raise TableError(labels, f"there are no pictures of {person.name}; put them into {pictures / person.name}")
        coded = {}
        for file in sorted(person.iterdir()):
            name = _LABELS.search(file.name)
            if name and f"AU{int(name[2])}" in facs.ACTION_UNITS:
                coded[f"AU{int(name[2])}"] = _intensities(file)
        if not coded:
            raise TableError(person, "it holds no file like SN001_au1.txt")
        for number, image in frames.items():
            values = {au: intensities[number] for au, intensities in coded.items() if number in intensities}
            if values:
                presence = {au: 1 if v >= PRESENT else 0 if v == 0 else None for au, v in values.items()}
                yield {"image": image, "subject": person.name, **presence}


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

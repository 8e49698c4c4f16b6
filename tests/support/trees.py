"""Tiny data sets in the exact layouts of the real ones, with faces from the project's own renderer."""

import csv
import io
import zipfile
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

import numpy as np
from PIL import Image

from emotiscan import facs

SAMPLES = Path(__file__).resolve().parents[2] / "samples"

NUMBERS = {"neutral": 0, "anger": 1, "contempt": 2, "disgust": 3, "fear": 4, "happy": 5, "sadness": 6, "surprise": 7}
"""CK+'s number of each emotion."""

ACTIONS = {
    "happy": {6: 3, 12: 4, 25: 0},
    "surprise": {1: 3, 2: 3, 5: 2, 25: 0, 27: 4},
    "anger": {4: 3, 7: 2, 23: 3, 17: 1},
    "sadness": {1: 2, 4: 1, 15: 3, 17: 2},
    "disgust": {4: 1, 7: 2, 9: 4, 10: 0, 25: 1},
}
"""Action units of each expression: number to intensity (0: present, not scored)."""

COURSE_ACTION_UNITS = [f"AU{number}" for number in (17, 1, 2, 25, 27, 4, 7, 23, 24, 6, 12, 15, 14, 11, 26)]
COURSE_COLUMNS = [
    *("subject", "sequence", "image_index", "filepath", "file_prefix"),
    *COURSE_ACTION_UNITS,
    "high_level_emotion",
]
FERPLUS_COLUMNS = [
    *("Usage", "Image name", "neutral", "happiness", "surprise", "sadness"),
    *("anger", "disgust", "fear", "contempt", "unknown", "NF"),
]

Clip = tuple[str, str, str, bool]
"""Subject, sequence, expression, and whether there is an emotion file."""

CLIPS: tuple[Clip, ...] = (
    *(
        (f"S{5 + subject:03}", f"{take:03}", expression, True)
        for subject in range(8)
        for take, expression in enumerate(("happy", "surprise", ("anger", "sadness")[subject % 2]), start=1)
    ),
    ("S005", "004", "disgust", False),
)
"""Eight subjects with three clips each, and one clip without an emotion file."""


@cache
def face(expression: str, size: int = 96, subject: int = 0) -> Image.Image:
    """A gray face; each subject has another brightness."""
    name = {"happy": "smile", "calm": "calm"}.get(expression, expression)
    with Image.open(SAMPLES / f"{name}.jpg") as portrait:
        gray = portrait.convert("L")
    middle, half = gray.width / 2, 0.42 * gray.width
    crop = gray.crop(
        (int(middle - half), int(0.46 * gray.height - half), int(middle + half), int(0.46 * gray.height + half))
    )
    values = np.asarray(crop.resize((size, size), Image.Resampling.BOX), float)
    return Image.fromarray((values * (1 - 0.03 * subject)).astype(np.uint8))


def png(expression: str, size: int = 96, subject: int = 0) -> bytes:
    """`face` as the bytes of a PNG file."""
    buffer = io.BytesIO()
    face(expression, size, subject).save(buffer, "PNG")
    return buffer.getvalue()


def put(path: Path, content: bytes | str) -> Path:
    """Write a file, and the folders above it, and return its path."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def write_rows(path: Path, columns: Sequence[str], rows: Sequence[Sequence[object]]) -> Path:
    """Write a CSV file."""
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\n").writerows([columns, *rows])
    return put(path, text.getvalue())


def write_ckplus(root: Path, clips: Sequence[Clip] = CLIPS) -> Path:
    """Write CK+'s official folders: all frames, FACS files, and Emotion files where there are any."""
    for subject, sequence, expression, with_emotion in clips:
        stem = f"{subject}_{sequence}_00000011"
        for frame in (1, 6):
            put(root / f"cohn-kanade-images/{subject}/{sequence}/{stem[:-8]}{frame:08}.png", png("calm", 48))
        put(root / f"cohn-kanade-images/{subject}/{sequence}/{stem}.png", png(expression, subject=int(subject[1:]) % 8))
        rows = "".join(f"   {au:.7e}   {strength:.7e}\n" for au, strength in ACTIONS[expression].items())
        put(root / f"FACS/{subject}/{sequence}/{stem}_facs.txt", rows)
        emotion = root / f"Emotion/{subject}/{sequence}"
        emotion.mkdir(parents=True)
        if with_emotion:
            put(emotion / f"{stem}_emotion.txt", f"   {NUMBERS[expression]:.7e}\n")
    return root


def write_course(root: Path, clips: Sequence[Clip] = CLIPS, index: bool = False) -> Path:
    """Write the course subset: the same images and one CSV, with or without pandas' index column."""
    rows = []
    for subject, sequence, expression, _ in clips:
        stem = f"{subject}_{sequence}_00000011"
        path = f"cohn-kanade-images/{subject}/{sequence}/{stem}.png"
        put(root / path, png(expression, subject=int(subject[1:]) % 8))
        action_units = [int(int(au[2:]) in ACTIONS[expression]) for au in COURSE_ACTION_UNITS]
        emotion = {"happy": "positive", "surprise": "surprise"}.get(expression, "negative")
        rows.append([subject, int(sequence), 11, f"./{path}", stem, *action_units, emotion])
    columns = [*[""] * index, *COURSE_COLUMNS]
    return write_rows(root / "data_labels.csv", columns, [[*[n] * index, *row] for n, row in enumerate(rows)])


FERPLUS_ROWS: tuple[tuple[object, ...], ...] = (
    ("Training", "fer0000000.png", 4, 0, 0, 1, 3, 2, 0, 0, 0, 0),
    ("Training", "fer0000002.png", 0, 10, 0, 0, 0, 0, 0, 0, 0, 0),
    ("Training", "fer0000003.png", 1, 0, 1, 0, 0, 0, 0, 0, 8, 0),  # nobody could read it
    ("Training", "", 0, 0, 0, 0, 0, 0, 0, 0, 0, 10),  # removed by FER+
    ("Training", "fer0000004.png", 0, 0, 0, 0, 0, 0, 0, 1, 0, 9),  # no face
    ("PublicTest", "fer0028638.png", 0, 0, 7, 0, 0, 0, 2, 0, 1, 0),
    ("PublicTest", "fer0028638.png", 0, 0, 7, 0, 0, 0, 2, 0, 1, 0),  # repeated exactly
    ("PrivateTest", "fer0032220.png", 10, 0, 0, 0, 0, 0, 0, 0, 0, 0),  # its folder is not here
)
"""Lines as fer2013new.csv has them."""


def write_ferplus(
    path: Path, rows: Sequence[Sequence[object]] = FERPLUS_ROWS, beside: bool = False, prefix: str = ""
) -> Path:
    """Write FER+ as a folder, or as a zip file if the path ends in .zip; its labels inside it or beside it."""
    folders = {"Training": "FER2013Train", "PublicTest": "FER2013Valid"}
    files = {f"{folders[use]}/{name}": png("happy", 48) for use, name, *_ in rows if use in folders and name}
    labels = write_rows(path.parent / "fer2013new.csv", FERPLUS_COLUMNS, rows)
    if not beside:
        files["fer2013new.csv"] = labels.read_bytes()
        labels.unlink()
    if path.suffix == ".zip":
        with zipfile.ZipFile(path, "w") as archive:
            for name, content in files.items():
                archive.writestr(prefix + name, content)
    else:
        for name, content in files.items():
            put(path / prefix / name, content)
    return path


def write_csv(root: Path, columns: Sequence[str], rows: Sequence[Sequence[object]]) -> Path:
    """Write labels.csv and its images: the first value of each row is an image's name, e.g. `happy3.png`."""
    for name, *_ in rows:
        stem = str(name).removesuffix(".png")
        put(root / str(name), png(stem.rstrip("0123456789"), subject=int(stem[-1])))
    return write_rows(root / "labels.csv", columns, rows)


def write_rendered(
    root: Path,
    faces: Sequence[Mapping[str, float]],
    split: Sequence[str] = (),
    emotions: Sequence[str] = (),
    further: Mapping[str, Sequence[object]] | None = None,
) -> Path:
    """Write a folder as the renderer does, but without motion maps.

    Args:
        root: the folder.
        faces: action unit to intensity, 0 to 1, of each image.
        split: of each image; "train" for all by default.
        emotions: of each image; none by default.
        further: columns to the values of each image, e.g. of `AU12_left`; none by default.
    """
    further = further or {}
    columns = ["image", "subject", "split", "emotion", *facs.AU_NAMES, *further]
    rows = []
    for n, action_units in enumerate(faces):
        put(root / f"images/{n:06}.jpg", png("happy" if action_units else "calm", subject=n % 8))
        rows.append([f"images/{n:06}.jpg", f"s0-{n:06}", split[n] if split else "train"])
        rows[-1].append(emotions[n] if emotions else "")
        rows[-1] += [action_units.get(au, 0) for au in facs.AU_NAMES]
        rows[-1] += [values[n] for values in further.values()]
    write_rows(root / "labels.csv", columns, rows)
    return root


def write_images(root: Path, names: Sequence[str], expression: str = "happy") -> Path:
    """Write the same face under several names; files that are no images hold text. The root may be a zip file."""
    content = {name: png(expression, 48) if name.lower().endswith((".png", ".jpg")) else b"text" for name in names}
    if root.suffix == ".zip":
        with zipfile.ZipFile(root, "w") as archive:
            for name, data in content.items():
                archive.writestr(name, data)
    else:
        for name, data in content.items():
            put(root / name, data)
    return root


RAFDB_LINES = ("train_00001.jpg 5", "train_00002.jpg 4", "test_0001.jpg 7", "test_0002.jpg 1")
"""Lines as list_patition_label.txt has them: sadness, happiness, neutral, surprise."""


def write_rafdb(root: Path, lines: Sequence[str] = RAFDB_LINES, kind: str = "aligned") -> Path:
    """Write RAF-DB's folder `basic` with aligned or original images, and return the folder above it."""
    put(root / "basic/EmoLabel/list_patition_label.txt", "\n".join(lines) + "\n")
    for line in lines:
        stem = line.partition(".")[0] + "_aligned" * (kind == "aligned")
        put(root / f"basic/Image/{kind}/{stem}.jpg", png("happy", 48))
    return root


AFFECTNET = {"train_set": {0: 1, 3: 6, 4: 8}, "val_set": {1: 7}}
"""Expression of each image in AffectNet's folders: happy, anger, none; contempt."""


def write_affectnet(root: Path, expressions: Mapping[str, Mapping[int, int]] = AFFECTNET) -> Path:
    """Write AffectNet's folders of images and annotations."""
    for folder, labels in expressions.items():
        for number, expression in labels.items():
            put(root / folder / f"images/{number}.jpg", png("happy", 48))
            for kind, value in (("exp", str(expression)), ("val", "0.5")):
                data = io.BytesIO()
                np.save(data, np.array(value))
                put(root / folder / f"annotations/{number}_{kind}.npy", data.getvalue())
    return root

"""Frames of a video as images, found by the number at the end of their names."""

import re
from collections.abc import Iterable
from pathlib import Path, PurePosixPath

from emotiscan.datasets.errors import TableError

_FRAME = re.compile(r"(\d+)\.(jpe?g|png|bmp|tiff?|webp)$", re.IGNORECASE)


def frames_by_folder(names: Iterable[str]) -> dict[str, dict[int, str]]:
    """Each folder's images by their frame number, as `{"SN001": {12: "SN001/frame_0012.png"}}`.

    Args:
        names: of all files, relative, with forward slashes; files that are no numbered image are skipped.
    """
    found: dict[str, dict[int, str]] = {}
    for name in sorted(names):
        number = _FRAME.search(name)
        if number:
            found.setdefault(PurePosixPath(name).parent.as_posix(), {}).setdefault(int(number[1]), name)
    return found


def label_and_image_folders(root: Path, labels: str, images: str | Path | None) -> tuple[Path, Path]:
    """The folder of a data set's labels, and that of its frames: `images`, or `Images` below the data set.

    Raises:
        TableError: one of them is missing.
    """
    folders = root / labels, Path(images) if images else root / "Images"
    for folder in folders:
        if not folder.exists():
            raise TableError(root, f"there is no {folder.name}; labels belong in {labels}/, frames in Images/")
    return folders

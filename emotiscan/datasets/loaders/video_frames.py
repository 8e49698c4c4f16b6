"""Pictures of a video: found by the number that their names end with."""

import re
from collections.abc import Iterable
from pathlib import Path, PurePosixPath

from emotiscan.datasets.table import TableError

_PICTURE = re.compile(r"(\d+)\.(jpe?g|png|bmp|tiff?|webp)$", re.IGNORECASE)


def frames_by_folder(names: Iterable[str]) -> dict[str, dict[int, str]]:
    """Of each folder, the pictures by their frame number, as `{"SN001": {12: "SN001/frame_0012.png"}}`.

    Args:
        names: of all files, relative, with forward slashes; those that are no numbered picture are passed over.
    """
    found: dict[str, dict[int, str]] = {}
    for name in sorted(names):
        number = _PICTURE.search(name)
        if number:
            found.setdefault(PurePosixPath(name).parent.as_posix(), {}).setdefault(int(number[1]), name)
    return found


def labels_and_pictures(root: Path, labels: str, images: str | Path | None) -> tuple[Path, Path]:
    """The folder of a data set's labels, and that of its frames: `images`, or `Images` below the data set.

    Raises:
        TableError: one of them is missing.
    """
    folders = root / labels, Path(images) if images else root / "Images"
    for folder in folders:
        if not folder.exists():
            raise TableError(root, f"there is no {folder.name}; labels lie in {labels}, frames in Images")
    return folders

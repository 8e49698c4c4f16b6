"""Pictures of a video: found by the number that their names end with."""

import re
from collections.abc import Iterable
from pathlib import PurePosixPath

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

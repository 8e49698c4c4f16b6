"""Progress on the terminal: on stderr, so that it never mixes with results that are piped elsewhere."""

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tqdm import tqdm


def progress_bar(unit: str, total: int | None = None) -> "tqdm":
    """Make a progress bar with the time left; it is hidden if stderr is not a terminal.

    Args:
        unit: name of an item, e.g. "photo".
        total: number of all items; None if it is not known yet, and then the time left is not shown.
    """
    from tqdm import tqdm

    disable = True if total == 1 else None  # None: if stderr is not a terminal
    return tqdm(total=total, unit=f" {unit}", file=sys.stderr, disable=disable, leave=False, dynamic_ncols=True)


def show_face_search(done: int, total: int) -> None:
    """Show the progress of finding faces in a data set: one line that is updated, or a few lines in a log."""
    if sys.stderr.isatty():
        end = "\n" if done == total else "\r"
    elif done == total or done % 5000 == 1:
        end = "\n"
    else:
        return
    print(f"finding faces: {done} of {total}", end=end, file=sys.stderr, flush=True)

"""Progress on the terminal: on stderr, so that it never mixes with results that are piped elsewhere."""

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tqdm import tqdm


def progress_bar(unit: str, total: int | None = None) -> "tqdm":
    """Make a progress bar with the time left; nothing is shown where stderr is no terminal.

    Args:
        unit: what is counted, e.g. "photo".
        total: how many there are, or None where that is not known yet; then no time left is shown.
    """
    from tqdm import tqdm

    disable = True if total == 1 else None  # None: where stderr is no terminal
    return tqdm(total=total, unit=f" {unit}", file=sys.stderr, disable=disable, leave=False, dynamic_ncols=True)


def show_face_search(done: int, total: int) -> None:
    """Show how far the search for faces in a data set has come: a line that is redrawn, or a few lines in a log."""
    if sys.stderr.isatty():
        end = "\n" if done == total else "\r"
    elif done == total or done % 5000 == 1:
        end = "\n"
    else:
        return
    print(f"finding faces: {done} of {total}", end=end, file=sys.stderr, flush=True)

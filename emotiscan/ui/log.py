"""What the server notes of its work: one line of JSON for each reading, on standard error.

It says how long things took, how many faces there were, how large the picture was in rough classes, and which
checkpoint read it. It never says whose: no file names, no readings, no addresses, nothing that tells one picture from
another.
"""

import json
import logging
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from emotiscan.analysis import Analysis
from emotiscan.images import ImageError

SIZES = ((1, "up to 1 MP"), (4, "1 to 4 MP"), (16, "4 to 16 MP"))
"""Classes of size: up to so many million pixels, and what it is called."""

LARGEST = "over 16 MP"

_log = logging.getLogger("emotiscan.readings")


class _Lines(logging.Handler):
    """Writes to whatever standard error is at that time; hosts and tests exchange it."""

    def emit(self, record: logging.LogRecord) -> None:
        print(record.getMessage(), file=sys.stderr, flush=True)


if not _log.handlers:
    _log.addHandler(_Lines())
    _log.setLevel(logging.INFO)


def note(event: str, **facts: object) -> None:
    """Write one line.

    Args:
        facts: plain values, none of them about a person.
    """
    _log.info(json.dumps({"event": event} | facts))


@dataclass
class Noted:
    """A reading that is being timed; `analysis` is set when it is done."""

    analysis: Analysis | None = None


@contextmanager
def reading(checkpoint: str) -> Iterator[Noted]:
    """Time what happens inside, and note it however it ends: read, refused or failed.

    Args:
        checkpoint: fingerprint of the network that reads.
    """
    noted, began, outcome = Noted(), time.perf_counter(), "failed"
    try:
        yield noted
        outcome = "read"
    except ImageError:
        outcome = "refused"
        raise
    finally:
        facts: dict[str, object] = {"outcome": outcome, "seconds": round(time.perf_counter() - began, 3)}
        if noted.analysis:
            facts |= {
                "faces": len(noted.analysis.readings) + noted.analysis.skipped_faces,
                "size": size_class(noted.analysis.photo.size),
            }
        note("reading", **facts, checkpoint=checkpoint)


def size_class(size: tuple[int, int]) -> str:
    """The rough size of a picture, given in pixels, as it was read."""
    millions = size[0] * size[1] / 1e6
    return next((name for most, name in SIZES if millions <= most), LARGEST)

"""The server's log: one JSON object per line for each reading, on standard error.

It records how long a reading took, how many faces there were, the rough size of the photo, and which checkpoint read
it. It records nothing about people: no file names, no readings, no addresses, nothing that identifies a photo.
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
"""Size classes: upper limit in megapixels, and name."""

LARGEST = "over 16 MP"

_log = logging.getLogger("emotiscan.readings")


class _Lines(logging.Handler):
    """Writes to the current standard error, which hosts and tests may replace."""

    def emit(self, record: logging.LogRecord) -> None:
        print(record.getMessage(), file=sys.stderr, flush=True)


if not _log.handlers:
    _log.addHandler(_Lines())
    _log.setLevel(logging.INFO)


def note(event: str, **facts: object) -> None:
    """Write one line.

    Args:
        event: what happened, e.g. "reading".
        facts: plain values; none may be about a person.
    """
    _log.info(json.dumps({"event": event} | facts))


@dataclass
class TimedReading:
    """A reading that is being timed; set `analysis` when it is done."""

    analysis: Analysis | None = None


@contextmanager
def timed_reading(checkpoint: str) -> Iterator[TimedReading]:
    """Time the block and log how it ended: "read", "refused" (not a usable image) or "failed".

    Args:
        checkpoint: fingerprint of the checkpoint in use.
    """
    timed, began, outcome = TimedReading(), time.perf_counter(), "failed"
    try:
        yield timed
        outcome = "read"
    except ImageError:
        outcome = "refused"
        raise
    finally:
        facts: dict[str, object] = {"outcome": outcome, "seconds": round(time.perf_counter() - began, 3)}
        if timed.analysis:
            facts |= {
                "faces": len(timed.analysis.readings) + timed.analysis.skipped_faces,
                "size": size_class(timed.analysis.lazy_photo.size),
            }
        note("reading", **facts, checkpoint=checkpoint)


def size_class(size: tuple[int, int]) -> str:
    """Return the size class of an image whose width and height are given in pixels."""
    megapixels = size[0] * size[1] / 1e6
    return next((name for limit, name in SIZES if megapixels <= limit), LARGEST)

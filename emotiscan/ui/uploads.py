"""Uploads on their way in: they stay in memory, as the pages promise."""

from starlette.formparsers import MultiPartParser

from emotiscan.images import MAX_BYTES


def keep_in_memory() -> None:
    """Let the server hold an upload in memory while it comes in; it would else put what is over 1 MB into a file."""
    MultiPartParser.spool_max_size = MAX_BYTES + 1

"""Uploads stay in memory: the web server would put files of more than a megabyte into the folder for temporary ones.

That would break the promise that no photo is stored. An upload may be as large as .streamlit/config.toml allows, and is
held in memory in any case once it has arrived.
"""

from starlette.formparsers import MultiPartParser

from emotiscan.images import MAX_BYTES


def keep_in_memory() -> None:
    """From now on no upload of this process touches the disk."""
    MultiPartParser.spool_max_size = 2 * MAX_BYTES

"""Keep uploads in memory: by default the web server writes files over one megabyte to the temporary folder.

That would break the promise that no photo is stored. An upload may be as large as `.streamlit/config.toml` allows, and
is held in memory anyway once it has arrived.
"""

from starlette.formparsers import MultiPartParser

from emotiscan.images import MAX_BYTES


def keep_uploads_in_memory() -> None:
    """From now on, no upload to this process touches the disk."""
    MultiPartParser.spool_max_size = 2 * MAX_BYTES

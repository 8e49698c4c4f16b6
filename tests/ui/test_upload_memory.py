"""An upload never touches the disk."""

import asyncio
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor

from starlette.requests import Request

from emotiscan.images import MAX_BYTES
from emotiscan.ui.upload_memory import keep_uploads_in_memory


def test_the_largest_photo_stays_in_memory_while_it_is_received(monkeypatch):
    keep_uploads_in_memory()

    def never(*_args: object, **_options: object) -> None:
        raise AssertionError("an upload was put into a file")

    monkeypatch.setattr(tempfile, "TemporaryFile", never)
    photo = bytes(MAX_BYTES)
    head = b'--line\r\nContent-Disposition: form-data; name="a"; filename="a.jpg"\r\n\r\n'
    parts = iter([head, photo, b"\r\n--line--\r\n"])

    async def receive() -> dict:
        part = next(parts, None)
        return {"type": "http.request", "body": part or b"", "more_body": part is not None}

    async def size() -> int:
        kind = [(b"content-type", b"multipart/form-data; boundary=line")]
        form = await Request({"type": "http", "method": "PUT", "headers": kind}, receive).form()
        return len(await form["a"].read())

    # In a thread of its own: the browser tests may have a loop running in this one.
    with ThreadPoolExecutor(1) as thread:
        assert thread.submit(asyncio.run, size()).result() == len(photo)


def test_by_default_the_server_would_spool_photos_to_disk():
    """Should this fail, Starlette keeps whole photos in memory by itself, and `upload_memory` can go."""
    script = "from starlette.formparsers import MultiPartParser; print(MultiPartParser.spool_max_size)"
    said = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout
    assert int(said) < MAX_BYTES

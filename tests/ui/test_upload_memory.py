"""An upload never touches the disk."""

import asyncio
import tempfile
from concurrent.futures import ThreadPoolExecutor

from starlette.requests import Request

import emotiscan.ui  # noqa: F401
from emotiscan.images import MAX_BYTES


def test_the_largest_photo_stays_in_memory_while_it_comes_in(monkeypatch):
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

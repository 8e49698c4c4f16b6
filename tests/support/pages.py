"""Helpers for tests that run pages without a browser: their scripts and their text."""

import io

from PIL import Image
from streamlit.testing.v1 import AppTest

_FOLDER = "emotiscan/ui/app_pages"
ABOUT, ALBUM, COMPARE, GUIDE, LIVE, MODEL, READ, VIDEO = (
    f"{_FOLDER}/{name}.py" for name in ("about", "album", "compare", "guide", "live", "model", "read", "video")
)


def texts(at: AppTest) -> str:
    """Return all text on the page."""
    kinds = (at.title, at.header, at.subheader, at.markdown, at.caption, at.warning, at.error, at.info)
    return "\n".join(str(element.value) for kind in kinds for element in kind)


def as_bytes(picture: Image.Image, format: str = "JPEG", **options: object) -> bytes:
    """Return a picture as the bytes of an image file; the options are Pillow's."""
    buffer = io.BytesIO()
    picture.save(buffer, format, **options)
    return buffer.getvalue()

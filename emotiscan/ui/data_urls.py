"""Small pictures as addresses that hold the picture itself.

For Markdown and HTML, and where the page is often run anew: what has an address of its own on the server is forgotten
when such a run is interrupted, and a browser that asked for it just then does not ask again.
"""

import base64
import io

from PIL import Image


def data_url(file: bytes, format: str) -> str:
    """A picture file as an address.

    Args:
        format: as pillow calls it: "JPEG", "PNG" or "WEBP".
    """
    return f"data:image/{format.lower()};base64," + base64.b64encode(file).decode()


def picture_url(picture: Image.Image, format: str = "PNG", quality: int = 85) -> str:
    """A picture as an address.

    Args:
        format: "PNG", or "JPEG" or "WEBP" for what is photoed.
        quality: of the latter two, 0 to 100.
    """
    file = io.BytesIO()
    picture.save(file, format, quality=quality)
    return data_url(file.getvalue(), format)

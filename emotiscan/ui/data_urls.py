"""Data URLs: addresses of small images that contain the image itself.

For Markdown and HTML, and for pages that rerun often: the server forgets an image's own address when a run is
interrupted, and a browser that asked for it at that moment does not ask again.
"""

import base64
import io

from PIL import Image


def data_url(file: bytes, format: str) -> str:
    """Return the data URL of an image file.

    Args:
        file: the file's bytes.
        format: its format by Pillow's name: "JPEG", "PNG" or "WEBP".
    """
    return f"data:image/{format.lower()};base64," + base64.b64encode(file).decode()


def picture_url(picture: Image.Image, format: str = "PNG", quality: int = 85) -> str:
    """Return the data URL of an image.

    Args:
        picture: the image.
        format: "PNG" for graphics, "JPEG" or "WEBP" for photos.
        quality: of JPEG and WEBP, 0 to 100.
    """
    file = io.BytesIO()
    picture.save(file, format, quality=quality)
    return data_url(file.getvalue(), format)

"""Images as data URLs, which contain the image itself.

For HTML and Markdown without other files, and for pages that rerun often: the server forgets an image's own URL when a
run is interrupted, and a browser that requested it at that moment does not ask again.
"""

import base64
import io

from PIL import Image


def data_url(file: bytes, format: str) -> str:
    """Convert an image file to a data URL.

    Args:
        file: contents of the file.
        format: Pillow's name: "JPEG", "PNG" or "WEBP".
    """
    return f"data:image/{format.lower()};base64," + base64.b64encode(file).decode()


def picture_url(picture: Image.Image, format: str = "PNG", quality: int = 85) -> str:
    """Encode an image and convert it to a data URL.

    Args:
        picture: the image.
        format: "PNG" for graphics, or "JPEG" or "WEBP" for photos.
        quality: of the latter two, 0 to 100.
    """
    file = io.BytesIO()
    picture.save(file, format, quality=quality)
    return data_url(file.getvalue(), format)

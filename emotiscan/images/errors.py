"""The error of every image that cannot be used."""


class ImageError(ValueError):
    """An image cannot be used; the message says why and what to do, in plain words."""

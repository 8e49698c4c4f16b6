"""What can go wrong with a clip."""


class VideoError(ValueError):
    """A clip cannot be used; the message says why and what to do, in plain words."""

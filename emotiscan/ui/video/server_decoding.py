"""Clips that a browser cannot decode: their file arrives in parts and is decoded here, in memory, a few frames a step.

The file stays in memory until the visitor opens another clip or leaves, because single frames are asked for later.
"""

import io
from collections.abc import Iterator
from typing import TYPE_CHECKING

from emotiscan.ui.video.clip import shrunk

if TYPE_CHECKING:
    from PIL import Image

    from emotiscan.video.decode import Video, VideoFrame

MAX_BYTES = 64 * 2**20
"""Largest file that is decoded here."""


class UploadedClip:
    """The file of a clip. Add its parts, then `open` it.

    Attributes:
        video: the opened clip.
    """

    def __init__(self, fps: float) -> None:
        self._fps, self._file = fps, io.BytesIO()
        self.video: Video | None = None
        self._frames: Iterator[VideoFrame] = iter(())

    def add(self, part: bytes) -> None:
        """Append a part of the file.

        Raises:
            VideoError: the file is too large.
        """
        from emotiscan.video.errors import VideoError

        if self._file.tell() + len(part) > MAX_BYTES:
            raise VideoError(too_large())
        self._file.write(part)

    def open(self) -> None:
        """Open the complete file.

        Raises:
            VideoError: it is no video, or cannot be decoded.
        """
        from emotiscan.video.decode import Video

        # Not the BytesIO itself: the iteration moves its position.
        self.video = Video(self._file.getbuffer(), fps=self._fps)
        self._frames = shrunk(iter(self.video))

    def next_frames(self, count: int) -> list["VideoFrame"]:
        """Decode the next frames; fewer than `count` at the end.

        Raises:
            VideoError: the file is damaged.
        """
        frames = []
        for frame in self._frames:
            frames.append(frame)
            if len(frames) == count:
                break
        return frames

    def frame_at(self, time: float) -> "Image.Image | None":
        """Decode the frame that is shown at a time; None if there is none."""
        from emotiscan.video.decode import Video

        first = next(iter(Video(self._file.getbuffer(), start=max(0.0, time - 1e-3))), None)
        return first.image if first else None


def too_large() -> str:
    """What to do with a file that is too large."""
    return (
        f"This browser cannot play the clip, and it is too large to be sent (more than {MAX_BYTES // 2**20} MB). "
        "Convert it to MP4 (H.264) or WebM, cut out the part of interest, or read it with `emotiscan video`."
    )

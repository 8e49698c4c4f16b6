"""The clip with boxes and bars drawn into it, as a file in the memory of a visit, if the visitor asks for it."""

import contextlib
import importlib.util
import io
from collections.abc import Iterator
from typing import TYPE_CHECKING

from emotiscan.video.errors import VideoError

if TYPE_CHECKING:
    from emotiscan.video.annotate import Annotator
    from emotiscan.video.frame_reader import AnalyzedFrame

MAX_BYTES = 32 * 2**20
"""Size from which on no more frames are added: about ten minutes at 10 frames a second."""


def can_annotate() -> bool:
    """Whether clips can be encoded here."""
    return importlib.util.find_spec("av") is not None


class AnnotatedClip:
    """Encodes annotated frames as they are read: memory holds the file, never the frames.

    Attributes:
        is_complete: whether the file can be played; no more frames are added.
        note: what is missing, in a sentence; "" if nothing is.
    """

    def __init__(self, fps: float) -> None:
        """Begin a clip.

        Args:
            fps: frames per second, about.
        """
        self._fps, self._file = fps, io.BytesIO()
        self._annotator: Annotator | None = None
        self.is_complete, self.note = False, ""

    def add(self, frame: "AnalyzedFrame") -> None:
        """Add a frame, as long as there is room."""
        if self.is_complete or self.note:
            return
        with self._giving_up():
            from emotiscan.video.annotate import Annotator

            if self._annotator is None:
                self._annotator = Annotator(self._file, frame.image.size, self._fps, low_memory=True)
            self._annotator.add(frame)
        if self._file.tell() > MAX_BYTES:
            self.finish()
            self.note = f"The annotated clip ends at {frame.time:.0f} s: it would become too large."

    def finish(self) -> None:
        """Complete the file, if there is any frame."""
        annotator, self._annotator = self._annotator, None
        if annotator is not None:
            with self._giving_up():
                annotator.finish()
                self.is_complete = True

    @contextlib.contextmanager
    def _giving_up(self) -> Iterator[None]:
        """After an error, keep nothing."""
        try:
            yield
        except (VideoError, OSError):
            self.note, self._annotator, self._file = "The annotated clip could not be made.", None, io.BytesIO()

    def data(self) -> bytes:
        """The MP4 file, once it is complete."""
        return self._file.getvalue()

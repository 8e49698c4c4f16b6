"""Decoding of video files: a path, bytes or a file object in, upright RGB frames with their times out.

FFmpeg (through PyAV) decodes clips, Pillow decodes animated GIF, WebP and PNG files. Frames are decoded one at a time,
so memory does not grow with the length of a clip.

- **Times** are the container's presentation times in seconds, not multiples of a frame rate. A clip may begin late,
  run at a variable rate, or carry times that go backwards; they are passed on as they are (see `increasing_times`).
- **Frames** come in the order in which the decoder presents them, each once. They are rotated and flipped as the
  container asks, and stretched to square pixels.
- Input is not trusted: only the containers of `container.FORMATS` are opened, and none can make FFmpeg open another
  file.
- What is damaged is left out or passed on as the decoder conceals it, and `Video.notes` says so.
"""

import io
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Self, TypeAlias, cast

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from emotiscan.video.animation import is_animation_format, open_animation
from emotiscan.video.container import (
    MAX_PIXELS,
    Decoder,
    check_size,
    declared_duration,
    open_container,
    pixel_ratio,
    upright,
    video_stream,
)
from emotiscan.video.errors import VideoError

if TYPE_CHECKING:  # the extra `video`; the command line answers --help without it
    import av.container

Source: TypeAlias = str | os.PathLike[str] | bytes | bytearray | memoryview | BinaryIO
"""A video: the path of a file, a file's bytes, or a file that is open for reading bytes and can seek."""

SUFFIXES = frozenset({".mp4", ".m4v", ".mov", ".mkv", ".webm", ".avi", ".mpg", ".mpeg", ".ts", ".mts", ".wmv", ".3gp"})
"""File name suffixes of clips, for finding them in folders. The contents decide how a file is read."""


@dataclass(frozen=True, eq=False)
class VideoFrame:
    """One frame of a clip.

    Attributes:
        number: of the frame in the clip, from 0; frames that were not asked for count as well.
        time: presentation time in seconds, the container's own.
        image: upright, RGB, square pixels.
    """

    number: int
    time: float
    image: Image.Image


class Video:
    """A clip. Iterating over it decodes it, from the beginning each time.

    Attributes:
        name: of the clip: its path, or "".
        width: of the upright frames in pixels.
        height: of the upright frames in pixels.
        duration: that the container declares, in seconds; None if it does not.
        declared_frames: number of frames that the container declares; None if it does not.
        rate: average number of frames per second that the container declares; None if it does not.
        codec: FFmpeg's or Pillow's name of the codec, e.g. "h264".
        notes: what the last iteration lost, found damaged or had to estimate, in sentences for users.
    """

    def __init__(
        self,
        source: Source,
        *,
        fps: float | None = None,
        start: float | None = None,
        end: float | None = None,
    ) -> None:
        """Open a clip.

        Args:
            source: a path, a file's bytes, or a file object.
            fps: frames per second to decode: of each 1/fps seconds, the first frame. A clip with fewer gives all its
                frames. None for every frame.
            start: time in seconds from which frames are wanted; None for the beginning.
            end: time in seconds before which frames are wanted; None for the end.

        Raises:
            VideoError: the file is missing, has no video, is damaged from the start, or is not supported; or the
                stretch from `start` to `end` is empty.
            ModuleNotFoundError: PyAV is not installed.
        """
        if fps is not None and not 0 < fps < 10_000:
            raise VideoError(f"{fps} frames per second cannot be read; use a number above 0.")
        if start is not None and end is not None and end <= start:
            raise VideoError(f"There is nothing between {start:g} s and {end:g} s; the end must be after the start.")
        self._source, self._fps, self._start, self._end = source, fps, start, end
        self.name = str(source) if isinstance(source, str | os.PathLike) else ""
        self.notes: list[str] = []
        with self._file() as file:
            head = file.read(64)
            file.seek(0)
            self._animation = is_animation_format(head)
            if self._animation:
                animation = open_animation(file)
                self.width, self.height = animation.size
                self.duration: float | None = None
                self.declared_frames: int | None = animation.frames
                self.rate: float | None = None
                self.codec = animation.format
                return
            with open_container(file, head) as container:
                stream = video_stream(container)
                check_size(stream.codec_context.width, stream.codec_context.height)
                self.codec = stream.codec_context.name
                self.rate = float(stream.average_rate) if stream.average_rate else None
                self.declared_frames = stream.frames or None
                self.duration = declared_duration(container, stream)
                probe = Decoder(container, stream)
                first = next(probe.frames(), None)
                if first is None:
                    raise VideoError("No frame of this clip can be decoded. Try another copy of it.")
                self.width, self.height = upright(first, pixel_ratio(stream)).size

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        return None

    def __iter__(self) -> Iterator[VideoFrame]:
        self.notes = []
        chosen = _Sampling(self._fps, self._start, self._end)
        with self._file() as file:
            if self._animation:
                yield from self._animated(file, chosen)
                return
            with open_container(file) as container:
                yield from self._decoded(container, chosen)

    def _animated(self, file: BinaryIO, chosen: "_Sampling") -> Iterator[VideoFrame]:
        animation = open_animation(file)
        for number, (time, image) in enumerate(animation):
            if chosen.is_past(time):
                break
            if chosen.wants(time):
                yield VideoFrame(number, time, image())
        self.notes += animation.notes

    def _decoded(self, container: "av.container.InputContainer", chosen: "_Sampling") -> Iterator[VideoFrame]:
        from av.video.reformatter import VideoReformatter

        stream, converter = video_stream(container), VideoReformatter()
        decoder, ratio, unit = Decoder(container, stream), pixel_ratio(stream), stream.time_base
        step = 1 / self.rate if self.rate else 0.04
        count = untimed = backwards = damaged = 0
        latest = time = -step
        first, stopped = 0.0, False
        for frame in decoder.frames():
            if frame.pts is None or unit is None:
                time, untimed = time + step, untimed + 1
            else:
                time = float(frame.pts * unit)
            first = first if count else time
            backwards += count > 0 and time < latest
            latest = time if count == 0 else max(latest, time)
            if frame.width * frame.height > MAX_PIXELS:
                self.notes.append(f"From {time:.2f} s on the frames are too large to be read.")
                stopped = True
                break
            # A time that goes backwards is no reason to stop: later frames may still be wanted.
            if chosen.is_past(time) and not backwards:
                stopped = True
                break
            damaged += frame.is_corrupt
            if chosen.wants(time):
                yield VideoFrame(count, time, upright(frame, ratio, converter))
            count += 1
        self.notes += decoder.notes()
        if damaged:
            self.notes.append(f"{_frames(damaged)} damaged; what the decoder made of {_them(damaged)} was read.")
        if untimed:
            self.notes.append(f"{_frames(untimed, 'carries', 'carry')} no time; it was estimated from the frame rate.")
        if backwards:
            self.notes.append(f"{_frames(backwards, 'has', 'have')} a time before that of the frame before.")
        if not stopped and self.declared_frames and self.declared_frames != count:
            self.notes.append(f"The file declares {self.declared_frames} frames and holds {count}.")
        elif not stopped and self._is_short(first, latest + step):
            self.notes.append(f"The picture ends at {latest + step:.2f} s, before the length that the file declares.")

    def _is_short(self, first: float, last: float) -> bool:
        return self.duration is not None and last - first < self.duration - max(0.5, 0.02 * self.duration)

    def _file(self) -> BinaryIO:
        source = self._source
        if isinstance(source, bytes | bytearray | memoryview):
            return io.BytesIO(source)
        if isinstance(source, str | os.PathLike):
            path = Path(source)
            try:
                if path.is_dir():
                    raise VideoError(f"{path} is a folder; name the clips in it.")
                return path.open("rb")
            except FileNotFoundError:
                raise VideoError(f"There is no file {path}.") from None
            except (OSError, ValueError) as error:
                raise VideoError(f"{path} cannot be read: {getattr(error, 'strerror', None) or error}.") from None
        if not hasattr(source, "read") or not hasattr(source, "seek"):
            raise TypeError(f"a video is a path, bytes, or a file open for reading bytes, not {type(source).__name__}")
        try:
            source.seek(0)
        except (OSError, ValueError):
            raise VideoError("This file object cannot seek; read it into bytes first.") from None
        return cast(BinaryIO, _Borrowed(source))


class _Borrowed(io.RawIOBase):
    """A file object of the caller's, which is not closed with this one."""

    def __init__(self, file: Any) -> None:
        self._file = file

    def read(self, size: int = -1) -> bytes:
        return bytes(self._file.read(size))

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        return int(self._file.seek(offset, whence))

    def tell(self) -> int:
        return int(self._file.tell())

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True


class _Sampling:
    """Which frames are wanted, by their times."""

    def __init__(self, fps: float | None, start: float | None, end: float | None) -> None:
        self._fps, self._start, self._end = fps, start, end
        self._first: float | None = None
        self._due = -np.inf

    def is_past(self, time: float) -> bool:
        return self._end is not None and time >= self._end

    def wants(self, time: float) -> bool:
        """Whether to read the frame with this time; called once for each frame."""
        if self.is_past(time) or (self._start is not None and time < self._start - 1e-9):
            return False
        if self._fps is None:
            return True
        if self._first is None:
            self._first = time if self._start is None else self._start
        if time < self._due - 1e-6:
            return False
        self._due = self._first + (np.floor((time - self._first) * self._fps + 1e-6) + 1) / self._fps
        return True


def increasing_times(times: Sequence[float] | NDArray[np.float64]) -> NDArray[np.float64]:
    """Times of frames in an order that never goes backwards, for curves over time.

    Some containers (AVI with B-frames) attach times to frames in the order of decoding. The frames are shown one after
    the other all the same, so the same times in increasing order are theirs.
    """
    return np.sort(np.asarray(times, float))


def find_clips(paths: Iterable[str]) -> list[str]:
    """List clips: files as they are named, and in folders, with all subfolders, those with one of `SUFFIXES`."""
    found: list[str] = []
    for path in paths:
        if not os.path.isdir(path):
            found.append(path)
            continue
        for folder, subfolders, files in os.walk(path):
            subfolders.sort()
            found += [os.path.join(folder, file) for file in sorted(files) if Path(file).suffix.lower() in SUFFIXES]
    return found


def _frames(count: int, singular: str = "is", plural: str = "are") -> str:
    return f"1 frame {singular}" if count == 1 else f"{count} frames {plural}"


def _them(count: int) -> str:
    return "it" if count == 1 else "them"

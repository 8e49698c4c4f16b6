"""Annotated clips: boxes, numbers of people, and bars of what was read, burnt into the frames; the sound is copied."""

import colorsys
import math
from fractions import Fraction
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from PIL import Image, ImageDraw, ImageFont

from emotiscan.video.errors import VideoError

if TYPE_CHECKING:
    import av

    from emotiscan.analysis import Reading
    from emotiscan.video.frame_reader import AnalyzedFrame

MAX_BARS = 6
"""Action units shown beside a face: the ones that are most likely."""

MIN_SIDE = 16
"""Shortest side that is written, in pixels; smaller frames are scaled up."""

TIME_BASE = Fraction(1, 90_000)
"""Unit of the times in the written clip: fine enough for every container's."""


def annotate(frame: "AnalyzedFrame") -> Image.Image:
    """Draw boxes, people's numbers, the emotion, and bars of action units on a frame.

    A bar is the probability that the action unit is present; the tick is its threshold.
    """
    image = frame.image.copy()
    draw = ImageDraw.Draw(image)
    for track, reading in zip(frame.tracks, frame.readings, strict=True):
        _draw_face(draw, image.size, track, reading)
    return image


def track_color(track: int) -> tuple[int, int, int]:
    """A color for a person; those of successive numbers differ clearly."""
    red, green, blue = colorsys.hsv_to_rgb((0.13 + 0.382 * track) % 1, 0.75, 1.0)
    return round(255 * red), round(255 * green), round(255 * blue)


def _draw_face(draw: ImageDraw.ImageDraw, size: tuple[int, int], track: int, reading: "Reading") -> None:
    if reading.face.box is None:
        return
    x0, y0, x1, y1 = reading.face.box
    color = track_color(track)
    line = max(1, round(max(size) / 500))
    draw.rectangle((x0, y0, x1, y1), outline=color, width=line)
    text = max(9, round(max(size) / 64))
    font = _font(text)
    emotion = reading.emotion if reading.is_clear else f"{reading.emotion}?"
    _label(
        draw, (x0, y0 - 1.3 * text), f"{track}  {emotion} {reading.emotions[reading.emotion]:.0%}", color, font, size
    )
    width = 5.5 * text
    # Beside the face; on the other side where there is no room.
    left = x1 + text / 2 if x1 + text / 2 + width <= size[0] else max(0.0, x0 - text / 2 - width)
    for row, au in enumerate(reading.likeliest_action_units[:MAX_BARS]):
        top = y0 + row * 1.25 * text
        probability = reading.action_units[au]
        if math.isnan(probability):  # not visible
            continue
        present = au in reading.present
        draw.rectangle((left, top, left + width, top + text), fill=(32, 32, 32))
        draw.rectangle((left, top, left + width * probability, top + text), fill=color if present else (110, 110, 110))
        tick = left + width * reading.thresholds[au]
        draw.line((tick, top, tick, top + text), fill="white", width=line)
        draw.text((left + 2, top - 1), au, fill="white", font=font, stroke_width=1, stroke_fill="black")


def _label(draw: ImageDraw.ImageDraw, at: tuple[float, float], text: str, color: Any, font: Any, size: Any) -> None:
    x, y = max(0.0, at[0]), max(0.0, at[1])
    box = draw.textbbox((x, y), text, font=font)
    x -= max(0.0, box[2] + 2 - size[0])
    box = draw.textbbox((x, y), text, font=font)
    draw.rectangle((box[0] - 2, box[1] - 1, box[2] + 2, box[3] + 1), fill=color)
    draw.text((x, y), text, fill="black", font=font)


@lru_cache(maxsize=8)
def _font(size: int) -> Any:
    return ImageFont.load_default(size)


class Annotator:
    """Writes an annotated clip, frame by frame, as MP4 (H.264)."""

    def __init__(
        self,
        target: Path | BinaryIO,
        size: tuple[int, int],
        rate: float | None = None,
        *,
        sound: str = "",
        low_memory: bool = False,
    ) -> None:
        """Begin a clip.

        Args:
            target: a file, which appears when the clip is complete; or a file object that can seek.
            size: width and height of the frames in pixels.
            rate: average number of frames per second; None if unknown.
            sound: path of the clip whose sound is copied; "" for none.
            low_memory: keep no frames in the encoder. The clip becomes larger.

        Raises:
            OSError: the file cannot be written.
        """
        import av

        self._path, self._part = None, None
        if isinstance(target, Path):
            self._path, self._part = target, target.with_name(f".{target.stem}.part.mp4")
            target.parent.mkdir(parents=True, exist_ok=True)
        self._container: Any = av.open(str(self._part) if self._part else target, "w", format="mp4")
        options = (
            {"crf": "23", "preset": "veryfast", "tune": "zerolatency"}
            if low_memory
            else {"crf": "20", "preset": "fast"}
        )
        self._stream: Any = self._container.add_stream(
            "libx264", rate=Fraction(rate or 25).limit_denominator(1000), options=options
        )
        # H.264 halves the resolution of colors: sides must be even.
        self._stream.width, self._stream.height = (max(MIN_SIDE, side // 2 * 2) for side in size)
        self._stream.pix_fmt = "yuv420p"
        self._stream.codec_context.time_base = TIME_BASE
        if low_memory:
            self._stream.codec_context.thread_count = 1
        self._sound, self._sound_source = self._open_sound(sound)
        self._last = -1

    def _open_sound(self, name: str) -> tuple[Any, Any]:
        """Streams for the sound, declared before the first frame is written; None without sound that MP4 can hold."""
        import av

        if not name:
            return None, None
        try:
            source = av.open(name)
            if not source.streams.audio or source.streams.audio[0].codec_context.name not in (
                "aac",
                "mp3",
                "ac3",
                "opus",
            ):
                source.close()
                return None, None
            return self._container.add_stream_from_template(source.streams.audio[0]), source
        except (av.FFmpegError, ValueError, OSError):
            return None, None

    def add(self, frame: "AnalyzedFrame") -> None:
        """Add a frame at its own time.

        Raises:
            VideoError: the encoder cannot take it.
            OSError: it cannot be written.
        """
        import av

        picture = av.VideoFrame.from_image(annotate(frame))
        size = self._stream.width, self._stream.height
        if (picture.width, picture.height) != size:
            picture = picture.reformat(*size)
        # Players need times that increase; a container may have others.
        self._last = max(self._last + 1, round(frame.time / TIME_BASE))
        picture.pts, picture.time_base = self._last, TIME_BASE
        self._encode(picture)

    def _encode(self, picture: "av.VideoFrame | None") -> None:
        """Encode a frame, or without one, what the encoder still holds."""
        import av

        try:
            self._container.mux(self._stream.encode(picture))
        except OSError:
            raise
        except (av.FFmpegError, ValueError) as error:
            raise VideoError(f"The annotated clip cannot be encoded: {error}.") from error

    def finish(self, start: float | None = None) -> None:
        """Copy the sound and complete the file.

        Args:
            start: time in seconds from which on sound is wanted; None for all.

        Raises:
            VideoError: no frame was added, or the encoder fails.
            OSError: it cannot be written.
        """
        if self._last < 0:
            raise VideoError("There is no frame to annotate.")
        self._encode(None)
        if self._sound_source is not None:
            self._copy_sound(start)
        self._container.close()
        self._container = None
        if self._part and self._path:
            self._part.replace(self._path)

    def _copy_sound(self, start: float | None) -> None:
        import av

        end = float(self._last * TIME_BASE)
        try:
            for packet in self._sound_source.demux(self._sound_source.streams.audio[0]):
                if packet.pts is None or packet.dts is None:
                    continue
                time = float(packet.pts * packet.time_base)
                if time > end:
                    break
                if start is None or time >= start:
                    packet.stream = self._sound
                    self._container.mux(packet)
        except (av.FFmpegError, ValueError, OSError):
            return  # the sound is damaged; the picture is complete

    def close(self) -> None:
        """Remove what is not complete."""
        if self._sound_source is not None:
            self._sound_source.close()
            self._sound_source = None
        if self._container is not None:
            self._container.close()
            self._container = None
            if self._part:
                self._part.unlink(missing_ok=True)

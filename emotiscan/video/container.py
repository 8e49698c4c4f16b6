"""Opening containers safely, decoding past damage, and frames as upright images: what FFmpeg (through PyAV) does."""

import struct
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from emotiscan.images.file_types import describe_unsupported
from emotiscan.video.errors import VideoError

if TYPE_CHECKING:  # the extra `video`; the command line answers --help without it
    import av
    import av.container
    from av.video.reformatter import VideoReformatter

FORMATS = "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,mpegts,mpeg,mpegvideo,ogg,flv,asf,mjpeg,h264,hevc,ivf,obu,m4v"
"""FFmpeg's names of the containers that are opened. Formats that name other files, like playlists, are not among them.
"""

MAX_PIXELS = 4096 * 2304
"""Largest frame in pixels: 4K. A decoder keeps a dozen frames in memory."""

DECODER_THREADS = 2
"""Threads of the decoder; each holds frames of its own in memory."""

MAX_DAMAGED_PACKETS = 500
"""Unreadable packets in a row after which the rest of a clip is given up."""

_TRANSPOSITIONS = {
    (0, 1, -1, 0): Image.Transpose.ROTATE_270,
    (-1, 0, 0, -1): Image.Transpose.ROTATE_180,
    (0, -1, 1, 0): Image.Transpose.ROTATE_90,
    (-1, 0, 0, 1): Image.Transpose.FLIP_LEFT_RIGHT,
    (1, 0, 0, -1): Image.Transpose.FLIP_TOP_BOTTOM,
    (0, 1, 1, 0): Image.Transpose.TRANSPOSE,
    (0, -1, -1, 0): Image.Transpose.TRANSVERSE,
}
"""How to show a frame upright, by the signs of its display matrix."""


class Decoder:
    """Decodes a stream and goes on after damage; counts what is lost."""

    def __init__(self, container: "av.container.InputContainer", stream: "av.VideoStream") -> None:
        self._container, self._stream = container, stream
        self._unreadable = 0
        self._cut_off = ""
        stream.thread_type = "AUTO"
        stream.codec_context.thread_count = DECODER_THREADS

    def frames(self) -> "Iterator[av.VideoFrame]":
        """Decoded frames in the order of presentation."""
        import av

        in_a_row = 0
        for packet in self._packets():
            try:
                decoded = self._stream.codec_context.decode(packet)
            except EOFError:  # the decoder was flushed already
                return
            except (av.FFmpegError, ValueError, OSError, MemoryError):
                self._unreadable += 1
                in_a_row += 1
                if in_a_row > MAX_DAMAGED_PACKETS:
                    self._cut_off = "The rest of the clip is damaged and cannot be read."
                    return
                continue
            in_a_row = 0
            yield from decoded

    def _packets(self) -> "Iterator[av.Packet | None]":
        import av

        failures = 0
        while failures < 20:
            try:
                for packet in self._container.demux(self._stream):
                    if packet.size:  # the empty packet at the end only flushes the decoder
                        failures = 0
                        yield packet
                break
            except EOFError:
                break
            except (av.FFmpegError, ValueError, OSError, MemoryError):
                failures += 1  # the demuxer may find its way behind the damage
                self._cut_off = "The file is damaged or cut off; what follows the damage is lost."
        yield None

    def notes(self) -> list[str]:
        """What was lost so far, in sentences."""
        packets = self._unreadable
        told = [f"{packets} piece{'s' * (packets > 1)} of the clip could not be decoded."]
        return (told if packets else []) + ([self._cut_off] if self._cut_off else [])


def open_container(file: Any, head: bytes = b"") -> "av.container.InputContainer":
    """Open a container.

    Args:
        file: open for reading bytes, at its beginning.
        head: its first bytes, for the message of an error.

    Raises:
        VideoError: it is no video, or damaged from the start.
    """
    import av

    options = {
        "format_whitelist": FORMATS,
        "protocol_whitelist": "none",  # there is no such protocol: no container can open another file
        "max_pixels": str(MAX_PIXELS),
    }
    try:
        # "strict" would refuse clips whose title is not valid UTF-8.
        return av.open(file, "r", options=options, metadata_errors="replace")
    except (av.FFmpegError, ValueError, OSError, MemoryError, EOFError):
        pass
    if not head:
        raise VideoError("The file is empty. Choose another one.")
    kind = describe_unsupported(head)
    if kind and kind != "a video":
        raise VideoError(f"This file is {kind}, not a video.")
    if head.startswith((b"\xff\xd8", b"BM", b"II*\0", b"MM\0*")):
        raise VideoError("This file is a photo, not a video; read it with “emotiscan read”.")
    raise VideoError("This file is not a video in a supported format, or it is damaged from the start.")


def video_stream(container: "av.container.InputContainer") -> "av.VideoStream":
    """The first stream that is a moving picture; a cover picture of a song is none."""
    import av.stream

    for stream in container.streams.video:
        if not stream.disposition & av.stream.Disposition.attached_pic and stream.codec_context is not None:
            return stream
    if container.streams.audio:
        raise VideoError("This file has only sound, no picture.")
    raise VideoError("This file has no video that can be decoded.")


def check_size(width: int, height: int) -> None:
    """Raise a `VideoError` if frames are larger than `MAX_PIXELS`."""
    if width * height > MAX_PIXELS:
        raise VideoError(f"The frames are {width} x {height} pixels; scale the clip down to 4K (4096 x 2304) or less.")


def declared_duration(container: "av.container.InputContainer", stream: "av.VideoStream") -> float | None:
    """Length of the picture, or else of the whole file, in seconds; None if the file does not say."""
    if stream.duration is not None and stream.time_base is not None:
        return float(stream.duration * stream.time_base)
    return container.duration / 1e6 if container.duration else None


def upright(frame: "av.VideoFrame", ratio: float, converter: "VideoReformatter | None" = None) -> Image.Image:
    """Convert a decoded frame to RGB, deinterlaced, rotated upright, with square pixels.

    Args:
        frame: as the decoder gives it.
        ratio: width of its pixels relative to their height.
        converter: for all frames of a clip, so that they are not prepared for anew.
    """
    width, height = frame.width, frame.height
    rgb = converter.reformat(frame, format="rgb24", threads=1) if converter else frame
    pixels: Any = rgb.to_ndarray(format="rgb24")
    if frame.interlaced_frame:
        pixels = deinterlaced(pixels)
    image = Image.fromarray(pixels)
    if ratio != 1:
        # The shorter way keeps detail: narrow pixels become higher frames, wide ones wider frames.
        size = (round(width * ratio), height) if ratio > 1 else (width, round(height / ratio))
        image = image.resize(size, Image.Resampling.BICUBIC)
    transposition = _transposition(frame)
    return image if transposition is None else image.transpose(transposition)


def deinterlaced(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Keep the first field of an interlaced frame, and interpolate the rows of the second one.

    The two fields were taken at different times. Averaging or weaving them shows a moving face twice.

    Args:
        pixels: (height, width, 3).
    """
    out = pixels.copy()
    above, below = pixels[0:-1:2], pixels[2::2]
    between = out[1::2]
    count = min(len(between), len(below))
    between[:count] = (above[:count].astype(np.uint16) + below[:count] + 1) // 2
    between[count:] = above[count : count + len(between) - count]
    return out


def pixel_ratio(stream: "av.VideoStream") -> float:
    """Width of a pixel relative to its height, in a range that cameras use; 1 if unknown."""
    ratio = stream.sample_aspect_ratio or stream.codec_context.sample_aspect_ratio
    return float(ratio) if ratio and 0.4 < ratio < 2.5 else 1.0


def _transposition(frame: "av.VideoFrame") -> Image.Transpose | None:
    data: Any = frame.side_data.get("DISPLAYMATRIX")
    matrix = bytes(data) if data is not None else b""
    if len(matrix) < 36:
        return None
    a, b, _, c, d, *_ = struct.unpack("<9i", matrix[:36])
    largest = max(map(abs, (a, b, c, d))) or 1
    return _TRANSPOSITIONS.get((round(a / largest), round(b / largest), round(c / largest), round(d / largest)))

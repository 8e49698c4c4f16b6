"""Clips that tests encode themselves: numbered frames, or pictures that move over a background."""

import io
from collections.abc import Callable, Iterable, Sequence
from fractions import Fraction

import av
import numpy as np
from PIL import Image

RATE = 25


def encode(
    frames: Iterable[np.ndarray],
    *,
    format: str = "mp4",
    codec: str = "libx264",
    pixels: str = "yuv420p",
    times: Sequence[float] | None = None,
    rotation: float | None = None,
    pixel_ratio: str | None = None,
    sound: bool = False,
    options: dict[str, str] | None = None,
    title: str | None = None,
) -> bytes:
    """Encode RGB frames; `times` in seconds, 1/25 s apart by default."""
    frames = list(frames)
    file = io.BytesIO()
    with av.open(file, "w", format=format) as container:
        if title:
            container.metadata["title"] = title
        stream = container.add_stream(codec, rate=RATE, options={"crf": "12"} | (options or {}))
        stream.height, stream.width = frames[0].shape[:2]
        stream.pix_fmt = pixels
        unit = Fraction(1, RATE) if times is None else Fraction(1, 1000)
        stream.codec_context.time_base = unit
        if rotation is not None:
            stream.set_display_rotation(rotation)
        if pixel_ratio:
            stream.sample_aspect_ratio = Fraction(pixel_ratio)
        voice = container.add_stream("aac", rate=8000, layout="mono") if sound else None
        for number, frame in enumerate(frames):
            picture = av.VideoFrame.from_ndarray(frame, format="rgb24").reformat(format=pixels)
            picture.pts = number if times is None else round(times[number] * 1000)
            picture.time_base = unit
            container.mux(stream.encode(picture))
        container.mux(stream.encode())
        if voice is not None:
            add_sound(container, voice, len(frames) / RATE)
    return file.getvalue()


def add_sound(container, stream, seconds: float) -> None:
    """Add a hum."""
    for start in range(0, int(seconds * 8000), 1024):
        wave = 0.2 * np.sin(np.arange(start, start + 1024) / 8000 * 2 * np.pi * 220)
        frame = av.AudioFrame.from_ndarray(wave[None].astype(np.float32), format="fltp", layout="mono")
        frame.sample_rate, frame.pts, frame.time_base = 8000, start, Fraction(1, 8000)
        container.mux(stream.encode(frame))
    container.mux(stream.encode())


def only_sound() -> bytes:
    """A file without a picture."""
    file = io.BytesIO()
    with av.open(file, "w", format="mp4") as container:
        add_sound(container, container.add_stream("aac", rate=8000, layout="mono"), 1)
    return file.getvalue()


def numbered(count: int, size: tuple[int, int] = (96, 64)) -> list[np.ndarray]:
    """Frames that show their own number as eight black or white squares, and a white square at the top left."""
    width, height = size
    frames = []
    for number in range(count):
        frame = np.full((height, width, 3), 90, np.uint8)
        frame[: height // 4, : width // 4] = 255
        for bit in range(8):
            left = bit * width // 8
            frame[height // 2 :, left : left + width // 8] = 255 if number >> bit & 1 else 0
        frames.append(frame)
    return frames


def number_of(image: Image.Image) -> int:
    """Read the number of a frame of `numbered`."""
    pixels = np.asarray(image.convert("L"))
    height, width = pixels.shape
    squares = [pixels[height * 3 // 4, width * (2 * bit + 1) // 16] for bit in range(8)]
    return sum(1 << bit for bit, value in enumerate(squares) if value > 127)


def moving(
    sprites: Sequence[Image.Image],
    places: Callable[[int], Sequence[tuple[int, int] | None]],
    count: int,
    size: tuple[int, int] = (320, 240),
) -> list[np.ndarray]:
    """Frames in which pictures move: `places(frame)` gives the top left corner of each, or None for absent."""
    frames = []
    for number in range(count):
        canvas = Image.new("RGB", size, (70, 90, 80))
        for sprite, place in zip(sprites, places(number), strict=True):
            if place is not None:
                canvas.paste(sprite, place)
        frames.append(np.asarray(canvas))
    return frames

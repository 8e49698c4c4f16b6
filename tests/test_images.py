"""Whatever file comes in: an upright RGB picture, or one plain sentence why not."""

import io
import struct
import zlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from emotiscan import images
from emotiscan.images import ImageError, read_image

WHITE, RED = (255, 255, 255), (255, 0, 0)


def encoded(image: Image.Image, format: str = "PNG", **options) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, format, **options)
    return buffer.getvalue()


def quarters() -> np.ndarray:
    """32 x 16 px, each quarter of another colour, so that every turn and flip of it looks different."""
    pixels = np.zeros((16, 32, 3), np.uint8)
    pixels[:8, :16], pixels[:8, 16:], pixels[8:, :16], pixels[8:, 16:] = RED, (0, 200, 0), (0, 0, 255), (250, 250, 0)
    return pixels


def png_claiming(width: int, height: int) -> bytes:
    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")


def refusal(source) -> str:
    """The message with which a source is refused, after a look at how it is raised."""
    with pytest.raises(ImageError) as caught:
        read_image(source)
    error = caught.value
    assert error.__cause__ is None
    assert error.__suppress_context__ or error.__context__ is None, "a traceback would show what lies behind it"
    assert str(error).endswith(".")
    assert not str(error).endswith("..")
    return str(error)


# How a camera stores the upright picture for each EXIF orientation: which side its first row and column show.
STORED = {
    1: lambda upright: upright,
    2: lambda upright: upright[:, ::-1],
    3: lambda upright: upright[::-1, ::-1],
    4: lambda upright: upright[::-1],
    5: lambda upright: upright.swapaxes(0, 1),
    6: lambda upright: np.rot90(upright),
    7: lambda upright: upright[::-1, ::-1].swapaxes(0, 1),
    8: lambda upright: np.rot90(upright, -1),
}


@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP", "TIFF"])
@pytest.mark.parametrize("orientation", STORED)
def test_every_exif_orientation_comes_out_upright(orientation, format):
    exif = Image.Exif()
    exif[0x0112] = orientation
    stored = Image.fromarray(np.ascontiguousarray(STORED[orientation](quarters())))
    options = {"JPEG": {"quality": 95, "subsampling": 0}, "WEBP": {"lossless": True}}.get(format, {})
    photo = read_image(encoded(stored, format, exif=exif, **options))
    assert np.abs(np.asarray(photo, int) - quarters()).max() <= 8  # JPEG's own error
    assert not photo.getexif(), "whoever opens the picture next would turn it again"


def test_a_wrongly_typed_exif_tag_does_not_cost_the_photo():
    exif = Image.Exif()
    exif[0x0112], exif[0x0132] = 6, "2024:01:01 00:00:00"
    data = encoded(Image.new("RGB", (16, 8), RED), "JPEG", exif=exif)
    tag = struct.pack(">HH", 0x0132, 2)
    assert data.count(tag) == 1
    photo = read_image(data.replace(tag, struct.pack(">HH", 0x0132, 5)))  # text that claims to be fractions
    assert photo.size == (8, 16)


@pytest.mark.parametrize(
    ("picture", "options"),
    [
        (Image.new("RGBA", (4, 4), (0, 0, 0, 0)), {}),
        (Image.new("LA", (4, 4), (0, 0)), {}),
        (Image.new("P", (4, 4), 0), {"transparency": 0}),
        (Image.new("RGB", (4, 4), (1, 2, 3)), {"transparency": (1, 2, 3)}),
        (Image.new("L", (4, 4), 7), {"transparency": 7}),
    ],
    ids=["RGBA", "LA", "palette", "RGB with a clear colour", "grey with a clear level"],
)
def test_transparency_is_laid_on_white(picture, options):
    photo = read_image(encoded(picture, **options))
    assert photo.mode == "RGB"
    assert photo.getcolors() == [(16, WHITE)]


def test_half_transparent_pixels_are_mixed_with_white():
    assert read_image(encoded(Image.new("RGBA", (1, 1), (255, 0, 0, 128)))).getpixel((0, 0)) == (255, 127, 127)


@pytest.mark.parametrize("format", ["JPEG", "TIFF"])
def test_print_colours_become_screen_colours(format):
    photo = read_image(encoded(Image.new("CMYK", (8, 8), (0, 255, 255, 0)), format))
    assert photo.mode == "RGB"
    assert np.allclose(photo.getpixel((4, 4)), RED, atol=4)


@pytest.mark.parametrize(("format", "kind"), [("PNG", np.uint16), ("TIFF", np.uint16), ("TIFF", np.int32)])
def test_deep_greys_are_scaled_and_not_clipped(format, kind):
    ramp = np.linspace(0, 65535, 256).astype(kind)[None]
    photo = np.asarray(read_image(encoded(Image.fromarray(ramp), format)), int)
    assert np.abs(photo[0] - np.arange(256)[:, None]).max() <= 1


def test_a_dark_deep_grey_stays_dark():
    photo = read_image(encoded(Image.fromarray(np.array([[1000, 6000]], np.uint16))))
    assert [photo.getpixel((x, 0))[0] for x in (0, 1)] == pytest.approx([1000 / 257, 6000 / 257], abs=1)


def test_float_greys_are_scaled():
    ramp = np.linspace(0, 1, 256, dtype=np.float32)[None]
    photo = np.asarray(read_image(encoded(Image.fromarray(ramp), "TIFF")), int)
    assert np.abs(photo[0] - np.arange(256)[:, None]).max() <= 1


def test_an_animation_gives_its_first_frame():
    frames = [Image.new("RGB", (4, 4), colour) for colour in (RED, (0, 0, 255))]
    data = encoded(frames[0], "GIF", save_all=True, append_images=frames[1:])
    assert read_image(data).getcolors() == [(16, RED)]


def test_a_phones_two_picture_jpeg_gives_the_first():
    frames = [Image.new("RGB", (16, 16), colour) for colour in ("white", "black")]
    data = encoded(frames[0], "MPO", save_all=True, append_images=frames[1:])
    assert read_image(data).getpixel((8, 8)) == WHITE


def test_bytes_and_path_give_the_same(tmp_path):
    path = tmp_path / "photo.jpg"
    path.write_bytes(encoded(Image.fromarray(quarters()), "JPEG"))
    wanted = read_image(path.read_bytes()).tobytes()
    assert read_image(path).tobytes() == read_image(str(path)).tobytes() == wanted


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "empty"),
        (b"Dear diary, today I smiled." * 20, "not a picture"),
        (encoded(Image.new("RGB", (8, 8)), "PPM"), "not a picture"),
        (encoded(Image.fromarray(quarters()), "JPEG")[:400], "damaged"),
        (encoded(Image.fromarray(quarters()))[:-40], "damaged"),
        (png_claiming(8, 8), "damaged"),
        (png_claiming(60_000, 60_000), "too many pixels; at most 64 million"),
        (png_claiming(9_000, 9_000), "too many pixels; at most 64 million"),
        (b"\xff" * (images.MAX_BYTES + 1), "larger than 20 MB"),
    ],
    ids=["empty", "text", "unsupported", "cut JPEG", "cut PNG", "no pixels", "bomb", "too many pixels", "too large"],
)
def test_what_cannot_be_read_is_refused_in_plain_words(data, words, tmp_path):
    path = tmp_path / "file.jpg"
    path.write_bytes(data)
    assert words in refusal(data)
    assert refusal(path) == refusal(data)


@pytest.mark.parametrize(
    ("path", "words"), [("nowhere.jpg", "no file nowhere.jpg"), (".", "directory"), ("a\0b.jpg", "cannot be read")]
)
def test_what_is_no_file_is_refused_in_plain_words(path, words):
    assert words in refusal(path)


SEEDS = [encoded(Image.fromarray(quarters()), format) for format in ("JPEG", "PNG", "GIF", "WEBP", "TIFF", "BMP")] + [
    encoded(Image.fromarray(quarters()[..., 0].astype(np.uint16) * 200))
]
damaged = st.builds(
    lambda seed, edits, end: b"".join(
        bytes([edits.get(place, byte)]) for place, byte in enumerate(seed[: len(seed) - end])
    ),
    st.sampled_from(SEEDS),
    st.dictionaries(st.integers(0, 400), st.integers(0, 255), max_size=6),
    st.integers(0, 30),
)


@settings(deadline=None, max_examples=250)
@given(st.one_of(damaged, st.binary(max_size=200)))
def test_damaged_data_give_a_picture_or_a_refusal_and_nothing_else(data):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(images, "MAX_PIXELS", 1_000_000)
        try:
            photo = read_image(data)
        except ImageError:
            return
    assert photo.mode == "RGB"
    assert photo.width * photo.height <= 1_000_000

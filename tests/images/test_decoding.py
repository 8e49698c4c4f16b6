"""Any file gives either an upright RGB image or one plain sentence that says why not."""

import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from benchmarks import fuzz_images
from emotiscan import images
from emotiscan.images import ImageError, decoding, read_image

WHITE, RED = (255, 255, 255), (255, 0, 0)


def encoded(image: Image.Image, format: str = "PNG", **options) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, format, **options)
    return buffer.getvalue()


def quarters() -> np.ndarray:
    """32 x 16 px, each quarter in another color, so that every rotation and flip looks different."""
    pixels = np.zeros((16, 32, 3), np.uint8)
    pixels[:8, :16], pixels[:8, 16:], pixels[8:, :16], pixels[8:, 16:] = RED, (0, 200, 0), (0, 0, 255), (250, 250, 0)
    return pixels


def png_claiming(width: int, height: int) -> bytes:
    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")


def refusal(source) -> str:
    """The message of the ImageError that a source causes; also checks how it is raised."""
    with pytest.raises(ImageError) as caught:
        read_image(source)
    error = caught.value
    assert error.__cause__ is None
    assert error.__suppress_context__ or error.__context__ is None, "a traceback would show the internal error"
    assert str(error).endswith(".")
    assert not str(error).endswith("..")
    return str(error)


# How a camera stores the upright image for each EXIF orientation: which side its first row and column show.
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
def test_every_exif_orientation_is_rotated_upright(orientation, format):
    exif = Image.Exif()
    exif[0x0112] = orientation
    stored = Image.fromarray(np.ascontiguousarray(STORED[orientation](quarters())))
    options = {"JPEG": {"quality": 95, "subsampling": 0}, "WEBP": {"lossless": True}}.get(format, {})
    photo = read_image(encoded(stored, format, exif=exif, **options))
    assert np.abs(np.asarray(photo, int) - quarters()).max() <= 8  # JPEG's own error
    assert not photo.getexif(), "the next program that opens the image would rotate it again"


def test_a_photo_with_a_malformed_exif_tag_is_read():
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
    ids=["RGBA", "LA", "palette", "RGB with a clear color", "gray with a clear level"],
)
def test_transparent_pixels_become_white(picture, options):
    photo = read_image(encoded(picture, **options))
    assert photo.mode == "RGB"
    assert photo.getcolors() == [(16, WHITE)]


def test_translucent_pixels_are_blended_with_white():
    assert read_image(encoded(Image.new("RGBA", (1, 1), (255, 0, 0, 128)))).getpixel((0, 0)) == (255, 127, 127)


@pytest.mark.parametrize("format", ["JPEG", "TIFF"])
def test_cmyk_becomes_rgb(format):
    photo = read_image(encoded(Image.new("CMYK", (8, 8), (0, 255, 255, 0)), format))
    assert photo.mode == "RGB"
    assert np.allclose(photo.getpixel((4, 4)), RED, atol=4)


@pytest.mark.parametrize(("format", "kind"), [("PNG", np.uint16), ("TIFF", np.uint16), ("TIFF", np.int32)])
def test_16_and_32_bit_grays_are_scaled_and_not_clipped(format, kind):
    ramp = np.linspace(0, 65535, 256).astype(kind)[None]
    photo = np.asarray(read_image(encoded(Image.fromarray(ramp), format)), int)
    assert np.abs(photo[0] - np.arange(256)[:, None]).max() <= 1


def test_a_dark_16_bit_gray_stays_dark():
    photo = read_image(encoded(Image.fromarray(np.array([[1000, 6000]], np.uint16))))
    assert [photo.getpixel((x, 0))[0] for x in (0, 1)] == pytest.approx([1000 / 257, 6000 / 257], abs=1)


def test_float_grays_are_scaled():
    ramp = np.linspace(0, 1, 256, dtype=np.float32)[None]
    photo = np.asarray(read_image(encoded(Image.fromarray(ramp), "TIFF")), int)
    assert np.abs(photo[0] - np.arange(256)[:, None]).max() <= 1


def test_an_animation_gives_its_first_frame():
    frames = [Image.new("RGB", (4, 4), color) for color in (RED, (0, 0, 255))]
    data = encoded(frames[0], "GIF", save_all=True, append_images=frames[1:])
    assert read_image(data).getcolors() == [(16, RED)]


def test_a_multi_picture_jpeg_gives_the_first_picture():
    frames = [Image.new("RGB", (16, 16), color) for color in ("white", "black")]
    data = encoded(frames[0], "MPO", save_all=True, append_images=frames[1:])
    assert read_image(data).getpixel((8, 8)) == WHITE


def test_bytes_and_path_give_the_same_image(tmp_path):
    path = tmp_path / "photo.jpg"
    path.write_bytes(encoded(Image.fromarray(quarters()), "JPEG"))
    wanted = read_image(path.read_bytes()).tobytes()
    assert read_image(path).tobytes() == read_image(str(path)).tobytes() == wanted


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "empty"),
        (b"Dear diary, today I smiled." * 20, "not an image"),
        (encoded(Image.new("RGB", (8, 8)), "PPM"), "not an image"),
        (encoded(Image.fromarray(quarters()), "JPEG")[:400], "damaged"),
        (encoded(Image.fromarray(quarters()))[:-40], "damaged"),
        (png_claiming(8, 8), "damaged"),
        (png_claiming(60_000, 60_000), "too many pixels; the maximum is 65 million"),
        (png_claiming(9_000, 9_000), "too many pixels; the maximum for this type of file is 25 million"),
        (b"\xff" * (images.MAX_BYTES + 1), "larger than 20 MB"),
    ],
    ids=["empty", "text", "unsupported", "cut JPEG", "cut PNG", "no pixels", "bomb", "too many pixels", "too large"],
)
def test_unreadable_files_are_rejected_with_a_reason(data, words, tmp_path):
    path = tmp_path / "file.jpg"
    path.write_bytes(data)
    assert words in refusal(data)
    assert refusal(path) == refusal(data)


@pytest.mark.parametrize(
    ("path", "words"), [("nowhere.jpg", "no file nowhere.jpg"), (".", "directory"), ("a\0b.jpg", "cannot be read")]
)
def test_paths_that_are_not_files_are_rejected_with_a_reason(path, words):
    assert words in refusal(path)


@pytest.mark.parametrize("seed", range(3))
def test_damaged_files_give_an_image_or_an_image_error_and_nothing_else(seed):
    with fuzz_images.small_limits(), fuzz_images.silent_libraries():
        outcomes = {fuzz_images.outcome(data) for data in fuzz_images.damaged_files(700, seed)}
    assert "read" in outcomes
    assert all(words == "read" or words.endswith(".") for words in outcomes)


def test_the_undamaged_files_are_readable():
    """The damaged files are made from these; otherwise they would test little."""
    assert {read_image(data).mode for data in fuzz_images.whole_files()} == {"RGB"}


def test_max_side_scales_large_images_down():
    wide = Image.new("RGB", (300, 60), RED)
    for format in ("JPEG", "PNG", "WEBP"):
        assert read_image(encoded(wide, format), max_side=100).size == (100, 20)
        assert read_image(encoded(wide, format), max_side=300).size == (300, 60)
    assert read_image(encoded(Image.new("L", (5, 2000), 9)), max_side=100).size == (1, 100)
    rotated = Image.Exif()
    rotated[0x0112] = 6
    assert read_image(encoded(wide, "JPEG", exif=rotated), max_side=100).size == (20, 100)


def test_a_huge_jpeg_is_decoded_at_half_size_if_that_is_enough(monkeypatch):
    monkeypatch.setattr(decoding, "MAX_PIXELS_DEFAULT", 10_000)
    decoded = []
    downscale = decoding._downscale
    monkeypatch.setattr(decoding, "_downscale", lambda image, side: decoded.append(image) or downscale(image, side))
    assert read_image(encoded(Image.new("RGB", (200, 100), RED), "JPEG"), max_side=150).size == (100, 50)
    assert decoded[0].size == (100, 50)
    assert "too many pixels" in refusal(encoded(Image.new("RGB", (200, 100)), "JPEG", progressive=True))
    assert "too many pixels" in refusal(encoded(Image.new("RGB", (200, 100))))


@pytest.mark.parametrize("size", [(1, 1), (30_000, 2), (2, 30_000)])
def test_images_of_any_shape_are_read(size):
    assert read_image(encoded(Image.new("RGB", size, RED))).size == size


def test_a_too_long_image_is_rejected():
    assert "longer than 32000 pixels" in refusal(encoded(Image.new("1", (32_001, 1))))


def test_nan_and_infinity_do_not_affect_other_pixels():
    values = np.array([[0.0, 0.25, 0.5, 1.0, np.nan, np.inf, -np.inf]], np.float32)
    photo = read_image(encoded(Image.fromarray(values), "TIFF"))
    assert [photo.getpixel((x, 0))[0] for x in range(7)] == pytest.approx([0, 63, 127, 255, 0, 255, 0], abs=1)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_float_images_without_finite_numbers_are_rejected(value):
    picture = Image.fromarray(np.full((4, 4), value, np.float32))
    assert "infinite or undefined" in refusal(encoded(picture, "TIFF"))


@pytest.mark.parametrize("values", [(-3e38, 3e38), (0, 1e-40), (7, 7), (-5, -1)])
def test_floats_of_any_magnitude_are_scaled(values):
    photo = read_image(encoded(Image.fromarray(np.array([values], np.float32)), "TIFF"))
    ends = [photo.getpixel((x, 0))[0] for x in (0, 1)]
    assert ends == ([0, 255] if values[0] < values[1] else [0, 0])


@pytest.mark.parametrize("profile", [b"no profile", bytes(300_000), fuzz_images.PROFILE, fuzz_images.PROFILE[:200]])
def test_color_profiles_are_ignored(profile):
    picture = Image.new("RGB", (8, 8), (200, 120, 90))
    assert read_image(encoded(picture, icc_profile=profile)).getpixel((0, 0)) == (200, 120, 90)


def test_only_the_image_of_a_polyglot_file_is_kept():
    page = b"<html><script>alert(1)</script></html>PK\x03\x04"
    photo = read_image(encoded(Image.fromarray(quarters()), "JPEG", comment=page) + page)
    assert photo.size == (32, 16)
    assert not photo.info
    assert b"script" not in encoded(photo, "JPEG")


def test_a_jpeg_with_hundreds_of_scans_is_rejected():
    data = encoded(Image.new("RGB", (64, 64), RED), "JPEG", progressive=True)
    last, end = data.rindex(b"\xff\xc4"), data.rindex(b"\xff\xd9")
    assert read_image(data[:end] + data[last:end] * 5 + data[end:]).size == (64, 64)
    assert "too many scans" in refusal(data[:end] + data[last:end] * 300 + data[end:])


def test_a_wrong_extension_does_not_matter(tmp_path):
    path = tmp_path / "photo.gif"
    path.write_bytes(encoded(Image.fromarray(quarters()), "WEBP"))
    assert read_image(path).size == (32, 16)

"""HEIC and AVIF: upright, in the right colors; what a file does to the decoder stays in its process."""

import contextlib
import io
import json
import struct
import subprocess
import sys
from pathlib import Path

import numpy as np
import pillow_heif
import pytest
from PIL import Image, ImageCms

from benchmarks import fuzz_images
from emotiscan.images import ImageError, decoding, heif, heif_worker, read_image
from emotiscan.images.file_types import heif_format
from tests.images.test_decoding import STORED

FORMATS = ("HEIF", "AVIF")
RED = (255, 0, 0)
SRGB, BT2020, DISPLAY_P3 = 1, 9, 12
SRGB_CURVE, PQ, HLG = 13, 16, 18


def encoded(image: Image.Image, format: str, **options) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, format, quality=95, **options)
    return buffer.getvalue()


def quarters() -> np.ndarray:
    """128 x 64 px, each quarter in another color, so that every rotation and flip looks different."""
    pixels = np.zeros((64, 128, 3), np.uint8)
    pixels[:32, :64], pixels[:32, 64:], pixels[32:, :64], pixels[32:, 64:] = (
        RED,
        (0, 200, 0),
        (0, 0, 255),
        (250, 250, 0),
    )
    return pixels


def colors(picture: Image.Image) -> np.ndarray:
    """Colors in the middle of the quarters, (4, 3)."""
    width, height = picture.size
    return np.array([picture.getpixel((x * width // 4, y * height // 4)) for y in (1, 3) for x in (1, 3)])


def with_orientation(image: Image.Image, orientation: int, format: str) -> bytes:
    exif = Image.Exif()
    exif[0x0112] = orientation
    if format == "AVIF":
        return encoded(image, format, exif=exif)
    image.info["exif"] = exif.tobytes()
    return encoded(image, format)


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize("orientation", [3, 5, 6, 8])
def test_the_rotation_and_flip_of_the_container_are_applied(orientation, format):
    stored = Image.fromarray(np.ascontiguousarray(STORED[orientation](quarters())))
    data = with_orientation(stored, orientation, format)
    assert b"irot" in data or b"imir" in data
    photo = read_image(data)
    assert photo.size == (128, 64)
    assert np.abs(colors(photo) - colors(Image.fromarray(quarters()))).max() <= 8
    assert not photo.info
    assert not photo.getexif()


def test_a_rotation_that_only_the_exif_block_states_is_ignored():
    """The standard says so, and iPhones state the rotation in both places: it must not be applied twice."""
    exif = Image.Exif()
    exif[0x0112] = 6
    data = encoded(Image.fromarray(quarters()), "HEIF", exif=exif)
    assert b"irot" not in data
    assert read_image(data).size == (128, 64)


@pytest.mark.parametrize("format", FORMATS)
def test_transparent_pixels_become_white(format):
    rgba = np.dstack([quarters(), np.full((64, 128), 255, np.uint8)])
    rgba[:32, :64, 3] = 0
    found = colors(read_image(encoded(Image.fromarray(rgba), format)))
    assert found[0].min() >= 250
    assert np.abs(found[3] - (250, 250, 0)).max() <= 8


@pytest.mark.parametrize("format", FORMATS)
def test_grays_are_read(format):
    gray = Image.fromarray(quarters()).convert("L")
    found = read_image(encoded(gray, format))
    assert found.mode == "RGB"
    assert np.abs(colors(found) - colors(gray.convert("RGB"))).max() <= 4


def test_10_bits_a_channel_become_8():
    image = pillow_heif.from_bytes("RGB;16", (128, 64), (quarters().astype(np.uint16) * 257).tobytes())
    buffer = io.BytesIO()
    image.save(buffer, quality=95)
    assert pillow_heif.open_heif(buffer.getvalue()).info["bit_depth"] == 10
    assert np.abs(colors(read_image(buffer.getvalue())) - colors(Image.fromarray(quarters()))).max() <= 8


def test_grays_of_10_bits_become_8():
    ramp = np.repeat(np.linspace(0, 65535, 256).astype(np.uint16)[None], 64, 0)
    image = pillow_heif.from_bytes("L;16", (256, 64), ramp.tobytes())
    buffer = io.BytesIO()
    image.save(buffer, quality=-1)
    found = np.asarray(read_image(buffer.getvalue()), int)[32]
    assert np.abs(found - np.arange(256)[:, None]).max() <= 2


@pytest.mark.parametrize("format", FORMATS)
def test_the_primary_image_of_several_is_read(format):
    first, second = (Image.new("RGB", (64, 64), color) for color in (RED, "blue"))
    options = {"primary_index": 1} if format == "HEIF" else {}
    photo = read_image(encoded(first, format, save_all=True, append_images=[second], **options))
    assert np.abs(np.array(photo.getpixel((32, 32))) - ((0, 0, 255) if format == "HEIF" else RED)).max() <= 4


def test_the_tiles_of_a_phone_are_joined():
    photo = read_image(encoded(Image.fromarray(quarters()).resize((640, 320)), "HEIF", tile_size=256))
    assert photo.size == (640, 320)
    assert np.abs(colors(photo) - colors(Image.fromarray(quarters()))).max() <= 8


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize("size", [(1200, 60), (60, 1200), (700, 500)])
def test_max_side_scales_like_any_other_format(size, format, monkeypatch):
    rows, columns = np.mgrid[: size[1], : size[0]]
    smooth = np.dstack([255 * rows // size[1], 255 * columns // size[0], 0 * rows + 90]).astype(np.uint8)
    data = encoded(Image.fromarray(smooth), format)
    whole, scaled = read_image(data), read_image(data, max_side=333)
    assert max(scaled.size) == 333
    wanted = np.asarray(whole.resize(scaled.size, Image.Resampling.BOX), int)
    assert np.abs(np.asarray(scaled, int) - wanted).max() <= 1
    assert read_image(data, max_side=2000).size == size


# sRGB values of a color stored in each way, computed from the primaries' chromaticities (ITU-T H.273).
@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize(
    ("primaries", "stored", "wanted"),
    [
        (SRGB, (200, 120, 90), (200, 120, 90)),
        (DISPLAY_P3, (190, 123, 96), (200, 120, 90)),
        (BT2020, (128, 128, 128), (128, 128, 128)),
    ],
)
def test_wide_colors_become_srgb(primaries, stored, wanted, format):
    data = with_codes(encoded(Image.new("RGB", (64, 64), stored), format), primaries, SRGB_CURVE)
    assert np.abs(np.array(read_image(data).getpixel((32, 32))) - wanted).max() <= 4


@pytest.mark.parametrize("format", FORMATS)
def test_an_icc_profile_is_applied_as_the_same_codes_are(format):
    profile = heif_worker.icc_profile(heif_worker.COLORANTS[DISPLAY_P3], SRGB_CURVE)
    plain = Image.new("RGB", (64, 64), (190, 123, 96))
    found = read_image(encoded(plain, format, icc_profile=profile)).getpixel((32, 32))
    assert np.abs(np.array(found) - (200, 120, 90)).max() <= 4
    gray = read_image(encoded(plain, format, icc_profile=profile[:300])).getpixel((32, 32))
    assert np.abs(np.array(gray) - (190, 123, 96)).max() <= 4, "a damaged profile is ignored"


def test_our_profiles_agree_with_the_color_library():
    """The same sRGB, once as lcms has it and once from our table of colorants."""
    own = ImageCms.ImageCmsProfile(io.BytesIO(heif_worker.icc_profile(heif_worker.COLORANTS[SRGB], SRGB_CURVE)))
    transform = ImageCms.buildTransform(own, ImageCms.createProfile("sRGB"), "RGB", "RGB")
    picture = Image.fromarray(np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8))
    assert np.abs(np.asarray(ImageCms.applyTransform(picture, transform), int) - np.asarray(picture, int)).max() <= 1


@pytest.mark.parametrize(("transfer", "diffuse_white"), [(PQ, 0.5807), (HLG, 0.75)])
def test_hdr_gets_the_contrast_of_a_normal_screen(transfer, diffuse_white):
    signal = round(255 * diffuse_white)
    data = with_codes(encoded(Image.new("RGB", (64, 64), (signal,) * 3), "HEIF"), SRGB, transfer)
    assert read_image(data).getpixel((32, 32))[0] == pytest.approx(188, abs=6)  # three quarters of the range
    assert heif_worker.to_linear(0, transfer) == 0
    assert heif_worker.to_linear(1, transfer) == pytest.approx(1, abs=0.01)


def with_codes(data: bytes, primaries: int, transfer: int) -> bytes:
    """The file with other color codes in the box that names them."""
    place = data.index(b"colrnclx") + 8
    return data[:place] + struct.pack(">HH", primaries, transfer) + data[place + 4 :]


def with_size(data: bytes, width: int, height: int) -> bytes:
    """The file with another size in the box that states it."""
    place = data.index(b"ispe") + 8
    return data[:place] + struct.pack(">II", width, height) + data[place + 8 :]


@pytest.mark.parametrize(("format", "size", "limit"), [("HEIF", (9000, 9000), "50"), ("AVIF", (6000, 6000), "25")])
def test_too_many_pixels_are_refused_before_they_are_decoded(format, size, limit):
    data = with_size(encoded(Image.new("RGB", (64, 64)), format), *size)
    with pytest.raises(ImageError, match=f"the maximum for this type of file is {limit} million"):
        read_image(data)


@pytest.mark.parametrize("format", FORMATS)
def test_a_size_that_is_a_lie_gives_an_image_of_that_size_or_an_error(format):
    data = encoded(Image.new("RGB", (512, 512), RED), format)
    for size in ((64, 64), (1024, 1024)):
        with contextlib.suppress(ImageError):
            assert read_image(with_size(data, *size)).size == size


@pytest.mark.parametrize("format", FORMATS)
def test_a_file_that_is_cut_off_is_called_damaged(format):
    data = encoded(Image.fromarray(quarters()), format)
    for length in (20, 200, len(data) - 40):
        with pytest.raises(ImageError, match="damaged"):
            read_image(data[:length])


def test_damaged_files_give_an_image_or_an_image_error_and_nothing_else():
    files = fuzz_images.damaged_files(24, 0, fuzz_images.whole_heif_files())
    with fuzz_images.small_limits():
        outcomes = {fuzz_images.outcome(data) for data in files}
    assert "read" in outcomes
    assert all(words == "read" or words.endswith(".") for words in outcomes)


def test_the_undamaged_files_are_readable():
    """The damaged files are made from these; otherwise they would test little."""
    assert {read_image(data).mode for data in fuzz_images.whole_heif_files()} == {"RGB"}


@pytest.mark.parametrize(
    ("program", "words"),
    [
        ("import os; os.abort()", "damaged"),
        (
            "import sys; sys.stdin.buffer.read(); print('{\"size\": [9, 9]}', flush=True); import os; os.abort()",
            "damaged",
        ),
        ("print('no JSON')", "damaged"),
        ('print(\'{"problem": "memory"}\')', "too much memory"),
        ('print(\'{"problem": "library"}\')', "pip install"),
        ("import time; time.sleep(60)", "too long"),
    ],
    ids=["crash", "crash after the size", "nonsense", "memory", "library", "endless"],
)
def test_what_happens_to_the_decoder_is_one_sentence(program, words, monkeypatch, tmp_path):
    worker = tmp_path / "worker.py"
    worker.write_text(program)
    monkeypatch.setattr(heif, "_WORKER", str(worker))
    monkeypatch.setattr(heif, "WAIT", 1.0 if words == "too long" else 60.0)
    with pytest.raises(ImageError, match=words) as caught:
        read_image(encoded(Image.new("RGB", (64, 64)), "AVIF") + bytes(500_000))  # more than a pipe holds
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__ or caught.value.__context__ is None


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux limits the memory of a process")
def test_memory_and_time_of_the_decoder_are_limited():
    def run(code: str) -> subprocess.CompletedProcess:
        start = "import heif_worker as worker; worker.SECONDS = 1; worker.limit_resources()\n"
        return subprocess.run([sys.executable, "-c", start + code], cwd=folder, capture_output=True, check=False)

    folder = Path(heif_worker.__file__).parent
    assert b"MemoryError" in run("bytearray(2 * worker.MEMORY)").stderr
    assert run("while True: pass").returncode == -heif.TIME_IS_UP
    assert heif_worker.describe(MemoryError()) == "memory"


def test_without_the_decoder_the_message_says_what_to_install(monkeypatch, tmp_path):
    (tmp_path / "pillow_heif.py").write_text("raise ImportError")
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(ImageError, match="needs pillow-heif"):
        read_image(encoded(Image.new("RGB", (64, 64)), "HEIF"))


def test_no_process_stays_behind(monkeypatch):
    with fuzz_images.watched_processes() as processes:
        read_image(encoded(Image.new("RGB", (64, 64)), "HEIF"))
        monkeypatch.setattr(decoding, "MAX_PIXELS", {"AVIF": 100})
        with pytest.raises(ImageError):
            read_image(encoded(Image.new("RGB", (64, 64)), "AVIF"))
    assert len(processes) == 2
    assert all(process.poll() is not None for process in processes)


@pytest.mark.parametrize(
    ("brands", "format"),
    [
        (b"heic____mif1heic", "HEIF"),
        (b"mif1____mif1heic", "HEIF"),
        (b"mif1____mif1avif", "AVIF"),
        (b"avif____mif1miaf", "AVIF"),
        (b"avis____avifmsf1", "AVIF"),
        (b"msf1____hevcmif1", "HEIF"),
        (b"isom____isomavc1", None),
        (b"qt  ____qt  ____", None),
    ],
)
def test_the_brands_tell_heic_and_avif(brands, format):
    assert heif_format(struct.pack(">I", 8 + len(brands)) + b"ftyp" + brands) == format


def test_the_answer_of_the_process_is_what_the_reader_expects():
    data = encoded(Image.fromarray(quarters()), "HEIF")
    command = [sys.executable, "-P", heif_worker.__file__, "HEIF", "64"]
    lines = subprocess.run(command, input=data, capture_output=True, check=True).stdout.split(b"\n", 2)
    assert json.loads(lines[0]) == {"size": [128, 64]}
    assert json.loads(lines[1]) == {"pixels": [64, 32], "orientation": 1}
    assert len(lines[2]) == 3 * 64 * 32

"""Messages of a browser are decoded with care: the data may come from anywhere."""

import base64

import pytest
from PIL import Image

from emotiscan.ui import messages
from emotiscan.ui.messages import decode_frame, number_in
from tests.support.pages import as_bytes


def text_of(image: Image.Image, format: str = "JPEG") -> str:
    return base64.b64encode(as_bytes(image, format)).decode()


def test_frame_is_decoded_to_rgb():
    frame = decode_frame(text_of(Image.new("L", (40, 30), 90)))
    assert frame.mode == "RGB"
    assert frame.size == (40, 30)


@pytest.mark.parametrize("text", ["", "no base64!", None, 5, {}, text_of(Image.new("RGB", (9, 9)), "PNG")])
def test_what_is_no_jpeg_file_is_no_frame(text):
    assert decode_frame(text) is None


def test_truncated_and_huge_frames_are_none(monkeypatch):
    data = as_bytes(Image.effect_noise((64, 64), 90))
    assert decode_frame(base64.b64encode(data[: len(data) // 2]).decode()) is None
    monkeypatch.setattr(messages, "MAX_PIXELS", 100)
    assert decode_frame(base64.b64encode(data).decode()) is None


@pytest.mark.parametrize(
    ("value", "number"),
    [
        (3, 3),
        (2.5, 2.5),
        (-1, 0),
        (99, 9),
        (None, 0),
        ("5", 0),
        (True, 0),
        (float("nan"), 0),
        (float("inf"), 9),
        ([], 0),
    ],
)
def test_numbers_are_kept_within_limits(value, number):
    assert number_in({"time": value}, "time", 0, 9) == number

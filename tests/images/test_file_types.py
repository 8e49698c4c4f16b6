"""Unsupported file types are named, so that it is clear what to choose instead."""

import pytest

from emotiscan.images import ImageError, read_image
from emotiscan.images.file_types import describe_unsupported


@pytest.mark.parametrize(
    ("data", "name"),
    [
        (b"%PDF-1.7 ...", "a PDF document"),
        (b"\xef\xbb\xbf\n <svg xmlns='...'>", "a drawing (SVG)"),
        (b"<!DOCTYPE html><html>", "a web page"),
        (b"8BPS\0\1", "a Photoshop document"),
        (b"\0\0\0\x18ftypheic\0\0\0\0", "a HEIC image, the format of many phones"),
        (b"\0\0\0\x20ftypavif\0\0\0\0", "an AVIF image"),
        (b"\0\0\0\x20ftypmp42\0\0\0\0", "a video"),
        (b"\0\0\0\x20ftypcrx \0\0\0\0", "a camera's raw image"),
    ],
)
def test_unsupported_file_types_are_named(data, name):
    assert describe_unsupported(data) == name
    with pytest.raises(ImageError, match=r"^This file is an? ") as refused:
        read_image(data)
    assert name in str(refused.value)
    assert "Use a JPEG, PNG or WebP file." in str(refused.value)


@pytest.mark.parametrize("data", [b"", b"Dear diary", b"\xff\xd8\xff"])
def test_unknown_file_types_have_no_name(data):
    assert describe_unsupported(data) is None

"""Unsupported file types are named, so that it is clear what to choose instead."""

import pytest

from emotiscan.images import MAX_BYTES, ImageError, read_image
from emotiscan.images.file_types import describe_unsupported


@pytest.mark.parametrize(
    ("data", "name"),
    [
        (b"%PDF-1.7 ...", "a PDF document"),
        (b"\xef\xbb\xbf\n <svg xmlns='...'>", "a drawing (SVG)"),
        (b"<!DOCTYPE html><html>", "a web page"),
        (b"8BPS\0\1", "a Photoshop document"),
        (b"\0\0\0\x20ftypcrx \0\0\0\0", "a camera's raw image"),
    ],
)
def test_unsupported_file_types_are_named(data, name):
    assert describe_unsupported(data) == name
    with pytest.raises(ImageError, match=r"^This file is an? ") as refused:
        read_image(data)
    assert name in str(refused.value)
    assert "Use a JPEG, PNG, WebP, HEIC or AVIF file." in str(refused.value)


@pytest.mark.parametrize(
    "data",
    [
        b"\0\0\0\x20ftypmp42\0\0\0\0",
        b"\0\0\0\x14ftypqt  \0\0\0\0",
        b"\0\0\x08\0moov\0\0\0\0",
        b"RIFF\0\0\0\0AVI LIST",
        b"\x1a\x45\xdf\xa3\x01",
        b"\x00\x00\x01\xba\x44",
        (b"G" + bytes(187)) * 3,
        b"\0\0\0\x20ftypisom" + bytes(MAX_BYTES),
    ],
    ids=["MP4", "QuickTime", "old QuickTime", "AVI", "Matroska", "MPEG", "transport stream", "large MP4"],
)
def test_a_video_is_sent_to_the_video_page(data):
    assert describe_unsupported(data) == "a video"
    with pytest.raises(ImageError, match=r"Use the Video page, or “emotiscan video”\.$"):
        read_image(data)


@pytest.mark.parametrize(
    ("brand", "name"), [(b"heic", "a HEIC image, the format of many phones"), (b"avif", "an AVIF image")]
)
def test_photos_that_are_no_videos_are_named(brand, name):
    assert describe_unsupported(b"\0\0\0\x18ftyp" + brand) == name


@pytest.mark.parametrize("data", [b"", b"Dear diary", b"\xff\xd8\xff"])
def test_unknown_file_types_have_no_name(data):
    assert describe_unsupported(data) is None

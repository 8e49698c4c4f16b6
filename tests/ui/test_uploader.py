"""What a browser sends of a photo is taken with care: it may come from anywhere."""

import base64

import pytest

from emotiscan.ui.uploader import MAX_NAME_LENGTH, unpacked


def test_a_photo_comes_as_it_was_sent():
    assert unpacked({"name": "a.jpg", "picture": base64.b64encode(b"\xff\xd8abc").decode()}) == (
        "a.jpg",
        b"\xff\xd8abc",
    )


@pytest.mark.parametrize("picture", ["no base64!", "a", None, 5, {}, "data:image/png;base64,AAAA"])
def test_what_is_no_file_is_an_empty_one(picture):
    assert unpacked({"name": "a.jpg", "picture": picture}) == ("a.jpg", b"")


@pytest.mark.parametrize(
    ("name", "shown"), [(None, "Pasted picture"), ("", "Pasted picture"), ("x" * 999, "x" * MAX_NAME_LENGTH)]
)
def test_a_name_is_short_and_never_missing(name, shown):
    assert unpacked({"name": name, "picture": ""})[0] == shown

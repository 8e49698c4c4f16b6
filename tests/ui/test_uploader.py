"""Photos sent by a browser are decoded with care: the data may come from anywhere."""

import base64

import pytest

from emotiscan.ui.uploader import MAX_NAME_LENGTH, decode_photo


def test_photo_is_decoded_unchanged():
    assert decode_photo({"name": "a.jpg", "picture": base64.b64encode(b"\xff\xd8abc").decode()}) == (
        "a.jpg",
        b"\xff\xd8abc",
    )


@pytest.mark.parametrize("picture", ["no base64!", "a", None, 5, {}, "data:image/png;base64,AAAA"])
def test_invalid_data_becomes_an_empty_file(picture):
    assert decode_photo({"name": "a.jpg", "picture": picture}) == ("a.jpg", b"")


@pytest.mark.parametrize(
    ("name", "shown"), [(None, "Pasted image"), ("", "Pasted image"), ("x" * 999, "x" * MAX_NAME_LENGTH)]
)
def test_file_names_are_shortened_and_never_empty(name, shown):
    assert decode_photo({"name": name, "picture": ""})[0] == shown

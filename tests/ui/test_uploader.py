"""Photos sent by a browser are decoded with care: the data may come from anywhere."""

import base64

import pytest
from streamlit.testing.v1 import AppTest

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


def page() -> None:
    """A page that notes the photos it is sent."""
    import streamlit as st

    from emotiscan.ui.uploader import upload_photos

    def read(name, data, placeholder):
        st.session_state.setdefault("read", []).append((name, data))

    upload_photos("photos", read)


def test_each_photo_is_read_once():
    at = AppTest.from_function(page, default_timeout=120).run()
    for name in ("a.jpg", "b.jpg", "b.jpg"):  # the last one is sent again because its answer was late
        picture = base64.b64encode(name.encode()).decode()
        at.session_state["photos-arrived"] = {"number": f"visit-{name}", "name": name, "picture": picture}
        at.run()
        assert not at.exception
        assert at.session_state["photos-answered"] == f"visit-{name}"
    assert at.session_state["read"] == [("a.jpg", b"a.jpg"), ("b.jpg", b"b.jpg")]

"""Many photos at once: what is kept, the gallery, the exports."""

import csv
import io
import json
import re

import numpy as np
import pytest
from conftest import SAMPLES
from pages import ALBUM, as_bytes, texts
from PIL import Image
from streamlit.testing.v1 import AppTest

from emotiscan.analysis import Analyzer
from emotiscan.records import csv_text
from emotiscan.ui import album
from emotiscan.ui.album import Entry


@pytest.fixture(scope="module")
def entries() -> list[Entry]:
    """A smile, a surprise, four people, a wall, and a broken file, read with the shipped weights."""
    analyzer = Analyzer()
    files = [(name, (SAMPLES / name).read_bytes()) for name in ("smile.jpg", "surprise.jpg", "group.jpg")]
    files.append(("wall.jpg", as_bytes(Image.fromarray(np.full((300, 400, 3), 170, np.uint8)))))
    files.append(("<b>broken</b>.jpg", b"nothing"))
    return [entry for name, data in files for entry in album.read_entries(analyzer, name, data)]


def test_each_face_is_an_entry_and_a_photo_without_one_says_so(entries):
    assert [entry.row["image"] for entry in entries if entry.readable] == ["smile.jpg", "surprise.jpg"] + [
        "group.jpg"
    ] * 4
    assert [entry.row["face"] for entry in entries if entry.readable] == [0, 0, 0, 1, 2, 3]
    wall, broken = (entry for entry in entries if not entry.readable)
    assert wall.row["error"] == album.NO_FACE
    assert "picture" in broken.row["error"]


def test_what_is_kept_is_small(entries):
    for entry in entries:
        if entry.readable:
            assert len(entry.picture) < 20_000
            assert Image.open(io.BytesIO(entry.picture)).size == (album.PICTURE_SIDE,) * 2


def test_the_gallery_filters_and_sorts(entries):
    assert len(album.chosen(entries)) == 6
    smiling = album.chosen(entries, emotions=["positive"])
    assert smiling
    assert {entry.row["emotion"] for entry in smiling} == {"positive"}
    brows = album.chosen(entries, codes=["AU1", "AU2"])
    assert all({"AU1", "AU2"} <= set(entry.row["present"]) for entry in brows)
    assert 0 < len(brows) < 6
    order = [entry.row["facs"]["AU12"] for entry in album.chosen(entries, by="AU12")]
    assert order == sorted(order, reverse=True)
    assert album.chosen(entries, by="surprise")[0].row["image"] == "surprise.jpg"


def test_an_unclear_face_is_called_so(entries):
    row = dict(entries[0].row)
    assert album.title_of(Entry(row)).startswith("Positive, ")
    assert album.title_of(Entry(row | {"clear": False})).startswith("Unclear, ")


def test_the_report_needs_no_other_file_and_escapes_names(entries):
    page = album.html_report(entries, "abc123")
    assert page.count("<article>") == 6
    assert not re.search(r"(src|href)=\"(?!data:)", page)
    assert "&lt;b&gt;broken&lt;/b&gt;.jpg" in page
    assert "<b>broken" not in page
    assert "abc123" in page


def test_json_holds_every_record(entries):
    assert json.loads(album.json_text(entries)) == [dict(entry.row) for entry in entries]


def test_time_left_is_told_once_it_is_known(monkeypatch):
    clock = iter([10.0, 12.0])
    monkeypatch.setattr(album.time, "monotonic", lambda: next(clock))
    lines = [line for _, _, line in album.with_time_left("abc", began=8.0)]
    assert lines == ["1 of 3", "2 of 3, about 4 s left", "3 of 3, about 2 s left"]


@pytest.fixture
def page(app) -> AppTest:
    """The empty page."""
    at = app.switch_page(ALBUM).run()
    assert not at.exception
    return at


def test_an_empty_album_says_what_it_is_for_and_nothing_else(page):
    assert [text.value[:21] for text in page.markdown] == ["Read many photos at o"]


def titles(at: AppTest) -> list[str]:
    return [text.value.split("**")[1] for text in at.markdown if ":small[" in text.value]


def test_the_samples_fill_an_empty_album(page):
    page.button[0].click().run()
    assert not page.exception
    assert len(titles(page)) >= 12
    page.pills(key="album-emotions").set_value(["surprise"]).run()
    assert titles(page)
    assert all(title.startswith(("Surprise", "Unclear")) for title in titles(page))
    page.pills(key="album-emotions").set_value([])
    page.selectbox(key="album-order").set_value("positive").run()
    assert titles(page)[0].startswith("Positive")
    next(button for button in page.button if button.label == "Empty the album").click().run()
    assert not titles(page)


def test_photos_are_added_to_those_before_and_read_once(page, monkeypatch):
    read = []
    whole = album.read_entries
    monkeypatch.setattr(
        album, "read_entries", lambda analyzer, name, data: read.append(name) or whole(analyzer, name, data)
    )
    smile, surprise = ((SAMPLES / name).read_bytes() for name in ("smile.jpg", "surprise.jpg"))
    for files in ([("a.jpg", smile)], [("b.jpg", surprise), ("again.jpg", smile), ("bad.jpg", b"nothing")]):
        for name, data in files:
            page.file_uploader[0].upload(name, data, "image/jpeg")
        page.run()
        assert not page.exception
    assert read == ["a.jpg", "b.jpg", "bad.jpg"]
    assert len(titles(page)) == 2
    assert "bad.jpg" in texts(page)
    assert not page.file_uploader[0].value  # the files are let go


def test_a_table_of_all_faces_can_be_taken_along(entries):
    first = entries[0].row
    text = csv_text([entry.row for entry in entries], tuple(first["emotions"]), tuple(first["facs"]))
    table = list(csv.DictReader(io.StringIO(text)))
    assert [row["image"] for row in table] == [entry.row["image"] for entry in entries]

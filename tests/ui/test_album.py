"""The Album page: what it keeps, its gallery, and its downloads."""

import base64
import csv
import io
import json
import re

import numpy as np
import pytest
from PIL import Image
from streamlit.testing.v1 import AppTest

from emotiscan.analysis import Analyzer
from emotiscan.export.records import NO_FACE, csv_text
from emotiscan.export.text import percent
from emotiscan.faces import CROP_SIZE
from emotiscan.ui import album
from emotiscan.ui.album import Album, Entry
from emotiscan.ui.gallery.faces import select
from tests.support.pages import ALBUM, as_bytes, texts
from tests.support.places import SAMPLES


@pytest.fixture(scope="module")
def entries() -> list[Entry]:
    """Entries of a smile, a surprise, four people, a wall and a broken file, read with the shipped weights."""
    analyzer = Analyzer()
    files = [(name, (SAMPLES / name).read_bytes()) for name in ("smile.jpg", "surprise.jpg", "group.jpg")]
    files.append(("wall.jpg", as_bytes(Image.fromarray(np.full((300, 400, 3), 170, np.uint8)))))
    files.append(("<b>broken</b>.jpg", b"nothing"))
    return [entry for name, data in files for entry in album.read_entries(analyzer.analyze, name, data)]


def test_each_face_becomes_an_entry_and_photos_without_a_face_say_so(entries):
    assert [entry.row["image"] for entry in entries if entry.readable] == ["smile.jpg", "surprise.jpg"] + [
        "group.jpg"
    ] * 4
    assert [entry.row["face"] for entry in entries if entry.readable] == [0, 0, 0, 1, 2, 3]
    wall, broken = (entry for entry in entries if not entry.readable)
    assert wall.row["error"] == NO_FACE
    assert "image" in broken.row["error"]


def test_what_is_kept_is_small(entries):
    for entry in entries:
        if entry.readable:
            assert len(entry.picture) < 20_000
            assert Image.open(io.BytesIO(entry.picture)).size == (CROP_SIZE,) * 2
            assert entry.reading.crop.size == (1, 1)
            assert not entry.reading.feature_map.numel()
            assert entry.reading.model is None


def test_entries_are_filtered_and_sorted(entries):
    entries = [entry for entry in entries if entry.readable]
    smiling = select(entries, emotions=["positive"])
    assert smiling
    assert {entry.row["emotion"] for entry in smiling} == {"positive"}
    brows = select(entries, action_units=["AU1", "AU2"])
    assert all({"AU1", "AU2"} <= set(entry.row["present"]) for entry in brows)
    assert 0 < len(brows) < 6
    order = [entry.value("AU12") for entry in select(entries, by="AU12")]
    assert order == sorted(order, reverse=True)
    surprised = [entry.row for entry in select(entries, by="surprise")]
    first_two = {row["image"] for row in surprised[:2]}
    assert first_two == {"surprise.jpg", "group.jpg"}, "one of the four people is surprised, too"
    order = [row["emotions"]["surprise"] for row in surprised]
    assert order == sorted(order, reverse=True)


def test_title_of_an_unclear_face_says_unclear(entries):
    row = dict(entries[0].row)
    assert Entry(row).title.startswith("Positive, ")
    assert Entry(row | {"clear": False}).title.startswith("Unclear, ")


def test_html_report_is_self_contained_and_escapes_file_names(entries):
    page = album.html_report(entries, "abc123")
    assert page.count("<article>") == 6
    assert not re.search(r"(src|href)=\"(?!data:)", page)
    assert "&lt;b&gt;broken&lt;/b&gt;.jpg" in page
    assert "<b>broken" not in page
    assert "abc123" in page


def test_json_contains_every_record(entries):
    assert json.loads(album.json_text(entries)) == [dict(entry.row) for entry in entries]


@pytest.fixture
def page(app) -> AppTest:
    """The empty page."""
    at = app.switch_page(ALBUM).run()
    assert not at.exception
    return at


def test_empty_album_shows_only_its_purpose(page):
    assert [text.value[:16] for text in page.markdown] == ["Read many photos"]


def titles(at: AppTest) -> list[str]:
    """Titles of the gallery's faces."""
    return [text.value.split("**")[1] for text in at.markdown if ":small[" in text.value]


def test_samples_fill_an_empty_album_and_can_be_filtered_sorted_and_removed(page):
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


def test_face_is_opened_with_the_reading_that_it_had_in_its_photo(page, entries):
    page.session_state["album"] = Album({"a": [entry for entry in entries if entry.readable]})
    page.run()
    page.selectbox(key="album-order").set_value("AU12").run()
    before = {entry.key: entry for entry in entries}
    opened = next(button for button in page.button if (button.key or "").startswith("album-open-"))
    row = before[opened.key.removeprefix("album-open-")].row
    opened.click().run()
    assert not page.exception
    said = texts(page)
    assert f"({percent(row['emotions'][row['emotion']])})" in said
    assert "Grad-CAM heat maps" in said
    assert row["image"] not in "".join(page.session_state["photos"][key].name for key in page.session_state["photos"])
    (photo,) = page.session_state["photos"].values()
    (reading,) = photo.readings
    assert list(reading.present) == row["present"]
    assert reading.crop.size == (CROP_SIZE,) * 2
    assert not reading.heat_maps(row["present"][:1])[row["present"][0]].is_empty


def test_album_is_shown_as_a_scatter_plot(page, entries):
    page.session_state["album"] = Album({"a": list(entries)})
    page.run()
    page.segmented_control(key="album-view").set_value("Scatter plot").run()
    page.selectbox(key="album-y").set_value("AU12").run()
    assert not page.exception
    (figure,) = (json.loads(chart.proto.spec) for chart in page.get("plotly_chart"))
    assert sum(len(trace["x"]) for trace in figure["data"]) == 6
    assert figure["layout"]["xaxis"]["title"]["text"] == "Positive minus negative"
    assert not titles(page)


def test_filters_that_no_face_passes_say_so(page, entries):
    page.session_state["album"] = Album({"a": [entry for entry in entries if entry.readable][:1]})
    page.run()
    page.pills(key="album-emotions").set_value(["negative"]).run()
    assert "No face matches" in texts(page)
    assert not titles(page)


def test_album_offers_intensities_and_expressions_of_a_checkpoint_that_has_them(page, monkeypatch, full_weights):
    monkeypatch.setenv("EMOTISCAN_WEIGHTS", str(full_weights))
    analyzer = Analyzer(full_weights)
    data = (SAMPLES / "group.jpg").read_bytes()
    page.session_state["album"] = Album({"a": album.read_entries(analyzer.analyze, "group.jpg", data)})
    page.run()
    page.selectbox(key="album-order").set_value("AU43").run()
    assert "AU43 (intensity)" in page.selectbox(key="album-order").options
    page.pills(key="album-expressions").set_value(["contempt"]).run()
    assert not page.exception
    page.pills(key="album-expressions").set_value([])
    page.pills(key="album-aus").set_value(["AU12"]).run()
    page.segmented_control(key="album-intensity").set_value("E").run()
    assert not page.exception


def test_gallery_pictures_are_data_urls(page):
    """The server forgets a file when a run of the page is interrupted, which every arriving photo does."""
    page.button[0].click().run()
    addresses = [address for picture in page.get("image") for address in picture.value]
    assert len(addresses) >= 12
    assert all(address.startswith("data:image/jpeg;base64,/9j/") for address in addresses)


def test_the_same_photo_is_read_only_once(monkeypatch):
    read = []
    monkeypatch.setattr(album, "read_entries", lambda _, name, data: read.append(name) or [Entry({"image": name})])
    kept = Album()
    for name, data in (("a", b"1"), ("b", b"2"), ("again", b"1")):
        kept.add(None, name, data)
    assert read == ["a", "b"] == [entry.row["image"] for entry in kept.entries]


def test_photo_left_by_an_interrupted_run_is_read_by_the_next_run(page):
    picture = base64.b64encode((SAMPLES / "smile.jpg").read_bytes()).decode()
    page.session_state["album-uploader-arrived"] = {"number": "visit-1", "name": "smile.jpg", "picture": picture}
    page.run()
    assert not page.exception
    assert len(titles(page)) == 1
    assert page.session_state["album-uploader-answered"] == "visit-1"
    assert "album-uploader-arrived" not in page.session_state


def test_full_album_takes_no_more_photos(page, monkeypatch):
    monkeypatch.setattr(album, "read_entries", lambda _, name, data: [Entry({"image": name, "error": "no"})])
    kept = Album()
    for number in range(album.MAX_FACES + 5):
        kept.add(None, str(number), str(number).encode())
    assert len(kept.entries) == album.MAX_FACES
    page.session_state["album"] = kept
    assert "album is full" in texts(page.run())


def test_unreadable_photos_are_listed(page, entries):
    page.session_state["album"] = Album({"1": list(entries[:1]), "2": [entries[-1]]})
    page.run()
    assert not page.exception
    assert len(titles(page)) == 1
    assert "broken" in texts(page)


def test_csv_contains_every_entry(entries):
    text = csv_text([entry.row for entry in entries], Analyzer().card.config)
    table = list(csv.DictReader(io.StringIO(text)))
    assert [row["image"] for row in table] == [entry.row["image"] for entry in entries]

"""The table of action units: complete, in order, and safe to put on a page."""

import re
from html.parser import HTMLParser

import pytest

from emotiscan import facs
from emotiscan.analysis import Analyzer, Reading
from emotiscan.ui.au_table import au_table, less_sure
from emotiscan.ui.session import Photo
from emotiscan.ui.wording import percent
from tests.support.places import SAMPLES


class Rows(HTMLParser):
    """The text of each row of a table; complains of elements that are left open."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.rows: list[str] = []
        self.open: list[str] = []
        self.pictures: list[str] = []
        self.feed(page)
        assert not self.open

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        if tag == "img":
            self.pictures.append(dict(attributes)["src"] or "")
            return
        self.open.append(tag)
        if tag == "tr":
            self.rows.append("")

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "tr" in self.open:
            self.rows[-1] += f" {data}"


@pytest.fixture(scope="module")
def reading() -> Reading:
    return Analyzer().analyze((SAMPLES / "smile.jpg").read_bytes()).readings[0]


def test_what_was_seen_comes_first_and_the_rest_from_the_brows_to_the_jaw(reading):
    rows = Rows(au_table(reading, {})).rows
    titles = [row.strip() for row in rows if "een" in row and "AU" not in row]
    assert titles == ["Seen", *(f"Not seen: {part}" for part in facs.PARTS)]
    action_units = [match[0] for row in rows if (match := re.search(r"AU\d+", row))]
    assert sorted(action_units) == sorted(reading.action_units)
    assert action_units[: len(reading.present)] == list(reading.present)


def test_each_line_says_its_probability_and_from_which_one_a_code_counts(reading):
    rows = Rows(au_table(reading, {})).rows
    smile = next(row for row in rows if "AU12" in row)
    assert "Lip corner puller" in smile
    assert f"{percent(reading.action_units['AU12'])} seen, counts from {percent(reading.thresholds['AU12'])}" in smile
    unlikely = min(reading.action_units, key=reading.action_units.__getitem__)
    line = next(row for row in rows if re.search(rf"{unlikely}\b", row))
    assert "< 1 %" in line
    assert "not seen" in line


def test_a_face_without_any_code_is_said_to_have_none(reading):
    from dataclasses import replace

    nothing = replace(reading, action_units=dict.fromkeys(reading.action_units, 0.0))
    assert "Seen: none of them" in au_table(nothing, {})


def test_an_address_cannot_leave_its_place(reading):
    page = au_table(reading, {"AU12": '"><script>alert(1)</script>'})
    assert "<script" not in page
    assert '"><script>alert(1)</script>' in Rows(page).pictures


def test_only_codes_that_some_place_speaks_for_open_a_picture(reading, monkeypatch):
    from emotiscan.ui import au_table as module
    from emotiscan.ui import session

    monkeypatch.setattr(session, "analyzer", Analyzer)
    photo = Photo("0" * 12, "smile", b"", (reading,), (reading.face,), 0)
    pictures = module.thumbnails(photo, 0)
    assert set(reading.present) <= set(pictures)
    assert len(pictures) < len(reading.action_units)
    assert all(address.startswith("data:image/jpeg;base64,") for address in pictures.values())
    assert module.thumbnails(photo, 0) is pictures, "made once"


def hidden(au, beside, auc):
    return {"code": au, "beside": beside, "auc": {"value": auc, "low": None, "high": None}}


def test_codes_that_what_was_seen_hides_are_said_to_be_less_sure(reading):
    assert "AU12" in reading.present
    assert "AU24" not in reading.present
    known = [
        hidden("AU7", "AU12", 0.731),
        hidden("AU14", "AU24", 0.8),
        hidden("AU6", "AU12", 0.9),
        hidden("AU7", "AU6", 0.9),
    ]
    words = less_sure(reading, known)
    assert "AU7 beside AU12 (0.73), AU6 beside AU12 (0.90)." in words
    assert "AU14" not in words
    assert words.count("AU7") == 1


def test_a_reading_in_which_nothing_hides_anything_says_nothing_of_it(reading):
    assert less_sure(reading, [hidden("AU14", "AU24", 0.8)]) == ""
    assert less_sure(reading, []) == ""

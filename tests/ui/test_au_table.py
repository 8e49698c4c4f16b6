"""The table of action units: complete, in order, and safe to put on a page."""

import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from emotiscan import facs
from emotiscan.analysis import Analyzer, Reading
from emotiscan.export.text import percent
from emotiscan.reading import Sides
from emotiscan.reports import UNDEFINED, Estimate, MaskedAU
from emotiscan.ui.au_table import MAX_IN_SIGHT, au_table, harder_to_detect, strongest_first
from emotiscan.ui.session import Photo
from tests.support.places import SAMPLES


class Rows(HTMLParser):
    """Collects the text of each table row; fails if an element is left open."""

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


def test_present_units_come_first_and_the_others_are_folded_from_brows_to_jaw(reading):
    page = au_table(reading, {})
    titles = re.findall(r'<table aria-label="([^"]+)">', page)
    assert titles == ["Present", *(f"Not present: {part}" for part in facs.PARTS)]
    action_units = [match[0] for row in Rows(page).rows if (match := re.search(r"AU\d+", row))]
    assert sorted(action_units) == sorted(reading.action_units)
    assert action_units[: len(reading.present)] == strongest_first(reading)
    assert page.index("<details>") > page.index(f'data-au="{action_units[len(reading.present) - 1]}"')


def test_the_strongest_units_are_in_sight_and_the_rest_of_those_present_is_folded(reading):
    units = list(reading.action_units)[: MAX_IN_SIGHT + 2]
    probabilities = {au: 0.99 if au in units else 0.01 for au in reading.action_units}
    intensities = {au: 1.0 + units.index(au) / 2 if au in units else 0.0 for au in reading.action_units}
    full = replace(reading, action_units=probabilities, intensities=intensities)
    assert strongest_first(full) == units[::-1]
    in_sight, folded = au_table(full, {}).split("Also present", 1)
    assert re.findall(r'data-au="(\w+)"', in_sight) == units[:1:-1]
    assert re.findall(r'data-au="(\w+)"', folded)[:2] == units[1::-1]


def test_each_row_says_its_probability_and_threshold(reading):
    rows = Rows(au_table(reading, {})).rows
    smile = next(row for row in rows if "AU12" in row)
    assert "Lip corner puller" in smile
    assert f"{percent(reading.action_units['AU12'])} present, threshold {percent(reading.thresholds['AU12'])}" in smile
    unlikely = min(reading.action_units, key=reading.action_units.__getitem__)
    line = next(row for row in rows if re.search(rf"{unlikely}\b", row))
    assert "< 1%" in line
    assert "not present" in line


def test_face_without_any_action_unit_says_none(reading):
    nothing = replace(reading, action_units=dict.fromkeys(reading.action_units, 0.0))
    assert "Present: none" in au_table(nothing, {})


def test_picture_urls_are_escaped(reading):
    page = au_table(reading, {"AU12": '"><script>alert(1)</script>'})
    assert "<script" not in page
    assert '"><script>alert(1)</script>' in Rows(page).pictures


def test_thumbnails_leave_out_empty_heat_maps_and_are_made_once(reading, monkeypatch):
    from emotiscan.ui import au_table as module
    from emotiscan.ui import session

    monkeypatch.setattr(session, "analyzer", Analyzer)
    photo = Photo("0" * 12, "smile", b"", (reading,), (reading.face,), 0)
    pictures = module.thumbnails(photo, 0)
    assert set(reading.present) <= set(pictures)
    assert len(pictures) < len(reading.action_units)
    assert all(address.startswith("data:image/jpeg;base64,") for address in pictures.values())
    assert module.thumbnails(photo, 0) is pictures, "made again"
    assert module.thumbnails(photo, 0, "gradcam")["AU12"] != pictures["AU12"]


def masked(au, beside, auc):
    return MaskedAU(au, beside, Estimate(auc), UNDEFINED)


def test_units_masked_by_present_ones_are_named_as_harder_to_detect(reading):
    assert "AU12" in reading.present
    assert "AU24" not in reading.present
    known = [
        masked("AU7", "AU12", 0.731),
        masked("AU14", "AU24", 0.8),
        masked("AU6", "AU12", 0.9),
        masked("AU7", "AU6", 0.9),
    ]
    words = harder_to_detect(reading, known)
    assert "AU7 beside AU12 (0.73), AU6 beside AU12 (0.90)." in words
    assert "AU14" not in words
    assert words.count("AU7") == 1


def test_nothing_is_named_where_no_present_unit_masks_another(reading):
    assert harder_to_detect(reading, [masked("AU14", "AU24", 0.8)]) == ""
    assert harder_to_detect(reading, []) == ""


def test_a_covered_unit_is_called_not_visible_without_a_number(covered_reading):
    rows = Rows(au_table(covered_reading, {})).rows
    smile = next(row for row in rows if "AU12" in row)
    assert "not visible" in smile
    assert "%" not in smile
    assert "Not visible: covered" in au_table(covered_reading, {})
    assert sum("AU12" in row for row in rows) == 1


def test_intensity_letter_and_one_sided_units(covered_reading):
    reading = replace(
        covered_reading, sides={"AU1": Sides(0.9, 0.1)}, intensities={**covered_reading.intensities, "AU1": 3.2}
    )
    brow = next(row for row in Rows(au_table(reading, {})).rows if re.search(r"AU1\b", row))
    assert "person’s right" in brow
    assert " C " in brow
    assert "intensity 3.2 of 5" in brow

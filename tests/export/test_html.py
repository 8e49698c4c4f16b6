"""Readings as they show themselves in a notebook."""

import base64
import io
import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest
from PIL import Image

from emotiscan.analysis import Analysis, Analyzer
from emotiscan.export.html import analysis_html, reading_html
from tests.support.places import SAMPLES


@pytest.fixture(scope="module")
def group(analyzer: Analyzer) -> Analysis:
    return analyzer.analyze(SAMPLES / "group.jpg", name='<group> & "friends"')


class Balance(HTMLParser):
    """Fails on tags that are not closed in order."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attributes: object) -> None:
        if tag != "img":
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def images(page: str) -> list[Image.Image]:
    urls = re.findall(r'src="data:image/jpeg;base64,([^"]+)"', page)
    return [Image.open(io.BytesIO(base64.b64decode(url))) for url in urls]


def test_an_analysis_shows_the_photo_and_every_face(group):
    page = analysis_html(group)
    photo, *crops = images(page)
    assert max(photo.size) == 640
    assert len(crops) == 4
    assert all(f"Face {number}:" in page for number in (1, 2, 3, 4))
    for reading in group.readings:
        assert all(au in page for au in reading.present)
    assert group._repr_html_() == page


def test_the_page_is_valid_and_needs_no_other_file(group):
    page = analysis_html(group)
    balance = Balance()
    balance.feed(page)
    assert balance.open == []
    assert "http" not in page
    assert "<style" not in page
    assert "<script" not in page


def test_names_are_escaped(group):
    page = analysis_html(group)
    assert "<group>" not in page
    assert "&lt;group&gt; &amp; &quot;friends&quot;" in page


def test_an_unclear_emotion_is_not_named_alone(group):
    reading = group.readings[0]
    assert f"Face: {reading.emotion.capitalize()}" in reading_html(replace(reading, is_clear=True))
    assert "Face: Unclear" in reading_html(replace(reading, is_clear=False))
    assert reading._repr_html_() == reading_html(reading)


def test_missing_and_skipped_faces_are_mentioned(analyzer, group):
    assert "No face was found." in analysis_html(analyzer.analyze(Image.new("RGB", (64, 64))))
    assert "3 smaller faces were not analyzed." in analysis_html(replace(group, skipped_faces=3))


def test_a_reading_without_action_units_says_so(group):
    absent = replace(group.readings[0], thresholds=dict.fromkeys(group.action_units, 1.1))
    assert "No action unit is present." in reading_html(absent)

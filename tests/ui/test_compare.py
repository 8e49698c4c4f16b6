"""The page that compares readings and heat maps, in every state, without a browser."""

import json

import numpy as np
import pytest
from PIL import Image
from streamlit.testing.v1 import AppTest

from tests.support.pages import COMPARE, as_bytes, texts
from tests.support.places import SAMPLES

AU_NAMES, FACES, WAYS, DIFFERENCE = "Action units of one face", "Faces by one action unit", "Methods", "Difference"
BEFORE_AND_AFTER = "Before and after"


@pytest.fixture
def page(app) -> AppTest:
    """The page on the first sample."""
    at = app.run().switch_page(COMPARE).run()
    assert not at.exception
    return at


def compare(at: AppTest, what: str) -> AppTest:
    at.segmented_control(key="comparison").set_value(what).run()
    assert not at.exception
    return at


def upload(at: AppTest, *pictures: bytes) -> None:
    for number, data in enumerate(pictures):
        at.file_uploader[0].upload(f"{number}.jpg", data, "image/jpeg")
    at.run()
    assert not at.exception


def titles(at: AppTest) -> list[str]:
    """The maps' titles, in their order."""
    return [
        element.value.split("**")[1]
        for element in at.markdown
        if element.value.startswith("**") and "small" in element.value
    ]


def test_the_first_visit_compares_the_samples_own_codes(page):
    assert "AU12 Lip corner puller" in titles(page)
    assert "Positive" in titles(page)
    assert len(page.download_button) == 2


def test_the_photo_that_was_just_read_comes_first(app):
    at = app.run()
    at.pills(key="sample").set_value("Surprise").run()
    at.switch_page(COMPARE).run()
    assert at.selectbox(key="compare-first").value == "Surprise"
    assert "Surprise" in titles(at)


def test_one_code_on_the_faces_of_two_photos(page):
    page.selectbox(key="compare-first").set_value("Four people").run()
    page.selectbox(key="compare-second").set_value("Surprise").run()
    compare(page, FACES)
    assert titles(page) == [*(f"Four people, face {n}" for n in range(1, 5)), "Surprise"]
    page.selectbox(key="faces-target").set_value("AU1").run()
    assert len(titles(page)) == 5


def test_one_face_alone_is_told_how_to_get_a_second(page):
    compare(page, FACES)
    assert "Choose a second photo" in texts(page)
    assert len(titles(page)) == 1


def test_methods_on_one_code(page):
    compare(page, WAYS)
    assert titles(page) == ["Local AU probability", "Grad-CAM", "Grad-CAM++", "LayerCAM"]
    page.pills(key="methods").set_value(["hirescam"]).run()
    assert titles(page) == ["HiResCAM"]
    page.pills(key="methods").set_value([]).run()
    assert "Choose at least one." in texts(page)


def test_the_difference_of_two_maps(page):
    compare(page, DIFFERENCE)
    first, second, both = titles(page)
    assert first != second
    assert both == "First less second"
    assert "of full color apart" in texts(page)
    page.selectbox(key="two-target-1").set_value(page.selectbox(key="two-target-0").value).run()
    assert "no difference" in texts(page)


def test_two_photos_are_before_and_after_as_soon_as_they_are_there(page):
    pictures = [as_bytes(Image.open(SAMPLES / file)) for file in ("calm.jpg", "smile.jpg")]
    upload(page, *pictures)
    assert "Neutral before, positive after. New: AU" in texts(page)
    assert sorted(titles(page))[:2] == ["AU12, Your photo 1", "AU12, Your photo 2"]
    compare(page, FACES)
    assert titles(page) == ["Your photo 1", "Your photo 2"]


def test_what_changed_in_a_face_however_little(page):
    page.selectbox(key="compare-first").set_value("Calm face").run()
    page.selectbox(key="compare-second").set_value("Faint smile").run()
    compare(page, BEFORE_AND_AFTER)
    changes = json.loads(page.get("plotly_chart")[0].proto.spec)
    first, second = (
        next(line for line in changes["data"] if line.get("name") == f"{n} photo") for n in ("first", "second")
    )
    assert len(first["y"]) == 15
    lead = np.subtract(second["x"], first["x"])
    assert first["y"][0] == "AU12 Lip corner puller"
    assert lead[0] > 0.5
    assert (np.diff(abs(lead)) <= 0).all(), "the largest change is not on top"


def test_before_and_after_is_asked_for_a_second_photo(page):
    compare(page, BEFORE_AND_AFTER)
    assert "Choose a second photo" in texts(page)
    assert not titles(page)


def test_one_of_several_faces_is_before_or_after(page):
    page.selectbox(key="compare-first").set_value("Surprise").run()
    page.selectbox(key="compare-second").set_value("Four people").run()
    compare(page, BEFORE_AND_AFTER)
    assert "Surprise before, positive after." in texts(page)
    page.selectbox(key="after-4").set_value(1).run()
    assert "Surprise before and after." in texts(page)


def test_a_broken_file_is_refused_in_plain_words(page):
    upload(page, b"nothing")
    assert len(page.error) == 1


def test_a_photo_without_a_face_is_said(page):
    wall = as_bytes(Image.fromarray(np.full((300, 400, 3), 170, np.uint8)))
    upload(page, wall)
    assert "No face was found" in page.warning[0].value


@pytest.mark.parametrize("what", [AU_NAMES, FACES, WAYS, DIFFERENCE])
def test_every_look_of_every_comparison(page, what):
    compare(page, what)
    page.toggle(key="compare-outline").set_value(True)
    page.segmented_control(key="compare-scale").set_value("one for all")
    page.segmented_control(key="compare-place").set_value("the photo").run()
    assert not page.exception
    assert "one scale for all maps" in texts(page)

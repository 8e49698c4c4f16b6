"""The Compare page in every state, without a browser."""

import json

import numpy as np
import pytest
from PIL import Image
from streamlit.testing.v1 import AppTest

from emotiscan.explain import DEFAULT_METHOD, METHODS
from tests.support.pages import COMPARE, as_bytes, texts
from tests.support.places import SAMPLES

ACTION_UNITS, FACES = "Action units of one face", "One action unit on several faces"
BEFORE_AND_AFTER, WAYS, DIFFERENCE = "Before and after", "Methods", "Difference"


@pytest.fixture
def page(app) -> AppTest:
    """The page with the first sample."""
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
    """Titles of the maps, in display order."""
    return [
        element.value.split("**")[1]
        for element in at.markdown
        if element.value.startswith("**") and "small" in element.value
    ]


def test_first_visit_shows_the_action_units_of_the_sample(page):
    assert "AU12 Lip corner puller" in titles(page)
    assert "Positive" in titles(page)
    assert len(page.download_button) == 2


def test_photo_that_was_just_read_is_preselected(app):
    at = app.run()
    at.pills(key="sample").set_value("Surprise").run()
    at.switch_page(COMPARE).run()
    assert at.selectbox(key="compare-first").value == "Surprise"
    assert "Surprise" in titles(at)


def test_one_action_unit_on_the_faces_of_two_photos(page):
    page.selectbox(key="compare-first").set_value("Four people").run()
    page.selectbox(key="compare-second").set_value("Surprise").run()
    compare(page, FACES)
    assert titles(page) == [*(f"Four people, face {n}" for n in range(1, 5)), "Surprise"]
    page.selectbox(key="faces-target").set_value("AU1").run()
    assert len(titles(page)) == 5


def test_single_face_gives_a_hint_to_add_a_second_photo(page):
    compare(page, FACES)
    assert "Choose a second photo" in texts(page)
    assert len(titles(page)) == 1


def test_methods_on_one_action_unit(page):
    compare(page, WAYS)
    assert titles(page) == [METHODS[DEFAULT_METHOD].title, "Grad-CAM", "Grad-CAM++", "LayerCAM"]
    page.pills(key="methods").set_value(["hirescam"]).run()
    assert titles(page) == ["HiResCAM"]
    page.pills(key="methods").set_value([]).run()
    assert "Choose at least one method." in texts(page)


def test_difference_of_two_maps(page):
    compare(page, DIFFERENCE)
    first, second, both = titles(page)
    assert first != second
    assert both == "First minus second"
    assert "of full color" in texts(page)
    page.selectbox(key="two-target-1").set_value(page.selectbox(key="two-target-0").value).run()
    assert "no difference" in texts(page)


def test_two_uploads_are_compared_as_before_and_after(page):
    pictures = [as_bytes(Image.open(SAMPLES / file)) for file in ("calm.jpg", "smile.jpg")]
    upload(page, *pictures)
    assert "Neutral before, positive after. New: AU" in texts(page)
    assert sorted(titles(page))[:2] == ["AU12, Your photo 1", "AU12, Your photo 2"]
    compare(page, FACES)
    assert titles(page) == ["Your photo 1", "Your photo 2"]


def test_before_and_after_lists_the_largest_change_first(page):
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


def test_before_and_after_asks_for_a_second_photo(page):
    compare(page, BEFORE_AND_AFTER)
    assert "Choose a second photo" in texts(page)
    assert not titles(page)


def test_face_before_or_after_can_be_chosen_among_several(page):
    page.selectbox(key="compare-first").set_value("Surprise").run()
    page.selectbox(key="compare-second").set_value("Four people").run()
    compare(page, BEFORE_AND_AFTER)
    assert "Surprise before, positive after." in texts(page)
    page.selectbox(key="after-4").set_value(1).run()
    assert "Surprise before and after." in texts(page)


def test_broken_file_gives_one_error(page):
    upload(page, b"nothing")
    assert len(page.error) == 1


def test_photo_without_a_face_gives_a_warning(page):
    wall = as_bytes(Image.fromarray(np.full((300, 400, 3), 170, np.uint8)))
    upload(page, wall)
    assert "No face was found" in page.warning[0].value


@pytest.mark.parametrize("what", [ACTION_UNITS, FACES, WAYS, DIFFERENCE])
def test_display_settings_apply_to_every_comparison(page, what):
    compare(page, what)
    page.toggle(key="compare-outline").set_value(True)
    page.segmented_control(key="compare-scale").set_value("Shared")
    page.segmented_control(key="compare-place").set_value("Photo").run()
    assert not page.exception
    assert "one scale for all maps" in texts(page)

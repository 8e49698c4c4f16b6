"""The Compare page in every state, without a browser."""

import json

import numpy as np
import pytest
from PIL import Image
from streamlit.testing.v1 import AppTest

from emotiscan.explain import DEFAULT_METHOD, METHODS
from emotiscan.ui.compare.questions import QUESTIONS
from tests.support.pages import COMPARE, as_bytes, texts
from tests.support.places import SAMPLES


@pytest.fixture
def page(app) -> AppTest:
    """The page with the first sample."""
    at = app.run().switch_page(COMPARE).run()
    assert not at.exception
    return at


def ask(at: AppTest, question: str) -> AppTest:
    at.pills(key="compare-question").set_value(question).run()
    assert not at.exception
    return at


def open_link(app: AppTest, **parameters: str | list[str]) -> AppTest:
    """Open the page by a link."""
    at = app.switch_page(COMPARE)
    for name, value in parameters.items():
        at.query_params[name] = value
    at.run()
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


def parameter(at: AppTest, name: str) -> list[str]:
    value = at.query_params.get(name, [])
    return [value] if isinstance(value, str) else list(value)


def test_first_visit_says_where_the_units_of_the_sample_are(page):
    assert "AU12 Lip corner puller" in titles(page)
    assert "AU12 at the nasolabial folds, AU25 at the mouth" in page.header[0].value
    assert len(page.download_button) == 2


def test_photo_that_was_just_read_is_preselected(app):
    at = app.run()
    at.pills(key="sample").set_value("Surprise").run()
    at.switch_page(COMPARE).run()
    assert at.selectbox(key="compare-first").value == "surprise"


def test_link_restores_photos_question_unit_and_method(app):
    at = open_link(app, question="faces", photo="group", photo2="surprise", au="AU1", method="gradcam")
    assert at.pills(key="compare-question").value == "faces"
    assert at.selectbox(key="compare-second").value == "surprise"
    assert at.selectbox(key="compare-target").value == "AU1"
    assert len(titles(at)) == 5
    assert "AU1 Inner brow raiser is " in at.header[0].value
    assert "Grad-CAM · " in texts(at)
    for name, value in {"question": "faces", "photo": "group", "photo2": "surprise", "au": "AU1"}.items():
        assert parameter(at, name) == [value]


def test_link_restores_faces_and_several_methods(app):
    at = open_link(app, question="methods", photo="group", face="2", au="AU12", method=["hirescam", "layercam"])
    assert titles(at) == ["HiResCAM", "LayerCAM"]
    assert parameter(at, "face") == ["2"]


def test_link_to_a_photo_of_another_visit_says_that_it_is_gone(app):
    at = open_link(app, question="units", photo="0123456789ab")
    assert "never stored" in at.info[0].value
    assert titles(at)


def test_nonsense_in_a_link_is_ignored(app):
    at = open_link(app, question="why", photo2="x", face="-3", au="AU99", method="magic")
    assert at.pills(key="compare-question").value == "units"
    assert titles(at)


def test_whose_smile_is_stronger_ranks_the_faces(page):
    page.selectbox(key="compare-first").set_value("calm").run()
    ask(page, "faces")
    page.selectbox(key="compare-second").set_value("smile").run()
    assert titles(page) == ["Broad smile", "Calm face"]
    assert "AU12 Lip corner puller is strongest in “Broad smile” (> 99%, intensity D)" in page.header[0].value


def test_single_face_gives_a_hint_to_add_a_second_photo(page):
    ask(page, "faces")
    assert "Choose a second photo" in page.info[0].value
    assert len(titles(page)) == 1


def test_methods_on_one_action_unit(page):
    ask(page, "methods")
    assert titles(page) == [METHODS[DEFAULT_METHOD].title, "Grad-CAM", "Grad-CAM++", "LayerCAM"]
    assert "maps peak in the region of" in page.header[0].value
    page.toggle(key="compare-differences").set_value(True).run()
    assert f"Grad-CAM minus {METHODS[DEFAULT_METHOD].title}" in titles(page)
    assert "of full color" in texts(page)
    page.pills(key="compare-methods").set_value(["hirescam"]).run()
    assert titles(page) == ["HiResCAM"]
    assert parameter(page, "method") == ["hirescam"]
    page.pills(key="compare-methods").set_value([]).run()
    assert "Choose at least one method." in texts(page)


def test_two_uploads_are_asked_what_changed(page):
    pictures = [as_bytes(Image.open(SAMPLES / file)) for file in ("calm.jpg", "smile.jpg")]
    upload(page, *pictures)
    assert "Neutral before, positive after. New: AU" in page.header[0].value
    assert {"AU12, Your photo 1", "AU12, Your photo 2"} <= set(titles(page))
    ask(page, "faces")
    assert titles(page) == ["Your photo 2", "Your photo 1"]


def test_what_changed_lists_the_largest_change_first(app):
    at = open_link(app, question="changes", photo="calm", photo2="faint")
    changes = json.loads(at.get("plotly_chart")[0].proto.spec)
    first, second = (
        next(line for line in changes["data"] if line.get("name") == f"{n} photo") for n in ("first", "second")
    )
    assert len(first["y"]) == 10
    lead = np.subtract(second["x"], first["x"])
    assert first["y"][0] == "AU12 Lip corner puller"
    assert lead[0] > 0.5
    assert (np.diff(abs(lead)) <= 0).all(), "the largest change is not on top"


def test_what_changed_asks_for_a_second_photo(page):
    ask(page, "changes")
    assert "Choose a second photo" in page.info[0].value
    assert not titles(page)


def test_face_after_can_be_chosen_among_several(app):
    at = open_link(app, question="changes", photo="surprise", photo2="group")
    assert "Surprise before, positive after." in at.header[0].value
    face = next(box for box in at.selectbox if box.label == "Face in the second photo")
    face.set_value(1).run()
    assert "Surprise before and after." in at.header[0].value
    assert parameter(at, "face2") == ["2"]


def test_broken_file_gives_one_error(page):
    upload(page, b"nothing")
    assert len(page.error) == 1


def test_photo_without_a_face_gives_a_warning(page):
    wall = as_bytes(Image.fromarray(np.full((300, 400, 3), 170, np.uint8)))
    upload(page, wall)
    assert "No face was found" in page.warning[0].value


@pytest.mark.parametrize("question", QUESTIONS)
def test_display_settings_apply_to_every_question(app, question):
    at = open_link(app, question=question, photo="calm", photo2="faint")
    at.toggle(key="compare-outline").set_value(True)
    at.segmented_control(key="compare-scale").set_value("Shared")
    at.segmented_control(key="compare-place").set_value("Photo").run()
    assert not at.exception
    assert "one scale for all maps" in texts(at)


def test_expressions_are_targets_where_the_checkpoint_has_them(app, monkeypatch, full_weights):
    monkeypatch.setenv("EMOTISCAN_WEIGHTS", str(full_weights))
    at = open_link(app, question="faces", photo="calm", photo2="smile", au="contempt", method="gradcam")
    assert at.selectbox(key="compare-target").value == "contempt"
    assert len(titles(at)) == 2
    assert "Contempt" in at.header[0].value
    at = ask(at, "units")
    next(pills for pills in at.pills if pills.label == "Action units and expressions").set_value(["anger", "AU1"]).run()
    assert not at.exception
    assert titles(at) == ["Anger", "AU1 Inner brow raiser"]


@pytest.mark.parametrize("question", QUESTIONS)
def test_a_covered_face_can_be_asked_everything(app, monkeypatch, covered_weights, question):
    monkeypatch.setenv("EMOTISCAN_WEIGHTS", str(covered_weights))
    at = open_link(app, question=question, photo="calm", photo2="smile")
    assert not at.error

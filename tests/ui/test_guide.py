"""The FACS guide: every action unit has a description, pictures and metrics."""

import re
from itertools import pairwise

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from emotiscan import facs
from emotiscan.analysis import Analyzer
from emotiscan.facs import MAX_INTENSITY, intensity_letter
from emotiscan.ui.samples import POSTER, au_pictures
from tests.support.pages import GUIDE, texts


def test_poster_of_all_action_units_is_one_page(guide):
    assert guide.download_button(key="guide-poster")
    poster = POSTER.read_bytes()
    assert poster.startswith(b"%PDF")
    assert len(re.findall(rb"/Type\s*/Page\b(?!s)", poster)) == 1
    assert len(poster) < 1_000_000


@pytest.fixture
def guide(app) -> AppTest:
    """The guide, open at its first action unit."""
    at = app.switch_page(GUIDE).run()
    assert not at.exception
    return at


@pytest.mark.parametrize("au", facs.AU_NAMES)
def test_each_action_unit_has_a_description(guide, au):
    guide.pills(key="au").set_value(au).run()
    assert not guide.exception
    unit = facs.ACTION_UNITS[au]
    said = texts(guide)
    assert f"{au} {unit.name}" in said
    for words in (unit.appearance, unit.muscles, *unit.confused_with.values()):
        assert words in said
    known = au in Analyzer().card.config.action_units
    assert ("AUC" in guide.table[0].value.columns) if known else (f"does not read {au}" in said)


def test_heat_map_metrics_have_a_table_of_their_own(guide):
    guide.pills(key="au").set_value("AU12").run()
    readings, maps = (table.value for table in guide.table)
    maps = maps.set_index("On")
    assert list(maps) == ["heat maps of rendered faces", "heat maps of AI-annotated photos"]
    assert readings["On"].is_unique
    assert not readings["On"].str.contains("heat maps").any()
    assert maps.loc["Peak in region"].str.contains(r"\[").all()


@pytest.mark.parametrize("parameter", ["au", "code"])  # "code" in links from earlier versions
def test_address_opens_an_action_unit(app, parameter):
    app.query_params[parameter] = "AU17"
    at = app.switch_page(GUIDE).run()
    assert "AU17 Chin raiser" in [heading.value for heading in at.header]


@pytest.mark.parametrize("au", facs.AU_NAMES)
def test_pictures_change_more_with_each_step_of_intensity(au):
    pictures = [np.asarray(picture, int) for picture in au_pictures(au)]
    letters = [intensity_letter(MAX_INTENSITY * place / (len(pictures) - 1)) for place in range(len(pictures))]
    assert letters == ["", "A", "B", "C", "D", "E"]
    changes = [np.abs(picture - pictures[0]).mean() for picture in pictures]
    assert all(later > earlier for earlier, later in pairwise(changes))


def test_pictures_change_most_in_the_anatomical_region():
    from emotiscan.explain import region_mask

    for au in facs.AU_NAMES:
        calm, *_, strong = (np.asarray(picture.convert("L"), float) for picture in au_pictures(au))
        change = np.abs(strong - calm)
        inside = region_mask(au, len(change))
        assert change[inside].mean() > 2 * change[~inside].mean(), au


@pytest.mark.parametrize("au", facs.SIDED_AUS)
def test_a_one_sided_picture_shows_the_movement_on_the_persons_left_half(au):
    calm = np.asarray(au_pictures(au)[0], int)
    (picture,) = au_pictures(f"{au}_left")
    changed = np.abs(np.asarray(picture, int) - calm).max(2) > 25  # more than compression changes
    half = changed.shape[1] // 2
    assert changed[:, half:].sum() > 3 * changed[:, :half].sum()  # the person's left is at the right of the image
    assert not au_pictures("AU25_left")


def test_action_units_outside_the_model_are_named_as_such(guide, monkeypatch, tmp_path):
    import torch

    from emotiscan.model.checkpoint import Card, save_checkpoint
    from emotiscan.model.network import FaceModel, ModelConfig

    torch.manual_seed(0)
    config = ModelConfig("densenet121", action_units=("AU12",), input_size=64, hidden=16)
    monkeypatch.setenv("EMOTISCAN_WEIGHTS", str(save_checkpoint(tmp_path / "a", FaceModel(config), Card(config))))
    guide.pills(key="au").set_value("AU4").run()
    assert "does not read AU4" in texts(guide)
    guide.pills(key="au").set_value("AU12").run()
    assert "no metrics" in texts(guide)

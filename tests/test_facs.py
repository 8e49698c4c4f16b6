"""The vocabulary: the mission's action units, their places, and the words of data sets."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emotiscan import faces, facs

MISSION = "AU1 AU2 AU4 AU6 AU7 AU11 AU12 AU14 AU15 AU17 AU23 AU24 AU25 AU26 AU27"


def test_the_missions_codes_and_emotions_in_their_order():
    assert " ".join(facs.AU_NAMES) == MISSION
    assert facs.EMOTIONS == ("negative", "positive", "surprise")
    assert facs.EMOTIONS_WITH_NEUTRAL == ("negative", "positive", "surprise", "neutral")


@pytest.mark.parametrize("unit", facs.ACTION_UNITS.values(), ids=lambda unit: unit.au)
def test_each_code_is_described_and_placed(unit):
    assert facs.ACTION_UNITS[unit.au] is unit
    assert unit.name
    assert unit.muscles
    assert unit.looks.endswith(".")
    assert unit.part in facs.PARTS
    assert unit.regions
    assert set(unit.regions) <= set(facs.REGIONS)


def test_names_tell_the_codes_apart():
    assert len({unit.name for unit in facs.ACTION_UNITS.values()}) == len(facs.AU_NAMES)
    assert len({unit.looks for unit in facs.ACTION_UNITS.values()}) == len(facs.AU_NAMES)


@pytest.mark.parametrize("places", facs.REGIONS.values(), ids=facs.REGIONS)
def test_each_region_lies_in_the_crop_and_is_symmetric(places):
    for place in places:
        assert place.rx <= place.x <= 1 - place.rx
        assert place.ry <= place.y <= 1 - place.ry
        assert any(place.mirrored().x == pytest.approx(other.x) for other in places)


@pytest.mark.parametrize(
    ("region", "x", "y"),
    [
        ("eyes", 0.5 - faces.EYE_DISTANCE / 2, faces.EYE_HEIGHT),
        ("eyes", 0.5 + faces.EYE_DISTANCE / 2, faces.EYE_HEIGHT),
        ("lips", 0.5, faces.MOUTH_HEIGHT),
    ],
)
def test_regions_lie_where_the_crop_has_the_eyes_and_the_mouth(region, x, y):
    assert any(((x - p.x) / p.rx) ** 2 + ((y - p.y) / p.ry) ** 2 < 0.25 for p in facs.REGIONS[region])


@settings(deadline=None, max_examples=40)
@given(
    number=st.integers(0, 99),
    before=st.sampled_from(["", " ", "AU", "au", "Au ", "AU_", " au0"]),
    after=st.sampled_from(["", " ", "\n"]),
)
def test_any_usual_spelling_of_a_code_is_understood(number, before, after):
    assert facs.normalize_au(f"{before}{number}{after}") == f"AU{number}"


@pytest.mark.parametrize("word", ["", "AU", "twelve", "AU-1", "1.5", "AU12L", "²"])
def test_what_is_no_code_is_refused_with_an_example(word):
    with pytest.raises(ValueError, match="write it like AU12"):
        facs.normalize_au(word)


@pytest.mark.parametrize(
    ("word", "emotion"),
    [
        ("happiness", "positive"),
        (" Happy ", "positive"),
        ("SURPRISE", "surprise"),
        ("neutral", "neutral"),
        *[(word, "negative") for word in ("anger", "contempt", "disgust", "fear", "sadness")],
    ],
)
def test_words_of_data_sets_have_a_high_level_emotion(word, emotion):
    assert facs.high_level_emotion(word) == emotion


def test_the_high_level_emotions_stand_for_themselves():
    assert [facs.high_level_emotion(word) for word in facs.EMOTIONS_WITH_NEUTRAL] == list(facs.EMOTIONS_WITH_NEUTRAL)


def test_an_unknown_emotion_is_refused_and_the_known_ones_named():
    with pytest.raises(ValueError, match=r"“boredom”.*anger.*surprise"):
        facs.high_level_emotion("boredom")

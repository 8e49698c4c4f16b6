"""The vocabulary: action units, their regions, and labels of data sets."""

import pytest

from emotiscan import faces, facs

MISSION_AUS = "AU1 AU2 AU4 AU6 AU7 AU11 AU12 AU14 AU15 AU17 AU23 AU24 AU25 AU26 AU27"
EXPRESSIONS = "neutral happiness surprise sadness anger disgust fear contempt"


def test_the_default_vocabulary_and_its_order():
    assert " ".join(facs.MISSION_AU_NAMES) == MISSION_AUS
    assert " ".join(facs.AU_NAMES) == f"{MISSION_AUS} AU5 AU9 AU10 AU18 AU20 AU28 AU43"
    assert " ".join(facs.EXPRESSIONS) == EXPRESSIONS
    assert facs.EMOTIONS == ("negative", "positive", "surprise")
    assert facs.EMOTIONS_WITH_NEUTRAL == ("negative", "positive", "surprise", "neutral")


@pytest.mark.parametrize("unit", facs.ACTION_UNITS.values(), ids=lambda unit: unit.au)
def test_each_action_unit_has_a_description_and_regions(unit):
    assert facs.ACTION_UNITS[unit.au] is unit
    assert unit.name
    assert unit.muscles
    assert unit.appearance.endswith(".")
    assert unit.part in facs.PARTS
    assert unit.regions
    assert set(unit.regions) <= set(facs.REGIONS)


def test_names_and_descriptions_are_unique():
    assert len({unit.name for unit in facs.ACTION_UNITS.values()}) == len(facs.AU_NAMES)
    assert len({unit.appearance for unit in facs.ACTION_UNITS.values()}) == len(facs.AU_NAMES)


@pytest.mark.parametrize("unit", facs.ACTION_UNITS.values(), ids=lambda unit: unit.au)
def test_confusions_are_told_from_both_action_units(unit):
    assert unit.confused_with
    for other in unit.confused_with:
        assert unit.au in facs.ACTION_UNITS[other].confused_with, other


def test_every_emotion_is_the_sum_of_expressions():
    assert set(facs.EMOTION_OF_EXPRESSION.values()) == set(facs.EMOTIONS_WITH_NEUTRAL)
    assert [facs.high_level_emotion(name) for name in facs.EXPRESSIONS] == list(facs.EMOTION_OF_EXPRESSION.values())


def test_sided_and_hidden_action_units_are_of_the_vocabulary():
    assert set(facs.SIDED_AUS) <= set(facs.AU_NAMES)
    assert set(facs.HIDDEN_BY) <= set(facs.PROBLEMS)
    for hidden in facs.HIDDEN_BY.values():
        assert set(hidden) <= set(facs.AU_NAMES)
    mouth = {au for au, unit in facs.ACTION_UNITS.items() if unit.part == "mouth and jaw"}
    assert mouth <= set(facs.HIDDEN_BY["mouth covered"])


def test_action_units_sort_by_their_number():
    assert facs.in_facs_order(["AU10", "AU2", "AU1"]) == ["AU1", "AU2", "AU10"]


@pytest.mark.parametrize(
    ("value", "letter"),
    [(0, ""), (0.49, ""), (0.5, "A"), (1, "A"), (1.5, "B"), (3.2, "C"), (4.4, "D"), (4.5, "E"), (5, "E")],
)
def test_intensities_have_the_letters_of_facs(value, letter):
    assert facs.intensity_letter(value) == letter


def test_an_intensity_off_the_scale_is_rejected():
    assert facs.intensity_letter(float("nan")) == ""  # not visible
    for value in (-0.1, 5.1):
        with pytest.raises(ValueError, match="from 0 to 5"):
            facs.intensity_letter(value)


@pytest.mark.parametrize("ellipses", facs.REGIONS.values(), ids=list(facs.REGIONS))
def test_each_region_is_inside_the_crop_and_symmetric(ellipses):
    for ellipse in ellipses:
        assert ellipse.rx <= ellipse.x <= 1 - ellipse.rx
        assert ellipse.ry <= ellipse.y <= 1 - ellipse.ry
        assert any(ellipse.mirrored().x == pytest.approx(other.x) for other in ellipses)


@pytest.mark.parametrize(
    ("region", "x", "y"),
    [
        ("eyes", 0.5 - faces.EYE_DISTANCE / 2, faces.EYE_HEIGHT),
        ("eyes", 0.5 + faces.EYE_DISTANCE / 2, faces.EYE_HEIGHT),
        ("lips", 0.5, faces.MOUTH_HEIGHT),
    ],
)
def test_regions_match_the_canonical_eyes_and_mouth(region, x, y):
    assert any(((x - p.x) / p.rx) ** 2 + ((y - p.y) / p.ry) ** 2 < 0.25 for p in facs.REGIONS[region])


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
def test_labels_of_data_sets_map_to_high_level_emotions(word, emotion):
    assert facs.high_level_emotion(word) == emotion


def test_high_level_emotions_map_to_themselves():
    assert [facs.high_level_emotion(word) for word in facs.EMOTIONS_WITH_NEUTRAL] == list(facs.EMOTIONS_WITH_NEUTRAL)


def test_an_unknown_emotion_is_rejected_with_the_known_ones():
    with pytest.raises(ValueError, match=r"“boredom”.*anger.*surprise"):
        facs.high_level_emotion("boredom")

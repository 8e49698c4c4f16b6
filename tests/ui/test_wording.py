"""Sentences about a reading."""

import pytest

from emotiscan.analysis import Reading
from emotiscan.ui import wording


def reading_of(emotions, clear=True, action_units=None):
    action_units = action_units or {}
    return Reading(None, None, None, emotions, action_units, dict.fromkeys(action_units, 0.5), clear)


@pytest.mark.parametrize(
    ("probability", "sentence"),
    [
        (0.92, "Clearly looks like a positive expression (92%)."),
        (0.72, "Looks like a positive expression, fairly certain (72%)."),
        (0.55, "Looks most like a positive expression, but not certain (55%)."),
    ],
)
def test_headline_words_follow_the_probability(probability, sentence):
    assert wording.headline(reading_of({"neutral": 1 - probability, "positive": probability})) == sentence


def test_headline_of_an_unclear_face_names_the_two_likeliest_emotions():
    reading = reading_of({"negative": 0.15, "positive": 0.41, "surprise": 0.06, "neutral": 0.38}, clear=False)
    assert wording.headline(reading) == "Unclear: between positive (41%) and neutral (38%)."


def test_movements_are_named_or_said_to_be_absent():
    assert wording.movements(reading_of({"a": 1.0}, action_units={"AU12": 0.9, "AU1": 0.1})).endswith(
        ": lip corner puller."
    )
    assert "No visible movement" in wording.movements(reading_of({"a": 1.0}, action_units={"AU12": 0.1}))


@pytest.mark.parametrize(
    ("action_units", "words"),
    [
        (
            {"AU12": 0.9, "AU4": 0.1},
            "Calm before, positive after. New: AU12 lip corner puller. Gone: AU4 brow lowerer.",
        ),
        (
            {"AU12": 0.3, "AU4": 0.6},
            "Calm before, positive after. No action unit crosses its threshold; the largest change is "
            "AU12 lip corner puller, < 1% to 30%.",
        ),
    ],
)
def test_changes_name_new_and_gone_units_or_the_largest_change(action_units, words):
    before = reading_of({"calm": 0.9, "positive": 0.1}, action_units={"AU12": 0.0, "AU4": 0.7})
    assert wording.changes(before, reading_of({"calm": 0.2, "positive": 0.8}, action_units=action_units)) == words


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a photo.jpg", r"a photo\.jpg"),
        ("a_b_ <b>*c*", r"a\_b\_ \<b\>\*c\*"),
        ("# one\n\n- two", r"\# one \- two"),
        ("größe 微笑", "größe 微笑"),
        ("https://a.b", "https\\:\u2060\\/\\/a\\.b"),
    ],
)
def test_visitor_text_is_escaped_for_markdown(text, shown):
    assert wording.escape_markdown(text) == shown

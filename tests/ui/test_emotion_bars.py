"""The bars of emotions and expressions."""

from emotiscan import facs
from emotiscan.ui.emotion_bars import bars
from emotiscan.ui.heat_map_views import targets_of


def test_expressions_are_folded_below_the_emotions_with_heat_maps(full_analyzer, smile):
    (reading,) = full_analyzer.analyze(smile).readings
    page = bars(reading, {"anger": "data:anger", "positive": "data:positive"})
    emotions, _, expressions = page.partition("<details>")
    assert "8 expressions" in expressions
    assert all(name.capitalize() in expressions for name in facs.EXPRESSIONS)
    assert 'src="data:positive"' in emotions
    assert 'src="data:anger"' in expressions
    assert page.count("<img") == 2


def test_checkpoint_without_expressions_shows_emotions_alone(analyzer, smile):
    (reading,) = analyzer.analyze(smile).readings
    assert "<details>" not in bars(reading, {})
    assert targets_of(reading)[-4:] == list(reading.emotions)


def test_each_expression_can_be_chosen_once(full_analyzer, smile):
    (reading,) = full_analyzer.analyze(smile).readings
    targets = targets_of(reading)
    assert len(set(targets)) == len(targets) == len(facs.AU_NAMES) + 4 + 6
    assert set(targets) == set(reading.probabilities)

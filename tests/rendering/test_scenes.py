"""Sampled scenes: people, expressions, light and poses."""

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from emotiscan import facs
from emotiscan.rendering import (
    AU_NAMES,
    Expression,
    sample_expression,
    sample_light,
    sample_person,
    sample_scene,
)
from emotiscan.rendering.expressions import EMOTION_WEIGHTS, EXCLUSIVE, MIN_INTENSITY, resolve_conflicts
from emotiscan.rendering.people import HAIR_COLORS
from emotiscan.rendering.scenes import LIGHTS


@pytest.fixture(scope="module")
def scenes():
    return [sample_scene(np.random.default_rng(i)) for i in range(1500)]


def active(expression: Expression) -> set[str]:
    return {au for au, intensity in expression.action_units.items() if intensity >= MIN_INTENSITY}


def test_scenes_are_reproducible_and_vary_with_the_seed(scenes):
    assert sample_scene(np.random.default_rng(7)) == scenes[7]
    assert scenes[7] != scenes[8]


def test_changing_the_person_leaves_the_rest_of_the_scene_alone():
    person = sample_person(np.random.default_rng(1))
    one, other = (sample_scene(np.random.default_rng(3), p) for p in (person, replace(person, skin_tone=0.9)))
    assert (one.pose, one.camera, one.light, one.expression) == (
        other.pose,
        other.camera,
        other.light,
        other.expression,
    )


def test_half_of_the_expressions_act_out_an_emotion(scenes):
    emotions = Counter(scene.expression.emotion for scene in scenes)
    assert 0.44 < emotions[""] / len(scenes) < 0.56
    assert set(emotions) - {""} == set(EMOTION_WEIGHTS)
    for emotion in EMOTION_WEIGHTS:
        assert facs.high_level_emotion(emotion)


def test_random_combinations_show_all_action_units_about_equally_often():
    expressions = [sample_expression(np.random.default_rng(i), "") for i in range(2500)]
    counts = Counter(au for expression in expressions for au in active(expression))
    for au in AU_NAMES:
        low, high = (0.25, 0.45) if au == "AU25" else (0.10, 0.18)  # AU25 comes along with every open jaw
        assert low < counts[au] / len(expressions) < high, au


def test_intensities_go_from_a_trace_to_the_maximum(scenes):
    values = np.array([value for scene in scenes for value in scene.expression.action_units.values()])
    assert 0 < values.min() < 0.05
    assert 0.95 < values.max() <= 1
    traces = sum(any(value < 0.3 for value in scene.expression.action_units.values()) for scene in scenes)
    assert 0.3 < traces / len(scenes) < 0.6
    faint = Counter(
        au for scene in scenes for au, value in scene.expression.action_units.items() if 0.05 <= value < 0.3
    )
    assert set(faint) == set(AU_NAMES) - {"AU27"}


def test_some_movements_are_one_sided_and_the_others_almost_even():
    one_sided, counts = Counter(), Counter()
    for i in range(2500):
        expression = sample_expression(np.random.default_rng(i), "")
        for au in active(expression):
            weaker, stronger = sorted(expression.sides(au))
            assert stronger == expression.action_units[au]
            share = weaker / stronger
            assert share < 0.251 or share > 0.699
            counts[au] += 1
            one_sided[au] += share < 0.251
    assert {au for au in AU_NAMES if one_sided[au]} == set(facs.SIDED_AUS)
    for au in facs.SIDED_AUS:
        low, high = (0.17, 0.33) if au in ("AU12", "AU14") else (0.05, 0.19)
        assert low < one_sided[au] / counts[au] < high, au


def test_no_face_combines_exclusive_action_units(scenes):
    for scene in scenes:
        shown = active(scene.expression)
        assert not any(set(pair) <= shown for pair in EXCLUSIVE)
        assert not shown & {"AU26", "AU27"} or "AU25" in shown


def test_neutral_faces_have_no_active_action_unit(scenes):
    calm = [scene.expression for scene in scenes if scene.expression.emotion == "neutral"]
    assert calm
    assert not any(active(expression) for expression in calm)


def test_contempt_is_one_sided():
    for i in range(20):
        expression = sample_expression(np.random.default_rng(i), "contempt")
        halves = [expression.halves(au) for au in ("AU12", "AU14") if au in expression.action_units]
        assert any(min(half) < 0.35 and max(half) == 1 for half in halves)


def test_conflicting_action_units_are_resolved(rng):
    assert "AU27" not in resolve_conflicts({"AU26": 0.5, "AU27": 0.5}, rng)
    assert resolve_conflicts({"AU27": 0.5}, rng)["AU25"] >= MIN_INTENSITY
    assert "AU24" not in resolve_conflicts({"AU26": 0.9, "AU24": 0.5}, rng)


def test_expressions_reject_unknown_action_units_and_intensities():
    with pytest.raises(ValueError, match="AU99 is not an action unit of the renderer"):
        Expression({"AU99": 1.0})
    with pytest.raises(ValueError, match="from 0 to 1"):
        Expression({"AU1": 1.5})


def test_people_cover_all_skin_tones_and_ages(scenes):
    people = [scene.person for scene in scenes]
    tones, _ = np.histogram([person.skin_tone for person in people], 5, (0, 1))
    assert tones.min() > 0.15 * len(people)
    ages = np.array([person.age for person in people])
    assert ages.min() >= 10
    assert ages.max() <= 85
    assert (ages < 18).mean() > 0.06
    assert (ages > 60).mean() > 0.12
    assert all(person.hair_color in HAIR_COLORS for person in people)
    lightness = [replace(people[0], skin_tone=tone).tone.mean() for tone in np.linspace(0, 1, 9)]
    assert (np.diff(lightness) < 0).all()


def test_only_grown_men_have_beards(scenes):
    bearded = [scene.person for scene in scenes if scene.beard.style != "none"]
    assert bearded
    assert all(person.male and person.age >= 17 for person in bearded)


def test_a_fifth_of_the_images_have_glasses_and_a_fifth_are_gray(scenes):
    assert 0.15 < np.mean([scene.glasses.frame != "none" for scene in scenes]) < 0.25
    assert 0.15 < np.mean([scene.camera.gray for scene in scenes]) < 0.25


def test_poses_are_distributed_as_in_photos(scenes):
    yaw = np.array([scene.pose.yaw for scene in scenes])
    assert np.abs(yaw).max() <= 45
    assert 13 < yaw.std() < 17
    assert 6 < np.std([scene.pose.pitch for scene in scenes]) < 10


@pytest.mark.parametrize("name", LIGHTS)
def test_every_kind_of_light_has_colored_lamps(name):
    for i in range(20):
        light = sample_light(np.random.default_rng(i), name)
        assert light.name == name
        assert 1 <= len(light.lamps) <= 4
        for lamp in light.lamps:
            assert np.linalg.norm(lamp.direction) == pytest.approx(1)
            assert min(lamp.color) > 0

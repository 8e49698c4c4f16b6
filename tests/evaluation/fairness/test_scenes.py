"""One attribute is varied at a time, on the same subjects and expressions."""

import numpy as np
import pytest

from emotiscan import facs
from emotiscan.evaluation.fairness.scenes import (
    ATTRIBUTES,
    EXPRESSIONS,
    NAMESPACE,
    base_scene,
    stream,
    true_action_units,
    true_class,
    variants,
)
from emotiscan.rendering import Expression
from emotiscan.rendering.dataset import scene_of
from tests.support.oracle import FACES


@pytest.mark.parametrize("name", ATTRIBUTES)
def test_groups_differ_in_one_attribute_only(name):
    parts = {
        "hair": {"hair"}, "beard": {"beard"}, "glasses": {"glasses"}, "light": {"light"},
        "habits": {"person", "hair", "beard"}, "yaw": {"pose"}, "pitch": {"pose"},
        "resolution": {"camera"}, "jpeg": {"camera"},
    }.get(name, {"person"})  # fmt: skip
    faces = [face for face in range(8) if variants(name, 0, face)]
    assert faces
    for face in faces:
        base, scenes = base_scene(0, face), variants(name, 0, face)
        assert len(scenes) == len(ATTRIBUTES[name].groups) == len({repr(scene) for scene in scenes})
        for scene in scenes:
            same = {part: getattr(scene, part) for part in vars(base) if part not in parts}
            assert same == {part: getattr(base, part) for part in same}
            assert scene.person.shape == base.person.shape
        assert scenes == variants(name, 0, face)


def test_groups_have_the_values_of_their_names():
    assert [scene.person.skin_tone for scene in variants("skin_tone", 0, 3)] == pytest.approx(np.arange(0.05, 1, 0.1))
    assert [scene.pose.yaw for scene in variants("yaw", 0, 3)] == list(range(-40, 41, 10))
    assert [scene.light.name for scene in variants("light", 0, 3)] == list(ATTRIBUTES["light"].groups)
    assert [scene.glasses.frame for scene in variants("glasses", 0, 3)] == ["none", "thin", "thick"]
    assert [scene.person.male for scene in variants("habits", 0, 3)] == [False, True]
    assert [scene.camera.jpeg_quality for scene in variants("jpeg", 0, 3)][:2] == [None, 90]


def test_base_scenes_are_calm_frontal_and_varied():
    scenes = [base_scene(0, face) for face in range(FACES)]
    assert {scene.expression.emotion for scene in scenes} == set(EXPRESSIONS)
    assert all(scene.light.name == "soft" and abs(scene.pose.yaw) <= 12 for scene in scenes)
    assert {(scene.camera.noise, scene.camera.resolution, scene.camera.gray) for scene in scenes} == {(0, 1, False)}
    assert np.ptp([scene.person.skin_tone for scene in scenes]) > 0.8
    assert all(not variants("beard", 0, face) for face in range(FACES) if not scenes[face].person.male)


def test_no_subject_can_occur_in_a_training_set():
    ours = {base_scene(0, face).person.shape for face in range(12)}
    assert len(ours) == 12
    for seed in (0, 1, NAMESPACE):
        assert not ours & {scene_of(seed, index).person.shape for index in range(0, 160, 4)}
    # Whatever the seed, theirs have a spawn key of one word at most, and ours of two or more.
    key = stream(5, 7, 0).bit_generator.seed_seq.spawn_key
    assert key[0] == NAMESPACE
    assert len(key) >= 2
    theirs = np.random.default_rng((5, 7, 1))
    assert all(len(child.bit_generator.seed_seq.spawn_key) < 2 for child in (theirs, *theirs.spawn(10)))


def test_intensities_become_labels():
    expression = Expression({"AU1": 0.25, "AU2": 0.24, "AU4": 0.11, "AU6": 0.1, "AU12": 1.0}, "contempt")
    labels = true_action_units(expression, ("AU1", "AU2", "AU4", "AU6", "AU7", "AU12", "AU99"))
    np.testing.assert_array_equal(labels, [1, np.nan, np.nan, 0, 0, 1, np.nan])
    assert true_class(expression, facs.EMOTIONS) == facs.EMOTIONS.index("negative")
    assert true_class(Expression({}, "neutral"), facs.EMOTIONS) == true_class(Expression({}), facs.EMOTIONS) == -1

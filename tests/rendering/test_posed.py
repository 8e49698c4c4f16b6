"""The posed laboratory set that stands in for the CK+ course subset."""

from collections import Counter
from types import SimpleNamespace

import numpy as np
import pytest

from emotiscan import facs
from emotiscan.datasets.loaders import load_source
from emotiscan.rendering import posed


def render(scene, size):
    """A uniform image as bright as the person's skin."""
    return SimpleNamespace(image=np.full((size, size, 3), 255 * scene.person.skin_tone, np.uint8))


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    folder = tmp_path_factory.mktemp("posed")
    posed.render_posed_set(render, folder, size=32)
    return load_source(f"ckplus-course:{folder}")


def test_the_set_has_the_size_subjects_and_emotions_of_the_subset(table):
    assert len(table) == 560
    assert table.frame["subject"].nunique() == 123
    counts = Counter(table.emotions[index] for index in table.emotion_classes)
    assert counts == {"negative": 328, "positive": 121, "surprise": 111}


def test_action_units_are_about_as_frequent_as_in_the_subset(table):
    for au, count in posed.SUBSET_COUNTS.items():
        assert abs(table.frame[au].sum() - count) < 4 * np.sqrt(count), au
    assert set(posed.SUBSET_COUNTS) == set(facs.MISSION_AU_NAMES)


def test_images_of_a_subject_show_the_same_person(table):
    scenes = [posed.posed_scene(0, person=4, index=index, emotion="anger") for index in (1, 2)]
    assert scenes[0].person == scenes[1].person
    assert scenes[0].expression != scenes[1].expression


def test_the_same_seed_renders_the_same_set(tmp_path):
    few = {"happiness": 2, "anger": 1}
    files = [
        posed.render_posed_set(render, tmp_path / name, seed, 32, few) for name, seed in (("a", 0), ("b", 0), ("c", 1))
    ]
    one, again, other = (file.read_text() for file in files)
    assert one == again != other

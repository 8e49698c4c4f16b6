import logging

import pytest

from emotiscan import facs
from emotiscan.datasets.loaders import load_source
from emotiscan.model.config import ModelConfig
from emotiscan.training.settings import SettingsError, TrainingSettings
from emotiscan.training.vocabulary import choose_outputs
from tests.support.trees import write_csv, write_rendered

FURTHER = {"AU12_right": [1, 0], "AU12_left": [0, 0], "pitch": [1, 2], "yaw": [1, 2], "roll": [1, 2], "blur": [0, 1]}


@pytest.fixture
def rendered(tmp_path):
    folder = write_rendered(tmp_path, [{"AU12": 1.0}, {}], emotions=["happiness", "neutral"], further=FURTHER)
    return load_source(f"rendered:{folder}")


@pytest.fixture
def photos(tmp_path):
    return load_source(f"csv:{write_csv(tmp_path, ['image', 'emotion'], [['happy0.png', 'positive']])}")


def settings(**changes):
    return TrainingSettings(data=(), out="", **changes)


def test_a_network_predicts_what_its_tables_label(rendered, photos):
    assert choose_outputs(rendered, settings(local_action_units=True), None) == {
        "emotions": facs.EMOTIONS_WITH_NEUTRAL,
        "action_units": facs.AU_NAMES,
        "expressions": ("neutral", "happiness", "surprise", "sadness", "anger", "disgust", "fear", "contempt"),
        "intensities": True,
        "sides": True,
        "pose": True,
        "quality": ("blurred",),
    }
    assert "sides" not in choose_outputs(rendered, settings(), None)  # one cell has no halves
    assert choose_outputs(photos, settings(), None).keys() == {"emotions", "action_units"}


def test_outputs_can_be_named(rendered):
    chosen = choose_outputs(rendered, settings(outputs=("pose",)), None)
    assert chosen.keys() == {"emotions", "action_units", "pose"}
    with pytest.raises(SettingsError, match="--outputs sides needs --local-action-units"):
        choose_outputs(rendered, settings(outputs=("sides",)), None)


def test_an_unlabeled_output_must_come_from_the_starting_weights(photos):
    with pytest.raises(SettingsError, match="--outputs pose: no data set labels it"):
        choose_outputs(photos, settings(outputs=("pose",)), ModelConfig())
    start = ModelConfig(pose=True, quality=("blurred",))
    assert choose_outputs(photos, settings(outputs=("pose", "quality")), start)["quality"] == ("blurred",)


def test_lost_outputs_are_named(photos, caplog):
    caplog.set_level(logging.INFO)
    assert "pose" not in choose_outputs(photos, settings(), ModelConfig(pose=True, intensities=True))
    assert "no data set labels intensities and pose, which --init predicts" in caplog.text


def test_action_units_without_a_label_are_kept_where_the_start_has_them(tmp_path):
    table = load_source(f"csv:{write_csv(tmp_path, ['image', 'AU1', 'AU12', 'AU4'], [['happy0.png', '', 1, '']])}")
    assert choose_outputs(table, settings(), None)["action_units"] == ("AU12",)
    assert choose_outputs(table, settings(), ModelConfig(action_units=("AU4", "AU6")))["action_units"] == (
        "AU12",
        "AU4",
    )


def test_a_table_without_action_units_keeps_them_all(photos):
    assert choose_outputs(photos, settings(), None)["action_units"] == photos.action_units

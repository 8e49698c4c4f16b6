import argparse
import dataclasses

import pytest

from emotiscan.datasets.augmentation import Augmentation
from emotiscan.training.command_line import argument_parser, parse_sizes, settings_from
from emotiscan.training.settings import SettingsError, TrainingSettings


def parse(*arguments, data="ckplus:/data"):
    return settings_from(argument_parser().parse_args(["--data", data, *arguments]), "out")


def test_settings_survive_saving(tmp_path):
    settings = parse(
        *("--sizes", "64:2,96:1", "--colour", "--dropout", "0.1", "--augment", "rotation=12", "--seed", "3"),
        *("--data", "csv:labels.csv,codes=soft.csv"),
    )
    settings.save(tmp_path / "settings.json")
    assert TrainingSettings.load(tmp_path / "settings.json") == settings
    assert settings.data == ("ckplus:/data", "csv:labels.csv,codes=soft.csv")
    assert settings.grayscale is False
    assert settings.augmentation == dataclasses.replace(Augmentation(), rotation=12.0)


def test_the_command_lines_defaults_are_the_settings():
    assert parse() == TrainingSettings(data=("ckplus:/data",), out="out")


@pytest.mark.parametrize("text", [None, "{", "[]", '{"data": []}', '{"data": [], "augmentation": {}, "typo": 1}'])
def test_what_is_no_settings_file_is_refused(tmp_path, text):
    path = tmp_path / "settings.json"
    if text is not None:
        path.write_text(text)
    with pytest.raises(SettingsError, match=r"name a run folder of train\.py"):
        TrainingSettings.load(path)


def test_sizes_follow_the_epochs():
    settings = parse("--sizes", "64:2,96:1")
    assert settings.epochs == 3
    assert [settings.size_at(epoch) for epoch in range(4)] == [64, 64, 96, 96]


@pytest.mark.parametrize("text", ["64", "64:x", "64:5,", "31:5", "64:0", ""])
def test_sizes_that_cannot_be(text):
    with pytest.raises(argparse.ArgumentTypeError, match=r"64:5,96:4|at least"):
        parse_sizes(text)


def test_no_augmentation_but_one():
    settings = parse("--no-augmentation", "--augment", "flip=0.5")
    assert settings.augmentation == dataclasses.replace(Augmentation.none(), flip=0.5)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--batch", "1"), "--batch must be at least 2"),
        (("--lr", "0"), "--lr must be above 0"),
        (("--patience", "0"), "--patience must be above 0"),
        (("--hidden", "0"), "--hidden must be above 0"),
        (("--dropout", "1"), "--dropout must lie from 0 to below 1"),
        (("--label-smoothing", "-0.1"), "--label-smoothing must lie from 0 to below 1"),
        (("--warm-up", "1.5"), "--warm-up must lie"),
        (("--threads", "-1"), "--threads must be 0 or more"),
        (("--seed", "-1"), "--seed must be 0 or more"),
        (("--l2", "nan"), "--l2 must be 0 or more"),
        (("--backbone-lr-factor", "-1"), "--backbone-lr-factor must be 0 or more"),
        (("--init", "none", "--keep-statistics"), "needs a network that has seen faces"),
        (("--augment", "wobble=1"), "--augment wobble=1: write NAME=VALUE"),
        (("--augment", "rotation"), "write NAME=VALUE"),
        (("--augment", "rotation=far"), "write NAME=VALUE"),
        (("--augment", "shift=-0.1"), "VALUE 0 or more"),
        (("--augment", "zoom=1"), "a zoom lies below 1"),
    ],
)
def test_values_out_of_range_are_named(arguments, message):
    with pytest.raises(SettingsError) as error:
        parse(*arguments)
    assert message in str(error.value)


def test_data_must_be_named():
    with pytest.raises(SettingsError, match="name at least one data set"):
        settings_from(argument_parser().parse_args([]), "out")

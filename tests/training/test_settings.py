"""The settings of a run, and the options that are derived from them."""

import argparse
import dataclasses
import json

import pytest

from emotiscan.cli import train
from emotiscan.cli.main import main
from emotiscan.datasets.augmentation import Augmentation
from emotiscan.training.command_line import add_training_options, changed_settings
from emotiscan.training.option_values import parse_sizes
from emotiscan.training.options import options_of
from emotiscan.training.settings import SettingsError, TrainingSettings


def parse(*arguments, data="ckplus:/data"):
    parser = argparse.ArgumentParser()
    add_training_options(parser)
    options = vars(parser.parse_args(["--data", data, *arguments]))
    return changed_settings(TrainingSettings((), "out"), options)


def test_settings_survive_saving(tmp_path):
    settings = parse(
        *("--sizes", "64:2,96:1", "--colour", "--dropout", "0.1", "--augment", "rotation=12", "--seed", "3"),
        *("--data", "csv:labels.csv,codes=soft.csv", "--outputs", "pose", "--teacher", "old.safetensors"),
    )
    settings = dataclasses.replace(settings, vocabulary={"action_units": ("AU1", "AU2"), "pose": True})
    settings.save(tmp_path / "settings.json")
    assert TrainingSettings.load(tmp_path / "settings.json") == settings
    assert settings.data == ("ckplus:/data", "csv:labels.csv,codes=soft.csv")
    assert settings.grayscale is False
    assert settings.augmentation == dataclasses.replace(Augmentation(), rotation=12.0)


def test_defaults_of_the_command_line_are_those_of_the_settings():
    assert parse() == TrainingSettings(data=("ckplus:/data",), out="out")


@pytest.mark.parametrize("text", [None, "{", "[]", '{"data": []}', '{"data": [], "augmentation": {}, "typo": 1}'])
def test_a_file_without_settings_is_refused(tmp_path, text):
    path = tmp_path / "settings.json"
    if text is not None:
        path.write_text(text)
    with pytest.raises(SettingsError, match=r"name a run folder"):
        TrainingSettings.load(path)


def test_sizes_give_the_crop_size_of_each_epoch():
    settings = parse("--sizes", "64:2,96:1")
    assert settings.total_epochs == 3
    assert [settings.size_at(epoch) for epoch in range(4)] == [64, 64, 96, 96]


@pytest.mark.parametrize("text", ["64", "64:x", "64:5,", "31:5", "64:0", ""])
def test_impossible_sizes_are_refused(text):
    with pytest.raises(argparse.ArgumentTypeError, match=r"64:5,96:4|at least"):
        parse_sizes(text)


def test_augmentation_can_be_reduced_to_one_kind():
    settings = parse("--no-augmentation", "--augment", "flip=0.5")
    assert settings.augmentation == dataclasses.replace(Augmentation.none(), flip=0.5)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--batch", "1"), "--batch must be at least 2"),
        (("--lr", "0"), "--lr must be above 0"),
        (("--patience", "0"), "--patience must be above 0"),
        (("--hidden", "0"), "--hidden must be at least 1"),
        (("--dropout", "1"), "--dropout must be at least 0 and below 1; it is 1.0"),
        (("--label-smoothing", "-0.1"), "--label-smoothing must be at least 0 and below 1"),
        (("--warm-up", "1.5"), "--warm-up must be"),
        (("--threads", "-1"), "--threads must be at least 0"),
        (("--seed", "-1"), "--seed must be at least 0"),
        (("--l2", "nan"), "--l2 must be at least 0"),
        (("--backbone-lr-factor", "-1"), "--backbone-lr-factor must be at least 0"),
        (("--epochs", "0"), "--epochs must be at least 1"),
        (("--epochs", "3", "--sizes", "64:2"), "give one of the two"),
        (("--input-size", "31"), "--input-size must be at least 32, which the backbones need"),
        (("--init", "none", "--keep-statistics"), "needs a network that has seen faces"),
        (("--augment", "wobble=1"), "--augment wobble=1: write NAME=VALUE"),
        (("--augment", "rotation"), "write NAME=VALUE"),
        (("--augment", "rotation=far"), "write NAME=VALUE"),
        (("--augment", "shift=-0.1"), "VALUE 0 or more"),
        (("--augment", "zoom=1"), "a zoom must be below 1"),
        (("--distill-loss", "1"), "--distill-loss needs a network to learn from; name its checkpoint with --teacher"),
        (("--mix-share", "1.5"), "--mix-share is a share of the photos, at most 1; it is 1.5"),
        (("--vote-sharpening", "0"), "--vote-sharpening must be above 0"),
    ],
)
def test_values_out_of_range_are_refused(arguments, message):
    with pytest.raises(SettingsError) as error:
        parse(*arguments)
    assert message in str(error.value)


def test_outputs_and_teachers_are_named_in_lists(capsys):
    settings = parse("--outputs", "quality,pose", "--teacher", "one.safetensors", "--teacher", "two.safetensors")
    assert settings.outputs == ("pose", "quality")
    assert settings.teacher == ("one.safetensors", "two.safetensors")
    assert settings.distillation == 1.0
    assert (parse().outputs, parse().teacher, parse().distillation) == (None, (), 0.0)
    assert parse("--outputs", "none").outputs == ()
    with pytest.raises(SystemExit):
        parse("--outputs", "pose,gaze")
    assert (
        "“gaze” is not one of expressions, intensities, sides, pose, quality; or write none" in capsys.readouterr().err
    )


def test_settings_are_checked_on_construction():
    with pytest.raises(SettingsError, match="--schedule must be one of cosine, plateau, constant; it is linear"):
        TrainingSettings(("ckplus:/data",), "out", schedule="linear")


def test_data_must_be_named(capsys):
    assert main(["train"]) == 2
    assert "name at least one data set" in capsys.readouterr().err


def test_older_spellings_are_accepted_but_not_shown():
    old = ("--mirrored", "--no-local-codes", "--code-loss", "2", "--colour")
    new = ("--flip-tta", "--no-local-action-units", "--au-loss", "2", "--color")
    assert parse(*old) == parse(*new)
    parser = argparse.ArgumentParser()
    train.add_arguments(parser)
    assert parser.parse_args(["--again", "runs/one"]).rerun == "runs/one"
    text = parser.format_help()
    assert not any(old in text for old in ("--mirrored", "--local-codes", "--code-loss", "--again", "--colour"))


def test_settings_of_older_runs_are_still_read(tmp_path):
    settings = TrainingSettings(("ckplus:/data",), "out", flip_tta=True, local_action_units=False, au_loss=2.0)
    values = dataclasses.asdict(settings)
    for name, old in (("flip_tta", "mirrored"), ("local_action_units", "local_codes"), ("au_loss", "code_loss")):
        values[old] = values.pop(name)
    for name in ("epochs", "device"):  # not yet known then
        del values[name]
    (tmp_path / "settings.json").write_text(json.dumps(values))
    assert TrainingSettings.load(tmp_path / "settings.json") == settings


def test_the_help_shows_the_common_options_first_and_every_default():
    parser = argparse.ArgumentParser()
    train.add_arguments(parser)
    common = next(group for group in parser._action_groups if group.title == "common options")
    assert [action.option_strings[0] for action in common._group_actions] == [
        *("--data", "--out", "--epochs", "--init", "--resume")
    ]
    text = " ".join(parser.format_help().split())
    assert text.index("common options") < text.index("several runs")
    for field in dataclasses.fields(TrainingSettings):
        if field.name in options_of(TrainingSettings) and isinstance(field.default, int | float | str):
            word = {True: "yes", False: "no"}[field.default] if isinstance(field.default, bool) else field.default
            assert f"(default: {word:g})" in text if isinstance(word, float) else f"(default: {word})" in text

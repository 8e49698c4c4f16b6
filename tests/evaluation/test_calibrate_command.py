"""`emotiscan calibrate`: from labeled faces to a checkpoint whose probabilities were fitted to them."""

from dataclasses import replace

import pytest

from emotiscan.analysis import Analyzer
from emotiscan.cli import calibrate as command
from emotiscan.cli.main import FAILED, OK, main
from emotiscan.datasets.table import SPLITS
from emotiscan.evaluation.recalibration import ALL_ROWS
from emotiscan.model.calibration import Calibration
from emotiscan.model.checkpoint import load_checkpoint, save_checkpoint
from tests.support.trees import SAMPLES, write_csv

COLUMNS = ["image", "split", "emotion", "AU12", "AU4"]
ROWS = [
    ["happy0.png", "validation", "happiness", 1, ""],
    ["happy1.png", "validation", "happiness", 1, ""],
    ["anger0.png", "validation", "anger", 0, ""],
    ["anger1.png", "validation", "anger", 0, ""],
    ["surprise0.png", "train", "surprise", 0, 1],
    ["surprise1.png", "train", "surprise", 0, 0],
]
BEFORE = Calibration(2.0, {"AU4": 1.5}, {"AU4": 0.5}, {"AU4": 0.3, "AU12": 0.9}, clear_from=0.7)


@pytest.fixture
def weights(tiny_weights, tmp_path):
    """A checkpoint that was calibrated before and carries a report."""
    model, card = load_checkpoint(tiny_weights)
    report = {"samples": 1, "subjects": 1, "emotion": None, "codes": None, "codes_mean": None}
    card = replace(card, calibration=BEFORE, training={"commit": "abc"}, metrics={"photographs": report})
    return save_checkpoint(tmp_path / "in.safetensors", model, card)


@pytest.fixture(scope="module")
def labels(tmp_path_factory):
    return write_csv(tmp_path_factory.mktemp("data"), COLUMNS, ROWS)


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    return tmp_path_factory.mktemp("cache")


@pytest.fixture
def calibrate(weights, labels, cache, tmp_path):
    """Run the command on the rows above; more arguments come last and take precedence."""

    def run(*arguments, out="new/out.safetensors"):
        given = [
            "calibrate",
            "--weights",
            weights,
            "--data",
            f"csv:{labels}",
            "--out",
            tmp_path / out,
            "--cache",
            cache,
        ]
        return main([*map(str, given), "--workers", "0", *map(str, arguments)])

    return run


def test_the_new_checkpoint_differs_in_its_calibration_alone(calibrate, labels, weights, tmp_path, capsys):
    untouched = weights.read_bytes()
    assert calibrate() == OK
    assert weights.read_bytes() == untouched
    assert [file.name for file in (tmp_path / "new").iterdir()] == ["out.safetensors"]
    (old, before), (new, after) = load_checkpoint(weights), load_checkpoint(tmp_path / "new" / "out.safetensors")
    assert all((new.state_dict()[name] == tensor).all() for name, tensor in old.state_dict().items())
    assert after.config == before.config

    found = after.calibration
    assert found.temperature not in (1.0, BEFORE.temperature)
    assert found.slopes["AU12"] > 0
    assert found.thresholds["AU12"] != BEFORE.thresholds["AU12"]
    # Nothing is known of AU4 in this split, and nothing here says when a face is clear.
    kept = (found.slopes["AU4"], found.offsets["AU4"], found.thresholds["AU4"], found.clear_from)
    assert kept == (1.5, 0.5, 0.3, 0.7)
    assert after.training == {"commit": "abc", "calibration": {"data": {labels.parent.name: 4}, "split": "validation"}}

    # The old report was made with the old calibration.
    assert list(after.metrics) == ["calibration"]
    assert after.metrics["calibration"]["samples"] == 4
    printed = capsys.readouterr().out
    assert f"temperature {found.temperature:.3f}" in printed
    assert "dropped, because the old calibration made them: photographs" in printed
    report = after.metrics["calibration"]
    errors = [part["ece"]["value"] for part in (report["emotion"], report["action_units"]["AU12"])]
    lines = {line[:26].rstrip(): line[26:].split() for line in printed.splitlines()}
    assert lines["emotion calibration error"][1] == f"{errors[0]:.3f}"
    assert lines["AU12 calibration error"][1] == f"{errors[1]:.3f}"
    assert lines["emotion calibration error"][0] != lines["emotion calibration error"][1]


def test_metrics_that_were_undefined_before_are_printed(calibrate, weights, capsys):
    model, card = load_checkpoint(weights)
    nobody_clear = Calibration(temperature=1000.0, clear_from=0.26, clear_margin=0.0)
    save_checkpoint(weights, model, replace(card, calibration=nobody_clear))
    assert calibrate() == OK
    lines = {line[:26].rstrip(): line[26:].split() for line in capsys.readouterr().out.splitlines()}
    assert lines["called clear"][0] == "0.000"
    assert lines["accuracy if clear"][0] == "–"
    assert float(lines["accuracy if clear"][1]) >= 0


def test_the_analyzer_uses_the_new_calibration(calibrate, weights, tmp_path):
    calibrate()
    (old,), (new,) = (
        Analyzer(file).analyze(SAMPLES / "smile.jpg").readings for file in (weights, tmp_path / "new/out.safetensors")
    )
    assert list(new.emotions.values()) != pytest.approx(list(old.emotions.values()))
    assert new.emotion == old.emotion
    assert new.action_units["AU4"] == pytest.approx(old.action_units["AU4"])
    assert new.action_units["AU12"] != pytest.approx(old.action_units["AU12"])


def test_action_units_can_keep_their_calibration(calibrate, tmp_path):
    assert calibrate("--leave", "AU12", "AU1") == OK
    left = load_checkpoint(tmp_path / "new/out.safetensors")[1]
    assert left.calibration.thresholds["AU12"] == BEFORE.thresholds["AU12"]
    assert left.calibration.slopes.keys() == BEFORE.slopes.keys()
    assert left.calibration.temperature != BEFORE.temperature
    assert left.training["calibration"]["left"] == ["AU12", "AU1"]
    assert calibrate() == OK
    fitted = load_checkpoint(tmp_path / "new/out.safetensors")[1]
    assert fitted.calibration.thresholds["AU12"] != BEFORE.thresholds["AU12"]
    assert "left" not in fitted.training["calibration"]


def test_flip_augmentation_is_switched_on_kept_and_switched_off(calibrate, weights, tmp_path):
    def flip_tta(file):
        return load_checkpoint(file)[1].config.flip_tta

    assert calibrate() == OK
    assert not flip_tta(tmp_path / "new" / "out.safetensors")
    assert calibrate("--flip-tta", out="both.safetensors") == OK
    assert flip_tta(tmp_path / "both.safetensors")
    plain, both = (load_checkpoint(tmp_path / f)[1].calibration for f in ("new/out.safetensors", "both.safetensors"))
    assert both.slopes["AU12"] != plain.slopes["AU12"], "not fitted to the averaged predictions"
    assert calibrate("--weights", tmp_path / "both.safetensors", out="again.safetensors") == OK
    assert flip_tta(tmp_path / "again.safetensors")
    assert calibrate("--weights", tmp_path / "both.safetensors", "--no-mirrored", out="one.safetensors") == OK
    assert load_checkpoint(tmp_path / "one.safetensors")[1].calibration == plain


def test_several_data_sets_and_all_of_their_rows_can_be_used(calibrate, tmp_path, labels):
    other = write_csv(tmp_path / "other", ["image", "emotion"], [["sadness0.png", "sadness"]])
    assert calibrate("--split", "all", "--data", f"csv:{other}") == OK
    _, card = load_checkpoint(tmp_path / "new/out.safetensors")
    assert sum(card.training["calibration"]["data"].values()) == len(ROWS) + 1
    assert "AU4" in card.calibration.slopes
    assert card.calibration.slopes["AU4"] != 1.5  # known in the training rows


def test_the_checkpoint_is_replaced_only_under_its_own_name(calibrate, weights, tmp_path, capsys):
    before = weights.read_bytes()
    (tmp_path / "link.safetensors").symlink_to(weights)
    assert calibrate(out="link.safetensors") == FAILED
    assert "is the checkpoint itself" in capsys.readouterr().err
    assert weights.read_bytes() == before
    assert (tmp_path / "link.safetensors").is_symlink()
    assert calibrate(out="in.safetensors") == OK
    assert load_checkpoint(weights)[1].calibration != BEFORE


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--weights", "gone.safetensors"], "There is no checkpoint at gone"),
        (["--data", "csv:gone.csv"], "there is no such file"),
        (["--split", "test"], "it has no rows in the split “test”"),
    ],
)
def test_errors_are_one_line(calibrate, tmp_path, capsys, arguments, message):
    assert calibrate(*arguments) == FAILED
    error = capsys.readouterr().err
    assert error.startswith("emotiscan calibrate: ")
    assert message in error
    assert not (tmp_path / "new").exists()


def test_data_with_nothing_to_fit_to_is_refused(weights, tmp_path, cache, capsys):
    file = write_csv(tmp_path / "data", ["image", "AU12"], [["happy0.png", 1], ["happy1.png", 1]])
    given = [
        "calibrate",
        "--weights",
        weights,
        "--data",
        f"csv:{file}",
        "--out",
        weights,
        "--cache",
        cache,
        "--split",
        "all",
    ]
    before = weights.read_bytes()
    assert main([*map(str, given), "--workers", "0"]) == FAILED
    assert "no agreed emotion and no action unit both present and absent" in capsys.readouterr().err
    assert weights.read_bytes() == before


def test_a_data_set_without_splits_is_taken_whole(calibrate, tmp_path, cache):
    file = write_csv(tmp_path / "undivided", ["image", "AU12"], [["happy0.png", 1], ["calm1.png", 0]])
    assert calibrate("--data", f"csv:{file}") == OK
    card = load_checkpoint(tmp_path / "new/out.safetensors")[1]
    assert card.metrics["calibration"]["samples"] == 4 + 2


def test_the_command_offers_every_split():
    assert (*SPLITS, ALL_ROWS) == command.SPLITS

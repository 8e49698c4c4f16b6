import json

import numpy as np
import pandas as pd
import pytest
import torch

from emotiscan import facs
from emotiscan.analysis import Analyzer
from emotiscan.model.checkpoint import load_checkpoint
from emotiscan.training import callbacks
from emotiscan.training import report as reporting
from emotiscan.training.settings import TrainingSettings
from tests.support.tiny_runs import FROM_NOTHING, PLAIN, emotiscan_train, same, weights
from tests.support.trees import SAMPLES, write_course, write_csv, write_rendered

# -- a whole run


def test_a_run_writes_everything_that_it_promises(run):
    status, out = run
    assert status == 0
    settings = TrainingSettings.load(out / "settings.json")
    assert (settings.sizes, settings.unfreeze, settings.grayscale) == (((32, 1), (48, 1)), 5, True)
    environment = json.loads((out / "environment.json").read_text())
    assert environment["packages"]["torch"].startswith(torch.__version__.split("+")[0])
    assert len(environment["data"]) == 16
    metrics = pd.read_csv(out / "metrics.csv")
    assert metrics["epoch"].tolist() == [0, 1]
    logged = metrics[["train_loss", "val_loss", "val_accuracy", "val_macro_f1", "val_au_auc"]]
    assert np.isfinite(logged.to_numpy()).all()
    reports = json.loads((out / "report.json").read_text())
    frame_counts = {split: report["samples"] for split, report in reports.items()}
    assert frame_counts == {"validation": 3, "test": 3}
    for split in reports:
        plots = {path.name for path in (out / "figures" / split).iterdir()}
        assert {"emotion_confusion.png", "au_scores.png", "learning_curves.png", "reliability_diagram.png"} <= plots


def test_its_checkpoint_reads_a_photo(run):
    analyzer = Analyzer(run[1] / "emotiscan.safetensors")
    (reading,) = analyzer.analyze(SAMPLES / "smile.jpg").readings
    assert tuple(reading.emotions) == facs.EMOTIONS  # CK+ has no neutral label
    assert tuple(reading.action_units) == facs.AU_NAMES
    config, training = analyzer.card.config, analyzer.card.training
    assert (config.backbone, config.input_size, config.hidden) == ("residual", 48, 16)
    assert training["data"] == {"ckplus": {"train": 19, "validation": 3, "test": 3}}
    assert training["settings"]["data"] == ["ckplus"]  # paths stay on the machine that trained
    assert str(run[1]) not in json.dumps(dict(training))
    assert set(analyzer.card.metrics) == {"validation", "test"}


def test_its_probabilities_are_calibrated_on_validation_data(run):
    _, card = load_checkpoint(run[1] / "emotiscan.safetensors")
    assert card.calibration.temperature != 1
    labels = card.metrics["validation"]["action_units"]
    both = {au for au, part in labels.items() if 0 < part["support"] < part["known"]}
    assert both
    assert set(card.calibration.slopes) == set(card.calibration.offsets) == both
    for split in ("validation", "test"):
        report = card.metrics[split]
        assert {"ece", "coverage", "accuracy_clear"} <= report["emotion"].keys()
        assert {au: part["threshold"] for au, part in report["action_units"].items()} == card.calibration.thresholds


def test_a_rerun_from_its_folder_alone_ends_the_same_to_the_last_bit(train, ckplus, tmp_path):
    status, first = train("--data", f"ckplus:{ckplus}", *FROM_NOTHING, "--sizes", "32:2", "--seed", "3", "--ema", "0.9")
    assert status == 0
    assert emotiscan_train(["--rerun", str(first), "--out", str(tmp_path / "second")]) == 0
    assert same(weights(first / "best.ckpt"), weights(tmp_path / "second/best.ckpt"))
    assert pd.read_csv(first / "metrics.csv").equals(pd.read_csv(tmp_path / "second/metrics.csv"))


def test_a_run_resumed_with_other_data_gives_a_warning(train, ckplus, caplog):
    _, out = train("--data", f"ckplus:{ckplus}", *FROM_NOTHING, "--sizes", "32:1")
    assert emotiscan_train(["--resume", str(out)]) == 0
    assert "have changed since this run began" not in caplog.text
    file = out / "environment.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | {"data": "another"}))
    assert emotiscan_train(["--resume", str(out)]) == 0
    assert "have changed since this run began" in caplog.text


def test_a_folder_that_holds_a_run_is_refused(run, ckplus, capsys):
    before = (run[1] / "metrics.csv").read_bytes()
    assert emotiscan_train(["--data", f"ckplus:{ckplus}", "--out", str(run[1]), *FROM_NOTHING]) == 2
    assert f"{run[1]} already holds a run; resume it with --resume {run[1]}" in capsys.readouterr().err
    assert (run[1] / "metrics.csv").read_bytes() == before


def test_the_course_subset_gives_a_checkpoint_of_three_emotions(tmp_path, cache, monkeypatch, tiny_weights):
    monkeypatch.setattr(reporting, "write_plots", lambda *_: None)
    file = write_course(tmp_path / "course", index=True)
    out = tmp_path / "run"
    arguments = ["--data", f"ckplus-course:{file}", "--out", str(out), "--cache", str(cache)]
    assert emotiscan_train([*arguments, "--init", str(tiny_weights), *PLAIN, "--sizes", "32:1"]) == 0
    _, card = load_checkpoint(out / "emotiscan.safetensors")
    assert card.config.emotions == facs.EMOTIONS
    assert card.config.action_units == facs.MISSION_AU_NAMES
    report = json.loads((out / "report.json").read_text())
    assert report["test"]["emotion"]["labels"] == list(facs.EMOTIONS)


def test_epochs_are_trained_at_the_checkpoints_crop_size(ckplus, train, tiny_weights):
    status, out = train("--data", f"ckplus:{ckplus}", "--init", str(tiny_weights), *PLAIN, "--epochs", "2")
    assert status == 0
    settings = TrainingSettings.load(out / "settings.json")
    assert (settings.sizes, settings.epochs) == (((64, 2),), None)
    assert len(pd.read_csv(out / "metrics.csv")) == 2


def test_a_missing_device_is_named(ckplus, train, capsys):
    missing = "mps" if torch.cuda.is_available() else "cuda"
    status, _ = train("--data", f"ckplus:{ckplus}", *FROM_NOTHING, "--sizes", "32:1", "--device", missing)
    assert status == 2
    assert f"torch finds no “{missing}” device" in capsys.readouterr().err


# -- every output

OUTPUTS = ("expressions", "intensities", "sides", "pose", "quality")


@pytest.fixture(scope="module")
def rendered(tmp_path_factory):
    """Twelve rendered faces with every label: eight to train on, four to validate on."""
    smile = {"AU12": 0.9, "AU6": 0.5}
    faces = [smile, {}, {"AU4": 0.7}] * 4
    further = {
        "AU12_right": [0.9, 0, 0] * 4,
        "AU12_left": [0.9, 0, 0, 0.0, 0, 0] * 2,
        **{"pitch": [*range(12)], "yaw": [*range(0, 36, 3)], "roll": [*range(-6, 6)]},
        **{"hidden": ["", "", "AU12 AU25"] * 4, "mouth_covered": [0, 0, 1] * 4, "eyes_covered": [0, 1, 0] * 4},
        "blur": [0.02, 0.02, 0.02, 0.3, 0.02, 0.02] * 2,
    }
    return write_rendered(
        tmp_path_factory.mktemp("rendered") / "faces",
        faces,
        ["train"] * 8 + ["validation"] * 4,
        ["happiness", "neutral", "anger"] * 4,
        further,
    )


def test_every_output_is_learned_at_once(rendered, tmp_path, train):
    rows = [[f"{name}{n}.png", "train", word] for n in range(2) for name, word in (("happy", "positive"), ("calm", ""))]
    photos = write_csv(tmp_path / "photos", ["image", "split", "emotion"], rows)
    status, out = train(
        *("--data", f"rendered:{rendered}", "--data", f"csv:{photos},problems=none", *FROM_NOTHING),
        *("--stride", "16", "--local-action-units", "--sizes", "48:1", "--augment", "occlude=0.5"),
        *("--map-loss", "0.1", "--side-loss", "0.1", "--scale-loss", "0.5", "--mixup", "0.2", "--cutmix", "1"),
        *("--vote-sharpening", "1.5", "--expression-balance", "1"),
    )
    assert status == 0
    settings = TrainingSettings.load(out / "settings.json")
    vocabulary = settings.vocabulary
    assert vocabulary["expressions"] == ("neutral", "happiness", "anger")
    assert set(OUTPUTS) <= vocabulary.keys()
    logged = pd.read_csv(out / "metrics.csv")
    names = ["val_expression_accuracy", "val_intensity_mae", "val_side_auc", "val_pose_mae", "val_quality_auc"]
    assert np.isfinite(logged[names].to_numpy()).all()
    heads = {name.split(".")[0] for name in weights(out / "last.ckpt")}
    assert {"emotion_head", "au_head", "intensity_head", "face_head"} <= heads
    # A run continues without the weights or the labels that decided what it predicts.
    settings.save(out / "settings.json")
    assert emotiscan_train(["--resume", str(out)]) == 0


def test_a_run_learns_from_a_teacher(rendered, tmp_path, train, tiny_weights):
    data = ("--data", f"rendered:{rendered}", *FROM_NOTHING, "--sizes", "32:1", "--outputs", "none")
    status, out = train(*data, "--teacher", str(tiny_weights))
    _, alone = train(*data, out="alone")
    assert status == 0
    assert not same(weights(out / "last.ckpt"), weights(alone / "last.ckpt"))
    assert not [name for name in weights(out / "last.ckpt") if "teacher" in name]
    assert not set(OUTPUTS) & TrainingSettings.load(out / "settings.json").vocabulary.keys()


def test_a_missing_teacher_is_named(rendered, tmp_path, train, capsys):
    data = ("--data", f"rendered:{rendered}", *FROM_NOTHING, "--sizes", "32:1")
    status, _ = train(*data, "--teacher", str(tmp_path / "gone.safetensors"))
    assert status == 2
    assert "--teacher: There is no checkpoint at" in capsys.readouterr().err


# -- learning


def test_the_loss_falls_when_a_few_images_are_memorized(tmp_path, train):
    faces = [["happy", "happiness", 1, 0], ["surprise", "surprise", 0, 1], ["anger", "anger", 0, 0]]
    rows = [[f"{p[0]}{n}.png", "train" if n < 3 else "validation", *p[1:]] for n in range(4) for p in faces]
    file = write_csv(tmp_path / "data", ["image", "split", "emotion", "AU12", "AU27"], rows)
    status, out = train(
        *("--data", f"csv:{file}", *FROM_NOTHING, "--sizes", "32:6", "--dropout", "0", "--no-augmentation"),
        *("--lr", "0.003", "--schedule", "constant", "--batch", "9"),
    )
    assert status == 0
    losses = pd.read_csv(out / "metrics.csv")["train_loss"]
    assert losses.iloc[-1] < 0.6 * losses.iloc[0]


def test_frozen_stages_keep_weights_and_batch_statistics(ckplus, train, tiny_weights):
    status, out = train(
        "--data", f"ckplus:{ckplus}", "--init", str(tiny_weights), *PLAIN, "--sizes", "32:2", "--unfreeze", "1"
    )
    assert status == 0
    old, new = load_checkpoint(tiny_weights)[0].state_dict(), weights(out / "last.ckpt")
    changed = {".".join(name.split(".")[:2]) for name in new if not torch.equal(new[name], old[name])}
    last_stage = {"backbone.denseblock4", "backbone.norm5"}
    assert changed & {name for name in changed if name.startswith("backbone")} == last_stage
    assert {"emotion_head.0", "au_head.4"} <= changed


def test_keep_statistics_freezes_batch_statistics_but_not_weights(ckplus, train, tiny_weights):
    status, out = train(
        "--data", f"ckplus:{ckplus}", "--init", str(tiny_weights), *PLAIN, "--sizes", "32:2", "--keep-statistics"
    )
    assert status == 0
    old, new = load_checkpoint(tiny_weights)[0].state_dict(), weights(out / "last.ckpt")
    backbone = [name for name in old if name.startswith("backbone")]
    changed = {name for name in backbone if not torch.equal(new[name], old[name])}
    assert changed
    assert not any("running" in name for name in changed)
    assert any("running" in name for name in set(old) - set(backbone) if not torch.equal(new[name], old[name]))


def test_a_frozen_backbone_trains_after_its_frozen_epochs(ckplus, train, tiny_weights):
    data = ("--data", f"ckplus:{ckplus}", "--init", str(tiny_weights), *PLAIN, "--freeze-epochs", "1")
    old = load_checkpoint(tiny_weights)[0].backbone.state_dict()
    changed = []
    for out, sizes in (("one", "32:1"), ("two", "32:2")):
        _, folder = train(*data, "--sizes", sizes, out=out)
        new = weights(folder / "last.ckpt")
        changed.append({name.split(".")[0] for name in old if not torch.equal(new[f"backbone.{name}"], old[name])})
    assert changed == [set(), {"denseblock3", "transition3", "denseblock4", "norm5"}]


def test_the_same_seed_gives_the_same_weights(ckplus, train, tmp_path):
    data = ("--data", f"ckplus:{ckplus}", *FROM_NOTHING, "--sizes", "32:1")
    runs = {
        "one": ("--seed", "1"),
        # Neither the number of loading processes nor the cache makes a difference.
        "again": ("--seed", "1", "--workers", "1", "--cache", str(tmp_path / "empty")),
        "other": ("--seed", "2"),
    }
    one, again, other = (weights(train(*data, *more, out=out)[1] / "last.ckpt") for out, more in runs.items())
    assert same(one, again)
    assert not same(one, other)


def test_the_average_of_the_weights_is_what_is_saved(ckplus, train, monkeypatch):
    monkeypatch.setattr(callbacks, "AVERAGED_STEPS", 1)
    data = ("--data", f"ckplus:{ckplus}", *FROM_NOTHING, "--schedule", "constant", "--warm-up", "0", "--batch", "999")
    runs = {"one step": ("32:1", "0"), "two steps": ("32:2", "0"), "averaged": ("32:2", "0.75")}
    one, two, averaged = (
        weights(train(*data, "--sizes", sizes, "--ema", ema, out=out)[1] / "last.ckpt")
        for out, (sizes, ema) in runs.items()
    )
    for name in ("emotion_head.4.weight", "backbone.residualblock4.norm_out.running_mean"):
        assert not torch.equal(one[name], two[name])
        assert torch.allclose(averaged[name], 0.75 * one[name] + 0.25 * two[name], atol=1e-6)

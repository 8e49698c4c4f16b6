"""Cross-validation: each subject is tested once, by a run that never saw them."""

import json
import shutil

import numpy as np
import pandas as pd
import pytest

from emotiscan.training.errors import TrainingInterrupted
from emotiscan.training.folds import cross_validate, pooled_report
from emotiscan.training.settings import SettingsError, TrainingSettings
from tests.support.tiny_runs import FROM_NOTHING, emotiscan_train
from tests.support.trees import CLIPS, write_ckplus

TINY = [*FROM_NOTHING, "--sizes", "32:1"]


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    """The miniature CK+, and a cache for its faces."""
    return write_ckplus(tmp_path_factory.mktemp("data") / "CK+"), tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="module")
def validated(folders, tmp_path_factory):
    """A finished cross-validation of three folds."""
    data, cache = folders
    out = tmp_path_factory.mktemp("runs") / "folds"
    assert (
        emotiscan_train(["--data", f"ckplus:{data}", "--out", str(out), "--cache", str(cache), "--folds", "3", *TINY])
        == 0
    )
    return out


def predictions(run):
    with np.load(run / "test.npz", allow_pickle=False) as arrays:
        return dict(arrays)


def test_every_image_is_tested_once_and_no_subject_by_a_run_that_saw_them(validated):
    runs = sorted(validated.glob("fold-*"))
    assert len(runs) == 3
    tested = [image for run in runs for image in predictions(run)["image"].tolist()]
    assert len(tested) == len(set(tested)) == len(CLIPS)
    subjects = [set(predictions(run)["subjects"].tolist()) for run in runs]
    assert not any(subjects[a] & subjects[b] for a, b in ((0, 1), (0, 2), (1, 2)))


def test_the_report_holds_each_fold_and_the_pooled_predictions(validated):
    report = json.loads((validated / "report.json").read_text())
    folds = [report[f"fold-{number:02d}"] for number in (1, 2, 3)]
    pooled = report["pooled"]
    assert pooled["samples"] == sum(fold["samples"] for fold in folds)
    hits = sum(np.trace(fold["emotion"]["confusion"]) for fold in folds)
    assert np.trace(pooled["emotion"]["confusion"]) == hits
    for au, scores in pooled["action_units"].items():
        parts = [np.array(fold["action_units"][au]["confusion"]) for fold in folds]
        assert (np.array(scores["confusion"]) == sum(parts)).all()  # each by its own run's threshold
    table = pd.read_csv(validated / "folds.csv", index_col="fold")
    assert list(table.index) == ["fold-01", "fold-02", "fold-03", "mean", "deviation"]
    accuracies = [fold["emotion"]["accuracy"]["value"] for fold in folds]
    assert table.loc["mean", "emotion accuracy"] == pytest.approx(np.mean(accuracies))


def test_folds_from_before_the_arrays_were_renamed_are_pooled_too(validated, tmp_path):
    copy = shutil.copytree(validated, tmp_path / "older")
    runs = sorted(copy.glob("fold-*"))
    expected = pooled_report(runs)
    old = {"action_units": "codes", "au_probabilities": "code_probabilities", "au_labels": "code_labels"}
    np.savez(runs[0] / "test.npz", **{old.get(name, name): array for name, array in predictions(runs[0]).items()})
    assert pooled_report(runs) == expected


def test_only_missing_runs_are_done(validated, tmp_path):
    copy = shutil.copytree(validated, tmp_path / "moved")
    before = pooled_report(sorted(copy.glob("fold-*")))
    (copy / "report.json").unlink()
    (copy / "fold-02/report.json").unlink()
    done = []

    def train(settings, resume):
        done.append((settings.out, settings.fold, resume))
        shutil.copy(validated / "fold-02/report.json", copy / "fold-02")

    settings = TrainingSettings.load(copy / "settings.json")
    assert (settings.folds, settings.fold) == ("3", None)
    cross_validate(TrainingSettings(**{**vars(settings), "out": str(copy)}), train)
    assert done == [(str(copy / "fold-02"), 1, True)]
    assert json.loads((copy / "report.json").read_text())["pooled"] == before.to_dict()


def test_an_interrupted_run_stops_all_and_says_how_to_resume(tmp_path):
    def interrupted(*_):
        raise TrainingInterrupted

    settings = TrainingSettings(data=("ckplus:/nowhere",), out=str(tmp_path), folds="4")
    with pytest.raises(TrainingInterrupted, match=f"--resume {tmp_path}"):
        cross_validate(settings, interrupted)


def test_a_whole_data_set_can_be_held_out(folders, tmp_path):
    from emotiscan.training.data_module import load_data

    data, cache = folders
    sources = (f"ckplus:{data}", f"ckplus:{data}/.")
    settings = TrainingSettings(data=sources, out=str(tmp_path), cache=str(cache), folds="sets", fold=1, workers=0)
    frame = load_data(settings).table.frame
    half = len(frame) // 2
    assert set(frame["split"][:half]) == {"train", "validation"}
    assert set(frame["split"][half:]) == {"test"}


def test_more_folds_than_subjects_are_refused(folders, tmp_path):
    from emotiscan.training.data_module import load_data

    with pytest.raises(SettingsError, match="--folds 30: 8 subject"):
        load_data(TrainingSettings(data=(f"ckplus:{folders[0]}",), out=str(tmp_path), folds="30", fold=0))

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from emotiscan.training.data_module import batches, in_pairs
from tests.support.tiny_runs import FROM_NOTHING, emotiscan_train

ROOT = Path(__file__).resolve().parents[2]


def start(*arguments):
    """Start `train.py` in a process of its own, as a user does."""
    return subprocess.run(
        [sys.executable, str(ROOT / "train.py"), *arguments],
        capture_output=True,
        text=True,
        timeout=280,
        env=os.environ | {"CUDA_VISIBLE_DEVICES": ""},
    )


def test_two_processes_learn_the_same_as_one(ckplus, cache, train, tmp_path):
    """The losses agree within 2%: the rest is due to batch normalization, which sees half of each batch."""
    arguments = ["--data", f"ckplus:{ckplus}", *FROM_NOTHING, "--batch", "18", "--unfreeze", "0", "--sizes", "32:3"]
    arguments += ["--dropout", "0", "--no-augmentation"]
    _, one = train(*arguments)
    two = tmp_path / "two"
    done = start(*arguments, "--cache", str(cache), "--out", str(two), "--devices", "2")
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("epoch 1/3") == 1  # each line once, not once a process
    columns = ["train_loss", "val_loss"]
    curves = [pd.read_csv(out / "metrics.csv") for out in (one, two)]
    np.testing.assert_allclose(*(curve[columns] for curve in curves), rtol=0.02)
    assert curves[0]["val_accuracy"].equals(curves[1]["val_accuracy"])
    assert (two / "emotiscan.safetensors").is_file()


@pytest.mark.parametrize("processes", [1, 2, 3])
@pytest.mark.parametrize("count", [6, 23, 24, 25, 31])
def test_no_image_is_left_out_or_seen_twice(count, processes):
    rows = np.random.default_rng(0).permutation(count)
    parts = [batches(rows, 12, processes, process) for process in range(processes)]
    assert sorted(row for part in parts for batch in part for row in batch) == list(range(count))
    assert len({len(part) for part in parts}) == 1  # as many steps in every process
    assert min(len(batch) for part in parts for batch in part) >= 2  # for batch normalization
    together = [sorted(np.concatenate(batch)) for batch in zip(*parts, strict=True)]
    assert together == [sorted(batch) for batch in batches(rows, 12, 1)] or count % 12 < 2 * processes


def test_two_images_of_a_subject_stay_in_one_process():
    subjects = np.repeat(np.arange(12), 2)
    rows = in_pairs(np.arange(24), subjects, np.random.default_rng(0))
    for process in range(2):
        for batch in batches(rows, 8, 2, process):
            assert all(np.sum(subjects[batch] == subject) == 2 for subject in subjects[batch])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--devices", "0"], "--devices must be at least 1"),
        (["--devices", "3", "--batch", "8"], "--batch 8 is shared by 3 processes"),
        (["--devices", "2", "--batch", "2"], "at least two images for each"),
        (["--devices", "2", "--nodes", "2", "--folds", "5"], "--folds and --sweep train one run after the other"),
    ],
)
def test_impossible_numbers_of_processes_are_refused(tmp_path, capsys, arguments, message):
    assert emotiscan_train(["--data", f"csv:{tmp_path}", "--out", str(tmp_path / "run"), *arguments]) == 2
    assert message in capsys.readouterr().err

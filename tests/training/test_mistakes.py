import logging

import numpy as np
import pandas as pd
import pytest

from tests.support.tiny_runs import FROM_NOTHING, emotiscan_train
from tests.support.trees import CLIPS, put, write_ckplus, write_csv


def test_unreadable_images_are_counted_named_and_left_out(tmp_path, train, caplog):
    root = write_ckplus(tmp_path / "CK+")
    names = [f"S005/{sequence}/S005_{sequence}_00000011.png" for sequence in ("001", "002")]
    for name in names:
        put(root / "cohn-kanade-images" / name, b"not an image")
    with caplog.at_level(logging.INFO):
        status, _ = train("--data", f"ckplus:{root}", *FROM_NOTHING, "--sizes", "32:1")
    assert status == 0
    assert f"2 of {len(CLIPS)} images cannot be read and are left out: {', '.join(names)}" in caplog.text
    assert f"{len(CLIPS) - 2} images; a face was found in 100.0% of them" in caplog.text


def test_rows_with_a_blank_split_are_counted(tmp_path, train, caplog):
    rows = [
        ["happy0.png", "train", 1],
        ["anger1.png", "train", 0],
        ["happy2.png", "validation", 1],
        ["calm3.png", "", 0],
    ]
    file = write_csv(tmp_path / "data", ["image", "split", "AU12"], rows)
    # One action unit alone and no emotion at all: that, too, can be trained.
    status, out = train("--data", f"csv:{file}", *FROM_NOTHING, "--sizes", "32:1")
    assert status == 0
    assert "1 of 4 images have a blank split and are left out" in caplog.text
    assert np.isfinite(pd.read_csv(out / "metrics.csv")["val_loss"]).all()


TWO = [["happy0.png", "train", "happiness"], ["anger1.png", "test", "anger"]]


@pytest.mark.parametrize(
    ("rows", "arguments", "message"),
    [
        (TWO, ["--batch", "1"], "--batch must be at least 2"),
        (
            [*TWO, ["happy2.png", "validation", ""]],
            ["--init", "gone.safetensors"],
            "--init: There is no checkpoint at gone",
        ),
        (TWO, [], "no readable image is left in the validation split"),
        (TWO, ["--split", "published"], "at least 3 are needed"),
        ([["happy0.png", "", "happiness"]] * 1, ["--split", "table"], "the label table has no column “split”"),
        ([["happy0.png", "train", "happiness"]], [], "every known emotion is positive"),
        ([["happy0.png", "train", "bored"]], [], "line 2: unknown emotion “bored”"),
    ],
)
def test_a_mistake_gives_one_plain_line(tmp_path, train, capsys, rows, arguments, message):
    file = write_csv(tmp_path / "data", ["image", "split", "emotion"], rows)
    status, out = train("--data", f"csv:{file}", *FROM_NOTHING, *arguments)
    assert status == 2
    lines = [line for line in capsys.readouterr().err.splitlines() if line.startswith("emotiscan train: ")]
    assert len(lines) == 1
    assert message in lines[0]
    assert not out.exists()  # nothing is left behind that would be in the way of the next attempt


def test_a_folder_without_a_run_cannot_be_resumed(tmp_path, capsys):
    assert emotiscan_train(["--resume", str(tmp_path)]) == 2
    assert capsys.readouterr().err.startswith("emotiscan train: ")
